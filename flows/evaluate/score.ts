// Scoring the rows with the stored model and the champion, and holding the numbers to the gates. The
// second step of evaluate.

import { ASSET, type LineageInput } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { GateResult } from "../../src/domain/evaluation.ts";
import { canonicalJson, toJson } from "../../src/domain/json.ts";
import { readScope } from "../../src/domain/scope.ts";
import { type Table, toMatrix } from "../../src/domain/table.ts";
import type { StepContext } from "../../src/engine/flow.ts";
import { expected, held } from "../../src/cards/gate_numbers.ts";
import { type Detector, labelsOf } from "../../src/estimators/detector.ts";
import { type ChampionState, judge } from "../../src/evaluation/gates.ts";
import { measureModel } from "../../src/evaluation/metrics.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { sha256Hex } from "../../src/store/blobs.ts";
import { decodeTable, encodeTable } from "../../src/store/tables.ts";
import { loadDetector } from "../detectors.ts";
import { jsonBytes } from "../market_data.ts";
import type { Selected } from "./select.ts";

/** Metrics of both models on the same rows, the gates, and every row's scores as a table. */
export async function score(
  ctx: StepContext<unknown>,
  { candidate, champion, rows }: Selected,
) {
  const table = await decodeTable(await ctx.readBlob(rows.table));
  const model = await detectorOf(ctx.registry, candidate);
  const missing = lacking(model, rows.feature_names);
  if (missing.length > 0) {
    throw new AppError(
      "invalid",
      `Cannot judge ${ASSET.detector} v${candidate.ref.version} on ${rows.source}: the rows lack ` +
        `${missing.join(", ")}. Next: judge it on its holdout (leave out --eval_data_source).`,
    );
  }
  const answers = answer(model, table);
  const space = model.transform(toMatrix(table, model.featureNames));
  const candidateMetrics = measureModel({ ...answers, space, trainingRate: model.trainingRate });
  const other = champion.compared ? await detectorOf(ctx.registry, champion.compared) : null;
  const otherMissing = other ? lacking(other, rows.feature_names) : [];
  const comparable = other !== null && otherMissing.length === 0;
  const state: ChampionState = other === null ? "none" : comparable ? "compared" : "not_applicable";
  const otherAnswers = comparable ? answer(other, table) : null;
  // Both silhouettes are taken in the candidate's space, so that they speak of the same distances.
  const championMetrics = otherAnswers && other &&
    measureModel({ ...otherAnswers, space, trainingRate: other.trainingRate });
  const note = state === "not_applicable"
    ? `the champion needs ${otherMissing.length} features that these rows lack`
    : null;
  const { eval_config } = ctx.configs;
  const verdict = judge(
    { candidate: candidateMetrics, champion: championMetrics, championState: state, note },
    eval_config,
  );
  for (const gate of verdict.gates) {
    ctx.log(gateLine(gate), gate.status === "failed" ? "warn" : "info");
  }
  const metrics = { gates: verdict.gates, candidate: candidateMetrics, champion: championMetrics };
  const config = new TextEncoder().encode(canonicalJson(toJson(eval_config)));
  return {
    judged: {
      passed: verdict.passed,
      needs_person: verdict.needsPerson,
      ...metrics,
      metrics_file: await ctx.putBlob(jsonBytes(toJson(metrics)), "application/json"),
      scores: await ctx.putBlob(
        encodeTable(scoresTable(table, answers, otherAnswers)),
        "application/vnd.apache.parquet",
      ),
      config_sha256: await sha256Hex(config),
    },
  };
}

async function detectorOf(registry: RegistryContext, input: LineageInput): Promise<Detector> {
  const { branch, name, version } = input.ref;
  const scope = readScope(registry.scopes.read.project, branch);
  const record = await resolveVersion(registry, scope, "model", name, String(version));
  return await loadDetector(registry, record);
}

function lacking(detector: Detector, featureNames: readonly string[]): string[] {
  return detector.featureNames.filter((name) => !featureNames.includes(name));
}

function answer(detector: Detector, table: Table) {
  const scores = detector.scoreSamples(toMatrix(table, detector.featureNames));
  return { scores, labels: labelsOf(scores, detector.offset) };
}

type Answers = ReturnType<typeof answer>;

/** Row by row, what candidate and champion said. */
function scoresTable(rows: Table, candidate: Answers, champion: Answers | null): Table {
  const columns: Table["columns"] = {};
  for (const name of ["coin_id", "symbol", "market_at", "current_price"]) {
    columns[name] = rows.columns[name]!;
  }
  const add = (prefix: string, { scores, labels }: Answers) => {
    columns[`${prefix}score`] = { type: "number", values: scores };
    columns[`${prefix}label`] = { type: "number", values: Float64Array.from(labels) };
  };
  add("", candidate);
  if (champion) add("champion_", champion);
  return { rowCount: rows.rowCount, columns };
}

function gateLine(gate: GateResult): string {
  const mark = { passed: "✓", failed: "✕", not_applicable: "–" }[gate.status];
  const soft = gate.hard ? "" : " (soft)";
  return `${mark} ${gate.name} ${held(gate)}, expected ${expected(gate)}${soft}` +
    (gate.note ? `: ${gate.note}` : "");
}
