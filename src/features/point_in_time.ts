// A snapshot as a table: what the market said of every coin at one moment, and the six features that
// need no history. First stop after the market on the data path; the table is what the store keeps.

import type { MarketRow } from "../domain/market.ts";
import type { Column, Table } from "../domain/table.ts";

/** The features that one snapshot gives by itself, in the order of every dataset. */
export const POINT_IN_TIME_FEATURES = [
  "price_change_pct_1h",
  "price_change_pct_24h",
  "price_change_pct_7d",
  "market_cap_to_volume",
  "ath_change_pct",
  "sparkline_volatility",
] as const;

export type PointInTimeFeature = typeof POINT_IN_TIME_FEATURES[number];

/**
 * The value, or NaN (null) where double precision could not hold it. A ratio over a volume of 1e-300
 * is no measurement, and an infinity would spoil every mean that it enters.
 */
export function finiteOrNull(value: number): number {
  return Number.isFinite(value) ? value : NaN;
}

/**
 * Market capitalisation over traded volume; both in USD.
 * NaN (null) where either is null, or the volume is 0.
 */
export function marketCapToVolume(marketCap: number | null, totalVolume: number | null): number {
  if (marketCap === null || totalVolume === null || totalVolume === 0) return NaN;
  return finiteOrNull(marketCap / totalVolume);
}

/**
 * Coefficient of variation of the sparkline: sample standard deviation (ddof 1) over mean.
 * NaN (null) where the sparkline is absent, has fewer than two points, or a mean of 0.
 */
export function sparklineVolatility(sparkline: readonly number[] | null): number {
  if (sparkline === null || sparkline.length < 2) return NaN;
  let sum = 0;
  for (const price of sparkline) sum += price;
  const mean = sum / sparkline.length;
  if (mean === 0) return NaN;
  let squares = 0;
  for (const price of sparkline) squares += (price - mean) ** 2;
  return finiteOrNull(Math.sqrt(squares / (sparkline.length - 1)) / mean);
}

/**
 * The snapshot's table, one row a coin, in the order of `rows`: the response's own, by market cap.
 * That order is kept, and not replaced by one of ids, because it is what the market answered: row i
 * can be held against the raw response, and the first rows are the coins that people look for.
 * Null inputs stay null (NaN in numeric columns); nothing is filled in here.
 */
export function pointInTime(rows: readonly MarketRow[], marketAtMs: number): Table {
  const number = (read: (row: MarketRow) => number | null): Column => ({
    type: "number",
    values: Float64Array.from(rows, (row) => read(row) ?? NaN),
  });
  const time = (read: (row: MarketRow) => number | null): Column => ({
    type: "time",
    values: Float64Array.from(rows, (row) => read(row) ?? NaN),
  });
  const text = (read: (row: MarketRow) => string): Column => ({
    type: "text",
    values: rows.map(read),
  });
  const features: Record<PointInTimeFeature, Column> = {
    price_change_pct_1h: number((row) => row.priceChangePct1h),
    price_change_pct_24h: number((row) => row.priceChangePct24h),
    price_change_pct_7d: number((row) => row.priceChangePct7d),
    market_cap_to_volume: number((row) => marketCapToVolume(row.marketCap, row.totalVolume)),
    ath_change_pct: number((row) => row.athChangePct),
    sparkline_volatility: number((row) => sparklineVolatility(row.sparkline)),
  };
  return {
    rowCount: rows.length,
    columns: {
      coin_id: text((row) => row.coinId),
      symbol: text((row) => row.symbol),
      name: text((row) => row.name),
      market_at: time(() => marketAtMs),
      last_updated: time((row) => row.lastUpdatedMs),
      current_price: number((row) => row.currentPrice),
      market_cap: number((row) => row.marketCap),
      market_cap_rank: number((row) => row.marketCapRank),
      total_volume: number((row) => row.totalVolume),
      high_24h: number((row) => row.high24h),
      low_24h: number((row) => row.low24h),
      price_change_pct_30d: number((row) => row.priceChangePct30d),
      ...features,
    },
  };
}
