// What is open on a branch, whoever left it: runs whose process died, and events that nobody has handled yet. A
// process that serves works it off beside its own.

import type { JsonObject } from "../domain/asset.ts";
import { type DeliveryRecord, isExpired, Taken } from "../domain/durability.ts";
import { AppError, recordedError, toAppError } from "../domain/errors.ts";
import type { RunRecord } from "../domain/run.ts";
import { duration } from "../domain/time.ts";
import { listOpen, MAX_BACKOFF_MS, stageDelivery } from "../registry/deliveries.ts";
import { type Lease, listLeases } from "../registry/leases.ts";
import { getRun, listTags } from "../registry/runs.ts";
import { keysOf } from "../store/keys.ts";
import { processDied, stageEnd } from "./ending.ts";
import type { Flow, RunnerContext } from "./flow.ts";
import { boundTo, type TriggeredRun } from "./listening.ts";
import { resumeRun } from "./resume.ts";
import { deliver, pick } from "./triggers.ts";
import { expireUnheard } from "./unheard.ts";

/** Events of one listener that are looked at together. */
const PAGE = 200;
/** A run that ends its process each time is not gone on with for ever. */
const MAX_ATTEMPTS = 20;

/** Told of what ended. */
export interface BacklogListener {
  completed(run: RunRecord): void;
  failed(flow: Flow, branch: string, error: AppError): void;
  /** Of what was only recorded. */
  noted(line: string): void;
}

/** Works off all that is due now, until the process is to stop. Never begins what another process holds. */
export async function workOff(
  ctx: RunnerContext,
  flows: readonly Flow[],
  listener: BacklogListener,
): Promise<void> {
  const { branch } = ctx.registry.scopes.write;
  const told = async (flow: Flow, work: () => Promise<RunRecord>) => {
    try {
      listener.completed(await work());
    } catch (cause) {
      if (!(cause instanceof Taken)) listener.failed(flow, branch, toAppError(cause));
    }
  };
  for (const { lease, run, flow } of await abandoned(ctx, flows)) {
    if (ctx.stopping.aborted) return;
    const goesOn = lease.goesOn || run.triggeredBy !== null;
    if (goesOn && run.attempt < MAX_ATTEMPTS) {
      await told(flow, () => goOnWith(ctx, flows, run));
    } else if (await giveUp(ctx, run, processDied(run))) {
      listener.noted(`run ${run.id} (${flow.name}) is interrupted: its process ended before it`);
    }
  }
  for (;;) {
    if (ctx.stopping.aborted) return;
    const next = await nextDue(ctx, flows, listener);
    if (next === null) break;
    await told(next.flow, async () => {
      const { params, tags } = await inherited(ctx, next);
      return await deliver(ctx, flows, { ...next, params }, { tags, goesOn: true });
    });
  }
  await expireUnheard(ctx, flows, listener.noted);
}

/** Runs that are under way by their record, and whose process shows no sign of life. */
async function abandoned(ctx: RunnerContext, flows: readonly Flow[]) {
  const { registry, durability } = ctx;
  const found: { lease: Lease; run: RunRecord; flow: Flow }[] = [];
  for (const lease of await listLeases(registry, registry.scopes.write)) {
    if (!isExpired(lease, durability.holder.nowMs())) continue;
    const run = await getRun(registry, registry.scopes.write, lease.runId);
    const flow = flows.find(({ name }) => name === run?.flow);
    if (run && flow) found.push({ lease, run, flow });
  }
  return found;
}

/**
 * Resumes it; where that cannot be, it is given up with the reason, and not tried for ever: also where
 * somebody has handled its event meanwhile. One that another process has is not given up.
 */
async function goOnWith(
  ctx: RunnerContext,
  flows: readonly Flow[],
  run: RunRecord,
): Promise<RunRecord> {
  let hasBegun = false;
  try {
    return await resumeRun(ctx, flows, run.id, {
      goesOn: true,
      onStarted: () => void (hasBegun = true),
    });
  } catch (cause) {
    const error = toAppError(cause);
    if (!hasBegun) await giveUp(ctx, run, error);
    throw error;
  }
}

/** Ends a run for its dead process. False where it was ended or taken over meanwhile. */
async function giveUp(ctx: RunnerContext, { id }: RunRecord, error: AppError): Promise<boolean> {
  const { registry, durability } = ctx;
  const { write } = registry.scopes;
  const keys = keysOf(write);
  return await registry.store.commit(write, async (tx) => {
    const [run, lease] = [await tx.get(keys.run(id)), await tx.get(keys.lease(id))];
    if (!run || !lease || !isExpired(lease, durability.holder.nowMs())) return false;
    tx.set(keys.lease(id), { ...lease, goesOn: false });
    await stageEnd(ctx, tx, run, {
      status: "interrupted",
      error: run.error === null ? error : new AppError(run.error.code, run.error.message),
      step: run.error?.step ?? null,
    });
    if (run.triggeredBy === null) return true;
    const key = { eventId: run.triggeredBy, consumer: run.flow };
    const delivery = await tx.get(keys.delivery(key.eventId, key.consumer));
    if (delivery?.runId !== id) return true;
    await stageDelivery(registry, tx, key, { state: "parked", error: recordedError(error) });
    return true;
  });
}

/** The oldest event of the first flow that has one due. What is too old is recorded on the way. */
async function nextDue(
  ctx: RunnerContext,
  flows: readonly Flow[],
  listener: BacklogListener,
): Promise<TriggeredRun | null> {
  const { registry } = ctx;
  const { write } = registry.scopes;
  for (const flow of flows) {
    if (flow.on === undefined) continue;
    for await (const delivery of openOf(ctx, flow)) {
      if (!isDue(delivery, registry.nowMs())) continue;
      const event = await registry.store.get(keysOf(write).event(delivery.eventId));
      const next = event && boundTo(flow, event);
      if (next && !isTooOld(ctx, delivery)) return next;
      await expire(ctx, delivery);
      listener.noted(
        `${flow.name} was not run for event ${delivery.eventId}: ` +
          (next
            ? `it is older than ${duration(ctx.durability.maxEventAgeMs)}`
            : "it does not listen to it any more"),
      );
    }
  }
  return null;
}

/** Page by page: behind any number that wait for another try there may be one that is due. */
async function* openOf({ registry }: RunnerContext, flow: Flow): AsyncGenerator<DeliveryRecord> {
  let after = 0;
  for (;;) {
    const page = await listOpen(registry, registry.scopes.write, flow.name, { limit: PAGE, after });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)!.eventId;
  }
}

/**
 * What the run takes over from the one that published the event, as it would have from the process that
 * followed that one: its tags, and the parameters that both have.
 */
async function inherited(
  { registry }: RunnerContext,
  { flow, event, params }: TriggeredRun,
): Promise<{ params: JsonObject; tags: string[] }> {
  const { write } = registry.scopes;
  const from = event.runId === null ? null : await getRun(registry, write, event.runId);
  // It may be forgotten by now.
  if (from === null) return { params, tags: [] };
  const tags = (await listTags(registry, write, from.id))
    .filter(({ record }) => !record.system).map(({ tag }) => tag);
  const own = pick(from.params, Object.keys(flow.params.shape));
  return { params: { ...own, ...params }, tags };
}

/** A time that no backoff reaches was written by a clock that ran ahead. */
function isDue({ state, dueAtMs }: DeliveryRecord, nowMs: number): boolean {
  return state === "pending" && (dueAtMs <= nowMs || dueAtMs > nowMs + MAX_BACKOFF_MS);
}

/** By how long it has been due, and not by the event: one that is replayed is new to whoever serves. */
function isTooOld({ registry, durability }: RunnerContext, { dueAtMs }: DeliveryRecord): boolean {
  return registry.nowMs() - dueAtMs > durability.maxEventAgeMs;
}

async function expire({ registry }: RunnerContext, delivery: DeliveryRecord): Promise<void> {
  const { write } = registry.scopes;
  const { eventId, consumer } = delivery;
  await registry.store.commit(write, async (tx) => {
    const present = await tx.get(keysOf(write).delivery(eventId, consumer));
    if (present?.state !== "pending") return;
    await stageDelivery(registry, tx, { eventId, consumer }, { state: "expired" });
  });
}
