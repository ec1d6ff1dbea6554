// One snapshot as the champion saw it: which coins looked abnormal, why, and what became of them.

import type { Child, FC } from "hono/jsx";
import { z } from "zod";
import { ASSET } from "../../src/domain/asset.ts";
import { DEFAULT_CRASH_PCT } from "../../src/domain/outcomes.ts";
import { HORIZON_HOURS } from "../../src/domain/prediction.ts";
import { count, decimal, instant, percent } from "../../src/cards/format.ts";
import { iso } from "../../src/domain/time.ts";
import { OutcomeWithReturn } from "../components/outcome_words.tsx";
import { NumberedPager, numberedParams } from "../components/numbered_pager.tsx";
import { Panel } from "../components/panel.tsx";
import { At, ModelLink, shortTime, VersionLink } from "../components/refs.tsx";
import { minuteOf, timeParam } from "../components/times.ts";
import { definePage } from "../page.ts";
import { LiveTable, NothingScored, Scored } from "../panels/live_anomalies.tsx";
import { type Live, neighboursOf, readLive } from "../reading/live.ts";
import type { View } from "../view.ts";

const PAGE_SIZE = 50;

interface Model {
  live: Live | null;
  older: string | null;
  newer: string | null;
}

export const predictionsLive = definePage({
  path: "/predictions/live",
  query: z.object({
    ...numberedParams,
    at: timeParam("the snapshot of this time, or the last one before it; default: the newest"),
  }),
  load: async ({ registry }, { at, page }): Promise<Model> => {
    const scope = registry.scopes.write;
    const live = await readLive(registry, scope, {
      limit: PAGE_SIZE,
      skip: (page - 1) * PAGE_SIZE,
      rule: { crashThresholdPct: DEFAULT_CRASH_PCT },
      include: () => true,
      ...(at === undefined ? {} : { atMs: at }),
    });
    if (live === null) return { live, older: null, newer: null };
    const { olderMs, newerMs } = await neighboursOf(registry, scope, Date.parse(live.marketAt));
    return {
      live,
      older: olderMs === null ? null : iso(olderMs),
      newer: newerMs === null ? null : iso(newerMs),
    };
  },
  render: (view, { live, older, newer }, { page }) => ({
    title: "Scores of a snapshot",
    section: "predictions",
    crumbs: [
      { text: "Predictions", href: view.href("/predictions") },
      { text: live === null ? "snapshot" : instant(live.marketAt) },
    ],
    finding: live === null ? "Nothing was scored yet" : (
      <>
        {`${count(live.flagged)} of ${count(live.scored)} coins ${
          live.flagged === 1 ? "looks" : "look"
        } abnormal at `}
        <At view={view} at={live.marketAt} />
      </>
    ),
    lead: live === null ? undefined : <Lead view={view} live={live} />,
    body: (
      <Panel
        id="live"
        title="Coins by score"
        scope={live === null ? "" : <Scored view={view} live={live} />}
        end={<Neighbours view={view} older={older} newer={newer} />}
        span="c12"
      >
        {live === null
          ? <NothingScored view={view} />
          : <Coins view={view} live={live} page={page} />}
      </Panel>
    ),
  }),
});

const Lead: FC<{ view: View; live: Live }> = ({ view, live }) => (
  <>
    <ModelLink view={view} version={live.version} /> flags{" "}
    <b>{percent(live.scored === 0 ? null : live.flagged / live.scored)}</b>
    {` of the market: scores below ${decimal(live.threshold)}. `}
    {becameOf(view, live)}
  </>
);

/** What became of the flags, in a sentence, beside what became of all. */
function becameOf(view: View, { flagged, fate, dueAt }: Live): Child {
  if (fate === null) {
    return flagged === 0 ? "" : `What becomes of them can be known at ${shortTime(view, dueAt)}.`;
  }
  const { hits, flags, crashes, resolved } = fate;
  return (
    <>
      <b>{`${count(hits)} of ${count(flags)}`}</b>
      {` flags came before a crash; so did ${count(crashes)} of all ${count(resolved)} coins.`}
    </>
  );
}

const Neighbours: FC<{ view: View; older: string | null; newer: string | null }> = (
  { view, older, newer },
) => {
  const link = (at: string | null, text: string) =>
    at === null ? "" : <a href={view.href("/predictions/live", { at: minuteOf(at) })}>{text}</a>;
  return (
    <>
      {link(older, "older")}
      {older === null || newer === null ? "" : " · "}
      {link(newer, "newer")}
    </>
  );
};

const Coins: FC<{ view: View; live: Live; page: number }> = ({ view, live, page }) => (
  <>
    <LiveTable
      view={view}
      live={live}
      caption={
        <>
          {`All ${count(live.scored)} scored coins of `}
          <VersionLink view={view} name={ASSET.snapshot} version={live.snapshot.version} />
          {`, the most abnormal first. Rule in each bar: the threshold ${
            decimal(live.threshold)
          }. Crash: a fall of ${
            decimal(-DEFAULT_CRASH_PCT, 0)
          }\u00a0% or more within ${HORIZON_HOURS}\u00a0h.`}
        </>
      }
      last={{
        name: "24 h later",
        cell: ({ outcome }) => <OutcomeWithReturn view={view} outcome={outcome} />,
      }}
    />
    <NumberedPager view={view} page={page} size={PAGE_SIZE} total={live.found} />
  </>
);
