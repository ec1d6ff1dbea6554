// The card of a training: what the model takes for normal, where its threshold lies, and which of the
// rows that it learned from it would flag.

import { ASSET } from "../../src/domain/asset.ts";
import { numbers, texts, toMatrix } from "../../src/domain/table.ts";
import type { CardContext } from "../../src/engine/flow.ts";
import { labelsOf } from "../../src/estimators/detector.ts";
import { explainRows } from "../../src/estimators/explanation.ts";
import { Histogram } from "../../src/cards/charts.tsx";
import { count, decimal, percent } from "../../src/cards/format.ts";
import { binValues } from "../../src/cards/histogram.ts";
import { cardPage, Facts, Panel } from "../../src/cards/page.tsx";
import { inputVersion, kickerOf, producedVersion, tableOf } from "../card_data.ts";
import { loadDetector } from "../detectors.ts";
import { FlaggedRows } from "../flagged_rows.tsx";

const SHOWN_ROWS = 10;

export async function card(ctx: CardContext): Promise<string> {
  const model = await producedVersion(ctx, ASSET.detector);
  const input = model.inputs.find(({ role }) => role === "training_dataset");
  const file = input ? (await inputVersion(ctx, input)).files.table! : model.files.table!;
  const detector = await loadDetector(ctx.registry, model);
  const table = await tableOf(ctx, file);
  const X = toMatrix(table, detector.featureNames);
  const scores = detector.scoreSamples(X);
  const flagged = labelsOf(scores, detector.offset).filter((label) => label < 0).length;
  // Indices break ties, so that equal scores come in one order.
  const lowest = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]! || a - b)
    .slice(0, SHOWN_ROWS);
  const { drivers } = explainRows(detector, X, lowest);
  const names = texts(table, "name");
  const times = numbers(table, "market_at");
  const prices = numbers(table, "current_price");
  const { model_config: config, dropped_features, warnings, data_source } = model.annotations;
  const bins = binValues(scores, 60)!;
  return cardPage({
    kicker: kickerOf(ctx.run),
    finding:
      `${model.name} v${model.version} flags ${percent(flagged / scores.length)} of what it ` +
      `learned from`,
    lead: `${count(flagged)} of ${count(scores.length)} rows of ${
      input ? `${input.ref.name} v${input.ref.version}` : String(data_source)
    } score below its threshold of ${decimal(detector.offset)}.`,
    body: (
      <>
        <Panel title="Scores of the training rows" scope="lower is more abnormal">
          <Histogram
            title="Scores of the training rows"
            bins={bins}
            threshold={{ at: detector.offset, label: `threshold ${decimal(detector.offset)}` }}
            height={140}
          />
        </Panel>
        <Panel title="Most abnormal training rows">
          <FlaggedRows
            caption="Compared with the medians of all training rows."
            rows={lowest.map((row, k) => ({
              name: names[row] ?? "",
              marketAt: new Date(times[row]!).toISOString(),
              score: scores[row]!,
              price: prices[row]!,
              drivers: drivers[k]!,
            }))}
          />
        </Panel>
        <Panel title="Model">
          <Facts
            facts={[
              ...Object.entries(config ?? {}).map(([name, value]): [string, string] => [
                name,
                String(value),
              ]),
              ["features", String(detector.featureNames.length)],
              ["dropped, null throughout", listOf(dropped_features)],
              ["warnings", listOf(warnings)],
              [
                "file",
                `${model.files.model!.sha256.slice(0, 12)}, ${
                  count(model.files.model!.byteLength)
                } bytes`,
              ],
            ]}
          />
        </Panel>
      </>
    ),
  });
}

function listOf(value: unknown): string {
  return Array.isArray(value) && value.length > 0 ? value.join(", ") : "none";
}
