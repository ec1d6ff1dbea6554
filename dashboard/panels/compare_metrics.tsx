// The gates and the metrics of two versions, and what became of their flags on the snapshots of both.

import type { Child, FC } from "hono/jsx";
import type { EvaluationRecord, ModelMetrics } from "../../src/domain/evaluation.ts";
import { type GateRow, gateRows } from "../../src/domain/gates.ts";
import type {
  Difference as OutcomeDifference,
  PairedComparison,
} from "../../src/domain/outcomes.ts";
import { count, decimal } from "../../src/cards/format.ts";
import { AgreementBar } from "../charts/agreement.tsx";
import { DumbbellRow } from "../charts/bullets.tsx";
import { Command } from "../components/command.tsx";
import { expected, held } from "../../src/cards/gate_numbers.ts";
import { Nothing, Panel, Table } from "../components/panel.tsx";
import { State } from "../components/state.tsx";
import type { JudgedPair } from "../reading/comparison.ts";
import type { View } from "../view.ts";
import { JudgedGates, JudgedOn } from "./model_gates.tsx";
import { intervalText } from "./model_outcomes.tsx";

export interface PairProps {
  view: View;
  a: number;
  b: number;
  pair: JudgedPair;
}

export const PairGates: FC<PairProps> = ({ view, a, b, pair }) => {
  const isOfA = pair.footing === "one_evaluation" && pair.space === a && pair.a !== null;
  if (isOfA) {
    const evaluation = pair.a!;
    const rows = gateRows(evaluation);
    return <JudgedGates {...{ view, version: a, champion: b, evaluation, rows }} />;
  }
  const [rowsA, rowsB] = [pair.a, pair.b].map((one) => one === null ? [] : gateRows(one));
  const names = [...new Set([...rowsA!, ...rowsB!].map(({ name }) => name))];
  return (
    <Panel id="gates" title="Gates" scope="each by its own evaluation">
      {names.length === 0
        ? (
          <>
            <Nothing>Neither was judged yet.</Nothing>
            <Command text={view.command(`evaluate --candidate_version ${a} --compare_to ${b}`)} />
          </>
        )
        : (
          <Table
            class="fold sides"
            caption={
              <>
                <Judged view={view} version={a} evaluation={pair.a} />{" "}
                <Judged view={view} version={b} evaluation={pair.b} />
              </>
            }
            columns={[{ name: "Gate" }, { name: `v${a}` }, { name: `v${b}` }]}
            narrow={["full", `v${a}`, `v${b}`]}
            rows={names.map((name) => {
              const [ofA, ofB] = [rowsA!, rowsB!].map((rows) =>
                rows.find((row) => row.name === name)
              );
              return [
                (ofA ?? ofB)!.label,
                <GateCell row={ofA} />,
                <GateCell row={ofB} />,
              ];
            })}
          />
        )}
    </Panel>
  );
};

const Judged: FC<{ view: View; version: number; evaluation: EvaluationRecord | null }> = (
  { view, version, evaluation },
) => (
  <>
    {`v${version}: `}
    {evaluation === null ? "not judged yet." : <JudgedOn view={view} evaluation={evaluation} />}
  </>
);

const GateCell: FC<{ row: GateRow | undefined }> = ({ row }) => {
  if (row === undefined) return <span class="dim">–</span>;
  const { status, hard } = row;
  return (
    <>
      {held(row)} <span class="dim">{expected(row)}</span> {status === "passed"
        ? <State kind="ok" word="passed" />
        : status === "failed"
        ? <State kind={hard ? "fail" : "warn"} word={hard ? "failed" : "failed, soft"} />
        : <State kind="skip" word="not applicable" />}
    </>
  );
};

interface Measure {
  name: string;
  read: (metrics: ModelMetrics) => number | null;
  better: "higher" | "lower";
  /** Whether a gate allows it to be worse than the champion's by the tolerance. */
  isTolerated: boolean;
}

const MEASURES: Measure[] = [
  { name: "Anomaly rate", read: (m) => m.anomalyRate, better: "lower", isTolerated: false },
  {
    name: "Distance from training rate",
    read: (m) => m.rateDiff,
    better: "lower",
    isTolerated: true,
  },
  { name: "Silhouette", read: (m) => m.silhouette, better: "higher", isTolerated: true },
  { name: "Score gap, sd", read: (m) => m.scoreGap, better: "higher", isTolerated: false },
];

/** Ends of the scale; one for all rows, so that lengths can be compared. */
const SPANS = [0.1, 0.2, 0.5, 1, 2, 5];

export const PairMetrics: FC<PairProps & { tolerance: number }> = (
  { a, b, pair, tolerance },
) => {
  const { metricsA, metricsB, space, footing } = pair;
  const title = `Metrics, v${a} against v${b}`;
  if (metricsA === null || metricsB === null) {
    return (
      <Panel id="metrics" title={title}>
        <Nothing>Both must be judged before their numbers can be compared.</Nothing>
      </Panel>
    );
  }
  const rows = MEASURES.map((measure) => {
    const [own, other] = [measure.read(metricsA), measure.read(metricsB)];
    const difference = own === null || other === null ? null : own - other;
    return { ...measure, own, other, difference };
  });
  const largest = Math.max(...rows.map(({ difference }) => Math.abs(difference ?? 0)));
  const span = SPANS.find((end) => largest <= end) ?? SPANS.at(-1)!;
  const on = footing === "one_evaluation"
    ? `The same ${count(metricsA.rowCount)} rows, silhouette in v${space}’s space.`
    : footing === "same_rows"
    ? `The same ${count(metricsA.rowCount)} rows, each silhouette in its own space.`
    : `On different rows, ${count(metricsA.rowCount)} and ${
      count(metricsB.rowCount)
    }: differences may be the market’s.`;
  return (
    <Panel id="metrics" title={title}>
      <Table
        class="fold six"
        caption={`${on} Diamond: v${b}, the centre. Circle: v${a}. Right is better, edges are ±\u00a0${
          decimal(span, 2)
        }. Shaded: within the gate’s tolerance.`}
        columns={[
          { name: "Metric" },
          { name: `v${a}`, isNumeric: true },
          { name: `v${b}`, isNumeric: true },
          { name: "Change", isNumeric: true },
          {
            name: (
              <span class="lr">
                <span>worse</span>
                <span>{`v${b}`}</span>
                <span>better</span>
              </span>
            ),
            class: "wb",
          },
          { name: `v${a} is` },
        ]}
        narrow={[undefined, `v${a}`, `v${b}`]}
        rows={rows.map(({ name, own, other, difference, better, isTolerated }) => [
          name,
          decimal(own),
          decimal(other),
          signed(difference),
          <DumbbellRow
            candidate={{ name: `v${a}`, value: own }}
            champion={{ name: `v${b}`, value: other }}
            better={better}
            span={span}
            {...(isTolerated ? { tolerance } : {})}
          />,
          <Verdict difference={difference} better={better} />,
        ])}
      />
    </Panel>
  );
};

function signed(value: number | null): string {
  return value !== null && value >= 0.0005 ? `+${decimal(value)}` : decimal(value);
}

const Verdict: FC<{ difference: number | null; better: "higher" | "lower" }> = (
  { difference, better },
) => {
  if (difference === null) return <State kind="skip" word="not known" />;
  if (Math.abs(difference) < 0.0005) return <State kind="idle" word="the same" />;
  return difference > 0 === (better === "higher")
    ? <State kind="ok" word="better" />
    : <State kind="warn" word="worse" />;
};

export const SharedOutcomes: FC<
  { view: View; a: number; b: number; paired: PairedComparison | null }
> = ({ view, a, b, paired }) => {
  const title = "Outcomes on shared snapshots";
  if (paired === null) {
    return (
      <Panel id="outcomes" title={title}>
        <Nothing>
          {`v${a} and v${b} have no decided snapshot in common. A challenger scores every snapshot in shadow:`}
        </Nothing>
        <Command text={view.command(`promote --version ${a} --alias challenger-a`)} />
      </Panel>
    );
  }
  const { snapshots, n, crashes, no_crashes } = paired;
  const bar = (agreement: PairedComparison["crashes"]) => (
    <AgreementBar
      a={`v${a}`}
      b={`v${b}`}
      both={agreement.both}
      onlyA={agreement.only_challenger}
      onlyB={agreement.only_champion}
      neither={agreement.neither}
    />
  );
  return (
    <Panel
      id="outcomes"
      title={title}
      scope={`${count(snapshots)} snapshots, n = ${count(n)} decided rows`}
    >
      <Table
        caption={`v${a} minus v${b}, the last 7 days of both. An interval that holds 0 may be chance.`}
        columns={[
          { name: "Rate" },
          { name: "Difference", isNumeric: true },
          { name: "95 % interval", isNumeric: true },
          { name: `v${a} is` },
        ]}
        narrow={[undefined, undefined, undefined, undefined]}
        rows={[
          differenceCells("Precision", paired.precision, "higher"),
          differenceCells("Recall", paired.recall, "higher"),
          differenceCells("False alarms", paired.false_alarm_share, "lower"),
        ]}
      />
      <h3 class="mt">Rows before a crash</h3>
      {bar(crashes)}
      <h3 class="mt">Rows without one</h3>
      {bar(no_crashes)}
    </Panel>
  );
};

function differenceCells(
  name: string,
  { value, interval }: OutcomeDifference,
  better: "higher" | "lower",
): Child[] {
  const isSure = interval !== null && (interval.low > 0 || interval.high < 0);
  return [
    name,
    signed(value),
    intervalText(interval),
    value === null || !isSure
      ? <State kind="skip" word="not told apart" />
      : <Verdict difference={value} better={better} />,
  ];
}
