// Following a run while other processes serve the same branch: what one of them took is waited for and told, what its
// death left is gone on with, and what is not of the chain is left alone.

import { assertEquals } from "@std/assert";
import { z } from "zod";
import { AppError } from "../../src/domain/errors.ts";
import { notificationsSchema } from "../../src/domain/notifications.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { workOff } from "../../src/engine/backlog.ts";
import { defineFlow, type RunnerContext, WithEffects } from "../../src/engine/flow.ts";
import { listenersOf } from "../../src/engine/listening.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { followEvents } from "../../src/engine/triggers.ts";
import { getDelivery } from "../../src/registry/deliveries.ts";
import { getLease } from "../../src/registry/leases.ts";
import { getRun } from "../../src/registry/runs.ts";
import { NO_WORDS } from "../support/no_words.ts";
import {
  memoryRegistry,
  testConfigs,
  testDurability,
  type TestRegistry,
  testRunner,
} from "../support/registry.ts";

const HEAD = { ...NO_WORDS, params: z.strictObject({}) };
const SILENT = { completed: () => {}, failed: () => {}, noted: () => {} };
const LEASE_MS = 30_000;

/** What the listener does, try by try; the last one for all further ones. */
type Fits = (() => Promise<void>)[];

/** build → fit → judge on one branch; `fit` goes as it is told. */
async function chainOf(fits: Fits) {
  const registry = await memoryRegistry();
  const publishing = (event: "dataset_ready" | "model_registered") =>
    new WithEffects({}, ({ publish }) => publish(event, null, {}));
  const build = defineFlow({
    ...HEAD,
    name: "build",
    originalName: "BuildFlow",
    publishes: ["dataset_ready"],
  }).step("publish", () => Promise.resolve(publishing("dataset_ready"))).build();
  const fit = defineFlow({
    ...HEAD,
    name: "fit",
    originalName: "FitFlow",
    publishes: ["model_registered"],
    on: [{ event: "dataset_ready", bind: () => ({}) }],
  }).step("fit", async () => {
    await (fits.length > 1 ? fits.shift()! : fits[0]!)();
    return publishing("model_registered");
  }).build();
  const judge = defineFlow({
    ...HEAD,
    name: "judge",
    originalName: "JudgeFlow",
    publishes: [],
    on: [{ event: "model_registered", bind: () => ({}) }],
  }).step("look", () => Promise.resolve({})).build();
  const flows = [build, fit, judge];
  registry.listenersOf = listenersOf(flows, testConfigs(), notificationsSchema.parse({}));
  const byHand = { params: {}, tags: [], triggeredBy: null };
  return {
    registry,
    build: (runner: RunnerContext) => runFlow(runner, build, byHand),
    follow: (runner: RunnerContext, run: RunRecord, waits = true) =>
      followEvents(runner, flows, run, { params: {}, tags: [], goesOn: false, waits }),
    serve: (runner: RunnerContext) => workOff(runner, flows, SILENT),
    delivery: async (eventId: number) =>
      (await getDelivery(registry, registry.scopes.read, { eventId, consumer: "fit" }))!,
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  };
}

/** A step that says when it begins and goes on when it is let. */
function held() {
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const work = async () => {
    begun.resolve();
    await gate.promise;
  };
  return { work, begun: begun.promise, goOn: () => gate.resolve() };
}

/** A process of its own. `onLook` is told when somebody in it asks whether a lease is still believed. */
function processOn(registry: TestRegistry, onLook: () => number = Date.now): RunnerContext {
  const holder = { id: crypto.randomUUID(), forMs: LEASE_MS, nowMs: onLook };
  return { ...testRunner(registry), durability: testDurability({ holder }) };
}

/** How often the one that follows asks for the time before something happens: it has then been refused, and waits. */
const LOOKS = 3;

const idsOf = (runs: readonly RunRecord[]) =>
  runs.map(({ id, flow, status }) => [id, flow, status]);

Deno.test("a descendant that another process took is waited for, and told with what it triggered", async () => {
  const fit = held();
  using chain = await chainOf([fit.work]);
  let looks = 0;
  const mine = processOn(chain.registry, () => {
    if (++looks === LOOKS) fit.goOn();
    return Date.now();
  });
  const run = await chain.build(mine);
  looks = 0;
  const elsewhere = chain.serve(processOn(chain.registry));
  await fit.begun;
  const { runs, error } = await chain.follow(mine, run);
  await elsewhere;
  assertEquals(error, null);
  assertEquals(idsOf(runs), [[2, "fit", "completed"], [3, "judge", "completed"]]);
  assertEquals((await chain.delivery(1)).runId, 2, "nothing was run twice");
});

Deno.test("where nothing is to be waited for, what another process took is left to it", async () => {
  const fit = held();
  using chain = await chainOf([fit.work]);
  const mine = processOn(chain.registry);
  const run = await chain.build(mine);
  const elsewhere = chain.serve(processOn(chain.registry));
  await fit.begun;
  assertEquals(await chain.follow(mine, run, false), { runs: [], error: null });
  fit.goOn();
  await elsewhere;
});

Deno.test("a descendant whose process dies while it is waited for is gone on with", async () => {
  const fit = held();
  using chain = await chainOf([fit.work, () => Promise.resolve()]);
  const { registry } = chain;
  let [looks, aheadMs] = [0, 0];
  const mine = processOn(registry, () => {
    if (++looks === LOOKS) aheadMs = LEASE_MS + 1_000;
    return Date.now() + aheadMs;
  });
  const run = await chain.build(mine);
  looks = 0;
  const elsewhere = chain.serve(processOn(registry));
  await fit.begun;
  const { runs, error } = await chain.follow(mine, run);
  assertEquals([error, runs.map(({ flow, resumes }) => [flow, resumes])], [
    null,
    [["fit", 2], ["judge", null]],
  ]);
  const delivery = await chain.delivery(1);
  assertEquals([delivery.state, delivery.runId], ["done", runs[0]!.id]);
  const dead = (await getRun(registry, registry.scopes.read, 2))!;
  assertEquals([dead.status, dead.resumedBy], ["interrupted", runs[0]!.id]);
  fit.goOn();
  await elsewhere;
});

Deno.test("the error is told of a descendant that another process parks", async () => {
  const fit = held();
  const broken = async () => {
    await fit.work();
    throw new AppError("gate_failed", "The gate is shut.");
  };
  using chain = await chainOf([broken]);
  let looks = 0;
  const mine = processOn(chain.registry, () => {
    if (++looks === LOOKS) fit.goOn();
    return Date.now();
  });
  const run = await chain.build(mine);
  looks = 0;
  const elsewhere = chain.serve(processOn(chain.registry));
  await fit.begun;
  const { runs, error } = await chain.follow(mine, run);
  await elsewhere;
  assertEquals([runs, error?.code, error?.message], [[], "gate_failed", "The gate is shut."]);
  assertEquals(error?.details, { flow: "fit", run_id: 2 });
});

Deno.test("events of other runs wait on while a run is followed", async () => {
  using chain = await chainOf([() => Promise.resolve()]);
  const mine = processOn(chain.registry);
  await chain.build(mine);
  const run = await chain.build(mine);
  await chain.build(mine);
  const { runs } = await chain.follow(mine, run);
  assertEquals(runs.map(({ triggeredBy }) => triggeredBy), [2, 4]);
  const states = await Promise.all([1, 2, 3].map((id) => chain.delivery(id)));
  assertEquals(states.map(({ state }) => state), ["pending", "done", "pending"]);
});

Deno.test("a step that takes longer than the lease keeps it", async () => {
  const fit = held();
  using chain = await chainOf([fit.work]);
  const { registry } = chain;
  const holder = { id: crypto.randomUUID(), forMs: 300, nowMs: Date.now };
  const slow = { ...testRunner(registry), durability: testDurability({ holder }) };
  await chain.build(slow);
  const real = globalThis.setInterval;
  const every: number[] = [];
  globalThis.setInterval = ((beat: () => void, ms = 0) => {
    every.push(ms);
    return real(beat, ms);
  }) as typeof setInterval;
  const serving = chain.serve(slow);
  await fit.begun;
  globalThis.setInterval = real;
  assertEquals(every, [holder.forMs / 3], "one sign of life may be late");
  const first = (await getLease(registry, registry.scopes.read, 2))!;
  for (let beat = first.beatAtMs; beat - first.beatAtMs <= 2 * first.forMs;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const lease = await getLease(registry, registry.scopes.read, 2);
    assertEquals(lease?.holder, holder.id);
    beat = lease!.beatAtMs;
  }
  fit.goOn();
  await serving;
  const run = (await getRun(registry, registry.scopes.read, 2))!;
  assertEquals([run.status, run.resumedBy], ["completed", null]);
});

/** A process that loses its store and finds it again. `refused` counts what it could not commit meanwhile. */
function cutOff(registry: TestRegistry) {
  const state = { isAway: false, refused: 0 };
  const commit: TestRegistry["store"]["commit"] = async (scope, build) => {
    if (!state.isAway) return await registry.store.commit(scope, build);
    state.refused++;
    throw new AppError("unavailable", "The store is away.");
  };
  const store = new Proxy(registry.store, {
    get: (target, name) => {
      const value = name === "commit" ? commit : Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const holder = { id: crypto.randomUUID(), forMs: 60, nowMs: Date.now };
  const runner = { ...testRunner({ ...registry, store }), durability: testDurability({ holder }) };
  const goAway = async () => {
    state.isAway = true;
    while (state.refused < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { runner, goAway, comeBack: () => void (state.isAway = false) };
}

Deno.test("a process whose signs of life do not reach the store keeps a run that nobody took", async () => {
  const fit = held();
  using chain = await chainOf([fit.work]);
  const { runner, goAway, comeBack } = cutOff(chain.registry);
  const run = await chain.build(runner);
  const following = chain.follow(runner, run);
  await fit.begun;
  await goAway();
  comeBack();
  fit.goOn();
  const { runs, error } = await following;
  assertEquals([error, idsOf(runs)], [null, [[2, "fit", "completed"], [3, "judge", "completed"]]]);
});

Deno.test("a process that was taken for dead learns it by its next sign of life, and cuts the step", async () => {
  const hanging = held();
  using chain = await chainOf([hanging.work, () => Promise.resolve()]);
  const { registry } = chain;
  const { runner, goAway, comeBack } = cutOff(registry);
  const run = await chain.build(runner);
  const following = chain.follow(runner, run);
  await hanging.begun;
  await goAway();
  await chain.serve(processOn(registry, () => Date.now() + LEASE_MS));
  comeBack();
  const { error } = await following;
  assertEquals([error?.code, error?.details.run_id], ["conflict", 2]);
  const first = (await getRun(registry, registry.scopes.read, 2))!;
  assertEquals([first.status, first.resumedBy], ["interrupted", 3]);
  assertEquals((await getRun(registry, registry.scopes.read, 3))!.status, "completed");
});
