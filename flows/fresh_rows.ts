// Fresh data: the market as it is now, with the features that the branch's own snapshots allow. For
// a first model before any dataset exists, and for judging such a model.

import type { StepContext } from "../src/engine/flow.ts";
import { HOUR_MS, type Snapshot } from "../src/features/history.ts";
import { WARM_UP_HOURS } from "../src/features/temporal.ts";
import {
  type FetchedMarket,
  fetchMarket,
  loadSnapshots,
  parseMarket,
  snapshotVersions,
} from "./market_data.ts";

/** A snapshot fetched now (kept raw, not ingested), and the snapshots before it. */
export async function freshRows(
  ctx: StepContext<{ source?: string | undefined }>,
): Promise<{ fetched: FetchedMarket; snapshot: Snapshot; history: Snapshot[] }> {
  const fetched = await fetchMarket(ctx);
  const { table } = await parseMarket(ctx, fetched);
  const { registry } = ctx;
  const earlier = await snapshotVersions(registry, registry.scopes.read, {
    fromMs: fetched.market_at_ms - WARM_UP_HOURS * HOUR_MS,
    toMs: fetched.market_at_ms - 1,
  });
  const versions = earlier.map((record) => record.version);
  const history = await loadSnapshots(registry, registry.scopes.read, versions);
  return { fetched, snapshot: { marketAtMs: fetched.market_at_ms, table }, history };
}
