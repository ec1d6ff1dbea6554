// Outcome records in short, for the tests of what is counted over them.

import { DECIDED_BY, type OutcomeRecord } from "../../src/domain/prediction.ts";
import { HOUR_MS, MODEL, START_MS } from "../support/registry.ts";

/** A coin's flag and return; null for one that could not be resolved. */
export type Row = [coinId: string, flagged: boolean, returnPct: number | null, score?: number];

export function outcome(hour: number, rows: readonly Row[], version = 1): OutcomeRecord {
  return {
    model: MODEL,
    version,
    role: "champion",
    marketAtMs: START_MS + hour * HOUR_MS,
    dueAtMs: START_MS + (hour + 24) * HOUR_MS,
    toleranceMinutes: 45,
    coinIds: rows.map(([coinId]) => coinId),
    scores: Float64Array.from(rows, ([, flagged, , score]) => score ?? (flagged ? -0.6 : -0.4)),
    flagged: Uint8Array.from(rows, ([, flagged]) => Number(flagged)),
    returnsPct: Float64Array.from(rows, ([, , returnPct]) => returnPct ?? NaN),
    decidedBy: Uint8Array.from(
      rows,
      ([, , returnPct]) => returnPct === null ? DECIDED_BY.nothing : DECIDED_BY.snapshot,
    ),
    pricedAfterMs: new Int32Array(rows.length),
    lookUps: [],
    runId: 1,
    recordedAt: "2024-01-01T00:00:00.000Z",
  };
}
