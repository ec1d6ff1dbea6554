import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { snapshotRows } from "../../../dashboard/reading/snapshots.ts";
import { ASSET } from "../../../src/domain/asset.ts";
import { withPipeline } from "../../flows/pipeline.ts";

Deno.test("a snapshot's rows are what the market said, and its point-in-time features by name", async () => {
  await withPipeline(async ({ ingest, data, registry }) => {
    await ingest(1);
    const snapshot = await data(ASSET.snapshot);
    const rows = await snapshotRows(registry, snapshot);
    assertEquals([rows.length, rows[3]!.coinId, rows[3]!.symbol, rows[3]!.rank], [
      21,
      "coin-3",
      "c3",
      4,
    ]);
    assert(rows[0]!.price! > 50 && rows[0]!.marketCap! > 1e8 && rows[0]!.volume! > 1e6);
    assertEquals(Object.keys(rows[0]!.features), [
      "price_change_pct_1h",
      "price_change_pct_24h",
      "price_change_pct_7d",
      "market_cap_to_volume",
      "ath_change_pct",
      "sparkline_volatility",
    ]);
    assertStrictEquals(await snapshotRows(registry, snapshot), rows);
  });
});
