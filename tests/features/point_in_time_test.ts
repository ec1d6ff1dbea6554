// The snapshot's table: names, order, and null that stays null.

import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { numbers, texts } from "../../src/domain/table.ts";
import {
  POINT_IN_TIME_FEATURES,
  pointInTime,
  sparklineVolatility,
} from "../../src/features/point_in_time.ts";
import { at, marketRow, rowOf } from "./snapshots.ts";

Deno.test("pointInTime() gives the columns in their documented order", () => {
  const table = pointInTime([marketRow("bitcoin")], at(0));
  assertEquals(Object.keys(table.columns), [
    "coin_id",
    "symbol",
    "name",
    "market_at",
    "last_updated",
    "current_price",
    "market_cap",
    "market_cap_rank",
    "total_volume",
    "high_24h",
    "low_24h",
    "price_change_pct_30d",
    "price_change_pct_1h",
    "price_change_pct_24h",
    "price_change_pct_7d",
    "market_cap_to_volume",
    "ath_change_pct",
    "sparkline_volatility",
  ]);
  assertEquals(Object.values(table.columns).map(({ type }) => type), [
    ...["text", "text", "text", "time", "time"],
    ...new Array(13).fill("number"),
  ]);
});

Deno.test("pointInTime() computes the features of a row that knows everything", () => {
  const row = rowOf(pointInTime([marketRow("bitcoin", { sparkline: [1, 2, 3, 4] })], at(3)), 0);
  assertStrictEquals(row["market_at"], at(3));
  assertStrictEquals(row["price_change_pct_1h"], 0.5);
  assertStrictEquals(row["price_change_pct_24h"], 2);
  assertStrictEquals(row["price_change_pct_7d"], -3);
  assertStrictEquals(row["ath_change_pct"], -50);
  assertStrictEquals(row["market_cap_to_volume"], 50);
  // Variance of 1..4 with ddof 1 is 5/3, the mean 2.5.
  assertAlmostEquals(row["sparkline_volatility"] as number, Math.sqrt(5 / 3) / 2.5, 1e-15);
});

Deno.test("pointInTime() keeps every missing input null", () => {
  const row = rowOf(
    pointInTime([marketRow("bitcoin", {
      marketCap: null,
      marketCapRank: null,
      totalVolume: null,
      high24h: null,
      low24h: null,
      priceChangePct1h: null,
      priceChangePct24h: null,
      priceChangePct7d: null,
      priceChangePct30d: null,
      athChangePct: null,
      lastUpdatedMs: null,
      sparkline: null,
    })], at(0)),
    0,
  );
  const known = Object.keys(row).filter((name) => row[name] !== null);
  assertEquals(known, ["coin_id", "symbol", "name", "market_at", "current_price"]);
});

Deno.test("pointInTime() has no market cap to volume without a volume, and 0 for a cap of 0", () => {
  const ratio = (marketCap: number | null, totalVolume: number | null) =>
    rowOf(pointInTime([marketRow("x", { marketCap, totalVolume })], at(0)), 0)[
      "market_cap_to_volume"
    ];
  assertStrictEquals(ratio(5000, 0), null);
  assertStrictEquals(ratio(null, 100), null);
  assertStrictEquals(ratio(5000, null), null);
  assertStrictEquals(ratio(0, 100), 0);
  assertStrictEquals(ratio(5000, 1e-320), null);
});

Deno.test("sparklineVolatility() is null for fewer than two points and for a mean of 0", () => {
  assertStrictEquals(sparklineVolatility(null), NaN);
  assertStrictEquals(sparklineVolatility([]), NaN);
  assertStrictEquals(sparklineVolatility([5]), NaN);
  assertStrictEquals(sparklineVolatility([0, 0, 0]), NaN);
  assertStrictEquals(sparklineVolatility([5, 5]), 0);
});

Deno.test("pointInTime() keeps the order of the response", () => {
  const rows = ["tether", "bitcoin", "ethereum"].map((coinId) => marketRow(coinId));
  assertEquals(texts(pointInTime(rows, at(0)), "coin_id"), ["tether", "bitcoin", "ethereum"]);
});

Deno.test("pointInTime() of no rows is a table with all its columns", () => {
  const table = pointInTime([], at(0));
  assertStrictEquals(table.rowCount, 0);
  for (const name of POINT_IN_TIME_FEATURES) assertStrictEquals(numbers(table, name).length, 0);
});
