// Slots of schedules: each is taken once, by the commit that begins its run, whichever process that is.
// What no run was begun for is recorded as a gap.

import { nextSlot, previousSlot } from "../domain/cron.ts";
import { type GapReason, isExpired, type ScheduleRecord, Taken } from "../domain/durability.ts";
import type { ReadScope } from "../domain/scope.ts";
import { iso, utc } from "../domain/time.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import { type RegistryContext, wallTime } from "./context.ts";

/** Slots that are counted one by one: a minutely schedule over two months. */
const MAX_COUNTED = 100_000;
/** A timer that wakes up a little early is not to take the slot before. */
const EARLY_MS = 1_000;

/** A slot that is due, with those before it that were missed. */
export interface DueSlot {
  flow: string;
  slotMs: number;
  missed: { fromMs: number; toMs: number; slots: number } | null;
}

/**
 * The slot of an expression that is due on a clock, or null where the newest one is behind what was taken.
 * A clock that was put back finds the slots of that hour taken; one that ran ahead finds them missed, and
 * each may still be taken when its time comes.
 */
export function dueSlot(
  flow: string,
  expression: string,
  nowMs: number,
  schedule: ScheduleRecord | null,
): DueSlot | null {
  const slotMs = previousSlot(expression, nowMs + EARLY_MS);
  if (slotMs === null) return null;
  if (schedule === null || schedule.slotMs >= slotMs) return { flow, slotMs, missed: null };
  return { flow, slotMs, missed: slotsBetween(expression, schedule.slotMs, slotMs) };
}

/** The slots between two, both excluded. */
function slotsBetween(expression: string, afterMs: number, beforeMs: number): DueSlot["missed"] {
  const fromMs = nextSlot(expression, afterMs);
  if (fromMs === null || fromMs >= beforeMs) return null;
  let slots = 0;
  let toMs = fromMs;
  for (
    let at: number | null = fromMs;
    at !== null && at < beforeMs && slots < MAX_COUNTED;
    at = nextSlot(expression, at)
  ) {
    slots++;
    toMs = at;
  }
  return { fromMs, toMs, slots };
}

export function getSchedule(
  ctx: RegistryContext,
  scope: ReadScope,
  flow: string,
): Promise<ScheduleRecord | null> {
  return ctx.store.get(keysOf(scope).schedule(flow));
}

/** The run that has a slot; null where nobody took it. */
export async function slotRun(
  ctx: RegistryContext,
  scope: ReadScope,
  { flow, slotMs }: DueSlot,
): Promise<number | null> {
  return (await ctx.store.get(keysOf(scope).slot(flow, slotMs)))?.runId ?? null;
}

/**
 * Takes a slot for a run, in the run's first commit. Throws Taken where another run has it, and where
 * the run of an earlier slot is still alive: a flow does not overlap with itself.
 */
export async function stageSlot(
  ctx: RegistryContext,
  tx: Transaction,
  due: DueSlot,
  options: { runId: number; recordsGap: boolean; nowMs: number },
): Promise<void> {
  const { flow, slotMs, missed } = due;
  const keys = keysOf(ctx.scopes.write);
  const taken = await tx.get(keys.slot(flow, slotMs));
  if (taken) throw takenBy(due, `run ${taken.runId} has that slot`);
  const schedule = await tx.get(keys.schedule(flow));
  const before = schedule?.runId ?? null;
  const lease = before === null ? null : await tx.get(keys.lease(before));
  if (lease && !isExpired(lease, options.nowMs)) {
    throw takenBy(due, `run ${before} of an earlier slot is going on`);
  }
  tx.set(keys.slot(flow, slotMs), { runId: options.runId, takenAt: wallTime(ctx) });
  tx.set(keys.schedule(flow), {
    slotMs: Math.max(slotMs, schedule?.slotMs ?? slotMs),
    runId: options.runId,
  });
  if (missed && options.recordsGap) stageGap(ctx, tx, flow, missed, "missed");
}

function takenBy({ flow, slotMs }: DueSlot, who: string): Taken {
  const slot = iso(slotMs);
  return new Taken(`Cannot run ${flow} for ${utc(slot)}: ${who}.`, { flow, slot });
}

/** Moves a schedule on without a run: to where it begins, or over a slot that nothing is to be done for. */
export async function passSlot(
  ctx: RegistryContext,
  due: DueSlot,
  gap: GapReason | null,
): Promise<void> {
  const { flow, slotMs, missed } = due;
  await ctx.store.commit(ctx.scopes.write, async (tx) => {
    const keys = keysOf(ctx.scopes.write);
    const schedule = await tx.get(keys.schedule(flow));
    if (schedule && schedule.slotMs >= slotMs) return;
    tx.set(keys.schedule(flow), { slotMs, runId: schedule?.runId ?? null });
    if (gap === null) return;
    const fromMs = missed?.fromMs ?? slotMs;
    stageGap(ctx, tx, flow, { fromMs, toMs: slotMs, slots: (missed?.slots ?? 0) + 1 }, gap);
  });
}

function stageGap(
  ctx: RegistryContext,
  tx: Transaction,
  flow: string,
  { fromMs, toMs, slots }: NonNullable<DueSlot["missed"]>,
  reason: GapReason,
): void {
  tx.set(keysOf(ctx.scopes.write).gap(flow, fromMs), {
    toSlotMs: toMs,
    slots,
    reason,
    recordedAt: wallTime(ctx),
  });
}

/** Slots that no run was begun for, newest first. */
export interface Gap {
  fromSlotMs: number;
  toSlotMs: number;
  slots: number;
  reason: GapReason;
  recordedAt: string;
}

export async function listGaps(
  ctx: RegistryContext,
  scope: ReadScope,
  flow: string,
  { limit }: { limit: number },
): Promise<Gap[]> {
  const entries = await ctx.store.list(keysOf(scope).gaps(flow), { limit, reverse: true });
  return entries.map(({ rest, value }) => ({ fromSlotMs: Number(rest[0]), ...value }));
}
