// The 33 features of a row: its snapshot's own six, and what the coin did in the day before. Between
// the snapshots and datasets (in bulk) or scores (a snapshot at a time); both use one row function.
// All of it goes by time, not by position, and looks backwards only.

import type { Column, Table } from "../domain/table.ts";
import { HOUR_MS, MINUTE_MS } from "../domain/time.ts";
import { type CoinSeries, GAP_MS, historyOf, type Observation, type Snapshot } from "./history.ts";
import { finiteOrNull, POINT_IN_TIME_FEATURES, type PointInTimeFeature } from "./point_in_time.ts";

const LAG_HOURS = [1, 6, 24] as const;
const WINDOW_HOURS = [6, 24] as const;

/** How far from the wanted instant a lag's observation may lie, to either side. */
const LAG_TOLERANCE_MS = 30 * MINUTE_MS;

/** The history that a row's features can reach: the longest lag and its tolerance. */
export const WARM_UP_HOURS = 24.5;
const WARM_UP_MS = WARM_UP_HOURS * HOUR_MS;

const LAGGED: readonly PointInTimeFeature[] = [
  "price_change_pct_1h",
  "price_change_pct_24h",
  "price_change_pct_7d",
  "market_cap_to_volume",
  "sparkline_volatility",
];

const ROLLED: readonly PointInTimeFeature[] = ["price_change_pct_24h", "sparkline_volatility"];

/** What a snapshot gives when the coin's past is unknown: nothing that a history would change. */
export const SNAPSHOT_FEATURES: readonly string[] = [
  ...POINT_IN_TIME_FEATURES,
  "market_cap_to_volume_log",
  "hour_sin",
  "hour_cos",
];

/** All features, in the order that is the input schema of every dataset and model built on history. */
export const FEATURE_NAMES: readonly string[] = [
  ...POINT_IN_TIME_FEATURES,
  ...LAGGED.flatMap((name) => LAG_HOURS.map((hours) => `${name}_lag_${hours}h`)),
  ...ROLLED.flatMap((name) => [
    ...WINDOW_HOURS.map((hours) => `${name}_rolling_mean_${hours}h`),
    ...WINDOW_HOURS.map((hours) => `${name}_rolling_std_${hours}h`),
  ]),
  "market_cap_to_volume_log",
  "hour_sin",
  "hour_cos",
  "has_gap_in_history",
];

/**
 * The features that rows can honestly carry: all 33 where there is a history to look back on, and
 * the nine of the snapshot itself where there is none.
 */
export function featureNamesFor(history: readonly Snapshot[]): readonly string[] {
  return history.length > 0 ? FEATURE_NAMES : SNAPSHOT_FEATURES;
}

/**
 * Feature rows of all snapshots with `fromMs` <= market_at <= `toMs`, ordered by time and then as
 * delivered, each (coin, time) once. Every given snapshot serves as history, so the rows at `fromMs`
 * are complete when the snapshots of the WARM_UP_HOURS before it are given too.
 * Columns: coin_id, symbol, name, market_at, current_price, then FEATURE_NAMES; NaN is null.
 */
export function bulkFeatures(
  snapshots: readonly Snapshot[],
  window: { fromMs: number; toMs: number },
): Table {
  const { observations } = historyOf(snapshots);
  return featureTable(
    observations.filter(({ timeMs }) => timeMs >= window.fromMs && timeMs <= window.toMs),
  );
}

/**
 * Feature rows of one snapshot, given what came before it: the same bits as its rows in
 * `bulkFeatures`, as long as `history` holds the WARM_UP_HOURS before it. A coin that the history
 * already has at that very time keeps its first delivery.
 */
export function snapshotFeatures(history: readonly Snapshot[], snapshot: Snapshot): Table {
  const own = historyOf([snapshot]).series;
  const { observations } = historyOf([...history, snapshot]);
  return featureTable(
    observations.filter(({ timeMs, series }) =>
      timeMs === snapshot.marketAtMs && own.has(series.coinId)
    ),
  );
}

function featureTable(rows: readonly Observation[]): Table {
  const rowCount = rows.length;
  const features = FEATURE_NAMES.map(() => new Float64Array(rowCount));
  const row = new Float64Array(FEATURE_NAMES.length);
  rows.forEach(({ series, position }, i) => {
    writeFeatures(row, series, position);
    for (let j = 0; j < row.length; j++) features[j]![i] = row[j]!;
  });
  const columns: Record<string, Column> = {
    coin_id: { type: "text", values: rows.map(({ series }) => series.coinId) },
    symbol: { type: "text", values: rows.map(({ symbol }) => symbol) },
    name: { type: "text", values: rows.map(({ name }) => name) },
    market_at: { type: "time", values: Float64Array.from(rows, ({ timeMs }) => timeMs) },
    current_price: {
      type: "number",
      values: Float64Array.from(
        rows,
        ({ series, position }) => series.values.current_price[position]!,
      ),
    },
  };
  FEATURE_NAMES.forEach((name, j) => columns[name] = { type: "number", values: features[j]! });
  return { rowCount, columns };
}

/**
 * The 33 features of one observation into `row`, in the order of FEATURE_NAMES. Reads the series at
 * `position` and before, never after, and sums every window afresh in the order of time: a row's
 * bits depend on nothing but the observations of its last WARM_UP_HOURS.
 */
function writeFeatures(row: Float64Array, series: CoinSeries, position: number): void {
  const { values } = series;
  const timeMs = series.timesMs[position]!;
  let j = 0;
  for (const name of POINT_IN_TIME_FEATURES) row[j++] = values[name][position]!;

  const lagPositions = LAG_HOURS.map((hours) => lagPosition(series, position, hours * HOUR_MS));
  for (const name of LAGGED) {
    for (const lag of lagPositions) row[j++] = lag === -1 ? NaN : values[name][lag]!;
  }

  const windowStarts = WINDOW_HOURS.map((hours) => windowStart(series, position, hours * HOUR_MS));
  for (const name of ROLLED) {
    const windows = WINDOW_HOURS.map((hours, w) =>
      meanAndStd(values[name], windowStarts[w]!, position, hours / 2)
    );
    for (const { mean } of windows) row[j++] = mean;
    for (const { std } of windows) row[j++] = std;
  }

  const ratio = values.market_cap_to_volume[position]!;
  row[j++] = Math.sign(ratio) * Math.log1p(Math.abs(ratio));
  // Whole hours: the time of day as a schedule knows it, without the minutes an ingest was late.
  const angle = 2 * Math.PI * new Date(timeMs).getUTCHours() / 24;
  row[j++] = Math.sin(angle);
  row[j++] = Math.cos(angle);
  row[j++] = hasGap(series, position) ? 1 : 0;
}

/**
 * Position of the observation nearest to `lagMs` before the one at `position`, within the tolerance
 * (inclusive); of two equally near the earlier; -1 where there is none.
 */
function lagPosition({ timesMs }: CoinSeries, position: number, lagMs: number): number {
  const wanted = timesMs[position]! - lagMs;
  let nearest = -1;
  let nearestDistance = LAG_TOLERANCE_MS;
  for (let k = position - 1; k >= 0 && timesMs[k]! >= wanted - LAG_TOLERANCE_MS; k--) {
    const distance = Math.abs(timesMs[k]! - wanted);
    if (distance <= nearestDistance) {
      nearest = k;
      nearestDistance = distance;
    }
  }
  return nearest;
}

/** First position of the window (t - spanMs, t], t being the time at `position`. */
function windowStart({ timesMs }: CoinSeries, position: number, spanMs: number): number {
  const after = timesMs[position]! - spanMs;
  let start = position;
  while (start > 0 && timesMs[start - 1]! > after) start--;
  return start;
}

/**
 * Mean and sample standard deviation (ddof 1) of the non-null values at `start`..`end`, both
 * inclusive; both NaN where there are fewer than `minCount`, which is at least 2.
 */
function meanAndStd(
  values: readonly number[],
  start: number,
  end: number,
  minCount: number,
): { mean: number; std: number } {
  let count = 0;
  let sum = 0;
  for (let k = start; k <= end; k++) {
    const value = values[k]!;
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
  }
  if (count < minCount) return { mean: NaN, std: NaN };
  const mean = sum / count;
  let squares = 0;
  for (let k = start; k <= end; k++) {
    const value = values[k]!;
    if (!Number.isNaN(value)) squares += (value - mean) ** 2;
  }
  return { mean: finiteOrNull(mean), std: finiteOrNull(Math.sqrt(squares / (count - 1))) };
}

/**
 * Whether the coin went unseen for more than 90 minutes in a row at any time within the
 * WARM_UP_HOURS up to and including the row, counted from the start of that span. What lies before
 * the span plays no part, so a coin seen for the first time has a gap: a past that was never
 * recorded is as unknown as one that was lost. The flag falls to 0 after 23 hours without a hole.
 */
function hasGap({ timesMs }: CoinSeries, position: number): boolean {
  const spanStart = timesMs[position]! - WARM_UP_MS;
  let later = timesMs[position]!;
  for (let k = position - 1; k >= 0 && timesMs[k]! >= spanStart; k--) {
    if (later - timesMs[k]! > GAP_MS) return true;
    later = timesMs[k]!;
  }
  return later - spanStart > GAP_MS;
}
