// Snapshots put into a registry by hand, for tests of pages that show them.

import { ASSET } from "../../../src/domain/asset.ts";
import { indexSnapshot, registerVersion } from "../../../src/registry/assets.ts";
import { advanceMarket } from "../../../src/registry/context.ts";
import { putBlob, stageBlob } from "../../../src/store/blobs.ts";
import { encodeTable } from "../../../src/store/tables.ts";
import { HOUR_MS, START_MS, type TestRegistry } from "../../support/registry.ts";
import { dashboardOn } from "../dashboard.ts";

/** A snapshot of one coin of an hour, with what is given about it. */
export async function snapshotAt(
  registry: TestRegistry,
  hour: number,
  { coin = "luna", source = "coingecko" as const, refused = [] as unknown[] } = {},
): Promise<void> {
  const marketAtMs = START_MS + hour * HOUR_MS;
  const marketAt = new Date(marketAtMs).toISOString();
  const number = (value: number) => ({ type: "number" as const, values: Float64Array.of(value) });
  const text = (value: string) => ({ type: "text" as const, values: [value] });
  const table = encodeTable({
    rowCount: 1,
    columns: {
      coin_id: text(coin),
      symbol: text(coin),
      name: text(coin),
      current_price: number(1),
      market_cap: number(2),
      market_cap_rank: number(1),
      total_volume: number(3),
      high_24h: number(1),
      low_24h: number(1),
      price_change_pct_30d: number(NaN),
      last_updated: { type: "time", values: Float64Array.of(marketAtMs) },
      price_change_pct_24h: number(-71.3),
    },
  });
  const reject = new TextEncoder().encode(JSON.stringify(refused));
  const blobs = [
    await stageBlob(table, { compress: false }),
    await stageBlob(reject, { compress: true }),
  ];
  const { store, scopes } = registry;
  await store.commit(scopes.write, async (tx) => {
    for (const blob of blobs) await putBlob(tx, blob, marketAt);
    const { version } = await registerVersion(registry, tx, {
      kind: "data",
      name: ASSET.snapshot,
      marketAt,
      runId: 1,
      flow: "ingest",
      description: "by hand",
      tags: [],
      annotations: {
        rows: 1,
        refused: refused.length,
        refused_reasons: refused.length > 0 ? { "price is null": refused.length } : {},
        notes: { "stale quote": 1 },
        source,
      },
      files: {
        table: { ...blobs[0]!.ref, mediaType: "application/vnd.apache.parquet" },
        ...(refused.length > 0
          ? { refused: { ...blobs[1]!.ref, mediaType: "application/json" } }
          : {}),
      },
      inputs: [],
    });
    await indexSnapshot(registry, tx, marketAtMs, version);
    await advanceMarket(registry, tx, { kind: source, key: "" }, marketAtMs);
  });
  registry.clockMs = Math.max(registry.clockMs, marketAtMs + 60_000);
}

export async function htmlOf(registry: TestRegistry, path: string): Promise<string> {
  return await (await (await dashboardOn(registry)).page(path)).text();
}
