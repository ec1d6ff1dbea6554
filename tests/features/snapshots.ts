// Small made-up snapshots for the tests of the features.

import type { MarketRow } from "../../src/domain/market.ts";
import { type Table, takeRows } from "../../src/domain/table.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { pointInTime } from "../../src/features/point_in_time.ts";
import { type Snapshot } from "../../src/features/history.ts";

/** Midnight, so that hour h of the tests is hour h of the day. */
export const START_MS = Date.UTC(2024, 2, 1);

export function at(hour: number): number {
  return START_MS + Math.round(hour * HOUR_MS);
}

export function marketRow(coinId: string, given: Partial<MarketRow> = {}): MarketRow {
  return {
    coinId,
    symbol: coinId.slice(0, 3),
    name: coinId.toUpperCase(),
    currentPrice: 100,
    marketCap: 5000,
    marketCapRank: 1,
    totalVolume: 100,
    high24h: 110,
    low24h: 90,
    priceChangePct1h: 0.5,
    priceChangePct24h: 2,
    priceChangePct7d: -3,
    priceChangePct30d: 4,
    athChangePct: -50,
    lastUpdatedMs: START_MS,
    sparkline: [99, 100, 101],
    ...given,
  };
}

/** The snapshot at an hour (fractions allowed), with one row for each coin given. */
export function snapshotAt(
  hour: number,
  coins: Record<string, Partial<MarketRow>> = { bitcoin: {} },
): Snapshot {
  const rows = Object.entries(coins).map(([coinId, given]) => marketRow(coinId, given));
  return { marketAtMs: at(hour), table: pointInTime(rows, at(hour)) };
}

/** Hourly snapshots of one coin; `given` makes its row of every hour. */
export function hourly(
  hours: Iterable<number>,
  given: (hour: number) => Partial<MarketRow> = () => ({}),
): Snapshot[] {
  return Array.from(hours, (hour) => snapshotAt(hour, { bitcoin: given(hour) }));
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, k) => first + k);
}

/** The one row of a table as an object; null for null. */
export function rowOf(table: Table, index: number): Record<string, number | string | null> {
  const row = takeRows(table, [index]);
  return Object.fromEntries(
    Object.entries(row.columns).map(([name, column]) => {
      const value = column.values[0] ?? null;
      return [name, typeof value === "number" && Number.isNaN(value) ? null : value];
    }),
  );
}

/** Every value of the table under "column/market time/coin", for comparisons by Object.is. */
export function cells(table: Table): Map<string, number | string | null> {
  const coins = table.columns["coin_id"]!.values;
  const times = table.columns["market_at"]!.values;
  const result = new Map<string, number | string | null>();
  for (const [name, column] of Object.entries(table.columns)) {
    for (let i = 0; i < table.rowCount; i++) {
      result.set(`${name}/${times[i]}/${coins[i]}`, column.values[i] ?? null);
    }
  }
  return result;
}

/** The first cell in which the tables differ, by Object.is; null where they have the same bits. */
export function firstDifference(actual: Table, expected: Table): string | null {
  const actualCells = cells(actual);
  const expectedCells = cells(expected);
  if (actualCells.size !== expectedCells.size) {
    return `${actualCells.size} cells, expected ${expectedCells.size}`;
  }
  for (const [key, value] of expectedCells) {
    if (!Object.is(actualCells.get(key), value)) {
      return `${key}: ${actualCells.get(key)}, expected ${value}`;
    }
  }
  return null;
}
