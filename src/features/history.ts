// Snapshots turned by ninety degrees: for every coin, what was observed of it in the order of time.
// Between the snapshots and whatever looks along time: lags, windows, targets, the split.

import { AppError } from "../domain/errors.ts";
import { numbers, type Table, texts } from "../domain/table.ts";
import { MINUTE_MS } from "../domain/time.ts";
import { POINT_IN_TIME_FEATURES, type PointInTimeFeature } from "./point_in_time.ts";

/** A stretch without a snapshot that is longer than this is a gap: an hourly ingest was missed. */
export const GAP_MS = 90 * MINUTE_MS;

/** One snapshot as `pointInTime` made it, or as the store gave it back. */
export interface Snapshot {
  marketAtMs: number;
  table: Table;
}

/** What is followed along time: the price, and the features of a single snapshot. */
export type SeriesColumn = "current_price" | PointInTimeFeature;

const SERIES_COLUMNS: readonly SeriesColumn[] = ["current_price", ...POINT_IN_TIME_FEATURES];

/** One coin along time: `timesMs` strictly ascending, every column of the same length; NaN is null. */
export interface CoinSeries {
  coinId: string;
  timesMs: number[];
  values: Record<SeriesColumn, number[]>;
}

/** One coin at one moment: position `position` of its series, and how it was called then. */
export interface Observation {
  series: CoinSeries;
  position: number;
  timeMs: number;
  symbol: string | null;
  name: string | null;
}

export interface History {
  series: Map<string, CoinSeries>;
  /** By time, then by delivery and row; every (coin, time) once. */
  observations: Observation[];
}

function newSeries(coinId: string): CoinSeries {
  return {
    coinId,
    timesMs: [],
    values: {
      current_price: [],
      price_change_pct_1h: [],
      price_change_pct_24h: [],
      price_change_pct_7d: [],
      market_cap_to_volume: [],
      ath_change_pct: [],
      sparkline_volatility: [],
    },
  };
}

/**
 * Every coin's series out of snapshots in any order. Where a (coin, time) was delivered more than
 * once, the first delivery in the given order counts and the others are as if they had not come.
 * Throws AppError `invalid` where a table lacks a column, or a row its coin_id.
 */
export function historyOf(snapshots: readonly Snapshot[]): History {
  const series = new Map<string, CoinSeries>();
  const observations: Observation[] = [];
  // Array.prototype.sort is stable, so equal times stay in order of delivery.
  const byTime = [...snapshots].sort((a, b) => a.marketAtMs - b.marketAtMs);
  for (const { marketAtMs, table } of byTime) {
    const coinIds = texts(table, "coin_id");
    const symbols = texts(table, "symbol");
    const names = texts(table, "name");
    const columns = SERIES_COLUMNS.map((name) => numbers(table, name));
    for (let row = 0; row < table.rowCount; row++) {
      const coinId = coinIds[row] ?? null;
      if (coinId === null) throw missingCoinId(marketAtMs, row);
      let coin = series.get(coinId);
      if (coin === undefined) series.set(coinId, coin = newSeries(coinId));
      const position = coin.timesMs.length;
      if (position > 0 && coin.timesMs[position - 1] === marketAtMs) continue;
      coin.timesMs.push(marketAtMs);
      SERIES_COLUMNS.forEach((name, j) => coin.values[name].push(columns[j]![row]!));
      observations.push({
        series: coin,
        position,
        timeMs: marketAtMs,
        symbol: symbols[row] ?? null,
        name: names[row] ?? null,
      });
    }
  }
  return { series, observations };
}

function missingCoinId(marketAtMs: number, row: number): AppError {
  return new AppError(
    "invalid",
    `Cannot follow coins along time: row ${row} of the snapshot at ${
      new Date(marketAtMs).toISOString()
    } has no coin_id, expected one in every row`,
    { details: { row, market_at: new Date(marketAtMs).toISOString() } },
  );
}
