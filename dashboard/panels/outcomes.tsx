// What flags were worth: the table of outcomes over a span, and its metrics day by day.

import type { Child, FC } from "hono/jsx";
import type { OutcomeMetrics, Rate } from "../../src/domain/outcomes.ts";
import { HORIZON_HOURS } from "../../src/domain/prediction.ts";
import { change, count, decimal, instant, percent, UNDEFINED } from "../../src/cards/format.ts";
import { DAY_MS, iso } from "../../src/domain/time.ts";
import { MetricByDay, type MetricDay } from "../charts/metric_by_day.tsx";
import { Facts, Nothing, Panel, Table } from "../components/panel.tsx";
import { ModelLink, shortTime } from "../components/refs.tsx";
import { type Span } from "../reading/days.ts";
import type { OutcomeDay } from "../reading/outcomes.ts";
import type { View } from "../view.ts";
import { intervalText } from "./model_outcomes.tsx";

/** When what waits can be judged. */
export interface Due {
  at: string;
  /** Whether that time has come, and nobody has judged. */
  isOverdue: boolean;
}

export interface OutcomeTableProps {
  /** "the champion", "v7", "challengers" */
  name: string;
  metrics: OutcomeMetrics;
  crashPct: number;
  due: Due | null;
  /** At the right end of the heading. */
  end: Child;
}

export const OutcomeTable: FC<OutcomeTableProps> = (
  { name, metrics, crashPct, due, end },
) => (
  <Panel id="outcomes" title={`Outcomes of ${name}`} end={end} span="c5">
    {metrics.predictions === 0
      ? <NotDecided due={due} />
      : <Decided name={name} metrics={metrics} crashPct={crashPct} />}
  </Panel>
);

/** Why there is none; the page's head has what to do about it. */
const NotDecided: FC<{ due: Due | null }> = ({ due }) => (
  <Nothing>
    {due === null
      ? `Nothing waits to be judged: an outcome is known ${HORIZON_HOURS}\u00a0h after a score.`
      : due.isOverdue
      ? `The first outcome could be known since ${instant(due.at)}, and nobody has looked yet.`
      : `The first outcome can be known at ${
        instant(due.at)
      }, ${HORIZON_HOURS}\u00a0h after its score.`}
  </Nothing>
);

const Decided: FC<{ name: string; metrics: OutcomeMetrics; crashPct: number }> = (
  { name, metrics, crashPct },
) => (
  <>
    <table class="cm">
      <caption>{captionOf(name, metrics, crashPct)}</caption>
      <thead>
        <tr>
          <th scope="col">Prediction</th>
          <th scope="col" class="num">Crashed</th>
          <th scope="col" class="num">Did not</th>
          <th scope="col" class="num">Sum</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">Flagged</th>
          <Cell value={metrics.hits} word="hits" isRight />
          <Cell value={metrics.false_alarms} word="false alarms" />
          <Cell value={metrics.hits + metrics.false_alarms} word="flags" />
        </tr>
        <tr>
          <th scope="row">Not flagged</th>
          <Cell value={metrics.missed} word="missed" />
          <Cell value={metrics.quiet} word="quiet, right" isRight />
          <Cell value={metrics.missed + metrics.quiet} word="not flagged" />
        </tr>
      </tbody>
    </table>
    <div class="hr" />
    <Facts
      facts={[
        ["Precision", rateWords(metrics.precision, metrics.hits, "flags")],
        ["Recall", rateWords(metrics.recall, metrics.hits, "crashes")],
        ["Base rate", baseWords(metrics)],
        ["Unresolved", unresolvedWords(metrics)],
      ]}
    />
    <p class="small dim mt">
      {metrics.precision.interval === null && metrics.recall.interval === null
        ? "No intervals yet: they need cases of two coins on two days."
        : "Brackets: 95\u00a0% interval, coins and days resampled."}
    </p>
  </>
);

const Cell: FC<{ value: number; word: string; isRight?: boolean }> = ({ value, word, isRight }) => (
  <td class={isRight ? "hit" : undefined}>
    <b>{count(value)}</b>
    <small>{word}</small>
  </td>
);

function captionOf(name: string, { snapshots, from, to, resolved }: OutcomeMetrics, pct: number) {
  const hours = snapshots === 1 ? "1 snapshot" : `${count(snapshots)} snapshots`;
  return `Scores of ${name} in ${hours} from ${instant(from)} to ${instant(to)}, ` +
    `${HORIZON_HOURS}\u00a0h later; a crash is ${change(pct)} or lower. ` +
    `n = ${count(resolved)} decided predictions.`;
}

/** "0.067 [0.034, 0.102], 71 of 1,061 flags" */
export function rateWords({ value, n, interval }: Rate, hits: number, cases: string): string {
  if (value === null) return `${UNDEFINED}, no ${cases}`;
  const range = interval ? ` ${intervalText(interval)}` : "";
  return `${decimal(value)}${range}, ${count(hits)} of ${count(n)} ${cases}`;
}

function baseWords({ crash_rate, lift }: OutcomeMetrics): string {
  if (crash_rate === null) return UNDEFINED;
  return lift === null
    ? decimal(crash_rate)
    : `${decimal(crash_rate)}; precision is ${decimal(lift, 2)} × that`;
}

function unresolvedWords({ unresolved, predictions, flagged_unresolved }: OutcomeMetrics): string {
  const share = predictions === 0 ? null : unresolved / predictions;
  const flagged = flagged_unresolved === 0 ? "none" : count(flagged_unresolved);
  return `${count(unresolved)} of ${count(predictions)} (${percent(share)}), ${flagged} flagged`;
}

export interface OutcomeDaysProps {
  view: View;
  span: Span;
  days: readonly OutcomeDay[];
  changes: readonly { atMs: number; version: number }[];
  /** None where there is only one. */
  versions: readonly { version: number; metrics: OutcomeMetrics }[];
}

export const OutcomeDays: FC<OutcomeDaysProps> = ({ view, span, days, changes, versions }) => (
  <Panel
    id="days"
    title="Outcome metrics by day"
    scope={<Versions view={view} days={days} changes={changes} />}
    span="c12"
  >
    {days.length === 0 ? <Nothing>No day has a decided prediction yet.</Nothing> : (
      <>
        <div class="trio">
          {MEASURES.map(({ name, read, format, ceiling }) => (
            <MetricByDay
              name={name}
              days={allDays(span, days).map(({ dayMs, metrics }) => ({
                atMs: dayMs,
                ...(metrics === null ? { value: null, n: 0 } : read(metrics)),
              }))}
              format={format}
              ceiling={ceiling}
              changes={changes}
            />
          ))}
        </div>
        <p class="small dim mt">
          Below each day: n (flags; crashes; flags; predictions).{" "}
          {hasBars(days) ? "Bar: 95\u00a0% interval for that day, by coin. " : ""}Hollow: n below
          50. A day without an outcome is a gap.
        </p>
        {versions.length === 0 ? "" : <VersionTable view={view} versions={versions} />}
      </>
    )}
  </Panel>
);

function hasBars(days: readonly OutcomeDay[]): boolean {
  return days.some(({ metrics: { precision, recall } }) =>
    precision.interval !== null || recall.interval !== null
  );
}

const MEASURES: {
  name: string;
  read(metrics: OutcomeMetrics): Omit<MetricDay, "atMs">;
  format(value: number): string;
  /** What it cannot exceed. */
  ceiling: number;
}[] = [
  {
    name: "Precision",
    read: ({ precision }) => precision,
    format: (value) => decimal(value, 2),
    ceiling: 1,
  },
  {
    name: "Recall",
    read: ({ recall }) => recall,
    format: (value) => decimal(value, 2),
    ceiling: 1,
  },
  {
    name: "False alarms a day",
    read: ({ false_alarms_a_day, flagged }) => ({ value: false_alarms_a_day, n: flagged }),
    format: count,
    ceiling: Infinity,
  },
  {
    name: "Unresolved share",
    read: ({ coverage, predictions }) => ({
      value: coverage === null ? null : 1 - coverage,
      n: predictions,
    }),
    format: percent,
    ceiling: 1,
  },
];

/** Every day of the span from the first decided one to the last; null for one without outcomes. */
function allDays(
  { fromMs, toMs }: Span,
  days: readonly OutcomeDay[],
): { dayMs: number; metrics: OutcomeMetrics | null }[] {
  const found = new Map(days.map((day) => [day.dayMs, day.metrics]));
  const first = days[0]!.dayMs;
  const last = days.at(-1)!.dayMs;
  const all = [];
  for (
    let dayMs = Math.max(first, Math.floor(fromMs / DAY_MS) * DAY_MS);
    dayMs <= last;
    dayMs += DAY_MS
  ) {
    if (dayMs <= toMs) all.push({ dayMs, metrics: found.get(dayMs) ?? null });
  }
  return all;
}

/** Named one by one where there are no more. */
const MAX_NAMED = 3;

/** "v6 until May 8 02:03, then v7", or "v2 to v9, 7 changes" */
const Versions: FC<Pick<OutcomeDaysProps, "view" | "days" | "changes">> = (
  { view, days, changes },
) => {
  const first = days[0]?.versions[0];
  if (first === undefined) return null;
  const last = changes.at(-1);
  if (last !== undefined && changes.length > MAX_NAMED) {
    return (
      <>
        <ModelLink view={view} version={first} /> to{" "}
        <ModelLink view={view} version={last.version} />
        {`, ${count(changes.length)} changes`}
      </>
    );
  }
  return (
    <>
      <ModelLink view={view} version={first} />
      {changes.map(({ atMs, version }) => (
        <>
          {` until ${shortTime(view, iso(atMs))}, then `}
          <ModelLink view={view} version={version} />
        </>
      ))}
    </>
  );
};

const VersionTable: FC<Pick<OutcomeDaysProps, "view" | "versions">> = ({ view, versions }) => (
  <>
    <div class="hr" />
    <Table
      caption="Each champion of this time by itself, in whatever role it scored; 95\u00a0% intervals in brackets."
      columns={[
        { name: "Version" },
        { name: "Snapshots", isNumeric: true },
        { name: "Precision" },
        { name: "Recall" },
        { name: "Base rate", isNumeric: true },
        { name: "False alarms a day", isNumeric: true },
      ]}
      narrow={[undefined, "snapshots", "precision", "recall", "base", "false alarms a day"]}
      rows={versions.map(({ version, metrics }) => [
        <ModelLink view={view} version={version} />,
        count(metrics.snapshots),
        rateWords(metrics.precision, metrics.hits, "flags"),
        rateWords(metrics.recall, metrics.hits, "crashes"),
        decimal(metrics.crash_rate),
        decimal(metrics.false_alarms_a_day, 1),
      ])}
    />
  </>
);
