// train: a dataset, or fresh data where none was ever built, becomes one stored detector.

import { z } from "zod";
import { ASSET, type AssetFile, type LineageInput } from "../../src/domain/asset.ts";
import { toJson } from "../../src/domain/json.ts";
import { toMatrix } from "../../src/domain/table.ts";
import { defineFlow, type StepContext, WithEffects } from "../../src/engine/flow.ts";
import { fitDetector } from "../../src/estimators/detector.ts";
import { detectorToTensors } from "../../src/estimators/detector_tensors.ts";
import { featureNamesFor, snapshotFeatures } from "../../src/features/temporal.ts";
import { asInput, fileOf, latestVersion, resolveVersion } from "../../src/registry/assets.ts";
import { advanceMarket } from "../../src/registry/context.ts";
import { encodeSafetensors } from "../../src/store/safetensors.ts";
import { decodeTable, encodeTable } from "../../src/store/tables.ts";
import { featureNamesOf } from "../datasets.ts";
import { checkSource, type FetchedMarket, sourceParam } from "../market_data.ts";
import { freshRows } from "../fresh_rows.ts";

const params = z.strictObject({
  source: sourceParam,
  fresh_data: z.boolean().default(false).describe("train on data fetched now instead of a dataset"),
  model_config: z.string().min(1).optional().meta({ placeholder: "file" })
    .describe("model config file (default: the environment's, see `config show`)"),
  data_asset: z.string().min(1).optional()
    .describe("dataset to train on (default: the training config's, training_dataset)"),
  data_version: z.string().min(1).optional()
    .describe("its version (default: the training config's, latest)"),
});

/** The rows to train on, as a table in the store, and where they come from. */
type TrainingRows = {
  table: AssetFile;
  feature_names: string[];
  data_source: string;
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
  publishes: ["model_registered"],
  on: [{
    event: "dataset_ready",
    bind: (payload) => ({ data_version: String(payload.training_version) }),
  }],
  params,
  // Whether the market is needed is known later; a source that cannot work is wrong in any case.
  check: checkSource,
  lookUp: async (registry, given, { training_config }) => {
    const version = given.data_version ?? training_config.data_version;
    const name = given.data_asset ?? training_config.data_asset;
    if (given.fresh_data || mayBeUnbuilt(name, version)) return;
    await resolveVersion(registry, registry.scopes.read, "data", name, version);
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
      training_rows: X.rowCount,
      training_rate: detector.trainingRate,
      offset: detector.offset,
      feature_names: [...detector.featureNames],
      dropped_features: [...detector.droppedFeatures],
      warnings: [...detector.warnings],
    };
  })
  .step("register", (ctx, { rows, model, ...fitted }) =>
    Promise.resolve(
      new WithEffects({}, async ({ tx, register, publish, summarize }) => {
        const { algorithm } = ctx.configs.model_config;
        const marketAt = rows.fetched
          ? new Date(rows.fetched.market_at_ms).toISOString()
          : ctx.run.marketAt;
        const record = await register({
          kind: "model",
          name: ASSET.detector,
          marketAt,
          description: `${algorithm} on ${fitted.training_rows} rows of ${rows.data_source}`,
          annotations: {
            algorithm,
            model_config: toJson(ctx.configs.model_config),
            data_source: rows.data_source,
            ...fitted,
          },
          files: {
            model,
            // A fresh-trained model has no dataset: what it learned from is kept with it.
            ...(rows.fetched ? { table: rows.table, raw: rows.fetched.raw } : {}),
          },
          inputs: rows.input ? [rows.input] : [],
        });
        if (rows.fetched) {
          await advanceMarket(ctx.registry, tx, rows.fetched.source, rows.fetched.market_at_ms);
        }
        await publish("model_registered", marketAt, {
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

/** Whether fresh data may stand in: not for a version or an asset that someone chose by name. */
function mayBeUnbuilt(asset: string, version: string): boolean {
  return asset === ASSET.trainingDataset && version === "latest";
}

async function loadRows(ctx: StepContext<z.infer<typeof params>>): Promise<TrainingRows> {
  const { registry, params, configs } = ctx;
  const name = params.data_asset ?? configs.training_config.data_asset;
  const read = registry.scopes.read;
  const newest = params.fresh_data ? null : await latestVersion(registry, read, "data", name);
  const asked = params.data_version ?? configs.training_config.data_version;
  // Only "never built" means fresh data; a version that is not there is an error, found below.
  if (params.fresh_data || (newest === null && mayBeUnbuilt(name, asked))) {
    if (!params.fresh_data) {
      ctx.log(`no ${name} on branch ${read.branch} yet: training on fresh data instead`);
    }
    return await loadFresh(ctx);
  }
  const dataset = await resolveVersion(registry, read, "data", name, asked);
  ctx.log(
    `training on ${name} v${dataset.version}` +
      (read.branch === registry.scopes.write.branch ? "" : ` of branch ${read.branch}`),
  );
  return {
    table: fileOf(dataset, "table"),
    feature_names: featureNamesOf(dataset, "train on"),
    data_source: name,
    input: asInput(dataset, "training_dataset", "table"),
    fetched: null,
  };
}

async function loadFresh(ctx: StepContext<z.infer<typeof params>>): Promise<TrainingRows> {
  const { fetched, history, snapshot } = await freshRows(ctx);
  const rows = snapshotFeatures(history, snapshot);
  return {
    table: await ctx.putBlob(encodeTable(rows), "application/vnd.apache.parquet"),
    feature_names: [...featureNamesFor(history)],
    data_source: `${fetched.source_name}_live`,
    input: null,
    fetched,
  };
}
