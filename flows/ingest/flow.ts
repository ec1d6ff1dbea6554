// ingest: one answer of the market becomes one market_snapshot; the raw response is kept with it.

import { z } from "zod";
import { ASSET } from "../../src/domain/asset.ts";
import { defineFlow, WithEffects } from "../../src/engine/flow.ts";
import { indexSnapshot } from "../../src/registry/assets.ts";
import { advanceMarket } from "../../src/registry/context.ts";
import {
  checkSource,
  type FetchedMarket,
  fetchMarket,
  numCoinsParam,
  type ParsedMarket,
  parseMarket,
  sourceParam,
} from "../market_data.ts";

export const ingest = defineFlow({
  name: "ingest",
  originalName: "IngestMarketDataFlow",
  summary: "Take one snapshot of the market.",
  description: "The market now, the simulator's next hour, or the next unread recording.",
  examples: ["anomaly ingest", "anomaly ingest --source simulated --num_coins 50"],
  consumes: "a market source",
  produces: ASSET.snapshot,
  card: async (ctx) => (await import("./card.tsx")).card(ctx),
  publishes: ["snapshot_ready"],
  params: z.strictObject({ source: sourceParam, num_coins: numCoinsParam }),
  check: checkSource,
  next: () => "anomaly status",
})
  // The client tries for a minute itself, and waits for its budget; what takes longer hangs.
  .step("fetch", async (ctx) => ({ fetched: await fetchMarket(ctx) }), { timeoutMs: 600_000 })
  .step("parse", async (ctx, { fetched }) => {
    const { parsed } = await parseMarket(ctx, fetched);
    return { parsed };
  })
  .step("register", (ctx, { fetched, parsed }) =>
    Promise.resolve(
      new WithEffects({}, async ({ tx, register, publish, summarize }) => {
        const marketAt = new Date(fetched.market_at_ms).toISOString();
        const record = await register(snapshotVersion(fetched, parsed, marketAt));
        await indexSnapshot(ctx.registry, tx, fetched.market_at_ms, record.version);
        await advanceMarket(ctx.registry, tx, fetched.source, fetched.market_at_ms);
        await publish("snapshot_ready", marketAt, { version: record.version });
        summarize({
          snapshot_version: record.version,
          market_at: marketAt,
          rows: parsed.rows,
          refused: parsed.refused,
        });
      }),
    ))
  .build();

function snapshotVersion(fetched: FetchedMarket, parsed: ParsedMarket, marketAt: string) {
  const refused = parsed.refused > 0 ? `, ${parsed.refused} refused` : "";
  return {
    kind: "data" as const,
    name: ASSET.snapshot,
    marketAt,
    description: `${parsed.rows} coins from ${fetched.source_name}${refused}`,
    annotations: {
      source: fetched.source_name,
      origin: fetched.origin,
      rows: parsed.rows,
      refused: parsed.refused,
      refused_reasons: parsed.refused_reasons,
      notes: parsed.notes,
    },
    files: {
      table: parsed.table,
      raw: fetched.raw,
      ...(fetched.labels ? { labels: fetched.labels } : {}),
      ...(parsed.refused_rows ? { refused: parsed.refused_rows } : {}),
    },
    inputs: [],
  };
}
