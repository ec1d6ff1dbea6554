// train: a dataset, or fresh data where none was ever built, becomes one stored detector.

import { z } from "zod";
import { ASSET, type AssetFile, type LineageInput } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { type Counts, TRAINING_SCORES } from "../../src/domain/histograms.ts";
import { toJson } from "../../src/domain/json.ts";
import { type ReadScope, readScope } from "../../src/domain/scope.ts";
import { toMatrix } from "../../src/domain/table.ts";
import { defineFlow, type StepContext, WithEffects } from "../../src/engine/flow.ts";
import { type Detector, fitDetector } from "../../src/estimators/detector.ts";
import { detectorToTensors } from "../../src/estimators/detector_tensors.ts";
import { asInput, fileOf, latestVersion, resolveVersion } from "../../src/registry/assets.ts";
import { advanceMarket, type RegistryContext } from "../../src/registry/context.ts";
import { encodeSafetensors } from "../../src/store/safetensors.ts";
import { decodeTable } from "../../src/store/tables.ts";
import { featureNamesOf } from "../datasets.ts";
import { checkSource, type FetchedMarket, jsonBytes, sourceParam } from "../market_data.ts";
import { freshRows } from "../fresh_rows.ts";

/** Bins of the training scores, as many as an evaluation's chart has. */
const SCORE_BINS = 60;

const params = z.strictObject({
  source: sourceParam,
  fresh_data: z.boolean().default(false).describe("train on data fetched now instead of a dataset"),
  model_config: z.string().min(1).optional().meta({ placeholder: "file" })
    .describe("model config file (default: the environment's, see `config show`)"),
  data_asset: z.string().min(1).optional()
    .describe("dataset to train on (default: the training config's, training_dataset)"),
  data_version: z.string().min(1).optional()
    .describe("its version (default: the training config's, latest)"),
  data_branch: z.string().min(1).optional().meta({ placeholder: "branch" })
    .describe("its branch (default: the read branch)"),
});
type Params = z.infer<typeof params>;

/** The rows to train on, as a table in the store, and where they come from. */
type TrainingRows = {
  table: AssetFile;
  feature_names: string[];
  data_source: string;
  /** Market time of the newest row. */
  market_at: string | null;
  input: LineageInput | null;
  fetched: FetchedMarket | null;
};

export const train = defineFlow({
  name: "train",
  originalName: "TrainDetectorFlow",
  summary: "Fit a detector and register it as a candidate.",
  description:
    "Trains on the latest dataset. Where none was ever built on the read branch, or with --fresh_data, " +
    "it trains on data fetched now, and says so.",
  examples: [
    "anomaly train",
    "anomaly train --fresh_data --source simulated",
    "anomaly train --model_config configs/model_lof.json",
  ],
  consumes: ASSET.trainingDataset,
  produces: ASSET.detector,
  card: async (ctx) => (await import("./card.tsx")).card(ctx),
  publishes: ["model_registered"],
  on: [{
    event: "dataset_ready",
    bind: ({ branch, training_version }) => ({
      data_branch: branch!,
      data_version: String(training_version),
    }),
  }],
  params,
  check: async (given, env) => {
    refuseContradiction(given);
    // Whether the market is needed is known later; a source that cannot work is wrong in any case.
    await checkSource(given, env);
  },
  lookUp: async (registry, given, { training_config }) => {
    const version = given.data_version ?? training_config.data_version;
    const name = given.data_asset ?? training_config.data_asset;
    if (given.fresh_data || mayBeUnbuilt(name, version)) return;
    await resolveVersion(registry, dataScope(registry, given), "data", name, version);
  },
  // A model by another config is another one than the one that waits to be trained.
  subject: async (registry, given, { training_config }) => {
    const version = given.data_version ?? training_config.data_version;
    const name = given.data_asset ?? training_config.data_asset;
    if (given.fresh_data || given.model_config !== undefined) return null;
    const scope = dataScope(registry, given);
    if (
      mayBeUnbuilt(name, version) && await latestVersion(registry, scope, "data", name) === null
    ) {
      return null;
    }
    const dataset = await resolveVersion(registry, scope, "data", name, version);
    return { data_branch: dataset.branch, data_version: String(dataset.version) };
  },
  next: (run) => `anomaly evaluate --candidate_version ${run.summary.version}`,
})
  .step("load", async (ctx) => ({ rows: await loadRows(ctx) }))
  .step("fit", async (ctx, { rows }) => {
    const table = await decodeTable(await ctx.readBlob(rows.table));
    const X = toMatrix(table, rows.feature_names);
    const detector = fitDetector(X, rows.feature_names, ctx.configs.model_config);
    for (const warning of detector.warnings) ctx.log(warning, "warn");
    ctx.log(
      `fitted ${detector.config.algorithm} on ${X.rowCount} rows × ${detector.featureNames.length} ` +
        `features; flags ${(100 * detector.trainingRate).toFixed(1)} % of them`,
    );
    if (detector.droppedFeatures.length > 0) {
      ctx.log(`dropped, null throughout: ${detector.droppedFeatures.join(", ")}`);
    }
    const bytes = encodeSafetensors(detectorToTensors(detector));
    return {
      model: await ctx.putBlob(bytes, "application/safetensors"),
      scores: await putScores(ctx, detector),
      training_rows: X.rowCount,
      training_rate: detector.trainingRate,
      offset: detector.offset,
      feature_names: [...detector.featureNames],
      dropped_features: [...detector.droppedFeatures],
      warnings: [...detector.warnings],
    };
  })
  .step("register", (ctx, { rows, model, scores, ...fitted }) =>
    Promise.resolve(
      new WithEffects({}, async ({ tx, register, publish, summarize }) => {
        const { algorithm } = ctx.configs.model_config;
        const record = await register({
          kind: "model",
          name: ASSET.detector,
          marketAt: rows.market_at,
          description: `${algorithm} on ${fitted.training_rows} rows of ${rows.data_source}`,
          annotations: {
            algorithm,
            model_config: toJson(ctx.configs.model_config),
            data_source: rows.data_source,
            ...fitted,
          },
          files: {
            model,
            [TRAINING_SCORES]: scores,
            // A fresh-trained model has no dataset: what it learned from is kept with it.
            ...(rows.fetched ? { table: rows.table, raw: rows.fetched.raw } : {}),
          },
          inputs: rows.input ? [rows.input] : [],
        });
        if (rows.fetched) {
          await advanceMarket(ctx.registry, tx, rows.fetched.source, rows.fetched.market_at_ms);
        }
        await publish("model_registered", rows.market_at, {
          model: ASSET.detector,
          version: record.version,
        });
        summarize({
          version: record.version,
          data_source: rows.data_source,
          training_rows: fitted.training_rows,
          training_rate: fitted.training_rate,
          model_sha256: model.sha256,
        });
      }),
    ))
  .build();

/** A histogram of the training rows' scores: the model itself does not keep them. */
async function putScores(ctx: StepContext<Params>, detector: Detector): Promise<AssetFile> {
  // Imported on demand: it brings the charts' scales, which most commands never need.
  const { binValues } = await import("../../src/cards/histogram.ts");
  const bins: Counts | null = binValues(detector.trainingScores ?? [], SCORE_BINS);
  return await ctx.putBlob(jsonBytes(bins), "application/json");
}

/** Throws `invalid` for flags of which one would be ignored. */
function refuseContradiction(given: Params): void {
  const names = ["data_asset", "data_version", "data_branch"] as const;
  const found = names.find((name) => given[name] !== undefined);
  if (!given.fresh_data || found === undefined) return;
  throw new AppError(
    "invalid",
    `Cannot train on fresh data and on a dataset: found --fresh_data and --${found}, expected one of ` +
      `them. See: anomaly train --help`,
  );
}

/** Where the dataset is read: the branch that an event or a person named, else the read branch. */
function dataScope(registry: RegistryContext, { data_branch }: Params): ReadScope {
  const { read } = registry.scopes;
  return data_branch === undefined ? read : readScope(read.project, data_branch);
}

/** Whether fresh data may stand in: not for a version or an asset that someone chose by name. */
function mayBeUnbuilt(asset: string, version: string): boolean {
  return asset === ASSET.trainingDataset && version === "latest";
}

async function loadRows(ctx: StepContext<Params>): Promise<TrainingRows> {
  const { registry, params, configs } = ctx;
  const name = params.data_asset ?? configs.training_config.data_asset;
  const scope = dataScope(registry, params);
  const newest = params.fresh_data ? null : await latestVersion(registry, scope, "data", name);
  const asked = params.data_version ?? configs.training_config.data_version;
  // Only "never built" means fresh data; a version that is not there is an error, found below.
  if (params.fresh_data || (newest === null && mayBeUnbuilt(name, asked))) {
    if (!params.fresh_data) {
      ctx.log(`no ${name} on branch ${scope.branch} yet: training on fresh data instead`);
    }
    const { source, ...fresh } = await freshRows(ctx);
    return { ...fresh, data_source: source };
  }
  const dataset = await resolveVersion(registry, scope, "data", name, asked);
  ctx.log(
    `training on ${name} v${dataset.version}` +
      (scope.branch === registry.scopes.write.branch ? "" : ` of branch ${scope.branch}`),
  );
  return {
    table: fileOf(dataset, "table"),
    feature_names: featureNamesOf(dataset, "train on"),
    data_source: name,
    market_at: dataset.marketAt,
    input: asInput(dataset, "training_dataset", "table"),
    fetched: null,
  };
}
