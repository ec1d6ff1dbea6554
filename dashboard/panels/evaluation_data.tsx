// The stored result of an evaluation: its gates, and the model whose page has them beside the champion's.

import type { FC } from "hono/jsx";
import type { VersionRecord } from "../../src/domain/asset.ts";
import type { GateResult } from "../../src/domain/evaluation.ts";
import { gateLabel, type GateRow } from "../../src/domain/gates.ts";
import { plainText } from "../../src/cards/format.ts";
import { GateList, GateVerdict } from "../components/gates.tsx";
import { Nothing, Panel } from "../components/panel.tsx";
import { ModelLink } from "../components/refs.tsx";
import type { View } from "../view.ts";

export const EvaluationPanel: FC<{ view: View; version: VersionRecord }> = (
  { view, version: { annotations } },
) => {
  const { gates, candidate_version: candidate, eval_source: source } = annotations;
  // As `evaluate` registers them: see its flow.
  const results = Array.isArray(gates) ? gates as unknown as GateResult[] : [];
  const rows = results.map((gate): GateRow => ({
    ...gate,
    label: gateLabel(gate.name),
    champion: null,
  }));
  const of = Number(candidate);
  return (
    <Panel
      id="gates"
      title="Gates"
      scope={`of the model on ${plainText(String(source ?? "rows that are not named"))}`}
      end={<GateVerdict gates={rows} />}
    >
      {rows.length === 0 ? <Nothing>No gate was recorded with this result.</Nothing> : (
        <GateList
          rows={rows}
          version={of}
          champion={null}
          caption={
            <>
              <ModelLink view={view} version={of} />{" "}
              has these beside the values of the champion of the time.
            </>
          }
        />
      )}
    </Panel>
  );
};
