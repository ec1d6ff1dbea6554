// evaluate: a stored model scores rows that it has not seen, beside the champion, and is held to the
// gates. What is judged is the stored model itself; nothing is fitted here.

import { z } from "zod";
import {
  ASSET,
  type AssetFile,
  type JsonObject,
  type LineageInput,
  type VersionRecord,
} from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { GateResult } from "../../src/domain/evaluation.ts";
import { canonicalJson, toJson } from "../../src/domain/json.ts";
import { readScope } from "../../src/domain/scope.ts";
import type { Table } from "../../src/domain/table.ts";
import { toMatrix } from "../../src/domain/table.ts";
import { defineFlow, type StepContext, WithEffects } from "../../src/engine/flow.ts";
import { type Detector, labelsOf } from "../../src/estimators/detector.ts";
import { detectorFromTensors } from "../../src/estimators/detector_tensors.ts";
import { type ChampionState, judge, requireKnownGates } from "../../src/evaluation/gates.ts";
import { measureModel } from "../../src/evaluation/metrics.ts";
import { featureNamesFor, snapshotFeatures } from "../../src/features/temporal.ts";
import { aliasHolder, CHAMPION } from "../../src/registry/aliases.ts";
import {
  asInput,
  fileOf,
  getVersion,
  readFile,
  resolveVersion,
} from "../../src/registry/assets.ts";
import { advanceMarket, type RegistryContext } from "../../src/registry/context.ts";
import { stageEvaluation } from "../../src/registry/evaluations.ts";
import { requireRun } from "../../src/registry/runs.ts";
import { sha256Hex } from "../../src/store/blobs.ts";
import { decodeSafetensors } from "../../src/store/safetensors.ts";
import { decodeTable, encodeTable } from "../../src/store/tables.ts";
import { freshRows } from "../fresh_rows.ts";
import { checkSource, type FetchedMarket, jsonBytes, sourceParam } from "../market_data.ts";

/** The word for data fetched now, where a data asset could stand. */
const FRESH = "fresh";

const params = z.strictObject({
  source: sourceParam,
  candidate_version: z.string().min(1).default("latest").describe("model version to judge"),
  compare_to: z.string().min(1).default(CHAMPION)
    .describe("champion, another version (latest-1, 7), or none"),
  eval_data_source: z.string().min(1).optional()
    .describe("data asset to judge on, or fresh (default: the holdout of the candidate's pair)"),
  eval_data_version: z.string().min(1).optional().describe("version of that data asset"),
});
type Params = z.infer<typeof params>;

/** The rows to judge on, where they come from, and which features they have. */
type EvaluationRows = {
  table: AssetFile;
  feature_names: string[];
  source: string;
  input: LineageInput | null;
  fetched: FetchedMarket | null;
};

export const evaluate = defineFlow({
  name: "evaluate",
  originalName: "EvaluateDetectorFlow",
  summary: "Judge a stored model on rows that it has not seen.",
  description:
    "The gates decide: exit 0 where all hard gates pass, exit 3 where one fails. Either way the run " +
    "completes and the judgement is recorded.",
  examples: [
    "anomaly evaluate",
    "anomaly evaluate --candidate_version v5 --compare_to none",
    "anomaly evaluate --eval_data_source fresh --source simulated",
  ],
  consumes: `a model, the ${ASSET.evalHoldout} of its pair, the champion`,
  produces: ASSET.evaluationResults,
  publishes: ["evaluation_passed", "evaluation_failed"],
  on: [{
    event: "model_registered",
    bind: (payload) => ({ candidate_version: String(payload.version) }),
  }],
  params,
  check: async (given, env) => {
    if (given.eval_data_source === FRESH) await checkSource(given, env);
  },
  lookUp: async (registry, given, { eval_config }) => {
    const { write, read } = registry.scopes;
    await resolveVersion(registry, write, "model", ASSET.detector, given.candidate_version);
    const source = given.eval_data_source || eval_config.eval_data_source || ASSET.evalHoldout;
    const version = given.eval_data_version || eval_config.eval_data_version;
    if (version !== "" && source !== FRESH) {
      await resolveVersion(registry, read, "data", source, version);
    }
    if (given.compare_to !== "none" && !isChampion(given.compare_to)) {
      await resolveVersion(registry, write, "model", ASSET.detector, given.compare_to);
    }
  },
  exitCode: (summary) => summary.passed === true ? 0 : 3,
  next: (run) =>
    run.summary.passed === true
      ? `anomaly promote --version ${run.summary.version}`
      : `anomaly models why ${run.summary.version}`,
})
  .step("select", async (ctx) => await select(ctx))
  .step("score", async (ctx, selected) => await score(ctx, selected))
  .step("record", (ctx, { candidate, champion, rows, judged }) =>
    Promise.resolve(
      new WithEffects({}, async ({ tx, register, publish, summarize }) => {
        const { registry } = ctx;
        const version = candidate.ref.version;
        const marketAt = rows.fetched
          ? new Date(rows.fetched.market_at_ms).toISOString()
          : ctx.run.marketAt;
        const result = await register({
          kind: "data",
          name: ASSET.evaluationResults,
          marketAt,
          description: `${ASSET.detector} v${version} on ${rows.source}: ${
            judged.passed ? "passed" : "failed"
          }`,
          annotations: toJson({
            candidateVersion: version,
            passed: judged.passed,
            evalSource: rows.source,
            comparedTo: champion.compared?.ref ?? null,
            gates: judged.gates,
          }) as JsonObject,
          files: {
            table: judged.scores,
            metrics: judged.metrics_file,
            ...(rows.fetched ? { rows: rows.table, raw: rows.fetched.raw } : {}),
          },
          inputs: [
            candidate,
            ...(rows.input ? [rows.input] : []),
            ...(champion.compared ? [champion.compared] : []),
          ],
        });
        const evaluation = await stageEvaluation(registry, tx, {
          model: ASSET.detector,
          version,
          runId: ctx.run.id,
          marketAt,
          passed: judged.passed,
          needsPerson: judged.needs_person,
          gates: judged.gates,
          candidate: judged.candidate,
          champion: judged.champion,
          comparedTo: champion.compared?.ref ?? null,
          evalSource: rows.source,
          modelSha256: candidate.sha256,
          dataSha256: rows.table.sha256,
          configSha256: judged.config_sha256,
          resultVersion: result.version,
        });
        if (rows.fetched) {
          await advanceMarket(registry, tx, rows.fetched.source, rows.fetched.market_at_ms);
        }
        await publish(judged.passed ? "evaluation_passed" : "evaluation_failed", marketAt, {
          model: ASSET.detector,
          version,
          evaluation: evaluation.id,
          needs_person: judged.needs_person,
        });
        summarize({
          version,
          passed: judged.passed,
          evaluation: evaluation.id,
          anomaly_rate: judged.candidate.anomalyRate,
          silhouette: judged.candidate.silhouette,
          compared_to: champion.compared?.ref.version ?? null,
          failed_gates: judged.gates.filter((gate) => gate.status === "failed").map((gate) =>
            gate.name
          ),
          eval_source: rows.source,
        });
      }),
    ))
  .build();

async function select(ctx: StepContext<Params>) {
  const { registry, params, configs } = ctx;
  requireKnownGates(configs.eval_config.soft_gates);
  const { write } = registry.scopes;
  const candidate = await resolveVersion(
    registry,
    write,
    "model",
    ASSET.detector,
    params.candidate_version,
  );
  const rows = await selectRows(ctx, candidate);
  const compared = await selectChampion(ctx);
  const against = compared
    ? `${ASSET.detector} v${compared.version} of ${compared.branch}`
    : params.compare_to === "none"
    ? "nothing (--compare_to none)"
    : "nothing, as there is no champion yet";
  ctx.log(`judging ${ASSET.detector} v${candidate.version} on ${rows.source}, against ${against}`);
  return {
    candidate: asInput(candidate, "model", "model"),
    champion: { compared: compared ? asInput(compared, "champion", "model") : null },
    rows,
  };
}

async function selectRows(
  ctx: StepContext<Params>,
  candidate: VersionRecord,
): Promise<EvaluationRows> {
  const { registry, params, configs } = ctx;
  const source = params.eval_data_source || configs.eval_config.eval_data_source;
  const version = params.eval_data_version || configs.eval_config.eval_data_version;
  const trainedOn = candidate.inputs.find((input) => input.role === "training_dataset");
  if (source === FRESH || (source === "" && version === "" && trainedOn === undefined)) {
    if (source === "") ctx.log("a fresh-trained model is judged on fresh data");
    return await selectFresh(ctx);
  }
  const dataset = source === "" && version === "" && trainedOn
    ? await holdoutOf(registry, trainedOn)
    : await resolveVersion(
      registry,
      registry.scopes.read,
      "data",
      source || ASSET.evalHoldout,
      version || "latest",
    );
  const names = dataset.annotations.feature_names;
  if (!Array.isArray(names)) {
    throw new AppError(
      "invalid",
      `Cannot judge on ${dataset.name} v${dataset.version}: it lists no features, expected a dataset ` +
        `such as ${ASSET.evalHoldout}. See: anomaly data list`,
    );
  }
  const branch = dataset.branch === registry.scopes.write.branch ? "" : ` of ${dataset.branch}`;
  return {
    table: fileOf(dataset, "table"),
    feature_names: names as string[],
    source: `${dataset.name} v${dataset.version}${branch}`,
    input: asInput(dataset, "holdout", "table"),
    fetched: null,
  };
}

/** The other half of the pair: what the same run produced beside the training dataset. */
async function holdoutOf(
  registry: RegistryContext,
  trainedOn: LineageInput,
): Promise<VersionRecord> {
  const { branch, name, version } = trainedOn.ref;
  const scope = readScope(registry.scopes.read.project, branch);
  const training = await resolveVersion(registry, scope, "data", name, String(version));
  const run = await requireRun(registry, scope, training.runId);
  const made = run.produced.find((item) => item.name === ASSET.evalHoldout);
  if (made) return await resolveVersion(registry, scope, "data", made.name, String(made.version));
  throw new AppError(
    "not_found",
    `Cannot find the holdout of ${name} v${version}: run ${run.id} produced none. Next: name one ` +
      `with --eval_data_source ${ASSET.evalHoldout} --eval_data_version <version>.`,
  );
}

async function selectFresh(ctx: StepContext<Params>): Promise<EvaluationRows> {
  const { fetched, history, snapshot } = await freshRows(ctx);
  const table = snapshotFeatures(history, snapshot);
  return {
    table: await ctx.putBlob(encodeTable(table), "application/vnd.apache.parquet"),
    feature_names: [...featureNamesFor(history)],
    source: `${fetched.source_name}_live`,
    input: null,
    fetched,
  };
}

function isChampion(text: string): boolean {
  return text.replace(/^@/, "") === CHAMPION;
}

/** The champion is the read branch's; any other version that one may compare with is the write branch's. */
async function selectChampion(ctx: StepContext<Params>): Promise<VersionRecord | null> {
  const { registry, params } = ctx;
  const { read, write } = registry.scopes;
  if (params.compare_to === "none") return null;
  if (!isChampion(params.compare_to)) {
    return await resolveVersion(registry, write, "model", ASSET.detector, params.compare_to);
  }
  const holder = await aliasHolder(registry.store, read, ASSET.detector, CHAMPION);
  return holder && await getVersion(registry, read, "model", ASSET.detector, holder.version);
}

async function score(
  ctx: StepContext<Params>,
  { candidate, champion, rows }: Awaited<ReturnType<typeof select>>,
) {
  const table = await decodeTable(await ctx.readBlob(rows.table));
  const model = await loadDetector(ctx.registry, candidate);
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
  const other = champion.compared ? await loadDetector(ctx.registry, champion.compared) : null;
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

async function loadDetector(registry: RegistryContext, input: LineageInput): Promise<Detector> {
  const { branch, name, version } = input.ref;
  const scope = readScope(registry.scopes.read.project, branch);
  const record = await resolveVersion(registry, scope, "model", name, String(version));
  return detectorFromTensors(decodeSafetensors(await readFile(registry, record, "model")));
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
  const value = gate.value === null ? "–" : gate.value.toFixed(3);
  const soft = gate.hard ? "" : " (soft)";
  return `${mark} ${gate.name} ${value}, expected ${gate.comparison} ${gate.threshold}${soft}` +
    (gate.note ? `: ${gate.note}` : "");
}
