// One model over one snapshot: scores, flags, and what drove every flag. The heart of score.

import { ASSET, type VersionRecord } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import {
  type CoinScore,
  type Driver,
  HORIZON_HOURS,
  type PredictionBatch,
} from "../../src/domain/prediction.ts";
import { numbers, type Table, texts, toMatrix } from "../../src/domain/table.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import type { StepContext } from "../../src/engine/flow.ts";
import { ANOMALY, type Detector, labelsOf } from "../../src/estimators/detector.ts";
import { explainRows } from "../../src/estimators/explanation.ts";
import { fileOf } from "../../src/registry/assets.ts";
import { wallTime } from "../../src/registry/context.ts";
import { encodeTable } from "../../src/store/tables.ts";
import { recentDetector } from "../detectors.ts";
import type { Scorer, Selected } from "./select.ts";

/** A batch with its coins, ready to be staged. */
export interface ScoredBatch {
  batch: PredictionBatch;
  coins: CoinScore[];
}

/** Scores the feature rows of a snapshot, shape (coins, features), with one version. */
export async function scoreBatch(
  ctx: StepContext<unknown>,
  { snapshot, rows, scorer, record }: {
    snapshot: Selected["snapshot"];
    rows: Table;
    scorer: Scorer;
    record: VersionRecord;
  },
): Promise<ScoredBatch> {
  const detector = await recentDetector(ctx.registry, record);
  requireFeatures(detector, rows, scorer);
  const X = toMatrix(rows, detector.featureNames);
  const scores = detector.scoreSamples(X);
  const labels = labelsOf(scores, detector.offset);
  const flagged = [...labels.keys()].filter((i) => labels[i] === ANOMALY);
  const { expectedScore, drivers } = explainRows(detector, X, flagged);
  const driversOfRow = new Map(flagged.map((row, k) => [row, drivers[k]!]));
  const coins = coinScores(rows, scores, labels);
  const table = predictionTable(rows, coins, { threshold: detector.offset, driversOfRow });
  return {
    coins,
    batch: {
      model: ASSET.detector,
      ...scorer,
      marketAtMs: snapshot.market_at_ms,
      dueAtMs: snapshot.market_at_ms + HORIZON_HOURS * HOUR_MS,
      snapshot: { branch: snapshot.branch, version: snapshot.version },
      threshold: detector.offset,
      expectedScore,
      rows: rows.rowCount,
      flagged: flagged.length,
      table: await ctx.putBlob(encodeTable(table), "application/vnd.apache.parquet"),
      modelSha256: fileOf(record, "model").sha256,
      runId: ctx.run.id,
      recordedAt: wallTime(ctx.registry),
    },
  };
}

function requireFeatures(detector: Detector, rows: Table, { alias, version }: Scorer): void {
  const missing = detector.featureNames.filter((name) => rows.columns[name] === undefined);
  if (missing.length === 0) return;
  throw new AppError(
    "invalid",
    `Cannot score with ${alias}, ${ASSET.detector} v${version}: it needs ${missing.join(", ")}, ` +
      `expected features of a snapshot and its history. Next: anomaly models rollback --alias ${alias}`,
  );
}

function coinScores(rows: Table, scores: Float64Array, labels: Int8Array): CoinScore[] {
  const coinIds = texts(rows, "coin_id");
  const prices = numbers(rows, "current_price");
  return Array.from(scores, (score, i) => ({
    coinId: coinIds[i]!,
    price: prices[i]!,
    score,
    flagged: labels[i] === ANOMALY,
  }));
}

/** The rows as they are kept and exported; see PREDICTION_COLUMNS. */
function predictionTable(
  rows: Table,
  coins: readonly CoinScore[],
  { threshold, driversOfRow }: { threshold: number; driversOfRow: ReadonlyMap<number, Driver[]> },
): Table {
  const number = (read: (coin: CoinScore) => number) => ({
    type: "number" as const,
    values: Float64Array.from(coins, read),
  });
  return {
    rowCount: rows.rowCount,
    columns: {
      coin_id: rows.columns.coin_id!,
      symbol: rows.columns.symbol!,
      name: rows.columns.name!,
      current_price: rows.columns.current_price!,
      score: number((coin) => coin.score),
      decision: number((coin) => coin.score - threshold),
      label: number((coin) => coin.flagged ? ANOMALY : 1),
      drivers: {
        type: "text",
        values: coins.map((_, i) => {
          const drivers = driversOfRow.get(i);
          return drivers === undefined ? null : JSON.stringify(drivers);
        }),
      },
    },
  };
}
