// Fresh data: the market as it is now, with the features that the branch's own snapshots allow. For
// a first model before any dataset exists, and for judging such a model.

import type { AssetFile, LineageInput } from "../src/domain/asset.ts";
import { HOUR_MS, iso } from "../src/domain/time.ts";
import type { StepContext } from "../src/engine/flow.ts";
import { featureNamesFor, snapshotFeatures, WARM_UP_HOURS } from "../src/features/temporal.ts";
import { encodeTable } from "../src/store/tables.ts";
import { type FetchedMarket, fetchMarket, parseMarket } from "./market_data.ts";
import { listMembers, loadSnapshots } from "./snapshots.ts";

/** Rows of a snapshot fetched now (kept raw, not ingested), and the history behind their features. */
export type FreshRows = {
  table: AssetFile;
  feature_names: string[];
  source: string;
  market_at: string;
  input: LineageInput | null;
  fetched: FetchedMarket;
};

/**
 * Fetches and makes features. The history is the write branch's, whose source and clock the fetch
 * goes by as well; another branch may hold another market.
 */
export async function freshRows(
  ctx: StepContext<{ source?: string | undefined }>,
): Promise<FreshRows> {
  const fetched = await fetchMarket(ctx);
  const { table } = await parseMarket(ctx, fetched);
  const marketAtMs = fetched.market_at_ms;
  const { write } = ctx.registry.scopes;
  const members = await listMembers(ctx, write, "history", {
    fromMs: marketAtMs - WARM_UP_HOURS * HOUR_MS,
    toMs: marketAtMs - 1,
  });
  const history = members ? await loadSnapshots(ctx, write, members) : [];
  if (members) ctx.log(`with the ${members.count} snapshots of the day before as history`);
  const rows = snapshotFeatures(history, { marketAtMs, table });
  return {
    table: await ctx.putBlob(encodeTable(rows), "application/vnd.apache.parquet"),
    feature_names: [...featureNamesFor(history)],
    source: `${fetched.source_name}_live`,
    market_at: iso(marketAtMs),
    input: members?.input ?? null,
    fetched,
  };
}
