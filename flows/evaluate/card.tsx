// The card of an evaluation: every gate with its number, the scores on rows that the model had not seen,
// and the champion beside it.

import { ASSET } from "../../src/domain/asset.ts";
import type { GateResult, ModelMetrics } from "../../src/domain/evaluation.ts";
import { numbers } from "../../src/domain/table.ts";
import type { CardContext } from "../../src/engine/flow.ts";
import { Dumbbell, Histogram } from "../../src/cards/charts.tsx";
import { count, decimal, percent } from "../../src/cards/format.ts";
import { binValues } from "../../src/cards/histogram.ts";
import { cardPage, Panel, Rows } from "../../src/cards/page.tsx";
import { inputVersion, kickerOf, producedVersion, tableOf } from "../card_data.ts";
import { loadDetector } from "../detectors.ts";
import { GateRows } from "../gate_rows.tsx";

/** What the scoring step hands on. */
interface Judged {
  passed: boolean;
  gates: GateResult[];
  candidate: ModelMetrics;
  champion: ModelMetrics | null;
}

export async function card(ctx: CardContext): Promise<string> {
  const result = await producedVersion(ctx, ASSET.evaluationResults);
  const judged = ctx.artifacts.judged as unknown as Judged;
  const table = await tableOf(ctx, result.files.table!);
  const model = await inputVersion(ctx, result.inputs.find(({ role }) => role === "model")!);
  const { offset } = await loadDetector(ctx.registry, model);
  const { candidate, champion, gates } = judged;
  const failed = gates.filter((gate) => gate.status === "failed").map((gate) => gate.name);
  const bins = binValues(numbers(table, "score"), 60);
  const compared = result.inputs.find(({ role }) => role === "champion");
  return cardPage({
    kicker: kickerOf(ctx.run),
    finding: judged.passed
      ? `${model.name} v${model.version} passed every hard gate`
      : `${model.name} v${model.version} failed ${failed.join(", ")}`,
    lead: `On ${String(result.annotations.eval_source)} it flags ${
      percent(candidate.anomalyRate)
    } of ${count(candidate.rowCount)} rows; in training it flagged ${
      percent(candidate.trainingRate)
    }.`,
    body: (
      <>
        <Panel title="Gates" scope={`${gates.length}`}>
          <GateRows gates={gates} caption="A hard gate decides; a soft one is recorded." />
        </Panel>
        <Panel title="Scores" scope="lower is more abnormal">
          {bins
            ? (
              <Histogram
                title="Scores of the rows that it is judged on"
                bins={bins}
                threshold={{ at: offset, label: `threshold ${decimal(offset)}` }}
                height={140}
              />
            )
            : <p class="note">There were no rows.</p>}
        </Panel>
        <Panel
          title="Against the champion"
          scope={compared ? `v${compared.ref.version}, on the same rows` : "there was none"}
        >
          {champion === null
            ? <p class="note">No champion scored these rows, so nothing is compared.</p>
            : (
              <>
                <Dumbbell title="Candidate and champion" rows={comparison(candidate, champion)} />
                <p class="note">● candidate · ◆ champion</p>
                <Rows
                  caption="Silhouettes are taken in the candidate's space."
                  columns={[
                    { name: "measure" },
                    { name: "candidate", isNumeric: true },
                    { name: "champion", isNumeric: true },
                  ]}
                  rows={comparison(candidate, champion).map((row) => [
                    row.name,
                    decimal(row.candidate),
                    decimal(row.champion),
                  ])}
                />
              </>
            )}
        </Panel>
      </>
    ),
  });
}

function comparison(candidate: ModelMetrics, champion: ModelMetrics) {
  const row = (name: string, read: (metrics: ModelMetrics) => number | null) => ({
    name,
    candidate: read(candidate),
    champion: read(champion),
  });
  return [
    row("anomaly rate", (metrics) => metrics.anomalyRate),
    row("distance from training rate", (metrics) => metrics.rateDiff),
    row("silhouette", (metrics) => metrics.silhouette),
  ];
}
