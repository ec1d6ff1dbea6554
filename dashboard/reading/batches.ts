// Batches of predictions and their rows as pages need them: immutable tables, decoded once a process.
// Between the registry and what pages make of them.

import { ASSET } from "../../src/domain/asset.ts";
import { type DriverPhrase, driverPhrase } from "../../src/domain/drivers.ts";
import {
  MAX_CHALLENGERS,
  type PredictionBatch,
  type PredictionRole,
} from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listBatches, type PredictionRow, readBatch } from "../../src/registry/predictions.ts";
import { branchKey, clockMs, type DayPart, dayParts, type Span } from "./days.ts";
import { Memo } from "./memo.ts";

/** Over eight days of hourly batches, some 50 kB each. */
const KEPT_BATCHES = 200;
const KEPT_DAYS = 400;
const MAX_REASONS = 2;
/** Batches that one day may have: hourly ones of four models, many times over. */
export const MAX_BATCHES_A_DAY = 1000;
/** A batch comes this late to its snapshot at most, unless somebody scores an old one by hand … */
const LATE_MS = 3 * HOUR_MS;
/** … which is seen this much later at most. */
const KEEP_MS = MINUTE_MS;

const rowsOf = new Memo<readonly PredictionRow[]>(KEPT_BATCHES);
const byCoinOf = new Memo<ReadonlyMap<string, PredictionRow>>(KEPT_BATCHES);
const batchesOf = new Memo<readonly PredictionBatch[]>(KEPT_DAYS);

/** The rows of a batch, in the market's order. */
export function batchRows(
  registry: RegistryContext,
  batch: PredictionBatch,
): Promise<readonly PredictionRow[]> {
  return rowsOf.get(registry, batch.table.sha256, () => readBatch(registry, batch));
}

/** The rows of a batch by the coins' ids. */
export function batchByCoin(
  registry: RegistryContext,
  batch: PredictionBatch,
): Promise<ReadonlyMap<string, PredictionRow>> {
  return byCoinOf.get(registry, batch.table.sha256, async () => {
    const rows = await batchRows(registry, batch);
    return new Map(rows.map((row) => [row.coinId, row]));
  });
}

/** What drove a score, the strongest first: as many as a line has room for. */
export function reasonsOf({ drivers }: Pick<PredictionRow, "drivers">): DriverPhrase[] {
  return drivers.slice(0, MAX_REASONS).map(driverPhrase);
}

/** Whose predictions: of whoever was champion or challenger then, or of one version in any role. */
export type Whose = { role: PredictionRole } | { version: number };

export const CHAMPIONS: Whose = { role: "champion" };

/**
 * Batches in a span, oldest first. Past days are listed once a minute at most.
 *
 * @param clock the branch's market clock where the caller has read it
 */
export async function batchesIn(
  registry: RegistryContext,
  scope: ReadScope,
  whose: Whose,
  span: Span,
  clock?: number,
): Promise<PredictionBatch[]> {
  const nowMs = clock ?? await clockMs(registry, scope) ?? -Infinity;
  const days = await Promise.all(
    dayParts(span).map((part) => dayBatches(registry, scope, part, nowMs)),
  );
  return days.flat().filter((batch) => isBy(batch, whose));
}

/** Whether a batch, or a score of it, is theirs. */
export function isBy(
  { model, role, version }: Pick<PredictionBatch, "model" | "role" | "version">,
  whose: Whose,
): boolean {
  if (model !== ASSET.detector) return false;
  return "role" in whose ? role === whose.role : version === whose.version;
}

/** What is older than the last hours is kept for a minute; the rest is listed each time. */
async function dayBatches(
  registry: RegistryContext,
  scope: ReadScope,
  { fromMs, toMs }: DayPart,
  nowMs: number,
): Promise<PredictionBatch[]> {
  const list = (span: Span) => listBatches(registry, scope, { ...span, limit: MAX_BATCHES_A_DAY });
  const recentMs = Math.floor((nowMs - LATE_MS) / HOUR_MS) * HOUR_MS;
  if (fromMs >= recentMs) return await list({ fromMs, toMs });
  const past = { fromMs, toMs: Math.min(toMs, recentMs - 1) };
  const minute = Math.floor(registry.nowMs() / KEEP_MS);
  const key = `${branchKey(scope)}/${past.fromMs}/${past.toMs}/${minute}`;
  const [older, newer] = await Promise.all([
    batchesOf.get(registry, key, () => list(past)),
    toMs < recentMs ? [] : list({ fromMs: recentMs, toMs }),
  ]);
  return [...older, ...newer];
}

/** The newest batches of champions, newest first; until `beforeMs` (exclusive) for the next page. */
export async function newestBatches(
  registry: RegistryContext,
  scope: ReadScope,
  { limit, beforeMs }: { limit: number; beforeMs?: number },
): Promise<PredictionBatch[]> {
  const listed = await listBatches(registry, scope, {
    limit: limit * (1 + MAX_CHALLENGERS),
    reverse: true,
    ...(beforeMs === undefined ? {} : { toMs: beforeMs - 1 }),
  });
  return listed.filter((batch) => isBy(batch, CHAMPIONS)).slice(0, limit);
}
