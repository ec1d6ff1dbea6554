// build_dataset: the snapshots of a window become one dataset pair, to train on and to judge by.

import { z } from "zod";
import { ASSET, type JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { HISTOGRAMS } from "../../src/domain/histograms.ts";
import { toJson } from "../../src/domain/json.ts";
import { HORIZON_HOURS } from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { defineFlow, type StepContext, WithEffects } from "../../src/engine/flow.ts";
import { buildDatasetPair } from "../../src/features/split.ts";
import { checkSplitParams, hoursMissing } from "../../src/features/split_window.ts";
import { WARM_UP_HOURS } from "../../src/features/temporal.ts";
import { listSnapshots } from "../../src/registry/assets.ts";
import { marketNowMs, type RegistryContext } from "../../src/registry/context.ts";
import { encodeTable } from "../../src/store/tables.ts";
import { jsonBytes } from "../market_data.ts";
import { listMembers, loadSnapshots, MAX_SNAPSHOTS } from "../snapshots.ts";

const PARQUET = "application/vnd.apache.parquet";

export const datasetParams = z.strictObject({
  max_history_hours: z.int().min(1).max(8760).default(168).describe("length of the window, hours"),
  holdout_hours: z.int().min(1).max(8760).default(24)
    .describe("its last part, kept for evaluation, hours"),
  min_snapshots_per_coin: z.int().min(1).default(6)
    .describe("leave out coins with fewer training snapshots"),
  add_targets: z.boolean().default(false).describe("add what happened within 24 h as columns"),
  embargo_hours: z.int().min(0).max(8760).optional()
    .describe("hours between training and holdout in neither (default: 24 with targets, else 0)"),
});

export type DatasetParams = z.infer<typeof datasetParams>;

/** The parameters as the features module names them. */
export function splitParams(params: DatasetParams) {
  return {
    maxHistoryHours: params.max_history_hours,
    holdoutHours: params.holdout_hours,
    embargoHours: params.embargo_hours ?? (params.add_targets ? HORIZON_HOURS : 0),
    minSnapshotsPerCoin: params.min_snapshots_per_coin,
  };
}

export const buildDataset = defineFlow({
  name: "build_dataset",
  originalName: "BuildDatasetFlow",
  summary: "Build a training dataset and its holdout.",
  examples: ["anomaly build_dataset", "anomaly build_dataset --holdout_hours 12 --follow"],
  consumes: `the ${ASSET.snapshot}s of the window`,
  produces: `${ASSET.trainingDataset}, ${ASSET.evalHoldout} (one pair)`,
  card: async (ctx) => (await import("./card.tsx")).card(ctx),
  publishes: ["dataset_ready"],
  catchesUp: true,
  params: datasetParams,
  check: (given) => Promise.try(() => checkSplitParams(splitParams(given))),
  readiness,
  next: () => "anomaly train",
})
  .step("select", async (ctx) => await selectMembers(ctx))
  .step("build", async (ctx, members) => {
    const { params } = ctx;
    const snapshots = await loadSnapshots(ctx, ctx.registry.scopes.read, members.members);
    const pair = buildDatasetPair({
      snapshots,
      nowMs: members.now_ms,
      ...splitParams(params),
      addTargets: params.add_targets,
    });
    const { training, holdout, report } = pair;
    ctx.log(
      `training: ${training.rowCount} rows of ${report.training.coinCount} coins; ` +
        `holdout: ${holdout.rowCount} rows; ${pair.featureNames.length} features`,
    );
    if (report.droppedCoins.length > 0) {
      ctx.log(`left out ${report.droppedCoins.length} coins with too few snapshots`);
    }
    if (report.gaps.length > 0) {
      ctx.log(
        `${report.gaps.length} gaps, ${report.hoursWithoutSnapshot} hours without a snapshot`,
        "warn",
      );
    }
    // Imported on demand: it brings the charts' scales, which most commands never need.
    const { datasetHistograms } = await import("./histograms.ts");
    const histograms = datasetHistograms(training, holdout, pair.featureNames);
    const { missingRate: trainingMissing, ...trainingPart } = report.training;
    const { missingRate: holdoutMissing, ...holdoutPart } = report.holdout;
    return {
      training: { table: await ctx.putBlob(encodeTable(training), PARQUET), ...trainingPart },
      holdout: { table: await ctx.putBlob(encodeTable(holdout), PARQUET), ...holdoutPart },
      feature_names: [...pair.featureNames],
      report: await ctx.putBlob(
        jsonBytes(toJson({ ...report, trainingMissing, holdoutMissing })),
        "application/json",
      ),
      histograms: await ctx.putBlob(jsonBytes(histograms), "application/json"),
      dropped_coins: report.droppedCoins.length,
      embargoed_rows: report.embargoedRowCount,
      hours_without_snapshot: report.hoursWithoutSnapshot,
    };
  })
  .step("register", (ctx, built) =>
    Promise.resolve(
      new WithEffects({}, async ({ register, publish, summarize }) => {
        const { table: trainingTable, ...trainingPart } = built.training;
        const { table: holdoutTable, ...holdoutPart } = built.holdout;
        const marketAt = new Date(built.now_ms).toISOString();
        const shared = (part: JsonObject): JsonObject => ({
          ...toJson(part) as JsonObject,
          // Both halves carry the hash of the member list: that is what makes them one pair.
          members_sha256: built.members.file.sha256,
          snapshots: built.members.count,
          feature_names: built.feature_names,
          dropped_coins: built.dropped_coins,
          embargoed_rows: built.embargoed_rows,
          hours_without_snapshot: built.hours_without_snapshot,
          params: ctx.params as JsonObject,
        });
        const files = {
          members: built.members.file,
          report: built.report,
          [HISTOGRAMS]: built.histograms,
        };
        const inputs = [built.members.input];
        const base = { kind: "data" as const, marketAt, inputs };
        const training = await register({
          ...base,
          name: ASSET.trainingDataset,
          description:
            `${trainingPart.rowCount} rows of ${trainingPart.coinCount} coins to train on`,
          annotations: shared(trainingPart),
          files: { table: trainingTable, ...files },
        });
        const holdout = await register({
          ...base,
          name: ASSET.evalHoldout,
          description: `${holdoutPart.rowCount} later rows to judge by`,
          annotations: shared(holdoutPart),
          files: { table: holdoutTable, ...files },
        });
        await publish("dataset_ready", marketAt, {
          branch: training.branch,
          training_version: training.version,
          holdout_version: holdout.version,
        });
        summarize({
          training_version: training.version,
          holdout_version: holdout.version,
          training_rows: trainingPart.rowCount,
          holdout_rows: holdoutPart.rowCount,
          snapshots: built.members.count,
          members_sha256: built.members.file.sha256,
        });
      }),
    ))
  .build();

/** The window's snapshots up to the market's now, on the read branch. */
async function selectMembers(ctx: StepContext<DatasetParams>) {
  const { registry, params } = ctx;
  const scope = registry.scopes.read;
  const nowMs = await marketNowMs(registry, scope);
  const fromMs = (nowMs ?? 0) - (params.max_history_hours + WARM_UP_HOURS) * HOUR_MS;
  const members = nowMs === null
    ? null
    : await listMembers(ctx, scope, "members", { fromMs, toMs: nowMs });
  if (nowMs === null || members === null) throw noSnapshots(ctx, scope);
  ctx.log(
    `${members.count} snapshots of branch ${scope.branch} up to ${new Date(nowMs).toISOString()}` +
      (scope.branch === registry.scopes.write.branch ? "" : " (another branch)"),
  );
  return { now_ms: nowMs, members };
}

function noSnapshots({ registry, params }: StepContext<DatasetParams>, scope: ReadScope): AppError {
  const missing = hoursMissing([], registry.nowMs(), splitParams(params));
  return new AppError(
    "too_little_data",
    `Cannot build a dataset: branch ${scope.branch} has no snapshots in the window, and ${missing} ` +
      `hours of hourly snapshots are missing. Next: anomaly ingest, once an hour`,
    { details: { missing_hours: missing } },
  );
}

/** In how many hours the default parameters can be satisfied, from the index of snapshots alone. */
async function readiness(registry: RegistryContext): Promise<string | null> {
  const params = datasetParams.parse({});
  const scope = registry.scopes.read;
  const nowMs = await marketNowMs(registry, scope) ?? registry.nowMs();
  const fromMs = nowMs - params.max_history_hours * HOUR_MS;
  const index = await listSnapshots(registry, scope, { fromMs, toMs: nowMs, limit: MAX_SNAPSHOTS });
  const hours = hoursMissing(index.map((entry) => entry.marketAtMs), nowMs, splitParams(params));
  return hours === 0 ? null : `dataset possible in ${hours} h`;
}
