// What a version's flags were worth a day later, with how sure that is.

import type { FC } from "hono/jsx";
import type { OutcomeMetrics, Rate } from "../../src/domain/outcomes.ts";
import { count, decimal, instant, percent, UNDEFINED } from "../../src/cards/format.ts";
import { Nothing, Panel, Table } from "../components/panel.tsx";
import type { View } from "../view.ts";

export interface OutcomesPanelProps {
  view: View;
  version: number;
  outcomes: OutcomeMetrics | null;
  /** Whether any snapshot is scored by it now. */
  isScoring: boolean;
}

export const OutcomesPanel: FC<OutcomesPanelProps> = (
  { view, version, outcomes, isScoring },
) => (
  <Panel
    id="outcomes"
    title={`Outcomes of v${version}`}
    scope="a crash is a fall of 15 % within 24 h"
    end={<a href={view.href("/predictions", { version })}>its predictions</a>}
  >
    {outcomes === null
      ? (
        <Nothing>
          {isScoring
            ? "Nothing is decided yet: a prediction is decided 24 h after it was made."
            : `v${version} has scored no snapshot: the champion scores, and so do aliases that begin with challenger-.`}
        </Nothing>
      )
      : <Rates outcomes={outcomes} />}
  </Panel>
);

const Rates: FC<{ outcomes: OutcomeMetrics }> = ({ outcomes }) => (
  <Table
    caption={`${count(outcomes.resolved)} of ${count(outcomes.predictions)} predictions decided, ${
      count(outcomes.snapshots)
    } snapshots, ${instant(outcomes.from)} to ${instant(outcomes.to)}.`}
    columns={[
      { name: "Rate" },
      { name: "Value", isNumeric: true },
      { name: "95 % interval", isNumeric: true },
      { name: "n", isNumeric: true },
      { name: "Beside" },
    ]}
    narrow={[undefined, undefined, undefined, "n", "full"]}
    rows={[
      [
        "Precision",
        ...rateCells(outcomes.precision, "flags"),
        `chance would be ${decimal(outcomes.crash_rate)}`,
      ],
      [
        "Recall",
        ...rateCells(outcomes.recall, "crashes"),
        `${count(outcomes.hits)} caught, ${count(outcomes.missed)} missed`,
      ],
      [
        "False alarms",
        ...rateCells(outcomes.false_alarm_share, "quiet rows"),
        `${decimal(outcomes.false_alarms_a_day, 1)} a day`,
      ],
      [
        "Flagged",
        percent(outcomes.flag_rate),
        UNDEFINED,
        `${count(outcomes.predictions)} rows`,
        `${count(outcomes.flagged)} flags`,
      ],
    ]}
  />
);

function rateCells({ value, interval, n }: Rate, cases: string): string[] {
  return [decimal(value), intervalText(interval), `${count(n)} ${cases}`];
}

/** "[0.034, 0.102]" */
export function intervalText(interval: Rate["interval"]): string {
  return interval === null ? UNDEFINED : `[${decimal(interval.low)}, ${decimal(interval.high)}]`;
}
