// The coins of the newest scored snapshot: to find one, or to see which moved.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { DEFAULT_CRASH_PCT } from "../../src/domain/outcomes.ts";
import { change, count, decimal } from "../../src/cards/format.ts";
import { FilterForm } from "../components/filter_form.tsx";
import { NumberedPager, numberedParams } from "../components/numbered_pager.tsx";
import { Foreign, Nothing, Panel } from "../components/panel.tsx";
import { coinName } from "../components/text.ts";
import { definePage } from "../page.ts";
import { LiveTable, NothingScored, Scored } from "../panels/live_anomalies.tsx";
import { type Live, LIVE_ORDERS, type LiveOrder, readLive } from "../reading/live.ts";
import { hrefWith, type View } from "../view.ts";

const PAGE_SIZE = 50;

const ORDER_WORDS: Record<LiveOrder, string> = {
  score: "most abnormal first",
  name: "by name",
  price: "highest price first",
  change: "deepest fall first",
};

const query = z.object({
  ...numberedParams,
  q: z.string().trim().min(1).max(100).optional()
    .describe("only coins whose id, symbol or name has this in it"),
  sort: z.enum(LIVE_ORDERS).default("score").describe("how coins are sorted"),
});

type Query = z.output<typeof query>;

interface Model {
  live: Live | null;
}

export const coins = definePage({
  path: "/coins",
  query,
  load: async ({ registry }, { q, sort, page }): Promise<Model> => {
    const scope = registry.scopes.write;
    const rule = { crashThresholdPct: DEFAULT_CRASH_PCT };
    const text = q?.toLowerCase() ?? "";
    const live = await readLive(registry, scope, {
      rule,
      limit: PAGE_SIZE,
      skip: (page - 1) * PAGE_SIZE,
      order: sort,
      include: ({ coinId, symbol, name }) =>
        [coinId, symbol, name].some((one) => one.toLowerCase().includes(text)),
    });
    return { live };
  },
  render: (view, { live }, asked) => ({
    title: "Coins",
    section: "predictions",
    crumbs: [{ text: "Predictions", href: view.href("/predictions") }, { text: "coins" }],
    finding: live === null || live.lowest === null ? "No coin was scored yet" : (
      <>
        <bdi>{coinName(live.lowest)}</bdi>
        {` is the most abnormal of ${count(live.scored)} coins`}
      </>
    ),
    lead: live === null ? undefined : <Lead view={view} live={live} />,
    body: (
      <Panel
        id="coins"
        title="Coins"
        scope={live === null ? "" : <Scored view={view} live={live} />}
        end={<a href={view.href("/predictions/live")}>the snapshot</a>}
        span="c12"
      >
        {live === null
          ? <NothingScored view={view} />
          : <Found view={view} live={live} asked={asked} />}
      </Panel>
    ),
  }),
});

const Lead: FC<{ view: View; live: Live }> = ({ view, live: { flagged, moves } }) => (
  <>
    <a href={view.href("/predictions/live")}>{count(flagged)}</a>
    {flagged === 1 ? " is flagged. " : " are flagged. "}
    {moves === null ? "How prices moved in 24\u00a0h is not known yet." : (
      <>
        In 24{"\u00a0"}h <b>{count(moves.rose)}</b> rose and <b>{count(moves.fell)}</b>{" "}
        fell, the median by <b>{change(moves.medianPct)}</b>.
      </>
    )}
  </>
);

const Found: FC<{ view: View; live: Live; asked: Query }> = ({ view, live, asked }) => (
  <>
    <FilterForm view={view} action="/coins" button="Show">
      <label class="field">
        Coin
        <input
          type="search"
          name="q"
          value={asked.q ?? ""}
          placeholder="id, symbol or name"
          autocomplete="off"
        />
      </label>
      <label class="field">
        Sorted
        <select name="sort" data-submits>
          {LIVE_ORDERS.map((order) => (
            <option value={order} selected={order === asked.sort}>{ORDER_WORDS[order]}</option>
          ))}
        </select>
      </label>
    </FilterForm>
    {live.coins.length === 0
      ? (
        <Nothing>
          No coin of this snapshot has <Foreign text={asked.q ?? ""} /> in its id, symbol or name.
          {" "}
          <a href={hrefWith(view, { q: undefined, page: undefined })}>All coins</a>
        </Nothing>
      )
      : (
        <LiveTable
          view={view}
          live={live}
          caption={`${count(live.found)} of ${count(live.scored)} coins, ${
            ORDER_WORDS[asked.sort]
          }. Rule in each bar: the threshold ${decimal(live.threshold)}, left of it is abnormal.`}
        />
      )}
    <NumberedPager view={view} page={asked.page} size={PAGE_SIZE} total={live.found} />
  </>
);
