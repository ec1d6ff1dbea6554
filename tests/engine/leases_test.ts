// A process that looked dead, and goes on after another one has taken its run over: it writes nothing more,
// whatever it was about to write.

import { assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { AppError } from "../../src/domain/errors.ts";
import { workOff } from "../../src/engine/backlog.ts";
import { defineFlow, type Flow, type RunnerContext, WithEffects } from "../../src/engine/flow.ts";
import { resumeRun } from "../../src/engine/resume.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { listEvents } from "../../src/registry/events.ts";
import { listLeases } from "../../src/registry/leases.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { NO_WORDS } from "../support/no_words.ts";
import {
  memoryRegistry,
  testDurability,
  type TestRegistry,
  testRunner,
} from "../support/registry.ts";

const LEASE_MS = 30_000;
const HOUR_MS = 3_600_000;

type Ending = "step" | "checkpoint" | "failure";

/** One step that waits, in its first try only, and then ends in one of three ways. */
function slowFlow(ending: Ending, held: { begun(): void; gate: Promise<void> }): Flow {
  let tries = 0;
  const head = {
    name: "slow",
    originalName: "SlowFlow",
    ...NO_WORDS,
    publishes: ["snapshot_ready" as const],
    params: z.strictObject({}),
  };
  return defineFlow(head).step("work", async (ctx) => {
    const isFirst = ++tries === 1;
    if (isFirst) {
      held.begun();
      await held.gate;
    }
    const publish = new WithEffects({}, ({ publish }) => publish("snapshot_ready", null, {}));
    if (isFirst && ending === "checkpoint") await ctx.checkpoint(publish.apply);
    if (isFirst && ending === "failure") throw new AppError("internal", "broken");
    return publish;
  }).build();
}

/** A process of its own, whose real time is a field. */
function processOn(registry: TestRegistry, clock: { ms: number }): RunnerContext {
  const holder = { id: crypto.randomUUID(), forMs: LEASE_MS, nowMs: () => clock.ms };
  return { ...testRunner(registry), durability: testDurability({ holder }) };
}

async function heldRun(ending: Ending) {
  const registry = await memoryRegistry();
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const flow = slowFlow(ending, { begun: begun.resolve, gate: gate.promise });
  const clock = { ms: Date.now() };
  const running = runFlow(processOn(registry, clock), flow, {
    params: {},
    tags: [],
    triggeredBy: null,
    goesOn: true,
  });
  running.catch(() => {});
  await begun.promise;
  return {
    registry,
    flow,
    running,
    goOn: gate.resolve,
    /** Another process whose clock is so far from the first one's. */
    other: (aheadMs: number) => processOn(registry, { ms: clock.ms + aheadMs }),
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  };
}

const SILENT = { completed: () => {}, failed: () => {}, noted: () => {} };

async function endOf(registry: TestRegistry) {
  const { read } = registry.scopes;
  const runs = (await listRuns(registry, read, { limit: 9 })).reverse();
  return {
    runs: runs.map(({ status, resumedBy }) => [status, resumedBy]),
    events: (await listEvents(registry, read, { limit: 9 })).map(({ runId }) => runId),
    leases: await listLeases(registry, read),
  };
}

for (const ending of ["step", "checkpoint", "failure"] as const) {
  Deno.test(`a process that was taken for dead commits nothing more: not its ${ending}`, async () => {
    using held = await heldRun(ending);
    const { registry } = held;
    await workOff(held.other(LEASE_MS + 1), [held.flow], SILENT);
    const before = await endOf(registry);
    held.goOn();
    await assertRejects(() => held.running, AppError);
    assertEquals(await endOf(registry), before);
    assertEquals(before, {
      runs: [["interrupted", 2], ["completed", null]],
      events: [2],
      leases: [],
    });
  });
}

for (const [how, aheadMs] of [["an hour back", -HOUR_MS], ["a day ahead", 24 * HOUR_MS]] as const) {
  Deno.test(`a clock ${how} takes a living run over and doubles nothing`, async () => {
    using held = await heldRun("step");
    await workOff(held.other(aheadMs), [held.flow], SILENT);
    held.goOn();
    await assertRejects(() => held.running, AppError);
    const { events, leases } = await endOf(held.registry);
    assertEquals([events, leases], [[2], []]);
  });
}

Deno.test("a run whose process shows signs of life is left alone, and not resumed by hand either", async () => {
  using held = await heldRun("step");
  const other = held.other(LEASE_MS - 1);
  await workOff(other, [held.flow], SILENT);
  const error = await assertRejects(() => resumeRun(other, [held.flow], 1), AppError);
  assertEquals(error.code, "conflict");
  held.goOn();
  await held.running;
  assertEquals(await endOf(held.registry), {
    runs: [["completed", null]],
    events: [1],
    leases: [],
  });
});
