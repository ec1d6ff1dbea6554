// What became of a coin a day later. Added to datasets on request only, for studies of how anomalies
// relate to crashes; no detector learns from it.

import { AppError } from "../domain/errors.ts";
import { DEFAULT_CRASH_PCT } from "../domain/outcomes.ts";
import { HORIZON_HOURS } from "../domain/prediction.ts";
import { numbers, type Table, texts } from "../domain/table.ts";
import { HOUR_MS, MINUTE_MS } from "../domain/time.ts";
import { type CoinSeries, historyOf, type Snapshot } from "./history.ts";
import { finiteOrNull } from "./point_in_time.ts";

/** How long after the horizon its price may still be taken. */
export const HORIZON_TOLERANCE_MINUTES = 45;

const PUMP_PCT = 15;

/** Percentages in percent of the row's price; the others 1, 0, or null where it is not known. */
export const TARGET_NAMES = [
  "change_pct_at_24h",
  "crash_at_horizon",
  "crash_within_horizon",
  "pump_at_horizon",
] as const;

interface Future {
  /** Price at the first observation at or after the horizon. */
  horizonPrice: number;
  /** Lowest price after the row, up to that observation. */
  lowestPrice: number;
}

/**
 * The feature table with the columns of TARGET_NAMES behind its own.
 *
 * The horizon's price is that of the coin's first observation at or after t + 24 h, at most 45
 * minutes late; where there is none, or a price is missing, all four targets are null: a future
 * that is not known is not "no crash". `crash_within_horizon` goes by the lowest price in between,
 * the horizon's own included, so that a crash at the horizon is always one within it.
 * Only `snapshots` are looked at: a caller that must not see a holdout does not pass it.
 */
export function addTargets(table: Table, snapshots: readonly Snapshot[]): Table {
  const { series } = historyOf(snapshots);
  const coinIds = texts(table, "coin_id");
  const times = numbers(table, "market_at");
  const prices = numbers(table, "current_price");
  const targets = TARGET_NAMES.map(() => new Float64Array(table.rowCount).fill(NaN));
  for (let i = 0; i < table.rowCount; i++) {
    const coin = series.get(coinIds[i] ?? "");
    if (coin === undefined) throw unknownCoin(coinIds[i] ?? null);
    const price = prices[i]!;
    const future = futureOf(coin, times[i]!);
    if (future === null || !(price > 0)) continue;
    const changePct = finiteOrNull((future.horizonPrice - price) / price * 100);
    const lowestPct = (future.lowestPrice - price) / price * 100;
    const row = [
      changePct,
      changePct <= DEFAULT_CRASH_PCT ? 1 : 0,
      lowestPct <= DEFAULT_CRASH_PCT ? 1 : 0,
      changePct >= PUMP_PCT ? 1 : 0,
    ];
    row.forEach((value, j) => targets[j]![i] = value);
  }
  const columns = { ...table.columns };
  TARGET_NAMES.forEach((name, j) => columns[name] = { type: "number", values: targets[j]! });
  return { rowCount: table.rowCount, columns };
}

/** The prices after `timeMs` up to the horizon's; null where the horizon's is not known. */
function futureOf({ timesMs, values }: CoinSeries, timeMs: number): Future | null {
  const horizonMs = timeMs + HORIZON_HOURS * HOUR_MS;
  let lowestPrice = Infinity;
  for (let k = firstAfter(timesMs, timeMs); k < timesMs.length; k++) {
    if (timesMs[k]! > horizonMs + HORIZON_TOLERANCE_MINUTES * MINUTE_MS) return null;
    const price = values.current_price[k]!;
    if (!Number.isNaN(price)) lowestPrice = Math.min(lowestPrice, price);
    if (timesMs[k]! >= horizonMs) {
      return Number.isNaN(price) ? null : { horizonPrice: price, lowestPrice };
    }
  }
  return null;
}

/** Position of the first time after `timeMs` in ascending times; their number where there is none. */
function firstAfter(timesMs: readonly number[], timeMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle]! <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function unknownCoin(coinId: string | null): AppError {
  return new AppError(
    "invalid",
    `Cannot add targets: coin "${coinId}" is in the table and in none of the snapshots, ` +
      "expected the snapshots that the table was built from",
    { details: { coin_id: coinId } },
  );
}
