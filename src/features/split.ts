// The dataset pair: training rows and the holdout that judges what was learned from them, cut from
// one window of snapshots. Between the features and the estimators; nothing flows from the holdout
// back into training, neither a value nor the choice of coins.

import { AppError } from "../domain/errors.ts";
import { numbers, type Table, takeRows, texts } from "../domain/table.ts";
import { historyOf, type Snapshot } from "./history.ts";
import { type SplitReport, splitReport } from "./split_report.ts";
import {
  countWithin,
  hoursMissing,
  type SplitParams,
  type SplitWindow,
  splitWindow,
} from "./split_window.ts";
import { addTargets } from "./targets.ts";
import { bulkFeatures, FEATURE_NAMES } from "./temporal.ts";

export { hoursMissing, type SplitParams } from "./split_window.ts";
export type { SplitReport } from "./split_report.ts";

export interface DatasetPairRequest extends SplitParams {
  /** Snapshots of the window and of the WARM_UP_HOURS before it, in any order. */
  snapshots: readonly Snapshot[];
  /** The branch's market clock. What lies after it is not looked at. */
  nowMs: number;
  addTargets: boolean;
}

export interface DatasetPair {
  training: Table;
  holdout: Table;
  /** The ordered input schema of a model that is trained on this pair. */
  featureNames: readonly string[];
  report: SplitReport;
}

/**
 * Builds the pair; columns as `bulkFeatures` gives them, with the targets behind if asked for.
 *
 * Training is made of snapshots up to the holdout's beginning and of nothing else, so no change in
 * the holdout can change a bit of it; a training row whose target would need the holdout gets null.
 * Coins are judged on their training rows alone; one with too few is left out of both parts.
 *
 * Throws AppError `too_little_data` with `details.missing_hours` where one of the parts would be
 * empty, and `invalid` for parameters that no history could satisfy.
 */
export function buildDatasetPair(request: DatasetPairRequest): DatasetPair {
  const { nowMs } = request;
  const window = splitWindow(nowMs, request);
  const seen = request.snapshots.filter(({ marketAtMs }) => marketAtMs <= nowMs);
  const timesMs = [...new Set(seen.map(({ marketAtMs }) => marketAtMs))].sort((a, b) => a - b);
  const missing = hoursMissing(timesMs, nowMs, request);
  if (missing > 0) throw tooLittleHistory(timesMs, window, missing, request);

  const beforeHoldout = seen.filter(({ marketAtMs }) => marketAtMs < window.holdout.fromMs);
  const early = bulkFeatures(beforeHoldout, window.training);
  const late = bulkFeatures(seen, { fromMs: window.training.toMs + 1, toMs: nowMs });
  const kept = coinsWithEnough(early, request.minSnapshotsPerCoin);
  const isKept = (coinId: string) => kept.has(coinId);
  const keptLate = selectRows(late, isKept);
  const inHoldout = (timeMs: number) => timeMs >= window.holdout.fromMs;

  let training = selectRows(early, isKept);
  let holdout = selectRows(keptLate, () => true, inHoldout);
  if (training.rowCount === 0 || holdout.rowCount === 0) throw noCoinLeft(seen, request);
  const report = splitReport({
    training,
    holdout,
    embargoedRowCount: keptLate.rowCount - holdout.rowCount,
    dropped: [early, late].map((table) => selectRows(table, (coinId) => !isKept(coinId))),
    timesMs,
    window,
  });
  if (request.addTargets) {
    training = addTargets(training, beforeHoldout);
    holdout = addTargets(holdout, seen);
  }
  return { training, holdout, featureNames: FEATURE_NAMES, report };
}

/** Ids of the coins with at least `minCount` rows; each row of a coin is another snapshot. */
function coinsWithEnough(table: Table, minCount: number): Set<string> {
  const counts = new Map<string, number>();
  for (const coinId of texts(table, "coin_id")) {
    if (coinId !== null) counts.set(coinId, (counts.get(coinId) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count >= minCount).map(([coinId]) => coinId));
}

function selectRows(
  table: Table,
  byCoin: (coinId: string) => boolean,
  byTime: (timeMs: number) => boolean = () => true,
): Table {
  const coinIds = texts(table, "coin_id");
  const times = numbers(table, "market_at");
  const indices: number[] = [];
  for (let i = 0; i < table.rowCount; i++) {
    if (byCoin(coinIds[i]!) && byTime(times[i]!)) indices.push(i);
  }
  return takeRows(table, indices);
}

function tooLittleHistory(
  timesMs: readonly number[],
  window: SplitWindow,
  missing: number,
  params: SplitParams,
): AppError {
  const training = countWithin(timesMs, window.training);
  const holdout = countWithin(timesMs, window.holdout);
  return new AppError(
    "too_little_data",
    `Cannot build a dataset: found ${training} snapshots to train on and ${holdout} in the holdout ` +
      `of the last ${params.holdoutHours} h, expected at least ${params.minSnapshotsPerCoin} and 1. ` +
      `${missing} more hours of hourly snapshots are missing. Next: anomaly ingest, once an hour`,
    {
      details: {
        missing_hours: missing,
        training_snapshots: training,
        holdout_snapshots: holdout,
        min_snapshots_per_coin: params.minSnapshotsPerCoin,
      },
    },
  );
}

/** There are enough snapshots, but no coin is in enough of them: the luckiest coin sets the hours. */
function noCoinLeft(snapshots: readonly Snapshot[], request: DatasetPairRequest): AppError {
  let missing = Infinity;
  for (const { timesMs } of historyOf(snapshots).series.values()) {
    missing = Math.min(missing, hoursMissing(timesMs, request.nowMs, request));
  }
  if (missing === Infinity) missing = hoursMissing([], request.nowMs, request);
  return new AppError(
    "too_little_data",
    `Cannot build a dataset: found no coin in ${request.minSnapshotsPerCoin} snapshots of the ` +
      `training part and in the holdout too, expected at least one. ${missing} more hours of hourly ` +
      "snapshots are missing. Next: anomaly ingest, once an hour",
    { details: { missing_hours: missing, min_snapshots_per_coin: request.minSnapshotsPerCoin } },
  );
}
