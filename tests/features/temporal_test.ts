// Lags, windows and the gap flag: by time, backwards only.

import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import type { MarketRow } from "../../src/domain/market.ts";
import { numbers, texts } from "../../src/domain/table.ts";
import type { Snapshot } from "../../src/features/history.ts";
import {
  bulkFeatures,
  FEATURE_NAMES,
  featureNamesFor,
  SNAPSHOT_FEATURES,
  snapshotFeatures,
  WARM_UP_HOURS,
} from "../../src/features/temporal.ts";
import { at, firstDifference, hourly, range, rowOf, snapshotAt } from "./snapshots.ts";

const ALWAYS = { fromMs: -Infinity, toMs: Infinity };

/** The last row of the history of one coin. */
function lastRow(snapshots: Snapshot[]): Record<string, number | string | null> {
  const table = bulkFeatures(snapshots, ALWAYS);
  return rowOf(table, table.rowCount - 1);
}

/** The hour as the 24 h change, so that a lag names the observation it was taken from. */
function numbered(hour: number): Partial<MarketRow> {
  return { priceChangePct24h: hour };
}

Deno.test("FEATURE_NAMES are the 33 features in the order of the schema", () => {
  assertEquals(FEATURE_NAMES, [
    "price_change_pct_1h",
    "price_change_pct_24h",
    "price_change_pct_7d",
    "market_cap_to_volume",
    "ath_change_pct",
    "sparkline_volatility",
    "price_change_pct_1h_lag_1h",
    "price_change_pct_1h_lag_6h",
    "price_change_pct_1h_lag_24h",
    "price_change_pct_24h_lag_1h",
    "price_change_pct_24h_lag_6h",
    "price_change_pct_24h_lag_24h",
    "price_change_pct_7d_lag_1h",
    "price_change_pct_7d_lag_6h",
    "price_change_pct_7d_lag_24h",
    "market_cap_to_volume_lag_1h",
    "market_cap_to_volume_lag_6h",
    "market_cap_to_volume_lag_24h",
    "sparkline_volatility_lag_1h",
    "sparkline_volatility_lag_6h",
    "sparkline_volatility_lag_24h",
    "price_change_pct_24h_rolling_mean_6h",
    "price_change_pct_24h_rolling_mean_24h",
    "price_change_pct_24h_rolling_std_6h",
    "price_change_pct_24h_rolling_std_24h",
    "sparkline_volatility_rolling_mean_6h",
    "sparkline_volatility_rolling_mean_24h",
    "sparkline_volatility_rolling_std_6h",
    "sparkline_volatility_rolling_std_24h",
    "market_cap_to_volume_log",
    "hour_sin",
    "hour_cos",
    "has_gap_in_history",
  ]);
});

Deno.test("bulkFeatures() puts identity and price before the features", () => {
  const table = bulkFeatures([snapshotAt(0)], ALWAYS);
  assertEquals(Object.keys(table.columns), [
    "coin_id",
    "symbol",
    "name",
    "market_at",
    "current_price",
    ...FEATURE_NAMES,
  ]);
});

Deno.test("a lag is the observation of that many hours before", () => {
  const row = lastRow(hourly(range(0, 30), numbered));
  assertStrictEquals(row["price_change_pct_24h_lag_1h"], 29);
  assertStrictEquals(row["price_change_pct_24h_lag_6h"], 24);
  assertStrictEquals(row["price_change_pct_24h_lag_24h"], 6);
});

Deno.test("a lag takes its own feature", () => {
  const row = lastRow(hourly([0, 1], (hour) => ({
    priceChangePct1h: 10 + hour,
    priceChangePct24h: 20 + hour,
    priceChangePct7d: 30 + hour,
    marketCap: 40 + hour,
    totalVolume: 1,
    sparkline: hour === 0 ? [1, 1] : [1, 3],
  })));
  assertStrictEquals(row["price_change_pct_1h_lag_1h"], 10);
  assertStrictEquals(row["price_change_pct_24h_lag_1h"], 20);
  assertStrictEquals(row["price_change_pct_7d_lag_1h"], 30);
  assertStrictEquals(row["market_cap_to_volume_lag_1h"], 40);
  assertStrictEquals(row["sparkline_volatility_lag_1h"], 0);
});

Deno.test("a lag goes by time: across a hole of 20 hours it is null, not the row before", () => {
  const hours = [...range(0, 10), ...range(31, 36)];
  const rows = bulkFeatures(hourly(hours, numbered), ALWAYS);
  const after = rowOf(rows, 11);
  assertStrictEquals(after["market_at"], at(31));
  assertStrictEquals(after["price_change_pct_24h_lag_1h"], null);
  assertStrictEquals(after["price_change_pct_24h_lag_6h"], null);
  assertStrictEquals(after["price_change_pct_24h_lag_24h"], 7);
  // Hour 36 looks back to hour 12, which lies in the hole.
  assertStrictEquals(rowOf(rows, 16)["price_change_pct_24h_lag_24h"], null);
  assertStrictEquals(rowOf(rows, 16)["price_change_pct_24h_lag_1h"], 35);
});

Deno.test("a lag accepts an observation 30 minutes off, and not 31", () => {
  const lag = (hour: number) =>
    lastRow(hourly([hour, 10], numbered))["price_change_pct_24h_lag_6h"];
  assertStrictEquals(lag(3.5), 3.5);
  assertStrictEquals(lag(4.5), 4.5);
  assertStrictEquals(lag(4 - 31 / 60), null);
  assertStrictEquals(lag(4 + 31 / 60), null);
});

Deno.test("a lag takes the nearest observation, and of two equally near the earlier", () => {
  const lag = (hours: number[]) =>
    lastRow(hourly([...hours, 10], numbered))["price_change_pct_24h_lag_6h"];
  assertStrictEquals(lag([3.6, 4.25]), 4.25);
  assertStrictEquals(lag([3.75, 4.3]), 3.75);
  assertStrictEquals(lag([3.75, 4.25]), 3.75);
});

Deno.test("a lag is null where its nearest observation is null, though another is in reach", () => {
  const row = lastRow(hourly([3.75, 4, 10], (hour) => ({
    priceChangePct24h: hour === 4 ? null : hour,
  })));
  assertStrictEquals(row["price_change_pct_24h_lag_6h"], null);
});

Deno.test("a window is (t - h, t]: it holds the row itself and not the row h hours before", () => {
  const row = lastRow(hourly(range(0, 30), (hour) => ({ priceChangePct24h: hour ** 2 })));
  const last6 = range(25, 30).map((hour) => hour ** 2);
  const mean6 = last6.reduce((sum, value) => sum + value) / 6;
  assertAlmostEquals(row["price_change_pct_24h_rolling_mean_6h"] as number, mean6, 1e-9);
  const variance6 = last6.reduce((sum, value) => sum + (value - mean6) ** 2, 0) / 5;
  const std6 = row["price_change_pct_24h_rolling_std_6h"] as number;
  assertAlmostEquals(std6, Math.sqrt(variance6), 1e-9);
  const mean24 = range(7, 30).reduce((sum, hour) => sum + hour ** 2, 0) / 24;
  assertAlmostEquals(row["price_change_pct_24h_rolling_mean_24h"] as number, mean24, 1e-9);
});

Deno.test("a window needs half of its expected points, and counts none that is null", () => {
  const row = (hours: number[], isNull: (hour: number) => boolean = () => false) =>
    lastRow(hourly(hours, (hour) => ({ priceChangePct24h: isNull(hour) ? null : 1 })));
  const mean = "price_change_pct_24h_rolling_mean_6h";
  assertStrictEquals(row([29, 30])[mean], null);
  assertStrictEquals(row([28, 29, 30])[mean], 1);
  assertStrictEquals(row([28, 29, 30], (hour) => hour === 29)[mean], null);
  assertStrictEquals(row([27, 28, 29, 30], (hour) => hour === 30)[mean], 1);
  const std = "price_change_pct_24h_rolling_std_24h";
  assertStrictEquals(row(range(20, 30))[std], null);
  assertStrictEquals(row(range(19, 30))[std], 0);
});

Deno.test("the logarithm is signed and leaves null alone", () => {
  const log = (marketCap: number | null) =>
    lastRow([snapshotAt(0, { x: { marketCap, totalVolume: 1 } })])["market_cap_to_volume_log"];
  assertAlmostEquals(log(50) as number, Math.log(51), 1e-12);
  assertAlmostEquals(log(-50) as number, -Math.log(51), 1e-12);
  assertStrictEquals(log(0), 0);
  assertStrictEquals(log(null), null);
});

Deno.test("the hour of day is the whole hour in UTC, as sine and cosine of a day's turn", () => {
  const hour = (value: number) => {
    const row = lastRow([snapshotAt(value)]);
    return [row["hour_sin"] as number, row["hour_cos"] as number] as const;
  };
  assertEquals(hour(0), [0, 1]);
  assertAlmostEquals(hour(6)[0], 1, 1e-15);
  assertAlmostEquals(hour(12)[1], -1, 1e-15);
  assertEquals(hour(6.9), hour(6));
  assertEquals(hour(30), hour(6));
});

Deno.test("has_gap_in_history is 1 until the day behind a row is covered", () => {
  const flags = numbers(bulkFeatures(hourly(range(0, 30)), ALWAYS), "has_gap_in_history");
  // The span of 24.5 h starts at most 90 minutes before the first observation from hour 23 on.
  assertEquals([...flags], range(0, 30).map((hour) => hour < 23 ? 1 : 0));
});

Deno.test("has_gap_in_history is raised by a stretch longer than 90 minutes, for a day", () => {
  const flag = (hours: number[]) => lastRow(hourly(hours))["has_gap_in_history"];
  const full = range(0, 30);
  assertStrictEquals(flag(full), 0);
  assertStrictEquals(flag(full.filter((hour) => hour !== 20)), 1);
  assertStrictEquals(flag(full.map((hour) => hour === 20 ? 20.5 : hour)), 0);
  assertStrictEquals(flag(full.map((hour) => hour === 20 ? 20.6 : hour)), 1);
  // It is down again once no more than 90 minutes of the hole lie within the row's 24.5 h.
  assertStrictEquals(flag([0, 1, 2, ...range(5, 27)]), 1);
  assertStrictEquals(flag([0, 1, 2, ...range(5, 28)]), 0);
});

Deno.test("no row changes by what comes after it", () => {
  const all = hourly(range(0, 40), numbered);
  const first = bulkFeatures(all.slice(0, 30), ALWAYS);
  const again = bulkFeatures(all, { fromMs: at(0), toMs: at(29) });
  assertStrictEquals(firstDifference(again, first), null);
});

Deno.test("bulkFeatures() trims to the window only after the history was read", () => {
  const table = bulkFeatures(hourly(range(0, 40), numbered), { fromMs: at(30), toMs: at(31) });
  assertEquals([...numbers(table, "market_at")], [at(30), at(31)]);
  assertEquals([...numbers(table, "price_change_pct_24h_lag_24h")], [6, 7]);
});

Deno.test("bulkFeatures() does not mind the order in which snapshots are given", () => {
  const snapshots = hourly(range(0, 30), numbered);
  const expected = bulkFeatures(snapshots, ALWAYS);
  assertEquals(bulkFeatures(snapshots.toReversed(), ALWAYS), expected);
});

Deno.test("a second delivery of a coin and time changes nothing", () => {
  const snapshots = hourly(range(0, 30), numbered);
  const again = hourly([29, 30], () => ({ priceChangePct24h: 999, currentPrice: 999 }));
  const expected = bulkFeatures(snapshots, ALWAYS);
  assertEquals(bulkFeatures([...snapshots, ...again], ALWAYS), expected);
  const [last] = again.slice(-1);
  const row = snapshotFeatures(snapshots, last!);
  assertStrictEquals(firstDifference(row, snapshotFeatures(snapshots, snapshots.at(-1)!)), null);
});

Deno.test("snapshotFeatures() gives one row for each coin of the snapshot, in its order", () => {
  const history = [snapshotAt(0, { gone: {}, bitcoin: {} })];
  const table = snapshotFeatures(history, snapshotAt(1, { fresh: {}, bitcoin: {} }));
  assertEquals(texts(table, "coin_id"), ["fresh", "bitcoin"]);
  assertEquals([...numbers(table, "price_change_pct_1h_lag_1h")], [NaN, 0.5]);
});

Deno.test("snapshotFeatures() leaves out a coin that only an earlier delivery of its time had", () => {
  const history = [snapshotAt(0), snapshotAt(1, { bitcoin: {}, other: {} })];
  const table = snapshotFeatures(history, snapshotAt(1, { bitcoin: { priceChangePct1h: 9 } }));
  assertEquals(texts(table, "coin_id"), ["bitcoin"]);
  assertEquals([...numbers(table, "price_change_pct_1h")], [0.5]);
});

Deno.test("snapshotFeatures() needs no history older than the warm-up", () => {
  const snapshots = hourly(range(0, 60), numbered);
  const recent = snapshots.slice(0, -1).filter(({ marketAtMs }) =>
    marketAtMs >= at(60 - WARM_UP_HOURS)
  );
  assertStrictEquals(recent.length, 24);
  const row = snapshotFeatures(recent, snapshots.at(-1)!);
  const expected = bulkFeatures(snapshots, { fromMs: at(60), toMs: at(60) });
  assertStrictEquals(firstDifference(row, expected), null);
});

Deno.test("featureNamesFor() has no temporal features for a snapshot without a history", () => {
  assertEquals(featureNamesFor([]), [
    "price_change_pct_1h",
    "price_change_pct_24h",
    "price_change_pct_7d",
    "market_cap_to_volume",
    "ath_change_pct",
    "sparkline_volatility",
    "market_cap_to_volume_log",
    "hour_sin",
    "hour_cos",
  ]);
  assertEquals(featureNamesFor([snapshotAt(0)]), FEATURE_NAMES);
  assert(SNAPSHOT_FEATURES.every((name) => FEATURE_NAMES.includes(name)));
});
