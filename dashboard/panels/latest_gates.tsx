// The newest judgement in a panel: which gates held, with the numbers.

import type { FC } from "hono/jsx";
import type { EvaluationRecord } from "../../src/domain/evaluation.ts";
import { type GateRow } from "../../src/domain/gates.ts";
import { count, plainText } from "../../src/cards/format.ts";
import { Command } from "../components/command.tsx";
import { GateList, GateVerdict } from "../components/gates.tsx";
import { Nothing, Panel } from "../components/panel.tsx";
import { ModelLink, RunLink, shortTime } from "../components/refs.tsx";
import type { View } from "../view.ts";

export const LatestGates: FC<{
  view: View;
  /** Whether there is a version to judge. */
  hasModel: boolean;
  evaluation: EvaluationRecord | null;
  rows: readonly GateRow[];
}> = ({ view, hasModel, evaluation, rows }) => {
  if (evaluation === null) {
    return (
      <Panel id="gates" title="Latest gates">
        <Nothing>
          {hasModel ? "The newest version was not judged yet." : "There is no model to judge yet."}
        </Nothing>
        <Command text={view.command(hasModel ? "evaluate" : "train")} />
      </Panel>
    );
  }
  const { version, runId, recordedAt, evalSource, candidate, gates, comparedTo } = evaluation;
  return (
    <Panel
      id="gates"
      title="Latest gates"
      scope={
        <>
          <ModelLink view={view} version={version} />
          {`, evaluated ${shortTime(view, recordedAt)}, `}
          <RunLink view={view} id={runId} />
        </>
      }
      end={<GateVerdict gates={gates} />}
    >
      <GateList
        rows={rows}
        version={version}
        champion={comparedTo?.version ?? null}
        caption={`${plainText(evalSource)}, n = ${count(candidate.rowCount)} rows.`}
      />
    </Panel>
  );
};
