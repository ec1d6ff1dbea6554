// Events and the audit log. An event is staged in the very commit of the state that it announces.

import type { AuditRecord, JsonObject } from "../domain/asset.ts";
import type { EventName, EventRecord } from "../domain/run.ts";
import type { ReadScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import { type RegistryContext, wallTime } from "./context.ts";
import { stageDelivery } from "./deliveries.ts";

/** Stages an event and its deliveries; ids are integers in commit order. */
export async function stageEvent(
  ctx: RegistryContext,
  tx: Transaction,
  event: { name: EventName; runId: number | null; marketAt: string | null; payload: JsonObject },
): Promise<EventRecord> {
  const keys = keysOf(ctx.scopes.write);
  const id = await tx.next(keys.counter("event"));
  const record: EventRecord = {
    id,
    ...event,
    branch: ctx.scopes.write.branch,
    recordedAt: wallTime(ctx),
  };
  tx.set(keys.event(id), record);
  for (const consumer of ctx.listenersOf?.(record) ?? []) {
    await stageDelivery(ctx, tx, { eventId: id, consumer }, {});
  }
  return record;
}

/** Newest first; `before` is exclusive. */
export async function listEvents(
  ctx: RegistryContext,
  scope: ReadScope,
  options: { limit: number; before?: number },
): Promise<EventRecord[]> {
  const entries = await ctx.store.list(keysOf(scope).events(), {
    limit: options.limit,
    reverse: true,
    ...(options.before === undefined ? {} : { before: [options.before] }),
  });
  return entries.map((entry) => entry.value);
}

/** Oldest first, after an id: for tailing. */
export async function eventsAfter(
  ctx: RegistryContext,
  scope: ReadScope,
  afterId: number,
  limit: number,
): Promise<EventRecord[]> {
  const range = { limit, from: [afterId + 1] };
  const entries = await ctx.store.list(keysOf(scope).events(), range);
  return entries.map((entry) => entry.value);
}

/** Stages a line of the audit log: who did what to what, and why. */
export async function stageAudit(
  ctx: RegistryContext,
  tx: Transaction,
  act: { action: string; subject: string; reason: string; details: JsonObject },
): Promise<AuditRecord> {
  const keys = keysOf(ctx.scopes.write);
  const id = await tx.next(keys.counter("audit"));
  const record: AuditRecord = { id, ...act, actor: ctx.actor, recordedAt: wallTime(ctx) };
  tx.set(keys.audit(id), record);
  return record;
}

/** Newest first; `before` is exclusive. */
export async function listAudit(
  ctx: RegistryContext,
  scope: ReadScope,
  options: { limit: number; before?: number },
): Promise<AuditRecord[]> {
  const entries = await ctx.store.list(keysOf(scope).audits(), {
    limit: options.limit,
    reverse: true,
    ...(options.before === undefined ? {} : { before: [options.before] }),
  });
  return entries.map((entry) => entry.value);
}
