// The gates of a version's latest evaluation, with the champion's values beside its own.

import type { FC } from "hono/jsx";
import type { EvaluationRecord } from "../../src/domain/evaluation.ts";
import type { GateRow } from "../../src/domain/gates.ts";
import { count, instant, plainText } from "../../src/cards/format.ts";
import { Command } from "../components/command.tsx";
import { GateTable, GateVerdict } from "../components/gates.tsx";
import { Nothing, Panel } from "../components/panel.tsx";
import { RunLink, VersionLink } from "../components/refs.tsx";
import type { View } from "../view.ts";

export interface GatesPanelProps {
  view: View;
  version: number;
  evaluation: EvaluationRecord | null;
  rows: readonly GateRow[];
}

export const GatesPanel: FC<GatesPanelProps> = ({ view, version, evaluation, rows }) =>
  evaluation === null
    ? (
      <Panel id="gates" title="Gates" scope="hard unless marked soft">
        <Nothing>
          {`v${version} was not judged yet: an evaluation scores rows that it has not seen.`}
        </Nothing>
        <Command text={view.command(`evaluate --candidate_version ${version}`)} />
      </Panel>
    )
    : (
      <JudgedGates
        view={view}
        version={version}
        champion={evaluation.champion === null ? null : evaluation.comparedTo?.version ?? null}
        evaluation={evaluation}
        rows={rows}
      />
    );

/** The gates of one evaluation, the champion's values beside the version's. */
export const JudgedGates: FC<
  Omit<GatesPanelProps, "evaluation"> & { champion: number | null; evaluation: EvaluationRecord }
> = ({ view, version, champion, evaluation, rows }) => (
  <Panel
    id="gates"
    title="Gates"
    scope="hard unless marked soft"
    end={<GateVerdict gates={rows} />}
  >
    <GateTable
      rows={rows}
      version={version}
      champion={champion}
      caption={<JudgedOn view={view} evaluation={evaluation} />}
    />
  </Panel>
);

/** "Evaluated 2022-05-11 00:12 UTC by run 763 on eval_holdout v11, n = 2,376." */
export const JudgedOn: FC<{ view: View; evaluation: EvaluationRecord }> = (
  { view, evaluation: { recordedAt, runId, evalSource, candidate, resultVersion } },
) => (
  <>
    {`Evaluated ${instant(recordedAt)} by `}
    <RunLink view={view} id={runId} />
    {` on ${plainText(evalSource)}, n = ${count(candidate.rowCount)} (`}
    <VersionLink view={view} name="evaluation_results" version={resultVersion} text="scores" />).
  </>
);
