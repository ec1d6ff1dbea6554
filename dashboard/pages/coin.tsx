// One coin: how its price and score went, when and why it was flagged, and what followed.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { DEFAULT_CRASH_PCT } from "../../src/domain/outcomes.ts";
import { HORIZON_HOURS } from "../../src/domain/prediction.ts";
import { change, count, decimal, price } from "../../src/cards/format.ts";
import { iso } from "../../src/domain/time.ts";
import { coinNotFound } from "../../src/registry/coin_names.ts";
import { ReturnBar } from "../charts/rows.tsx";
import { NumberedPager, numberedParams } from "../components/numbered_pager.tsx";
import { OutcomeWithReturn, returnOf } from "../components/outcome_words.tsx";
import { Foreign, Nothing, Panel, Table } from "../components/panel.tsx";
import { ModelLink, shortTime } from "../components/refs.tsx";
import { MAX_DAYS } from "../components/span_fields.tsx";
import { coinName } from "../components/text.ts";
import { minuteOf } from "../components/times.ts";
import { definePage } from "../page.ts";
import { CoursePanel } from "../panels/coin_course.tsx";
import { EpisodeOutcome, lengthOf } from "../panels/episodes.tsx";
import { Reasons, Score } from "../panels/live_anomalies.tsx";
import { type CoinModel, readCoin } from "../reading/coin.ts";
import type { View } from "../view.ts";

const PAGE_SIZE = 24;

const query = z.object({
  id: z.string().min(1),
  ...numberedParams,
  days: z.coerce.number().int().min(1).max(MAX_DAYS).default(7)
    .describe("how many days back from the coin's newest score"),
});

type Query = z.output<typeof query>;

export const coin = definePage({
  path: "/coins/:id",
  query,
  load: async (view, { id, days, page }): Promise<CoinModel> => {
    const { registry } = view;
    const found = await readCoin(registry, registry.scopes.write, id, {
      days,
      rule: { crashThresholdPct: DEFAULT_CRASH_PCT },
      limit: PAGE_SIZE,
      skip: (page - 1) * PAGE_SIZE,
    });
    if (found === null) {
      const { registry } = view;
      throw await coinNotFound(registry, registry.scopes.write, id, "Next: find it at /coins.");
    }
    return found;
  },
  render: (view, model, asked) => ({
    title: coinName(model.course),
    section: "predictions",
    crumbs: [
      { text: "Predictions", href: view.href("/predictions") },
      { text: "Coins", href: view.href("/coins") },
      { text: model.course.coinId },
    ],
    finding: (
      <>
        <bdi>{coinName(model.course)}</bdi>
        {standingOf(view, model)}
      </>
    ),
    lead: <Lead model={model} days={asked.days} />,
    body: (
      <>
        <CoursePanel
          view={view}
          course={model.course}
          span="c12"
          end={<Days view={view} asked={asked} />}
          isNamed={false}
        />
        <Episodes view={view} model={model} />
        <Scores view={view} model={model} page={asked.page} />
      </>
    ),
  }),
});

/** " looks abnormal: −0.700, below −0.487" */
function standingOf(view: View, { course, isListed }: CoinModel): string {
  const last = course.points.at(-1)!;
  const threshold = course.thresholds.at(-1)!.value;
  if (!isListed) return ` was last scored at ${shortTime(view, iso(last.atMs))}`;
  return last.flagged
    ? ` looks abnormal: ${decimal(last.score)}, below ${decimal(threshold)}`
    : ` looks usual: ${decimal(last.score)}, not below ${decimal(threshold)}`;
}

const Lead: FC<{ model: CoinModel; days: number }> = ({ model, days }) => {
  const { course, scored, flagged, episodeCount, changePct24h } = model;
  return (
    <>
      {course.name.toLowerCase() === course.symbol.toLowerCase() ? "" : (
        <>
          <Foreign text={course.name} />,{" "}
        </>
      )}
      <b>{price(course.points.at(-1)!.price)}</b>
      {changePct24h === null ? "" : (
        <>
          , <b>{change(changePct24h)}</b> in 24{"\u00a0"}h
        </>
      )}.{" "}
      {`${count(flagged)} of ${count(scored)} scores in ${days === 1 ? "1 day" : `${days} days`} `}
      {flagged === 1 ? "is a flag" : "are flags"}
      {flagged === 0
        ? "."
        : `, in ${episodeCount === 1 ? "one episode" : `${count(episodeCount)} episodes`}.`}
    </>
  );
};

const DAY_CHOICES = [1, 7, MAX_DAYS];

const Days: FC<{ view: View; asked: Query }> = ({ view, asked }) => (
  <>
    {DAY_CHOICES.map((days, i) => (
      <>
        {i === 0 ? "" : " · "}
        <a
          href={view.href(view.url.pathname, days === 7 ? {} : { days })}
          aria-current={days === asked.days ? "true" : undefined}
        >
          {days === 1 ? "1 day" : `${days} days`}
        </a>
      </>
    ))}
  </>
);

const SnapshotLink: FC<{ view: View; atMs: number }> = ({ view, atMs }) => {
  const at = iso(atMs);
  return (
    <a href={view.href("/predictions/live", { at: minuteOf(at) })}>
      <time datetime={at}>{shortTime(view, at)}</time>
    </a>
  );
};

const Episodes: FC<{ view: View; model: CoinModel }> = ({ view, model }) => (
  <Panel
    id="episodes"
    title="Episodes"
    scope={model.episodeCount > model.episodes.length
      ? `the newest ${count(model.episodes.length)} of ${count(model.episodeCount)}`
      : "newest first"}
    span="c12"
  >
    {model.episodes.length === 0
      ? <Nothing>The coin was not flagged in this time.</Nothing>
      : (
        <Table
          caption={`Consecutive flags are one episode. What drove its strongest flag is against the ` +
            `market then. Returns are of the first flag; dashed: crash at ${
              change(DEFAULT_CRASH_PCT)
            }.`}
          columns={[
            { name: "First flag" },
            { name: "Length", isNumeric: true },
            { name: "Price then", isNumeric: true },
            { name: "Lowest score", isNumeric: true },
            { name: "What drove it", class: "why" },
            { name: "Return, −50 % to +20 %", class: "wb" },
            { name: `+${HORIZON_HOURS}\u00a0h`, isNumeric: true },
            { name: "Outcome" },
          ]}
          narrow={[undefined, undefined, "from", "lowest", "full", undefined, undefined, "full"]}
          rows={model.episodes.map((episode) => [
            <SnapshotLink view={view} atMs={episode.fromMs} />,
            lengthOf(episode),
            price(episode.price),
            <span class="flag">{decimal(episode.lowestScore)}</span>,
            <Reasons reasons={episode.reasons} />,
            <ReturnBar returnPct={returnOf(episode.first)} crashPct={DEFAULT_CRASH_PCT} />,
            change(returnOf(episode.first)),
            <EpisodeOutcome view={view} episode={episode} />,
          ])}
        />
      )}
  </Panel>
);

const Scores: FC<{ view: View; model: CoinModel; page: number }> = ({ view, model, page }) => (
  <Panel id="scores" title="Scores" scope="newest first" span="c12">
    <Table
      caption="One score a snapshot, by the champion of the time; bold and orange where it is a flag."
      columns={[
        { name: "Snapshot" },
        { name: "Price", isNumeric: true },
        { name: "Score", isNumeric: true },
        { name: "By" },
        { name: "What drove it", class: "why" },
        { name: `${HORIZON_HOURS}\u00a0h later` },
      ]}
      narrow={[undefined, undefined, undefined, "by", "full", "full"]}
      rows={model.scores.map((score) => [
        <SnapshotLink view={view} atMs={score.marketAtMs} />,
        price(score.price),
        <Score value={score.score} flagged={score.flagged} />,
        <ModelLink view={view} version={score.version} />,
        <Reasons reasons={score.reasons} />,
        <OutcomeWithReturn view={view} outcome={score.outcome} />,
      ])}
    />
    <NumberedPager view={view} page={page} size={PAGE_SIZE} total={model.scored} />
  </Panel>
);
