// The card of a validation: whether the flags were right, which were not, and what was missed.

import type { AssetFile } from "../../src/domain/asset.ts";
import type { Case, OutcomeMetrics, OutcomeReport } from "../../src/domain/outcomes.ts";
import type { CardContext } from "../../src/engine/flow.ts";
import { Intervals } from "../../src/cards/charts.tsx";
import { change, count, decimal, instant, percent, UNDEFINED } from "../../src/cards/format.ts";
import { cardPage, Facts, Foreign, Panel, Rows } from "../../src/cards/page.tsx";
import { jsonOf, kickerOf } from "../card_data.ts";
import type { Decided } from "./decide.ts";

/** What the steps left. Runs from before schema 2 have the report itself among their artifacts. */
type Artifacts = { report_file?: AssetFile; report?: OutcomeReport; decided: Decided };

export async function card(ctx: CardContext): Promise<string> {
  const { report_file, report: inline, decided } = ctx.artifacts as Artifacts;
  const report = report_file ? await jsonOf<OutcomeReport>(ctx, report_file) : inline!;
  const { champion, episodes, worst, kinds } = report;
  return cardPage({
    kicker: kickerOf(ctx.run),
    finding: findingOf(champion),
    lead: leadOf(report),
    body: champion.predictions === 0 ? "" : (
      <>
        <Panel title="What the flags were worth" scope="95 % intervals by coin and day">
          <Intervals title="Precision, recall and false alarms" rows={ratesOf(champion)} />
          <p class="note">
            Dashed: what flags at random would reach. No interval: fewer than two days or coins.
          </p>
        </Panel>
        <Panel
          title="Confusion matrix"
          scope={`of ${count(champion.resolved)} resolved predictions`}
        >
          <Confusion metrics={champion} />
        </Panel>
        <Panel title="Counts">
          <Facts facts={countsOf(champion, decided)} />
          <p class="note">
            {`${count(episodes.episodes)} alerts (consecutive flags of a coin): ${
              count(episodes.caught)
            } before a crash, ${count(episodes.false_alarms)} false, ${
              count(episodes.undecided)
            } undecided.`}
          </p>
        </Panel>
        <Cases
          title="Worst false alarms"
          scope="the lowest scores that no crash followed"
          cases={worst.false_alarms}
        />
        <Cases
          title="Missed crashes"
          scope="the deepest falls that were not flagged"
          cases={worst.missed}
        />
        <Cases
          title="Caught crashes"
          scope="the deepest falls that were flagged"
          cases={worst.caught}
        />
        {kinds === null ? "" : <Kinds kinds={kinds} />}
        {report.comparisons.length === 0 ? "" : <Comparisons report={report} />}
      </>
    ),
  });
}

function findingOf({ hits, false_alarms, predictions }: OutcomeMetrics): string {
  if (predictions === 0) return "No prediction is a day old yet";
  const flags = hits + false_alarms;
  if (flags === 0) return "Nothing was flagged";
  if (hits === 0) return `None of ${count(flags)} flags came before a crash`;
  return `One flag in ${decimal(flags / hits, flags / hits < 10 ? 1 : 0)} came before a crash`;
}

function leadOf({ champion, crash_threshold_pct }: OutcomeReport): string {
  if (champion.predictions === 0) return "A prediction is decided 24 h after it was made.";
  const chance = champion.crash_rate
    ? `Chance would be one in ${decimal(1 / champion.crash_rate, 1)}. `
    : "";
  return `${chance}${count(champion.hits)} of ${count(champion.crashes)} crashes (${
    change(crash_threshold_pct)
  } or worse within 24 h) were flagged, from ${instant(champion.from)} to ${
    instant(champion.to)
  }. Coverage ${percent(champion.coverage)}.`;
}

function ratesOf({ precision, recall, false_alarm_share, crash_rate, flag_rate }: OutcomeMetrics) {
  return [
    { name: `precision, n ${precision.n}`, ...precision, chance: crash_rate },
    { name: `recall, n ${recall.n}`, ...recall, chance: flag_rate },
    { name: `false alarms, n ${false_alarm_share.n}`, ...false_alarm_share },
  ];
}

function Confusion({ metrics }: { metrics: OutcomeMetrics }) {
  const { hits, missed, false_alarms, quiet } = metrics;
  const columns = [
    { name: "prediction" },
    { name: "crashed", isNumeric: true },
    { name: "did not", isNumeric: true },
    { name: "together", isNumeric: true },
  ];
  const row = (name: string, crashed: number, not: number) => [
    name,
    count(crashed),
    count(not),
    count(crashed + not),
  ];
  return (
    <Rows
      caption="Flagged or not, against what the price did."
      columns={columns}
      rows={[
        row("flagged", hits, false_alarms),
        row("not flagged", missed, quiet),
        row("together", hits + missed, false_alarms + quiet),
      ]}
    />
  );
}

function countsOf(metrics: OutcomeMetrics, decided: Decided): [string, string][] {
  return [
    ["predictions", `${count(metrics.predictions)} in ${count(metrics.snapshots)} snapshots`],
    ["resolved", `${count(metrics.resolved)}, of which ${count(metrics.looked_up)} looked up`],
    ["unresolved", count(metrics.unresolved)],
    [
      "false alarms a day",
      metrics.false_alarms_a_day === null ? UNDEFINED : decimal(metrics.false_alarms_a_day, 1),
    ],
    ["predictions decided by this run", count(decided.predictions)],
    ["batches still waiting", count(decided.waiting)],
  ];
}

function Cases({ title, scope, cases }: { title: string; scope: string; cases: readonly Case[] }) {
  return (
    <Panel title={title} scope={scope}>
      {cases.length === 0 ? <p class="note">There were none.</p> : (
        <Rows
          caption="A coin at its worst, and in how many snapshots it was so."
          columns={[
            { name: "coin" },
            { name: "market time" },
            { name: "score", isNumeric: true },
            { name: "24 h later", isNumeric: true },
            { name: "times", isNumeric: true },
          ]}
          rows={cases.map((one) => [
            <Foreign text={one.coin_id} />,
            instant(one.market_at),
            decimal(one.score),
            change(one.return_pct),
            count(one.count),
          ])}
        />
      )}
    </Panel>
  );
}

function Kinds({ kinds }: { kinds: NonNullable<OutcomeReport["kinds"]> }) {
  return (
    <Panel title="Labelled events" scope="that the simulated market injected">
      <Rows
        caption="An event is caught when its coin was flagged in it or in the hour after it."
        columns={[
          { name: "event" },
          { name: "scored", isNumeric: true },
          { name: "caught", isNumeric: true },
          { name: "recall", isNumeric: true },
          { name: "first flag after, h", isNumeric: true },
        ]}
        rows={kinds.map((kind) => [
          kind.kind.replace("_", " "),
          count(kind.events),
          count(kind.caught),
          decimal(kind.recall),
          decimal(kind.median_delay_hours, 0),
        ])}
      />
    </Panel>
  );
}

function Comparisons({ report }: { report: OutcomeReport }) {
  return (
    <Panel title="Challengers" scope="against the champion, on the same rows">
      <Rows
        caption="Differences, challenger less champion."
        columns={[
          { name: "challenger" },
          { name: "champion" },
          { name: "rows", isNumeric: true },
          { name: "precision", isNumeric: true },
          { name: "recall", isNumeric: true },
        ]}
        rows={report.comparisons.map(({ champion, challenger, paired }) => [
          `v${challenger}`,
          `v${champion}`,
          count(paired.n),
          differenceWords(paired.precision),
          differenceWords(paired.recall),
        ])}
      />
    </Panel>
  );
}

function differenceWords(
  { value, interval }: { value: number | null; interval: { low: number; high: number } | null },
): string {
  if (interval === null) return decimal(value);
  return `${decimal(value)} [${decimal(interval.low)}, ${decimal(interval.high)}]`;
}
