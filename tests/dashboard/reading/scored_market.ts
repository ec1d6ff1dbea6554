// Predictions and outcomes put into a registry in memory without running a flow: for tests of what pages
// read of them.

import type { Driver, PredictionBatch, PredictionRole } from "../../../src/domain/prediction.ts";
import { stageBatch, stageOutcome } from "../../../src/registry/predictions.ts";
import { stageBlob, writeBlob } from "../../../src/store/blobs.ts";
import { encodeTable } from "../../../src/store/tables.ts";
import { outcome, type Row } from "../../evaluation/outcome_records.ts";
import { HOUR_MS, MODEL, START_MS, type TestRegistry } from "../../support/registry.ts";

export const hourMs = (hour: number) => START_MS + hour * HOUR_MS;

export interface Scorer {
  version?: number;
  role?: PredictionRole;
  /** What drove every flag. */
  drivers?: readonly Driver[];
}

/** A version scores the snapshot of an hour; prices are 100 and the hour. */
export async function scoreHour(
  registry: TestRegistry,
  hour: number,
  rows: readonly Row[],
  { version = 1, role = "champion", drivers = [] }: Scorer = {},
): Promise<PredictionBatch> {
  const coins = rows.map(([coinId, flagged, , score]) => ({
    coinId,
    flagged,
    price: 100 + hour,
    score: score ?? (flagged ? -0.6 : -0.4),
  }));
  const number = (values: number[]) => ({
    type: "number" as const,
    values: Float64Array.from(values),
  });
  const text = (values: (string | null)[]) => ({ type: "text" as const, values });
  const bytes = encodeTable({
    rowCount: coins.length,
    columns: {
      coin_id: text(coins.map(({ coinId }) => coinId)),
      symbol: text(coins.map(({ coinId }) => coinId.slice(0, 3))),
      name: text(coins.map(({ coinId }) => `The ${coinId}`)),
      current_price: number(coins.map(({ price }) => price)),
      score: number(coins.map(({ score }) => score)),
      decision: number(coins.map(({ score }) => score + 0.5)),
      label: number(coins.map(({ flagged }) => flagged ? -1 : 1)),
      drivers: text(coins.map(({ flagged }) => flagged ? JSON.stringify(drivers) : null)),
    },
  });
  const blob = await stageBlob(bytes, { compress: false });
  const { store, scopes } = registry;
  await writeBlob(store, scopes.write, blob, new Date(registry.clockMs).toISOString());
  const batch: PredictionBatch = {
    model: MODEL,
    version,
    role,
    alias: role === "champion" ? role : "challenger-a",
    marketAtMs: hourMs(hour),
    dueAtMs: hourMs(hour + 24),
    snapshot: { branch: scopes.write.branch, version: hour + 1 },
    threshold: -0.5,
    expectedScore: -0.4,
    rows: coins.length,
    flagged: coins.filter(({ flagged }) => flagged).length,
    table: { ...blob.ref, mediaType: "application/vnd.apache.parquet" },
    modelSha256: "model",
    runId: 1,
    recordedAt: new Date(registry.clockMs).toISOString(),
  };
  await store.commit(scopes.write, (tx) => stageBatch(registry, tx, batch, coins));
  return batch;
}

/** What became of the predictions of an hour. */
export async function decideHour(
  registry: TestRegistry,
  hour: number,
  rows: readonly Row[],
  { version = 1, role = "champion" }: Scorer = {},
): Promise<void> {
  const record = { ...outcome(hour, rows, version), role };
  await registry.store.commit(
    registry.scopes.write,
    (tx) => stageOutcome(registry, tx, record),
  );
}
