// What must hold of a branch that processes have served, died on and fought over, once all has come to rest:
// every hour is there once, every event was handled once, every prediction was made and decided once.

import { assertEquals } from "@std/assert";
import { ASSET } from "../../src/domain/asset.ts";
import type { EventRecord, RunRecord } from "../../src/domain/run.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { aliasHistory } from "../../src/registry/alias_history.ts";
import { aliasHolder, CHAMPION } from "../../src/registry/aliases.ts";
import { listSnapshots, listVersions } from "../../src/registry/assets.ts";
import { listDeliveries } from "../../src/registry/deliveries.ts";
import { eventsAfter } from "../../src/registry/events.ts";
import { listLeases } from "../../src/registry/leases.ts";
import { listBatches, listDue } from "../../src/registry/predictions.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { listGaps } from "../../src/registry/slots.ts";
import { keysOf } from "../../src/store/keys.ts";
import type { RegistryContext } from "../../src/registry/context.ts";

const ALL = 1_000_000;
const PAGE = 10_000;

/** What was found, for whoever reports it. */
export interface Rest {
  runs: number;
  resumed: number;
  snapshots: number;
  events: number;
  handled: number;
  batches: number;
  decided: number;
  promotions: number;
  slots: number;
  gaps: { flow: string; slots: number; reason: string }[];
}

/**
 * Throws an AssertionError naming what does not hold.
 *
 * @param options.hourly whether the market has one snapshot an hour, as the simulated one
 */
export async function assertAtRest(
  registry: RegistryContext,
  { hourly, scheduled }: { hourly: boolean; scheduled: readonly string[] },
): Promise<Rest> {
  const scope = registry.scopes.write;
  const runs = (await listRuns(registry, scope, { limit: ALL })).reverse();
  assertEquals(runs.map(({ id }) => id), runs.map((_, i) => i + 1), "run ids without holes");
  assertEquals(await listLeases(registry, scope), [], "no run is left for anybody to end");
  assertEquals(runs.filter(({ status }) => status === "running"), []);
  const events = await allEvents(registry, scope);
  assertEquals(events.map(({ id }) => id), events.map((_, i) => i + 1), "event ids without holes");
  const snapshots = await assertSnapshots(registry, scope, events, hourly);
  const handled = await assertHandledOnce(registry, scope, events, runs);
  const predictions = await assertPredictions(registry, scope, events, snapshots);
  const promotions = await assertAlias(registry, scope, events);
  const slots = await assertSlots(registry, scope, scheduled, runs);
  return {
    runs: runs.length,
    resumed: runs.filter(({ resumes }) => resumes !== null).length,
    snapshots: snapshots.length,
    events: events.length,
    handled,
    ...predictions,
    promotions,
    ...slots,
  };
}

async function allEvents(registry: RegistryContext, scope: ReadScope): Promise<EventRecord[]> {
  const events: EventRecord[] = [];
  for (;;) {
    const page = await eventsAfter(registry, scope, events.at(-1)?.id ?? 0, PAGE);
    events.push(...page);
    if (page.length < PAGE) return events;
  }
}

/** Versions in the order of market time, one event each, and no hour left out. */
async function assertSnapshots(
  registry: RegistryContext,
  scope: ReadScope,
  events: readonly EventRecord[],
  hourly: boolean,
) {
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER - 1, limit: ALL };
  const snapshots = await listSnapshots(registry, scope, range);
  assertEquals(snapshots.map(({ version }) => version), snapshots.map((_, i) => i + 1));
  const published = events.filter(({ name }) => name === "snapshot_ready");
  assertEquals(published.map(({ payload }) => payload.version), snapshots.map((_, i) => i + 1));
  if (!hourly) return snapshots;
  const first = snapshots[0]?.marketAtMs ?? 0;
  assertEquals(
    snapshots.map(({ marketAtMs }) => marketAtMs),
    snapshots.map((_, i) => first + i * HOUR_MS),
    "one snapshot an hour",
  );
  return snapshots;
}

/** Each listener's delivery is done, by one run that completed; gives how many. */
async function assertHandledOnce(
  registry: RegistryContext,
  scope: ReadScope,
  events: readonly EventRecord[],
  runs: readonly RunRecord[],
): Promise<number> {
  let handled = 0;
  const byEvent = Map.groupBy(
    runs.filter((run) => run.triggeredBy !== null && run.status === "completed"),
    (run) => `${run.triggeredBy} ${run.flow}`,
  );
  for (const { id, name } of events) {
    for (const { consumer, state, error, runId } of await listDeliveries(registry, scope, id)) {
      // Judged twice, or against a champion that is none any more: a promotion may be refused.
      if (consumer === "promote" && state === "parked") {
        assertEquals(error?.code === "conflict" || error?.code === "gate_failed", true);
        continue;
      }
      const what = `event ${id} (${name}) for ${consumer}: ${error?.message ?? ""}`;
      assertEquals(state, "done", what);
      const completed = byEvent.get(`${id} ${consumer}`) ?? [];
      assertEquals(completed.map((run) => run.id), [runId], what);
      handled++;
    }
  }
  return handled;
}

/** Whoever was champion scored every snapshot once; what is due is decided once, and nothing else waits. */
async function assertPredictions(
  registry: RegistryContext,
  scope: ReadScope,
  events: readonly EventRecord[],
  snapshots: readonly { marketAtMs: number }[],
) {
  const batches = (await listBatches(registry, scope, { limit: ALL }))
    .filter(({ role }) => role === "champion");
  const since = batches[0]?.marketAtMs ?? Infinity;
  assertEquals(
    batches.map(({ marketAtMs }) => marketAtMs),
    snapshots.map(({ marketAtMs }) => marketAtMs).filter((at) => at >= since),
    "every snapshot is scored once, from the first champion on",
  );
  const waiting = await listDue(registry, scope, {
    afterMs: 0,
    untilMs: Number.MAX_SAFE_INTEGER - 1,
    limit: ALL,
  });
  const open = new Set(waiting.map(({ marketAtMs }) => marketAtMs));
  const decided = events.filter(({ name }) => name === "outcomes_validated")
    .map(({ payload }) => Date.parse(String(payload.predicted_at)));
  assertEquals(
    decided.toSorted((a, b) => a - b),
    batches.map(({ marketAtMs }) => marketAtMs).filter((at) => !open.has(at)),
    "every prediction is decided once or waits",
  );
  return { batches: batches.length, decided: decided.length };
}

async function assertAlias(
  registry: RegistryContext,
  scope: ReadScope,
  events: readonly EventRecord[],
): Promise<number> {
  const history = await aliasHistory(registry, scope, ASSET.detector, CHAMPION, ALL);
  const holder = await aliasHolder(registry.store, scope, ASSET.detector, CHAMPION);
  assertEquals(holder?.version, history[0]?.version, "the holder is the newest entry");
  const promoted = events.filter(({ name }) => name === "model_promoted");
  assertEquals(
    history.map(({ version }) => version).toReversed(),
    promoted.map(({ payload }) => payload.version),
  );
  const models = await listVersions(registry, scope, "model", ASSET.detector, { limit: ALL });
  const registered = events.filter(({ name }) => name === "model_registered");
  assertEquals(registered.length, models.length);
  return history.length;
}

/** Every slot that was taken has one run that began with it; those between are gaps. */
async function assertSlots(
  registry: RegistryContext,
  scope: ReadScope,
  scheduled: readonly string[],
  runs: readonly RunRecord[],
) {
  let slots = 0;
  const gaps: Rest["gaps"] = [];
  for (const flow of scheduled) {
    const taken = await registry.store.list(keysOf(scope).slots(flow), { limit: ALL });
    const ids = taken.map(({ value }) => value.runId);
    assertEquals(new Set(ids).size, ids.length, `${flow}: one run a slot`);
    for (const id of ids) assertEquals(runs[id - 1]?.flow, flow);
    slots += taken.length;
    for (const { slots, reason } of await listGaps(registry, scope, flow, { limit: ALL })) {
      gaps.push({ flow, slots, reason });
    }
  }
  return { slots, gaps };
}
