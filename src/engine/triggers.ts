// From events to the flows that listen to them. A run takes its event in its first commit and is done with it
// in its last, so that whoever delivers it, and however often, its effects are there once.

import type { JsonObject } from "../domain/asset.ts";
import { type DeliveryRecord, isExpired, Taken } from "../domain/durability.ts";
import { AppError, toAppError } from "../domain/errors.ts";
import type { RunRecord } from "../domain/run.ts";
import {
  afterFailure,
  type DeliveryKey,
  getDelivery,
  requireDelivery,
  stageDelivery,
} from "../registry/deliveries.ts";
import { getLease } from "../registry/leases.ts";
import { getRun } from "../registry/runs.ts";
import { keysOf } from "../store/keys.ts";
import type { Flow, RunnerContext } from "./flow.ts";
import { triggeredBy, type TriggeredRun } from "./listening.ts";
import { resumeRun } from "./resume.ts";
import { runFlow } from "./runner.ts";
import { pause } from "./time_limit.ts";

/** How often another process is looked at that handles an event. */
const LOOK_MS = 200;

export interface DeliverOptions {
  tags: string[];
  /** Whether any process that serves goes on with the run; see LeaseRecord. */
  goesOn: boolean;
  /** Told of the run as soon as its record is there. */
  onStarted?: (run: RunRecord) => void;
}

/**
 * Runs a flow for an event: anew, or going on with the run that did not come to its end. Throws Taken
 * where somebody else handles or has handled it; any other failure is recorded with the event.
 */
export async function deliver(
  ctx: RunnerContext,
  flows: readonly Flow[],
  { flow, event, params }: TriggeredRun,
  { tags, goesOn, onStarted }: DeliverOptions,
): Promise<RunRecord> {
  const { registry } = ctx;
  const { write } = registry.scopes;
  const key = { eventId: event.id, consumer: flow.name };
  let hasBegun = false;
  const begun = (run: RunRecord) => {
    hasBegun = true;
    onStarted?.(run);
  };
  const beginning = { goesOn, onStarted: begun };
  try {
    const runId = (await getDelivery(registry, write, key))?.runId ?? null;
    const before = runId === null ? null : await getRun(registry, write, runId);
    if (before && before.status !== "completed" && before.resumedBy === null) {
      return await resumeRun(ctx, flows, before.id, beginning);
    }
    return await runFlow(ctx, flow, { ...beginning, params, tags, triggeredBy: event.id });
  } catch (cause) {
    const error = toAppError(cause);
    if (!hasBegun && !(error instanceof Taken)) await recordFailure(ctx, key, error);
    throw error;
  }
}

/** Of a run that could not even begin: nobody else would count it. */
async function recordFailure(
  { registry, durability }: RunnerContext,
  key: DeliveryKey,
  error: AppError,
): Promise<void> {
  const { write } = registry.scopes;
  await registry.store.commit(write, async (tx) => {
    const delivery = await tx.get(keysOf(write).delivery(key.eventId, key.consumer));
    if (delivery?.state !== "pending") return;
    const change = afterFailure(registry, delivery, error, durability.maxFailures);
    await stageDelivery(registry, tx, key, change);
  });
}

/** The end of a chain: the runs that completed, and the first error, if any. */
export interface FollowResult {
  runs: RunRecord[];
  error: AppError | null;
}

/**
 * Runs what the events of `run` trigger, then what those runs' events trigger. Only descendants of
 * `run`; the chain ends, because `defineFlows` refuses flows whose events lead back to themselves.
 *
 * @param inherited parameters that every descendant takes over where it has them (source, …)
 * @param inherited.waits whether a descendant that another process took is waited for, and told with the
 *   others; else it is that process's to tell
 */
export async function followEvents(
  ctx: RunnerContext,
  flows: readonly Flow[],
  run: RunRecord,
  inherited: { params: JsonObject; waits?: boolean } & DeliverOptions,
): Promise<FollowResult> {
  const runs: RunRecord[] = [];
  const queue = await triggeredByRun(ctx, flows, run);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (ctx.stopping.aborted) return { runs, error: notBegun(next) };
    const own = pick(inherited.params, Object.keys(next.flow.params.shape));
    const bound = { ...next, params: { ...own, ...next.params } };
    try {
      const followed = await deliverOrWait(ctx, flows, bound, inherited);
      if (followed === null) continue;
      runs.push(followed);
      queue.push(...await triggeredByRun(ctx, flows, followed));
    } catch (error) {
      return { runs, error: toAppError(error) };
    }
  }
  return { runs, error: null };
}

/** Delivers; where another process has the event, waits for it. Null where it is not to be waited for. */
async function deliverOrWait(
  ctx: RunnerContext,
  flows: readonly Flow[],
  next: TriggeredRun,
  options: { waits?: boolean } & DeliverOptions,
): Promise<RunRecord | null> {
  const { registry } = ctx;
  const { write } = registry.scopes;
  const key = { eventId: next.event.id, consumer: next.flow.name };
  for (;;) {
    try {
      return await deliver(ctx, flows, next, options);
    } catch (error) {
      if (!(error instanceof Taken)) throw error;
      if (!options.waits) return null;
    }
    const delivery = await whileHeld(ctx, key);
    if (delivery.state === "done") return await getRun(registry, write, delivery.runId!);
    if (delivery.state !== "parked" || delivery.error === null) continue;
    const { code, message } = delivery.error;
    throw new AppError(code, message, {
      details: { flow: next.flow.name, run_id: delivery.runId },
    });
  }
}

/** Waits until no living process handles the event. Throws the reason of a stop. */
async function whileHeld(ctx: RunnerContext, key: DeliveryKey): Promise<DeliveryRecord> {
  const { registry, durability } = ctx;
  const { write } = registry.scopes;
  for (;;) {
    const delivery = await requireDelivery(registry, write, key);
    if (delivery.state !== "running") return delivery;
    const lease = await getLease(registry, write, delivery.runId!);
    if (lease === null || isExpired(lease, durability.holder.nowMs())) return delivery;
    await pause(LOOK_MS, AbortSignal.any([ctx.stopping, ctx.signal]));
  }
}

function notBegun({ flow, event }: TriggeredRun): AppError {
  return new AppError(
    "interrupted",
    `Cannot run ${flow.name}, which event ${event.id} (${event.name}) starts: the process is stopping. ` +
      `The event waits for whoever serves. Next: anomaly ${flow.name}`,
    { details: { flow: flow.name } },
  );
}

async function triggeredByRun(
  ctx: RunnerContext,
  flows: readonly Flow[],
  run: RunRecord,
): Promise<TriggeredRun[]> {
  const { store, scopes } = ctx.registry;
  const events = await store.getMany(run.events.map((id) => keysOf(scopes.write).event(id)));
  return events.flatMap((event) => event === null ? [] : triggeredBy(flows, event, ctx));
}

/** Those of the parameters that are among the names. */
export function pick(params: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(params).filter(([name]) => names.includes(name)));
}
