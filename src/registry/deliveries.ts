// Deliveries: which listener has handled which event. One is staged with its event, in the commit of the
// state that the event announces, and from then on changes only in commits of the runs that handle it.

import type { DeliveryRecord, DeliveryState } from "../domain/durability.ts";
import { AppError, recordedError } from "../domain/errors.ts";
import type { ReadScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import { type RegistryContext, wallTime } from "./context.ts";

/** Listeners of one event: flows, and rules of notification. */
export const MAX_LISTENERS = 100;

/** An event, and who is to hear of it. */
export interface DeliveryKey {
  eventId: number;
  consumer: string;
}

export type DeliveryChange = Partial<Omit<DeliveryRecord, "eventId" | "consumer" | "updatedAt">>;

/** Waits from one failure to the next try, ms; the last one again and again. */
const BACKOFF_MS = [30_000, 120_000, 600_000, 3_600_000];

export const MAX_BACKOFF_MS = BACKOFF_MS.at(-1)!;

/** When a delivery is tried again that has failed so often. */
export function backoffMs(failures: number): number {
  return BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 0;
}

/**
 * Stages a change of a delivery with its place in the indexes; the first one of a delivery makes it.
 * Gives the record as it will be.
 */
export async function stageDelivery(
  ctx: RegistryContext,
  tx: Transaction,
  { eventId, consumer }: DeliveryKey,
  change: DeliveryChange,
): Promise<DeliveryRecord> {
  const keys = keysOf(ctx.scopes.write);
  const key = keys.delivery(eventId, consumer);
  const present = await tx.get(key) ?? {
    eventId,
    consumer,
    state: "pending",
    failures: 0,
    runId: null,
    dueAtMs: ctx.nowMs(),
    error: null,
    answer: null,
  };
  const record: DeliveryRecord = { ...present, ...change, updatedAt: wallTime(ctx) };
  tx.set(key, record);
  place(tx, keys.openDelivery(consumer, eventId), isOpen(record.state));
  place(tx, keys.parkedDelivery(eventId, consumer), record.state === "parked");
  return record;
}

function place(tx: Transaction, key: Parameters<Transaction["set"]>[0], isThere: boolean): void {
  if (isThere) tx.set(key, true);
  else tx.delete(key);
}

export function isOpen(state: DeliveryState): boolean {
  return state === "pending" || state === "running";
}

export function getDelivery(
  ctx: RegistryContext,
  scope: ReadScope,
  { eventId, consumer }: DeliveryKey,
): Promise<DeliveryRecord | null> {
  return ctx.store.get(keysOf(scope).delivery(eventId, consumer));
}

/** Who hears of an event, and how far they are. */
export async function listDeliveries(
  ctx: RegistryContext,
  scope: ReadScope,
  eventId: number,
): Promise<DeliveryRecord[]> {
  const entries = await ctx.store.list(keysOf(scope).deliveriesOf(eventId), {
    limit: MAX_LISTENERS,
  });
  return entries.map((entry) => entry.value);
}

/** Who hears of which of the events, by event: one read where they lie together. */
export async function deliveriesOfEvents(
  ctx: RegistryContext,
  scope: ReadScope,
  ids: readonly number[],
): Promise<Map<number, DeliveryRecord[]>> {
  if (ids.length === 0) return new Map();
  const [first, last] = [Math.min(...ids), Math.max(...ids)];
  if (last - first < 2 * ids.length) {
    const range = { from: [first], before: [last + 1], limit: ids.length * MAX_LISTENERS };
    const entries = await ctx.store.list(keysOf(scope).deliveries(), range);
    return Map.groupBy(entries.map(({ value }) => value), ({ eventId }) => eventId);
  }
  const lists = await Promise.all(ids.map((id) => listDeliveries(ctx, scope, id)));
  return new Map(ids.map((id, i) => [id, lists[i]!]));
}

/** What nobody has handled yet, of all listeners. */
export async function listAllOpen(
  ctx: RegistryContext,
  scope: ReadScope,
  { limit }: { limit: number },
): Promise<DeliveryRecord[]> {
  const entries = await ctx.store.list(keysOf(scope).openDeliveries(), { limit });
  return await recordsAt(
    ctx,
    scope,
    entries.map(({ rest: [consumer, id] }) => ({
      eventId: Number(id),
      consumer: String(consumer),
    })),
  );
}

/** Who has not handled something yet: one read each, however much that is. */
export async function openConsumers(ctx: RegistryContext, scope: ReadScope): Promise<string[]> {
  const open = keysOf(scope).openDeliveries();
  const consumers: string[] = [];
  for (;;) {
    const after = consumers.length === 0 ? {} : { from: [`${consumers.at(-1)}\0`] };
    const [next] = await ctx.store.list(open, { limit: 1, ...after });
    if (next === undefined) return consumers;
    consumers.push(String(next.rest[0]));
  }
}

/** What a listener has not handled yet, oldest event first, of the events after one. */
export async function listOpen(
  ctx: RegistryContext,
  scope: ReadScope,
  consumer: string,
  { limit, after = 0 }: { limit: number; after?: number },
): Promise<DeliveryRecord[]> {
  const from = [after + 1];
  const entries = await ctx.store.list(keysOf(scope).openDeliveriesOf(consumer), { limit, from });
  const at = entries.map(({ rest: [id] }) => ({ eventId: Number(id), consumer }));
  return await recordsAt(ctx, scope, at);
}

/** What was given up, newest event first. */
export async function listParked(
  ctx: RegistryContext,
  scope: ReadScope,
  { limit }: { limit: number },
): Promise<DeliveryRecord[]> {
  const range = { limit, reverse: true };
  const entries = await ctx.store.list(keysOf(scope).parkedDeliveries(), range);
  return await recordsAt(
    ctx,
    scope,
    entries.map(({ rest: [id, consumer] }) => ({
      eventId: Number(id),
      consumer: String(consumer),
    })),
  );
}

/** Those that are still there: one may be handled, and forgotten, since its place in an index was read. */
async function recordsAt(
  { store }: RegistryContext,
  scope: ReadScope,
  at: readonly DeliveryKey[],
): Promise<DeliveryRecord[]> {
  const keys = keysOf(scope);
  const records = await store.getMany(
    at.map(({ eventId, consumer }) => keys.delivery(eventId, consumer)),
  );
  return records.filter((record) => record !== null);
}

/**
 * What a failure makes of a delivery: due again after a while, or parked after too many or where another
 * try could only fail again.
 */
export function afterFailure(
  ctx: RegistryContext,
  delivery: Pick<DeliveryRecord, "failures">,
  error: AppError,
  maxFailures: number,
): DeliveryChange {
  const failures = delivery.failures + 1;
  const isParked = failures >= maxFailures || !isWorthAnotherTry(error);
  return {
    state: isParked ? "parked" : "pending",
    failures,
    dueAtMs: ctx.nowMs() + backoffMs(failures),
    error: recordedError(error),
  };
}

/** Wrong parameters, missing versions, failed gates and conflicts stay what they are; the rest may pass. */
function isWorthAnotherTry({ code }: AppError): boolean {
  return code === "unavailable" || code === "internal" || code === "too_little_data";
}

/** Throws `not_found` where the listener never was to hear of the event. */
export async function requireDelivery(
  ctx: RegistryContext,
  scope: ReadScope,
  key: DeliveryKey,
): Promise<DeliveryRecord> {
  const found = await getDelivery(ctx, scope, key);
  if (found !== null) return found;
  throw new AppError(
    "not_found",
    `Cannot find event ${key.eventId} for ${key.consumer} on branch ${scope.branch}: it was not to hear ` +
      `of it. See: anomaly events list`,
    { details: { event_id: key.eventId, consumer: key.consumer } },
  );
}
