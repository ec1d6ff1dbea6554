// The slots of a schedule as several processes take them whose clock walks about and who die on the way: each
// slot that has come is run once, or stands in a recorded gap.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { z } from "zod";
import { catchUp, registerSchedules, type ScheduleOptions } from "../../flows/schedules.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { defineFlow, type Flow, type RunnerContext, WithEffects } from "../../src/engine/flow.ts";
import { RunQueue } from "../../src/engine/queue.ts";
import { listEvents } from "../../src/registry/events.ts";
import { listGaps } from "../../src/registry/slots.ts";
import { keysOf } from "../../src/store/keys.ts";
import { gated, MortalGate } from "../support/mortal_store.ts";
import { NO_WORDS } from "../support/no_words.ts";
import {
  memoryRegistry,
  START_MS,
  testDurability,
  type TestRegistry,
  testRunner,
} from "../support/registry.ts";

const LEASE_MS = 30_000;
const FIRST_MS = START_MS + 20 * MINUTE_MS;

/** An hourly flow with an effect that can be counted. */
function hourly(catchesUp: boolean): Flow {
  return defineFlow({
    name: "ingest",
    originalName: "IngestFlow",
    ...NO_WORDS,
    publishes: ["snapshot_ready"],
    catchesUp,
    params: z.strictObject({}),
  }).step("publish", () =>
    Promise.resolve(
      new WithEffects({}, ({ publish }) => publish("snapshot_ready", null, {})),
    )).build();
}

interface World {
  registry: TestRegistry;
  flow: Flow;
  realMs: number;
}

/** A process with the schedule of the flow; it dies after so many commits. */
function processOf(world: World, commits = Infinity) {
  const { registry, flow } = world;
  const gate = new MortalGate(commits, "before");
  const holder = { id: crypto.randomUUID(), forMs: LEASE_MS, nowMs: () => world.realMs };
  const runner: RunnerContext = {
    ...testRunner(registry),
    registry: { ...registry, nowMs: () => registry.clockMs, store: gated(registry.store, gate) },
    durability: testDurability({ holder }),
  };
  const listener = { completed: () => {}, failed: () => {}, noted: () => {} };
  const queue = new RunQueue({ flows: [flow], listener });
  let wake = (): Promise<unknown> => Promise.resolve();
  const options: ScheduleOptions = {
    schedules: { ingest: "0 * * * *" },
    flows: [flow],
    queue,
    runner: () => Promise.resolve(runner),
    stopping: runner.stopping,
    say: () => {},
  };
  registerSchedules({ register: (_name, _slots, handler) => void (wake = handler) }, options);
  return {
    gate,
    start: () => Promise.all([queue.tend(runner), catchUp(options).catch(() => {})]),
    tend: () => queue.tend(runner),
    wake: () => wake(),
  };
}

async function worldOf(catchesUp = false) {
  const registry = await memoryRegistry();
  registry.clockMs = FIRST_MS;
  const world: World = { registry, flow: hourly(catchesUp), realMs: Date.now() };
  return { ...world, [Symbol.dispose]: () => registry[Symbol.dispose]() };
}

/** Slots that a run was begun for, and gaps, in hours since the first start. */
async function takenOf({ registry }: World) {
  const { read } = registry.scopes;
  const hour = (ms: number) => (ms - START_MS) / HOUR_MS;
  const slots = await registry.store.list(keysOf(read).slots("ingest"), { limit: 1000 });
  const gaps = await listGaps(registry, read, "ingest", { limit: 1000 });
  return {
    slots: slots.map(({ rest }) => hour(Number(rest[0]))),
    gaps: gaps.map((gap) => [hour(gap.fromSlotMs), hour(gap.toSlotMs), gap.slots, gap.reason]),
    effects: (await listEvents(registry, read, { limit: 1000 })).length,
  };
}

Deno.test("the first start of a branch runs no slot of the past", async () => {
  using world = await worldOf();
  await processOf(world).start();
  assertEquals(await takenOf(world), { slots: [], gaps: [], effects: 0 });
});

Deno.test("several processes that wake at each slot run it once", async () => {
  using world = await worldOf();
  const processes = [processOf(world), processOf(world), processOf(world)];
  for (const { start } of processes) await start();
  for (const hour of [1, 2, 3]) {
    world.registry.clockMs = START_MS + hour * HOUR_MS;
    await Promise.all(processes.map(({ wake }) => wake()));
  }
  assertEquals(await takenOf(world), { slots: [1, 2, 3], gaps: [], effects: 3 });
});

Deno.test("a timer that wakes 300 ms early takes the slot that it was set for, and none twice", async () => {
  using world = await worldOf();
  const { start, wake } = processOf(world);
  await start();
  for (const ms of [HOUR_MS - 300, HOUR_MS + 5, 2 * HOUR_MS - 300]) {
    world.registry.clockMs = START_MS + ms;
    await wake();
  }
  assertEquals(await takenOf(world), { slots: [1, 2], gaps: [], effects: 2 });
});

for (const catchesUp of [false, true]) {
  const gap = catchesUp ? "no gap" : "a gap of those before";
  Deno.test(`slots missed while nobody served: one run at once, and ${gap}`, async () => {
    using world = await worldOf(catchesUp);
    await processOf(world).start();
    world.registry.clockMs = START_MS + 5.5 * HOUR_MS;
    await processOf(world).start();
    const gaps = catchesUp ? [] : [[1, 4, 4, "missed"]];
    assertEquals(await takenOf(world), { slots: [5], gaps, effects: 1 });
  });
}

Deno.test("a clock a day ahead and back: the day is a gap, and its slots still run when their time comes", async () => {
  using world = await worldOf();
  const { start, wake } = processOf(world);
  await start();
  for (const hour of [1, 25, 2, 3]) {
    world.registry.clockMs = START_MS + hour * HOUR_MS;
    await wake();
  }
  assertEquals(await takenOf(world), {
    slots: [1, 2, 3, 25],
    gaps: [[2, 24, 23, "missed"]],
    effects: 4,
  });
});

Deno.test("whatever the clock does and whoever dies, each slot that has come is run once or in a gap", async () => {
  const move = fc.record({
    byMs: fc.oneof(
      { weight: 6, arbitrary: fc.constant(HOUR_MS) },
      fc.constantFrom(-HOUR_MS, 3 * HOUR_MS, DAY_MS, -DAY_MS, MINUTE_MS, -300),
    ),
    /** Commits that the process still lives for, where it dies at this move. */
    dies: fc.option(fc.nat({ max: 4 }), { nil: null }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 12 }), async (moves) => {
      using world = await worldOf();
      const { registry } = world;
      await processOf(world).start();
      let process = processOf(world);
      let reachedMs = registry.clockMs;
      for (const { byMs, dies } of moves) {
        registry.clockMs = Math.max(FIRST_MS, registry.clockMs + byMs);
        reachedMs = Math.max(reachedMs, registry.clockMs);
        if (dies !== null) process = processOf(world, dies);
        await Promise.all([process.wake(), processOf(world).wake()]);
        if (!process.gate.isDead) continue;
        world.realMs += LEASE_MS + 1;
        process = processOf(world);
        await process.start();
      }
      // The leases of the dead have run out, and the clock is right again.
      world.realMs += LEASE_MS + 1;
      registry.clockMs = reachedMs;
      await processOf(world).start();
      const { slots, gaps, effects } = await takenOf(world);
      assertEquals(effects, slots.length);
      const last = Math.floor((reachedMs + 1000 - START_MS) / HOUR_MS);
      for (let hour = 1; hour <= last; hour++) {
        const isGap = gaps.some(([from, to]) => Number(from) <= hour && hour <= Number(to));
        assert(slots.includes(hour) || isGap, `slot ${hour} of ${last}: ${slots} ${gaps}`);
      }
    }),
    { numRuns: 60, seed: 5 },
  );
});
