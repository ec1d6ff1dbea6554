// Going on with a run that was stopped, cut, or failed: its finished steps are adopted, the rest is as in a run that
// nothing came between, and whatever the old run was given is carried over.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import type { JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { notificationsSchema } from "../../src/domain/notifications.ts";
import { workOff } from "../../src/engine/backlog.ts";
import {
  defineFlow,
  type Flow,
  type RunnerContext,
  type StepContext,
  WithEffects,
} from "../../src/engine/flow.ts";
import { listenersOf } from "../../src/engine/listening.ts";
import { resumeRun } from "../../src/engine/resume.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { listVersions } from "../../src/registry/assets.ts";
import { getDelivery, stageDelivery } from "../../src/registry/deliveries.ts";
import { listEvents } from "../../src/registry/events.ts";
import { getLease, listLeases } from "../../src/registry/leases.ts";
import { getRun, listRuns, listSteps, listTags } from "../../src/registry/runs.ts";
import { keysOf } from "../../src/store/keys.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { dumpBranch, memoryRegistry, testConfigs, testRunner } from "../support/registry.ts";

type StepName = "first" | "second" | "third";
const STEPS: StepName[] = ["first", "second", "third"];

interface World {
  /** What happens within a step, after its checkpoint; tests put their faults here. */
  within: (step: StepName, signal: AbortSignal) => void | Promise<void>;
  /** The steps that were begun, in order. */
  begun: string[];
}

/** Three steps, each with a checkpointed version (made once), an event, and the artifacts of those before it. */
function threeSteps(world: World, names: readonly string[] = STEPS): Flow {
  const [first, ...others] = names.map((name, i) => ({ name, at: STEPS[i]! }));
  const head = {
    ...NO_WORDS,
    name: "three",
    originalName: "ThreeFlow",
    publishes: ["snapshot_ready" as const],
    params: z.strictObject({ size: z.number().default(1) }),
    on: [{ event: "dataset_ready" as const, bind: () => ({}) }],
  };
  const work = (at: StepName) => async (ctx: StepContext<unknown>, seen: JsonObject) => {
    world.begun.push(at);
    const { registry } = ctx;
    const raw = await ctx.putBlob(new TextEncoder().encode(at), "text/plain");
    const done = await listVersions(registry, registry.scopes.write, "data", at, { limit: 1 });
    if (done.length === 0) {
      await ctx.checkpoint(async ({ register }) => {
        await register({
          kind: "data",
          name: at,
          marketAt: null,
          description: "",
          annotations: {},
          files: { raw },
          inputs: [],
        });
      });
    }
    await world.within(at, ctx.signal);
    return new WithEffects(
      { [at]: { environment: ctx.configs.environment, seen: Object.keys(seen) } },
      ({ publish }) => publish("snapshot_ready", null, { at }),
    );
  };
  let flow = defineFlow(head).step(first!.name, work(first!.at));
  for (const { name, at } of others) flow = flow.step(name, work(at));
  return flow.build();
}

const calm = (): World => ({ within: () => {}, begun: [] });

/** Runs the flow until a stop comes within its second step. `how` often it was said: once, or twice. */
async function stoppedRun(how: "once" | "twice", given: { goesOn?: boolean } = {}) {
  const registry = await memoryRegistry();
  const [stopping, cut] = [new AbortController(), new AbortController()];
  const world = calm();
  world.within = (step, signal) => {
    if (step !== "second") return;
    const reason = new AppError("interrupted", "Somebody pressed Ctrl-C.");
    stopping.abort(reason);
    if (how === "twice") cut.abort(reason);
    signal.throwIfAborted();
  };
  const flow = threeSteps(world);
  const runner = { ...testRunner(registry), stopping: stopping.signal, signal: cut.signal };
  const asked = { params: { size: 3 }, tags: ["mine"], triggeredBy: null, ...given };
  const error = await assertRejects(() => runFlow(runner, flow, asked), AppError);
  world.within = () => {};
  return { registry, world, flow, error, [Symbol.dispose]: () => registry[Symbol.dispose]() };
}

/** What a run leaves behind, without its number and times. */
async function resultOf(runner: RunnerContext, runId: number) {
  const { registry } = runner;
  const { read } = registry.scopes;
  const run = (await getRun(registry, read, runId))!;
  const steps = await listSteps(registry, read, runId);
  const events = (await listEvents(registry, read, { limit: 99 })).reverse();
  return {
    status: run.status,
    error: run.error,
    produced: run.produced,
    events: run.events,
    steps: steps.map(({ name, status, artifacts }) => [name, status, artifacts]),
    published: events.map(({ id, payload }) => [id, payload]),
  };
}

async function uninterrupted() {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  const asked = { params: { size: 3 }, tags: [], triggeredBy: null };
  return await resultOf(runner, (await runFlow(runner, threeSteps(calm()), asked)).id);
}

for (const how of ["once", "twice"] as const) {
  const finished = how === "once" ? ["first", "second"] : ["first"];
  Deno.test(`a run stopped ${how} is interrupted after ${finished.join(" and ")}, and resumed to the same end`, async () => {
    using old = await stoppedRun(how);
    const { registry, world, flow, error } = old;
    const runner = testRunner(registry);
    assertEquals([error.code, error.details.run_id], ["interrupted", 1]);
    assertStringIncludes(error.message, "Somebody pressed Ctrl-C. Next: anomaly runs resume 1");
    assertEquals(world.begun, ["first", "second"]);
    const before = await resultOf(runner, 1);
    assertEquals([before.status, before.error?.code], ["interrupted", "interrupted"]);
    assertEquals(before.steps.map(([name]) => name), finished);
    assertEquals(before.published.length, finished.length, "effects of finished steps alone");
    assertEquals(await listLeases(registry, registry.scopes.read), []);

    const run = await resumeRun(runner, [flow], 1);
    assertEquals(await resultOf(runner, run.id), await uninterrupted());
    assertEquals([run.attempt, run.resumes], [2, 1]);
    assertEquals((await getRun(registry, registry.scopes.read, 1))!.resumedBy, run.id);
    const adopted = (await listSteps(registry, registry.scopes.read, run.id))
      .map(({ name, adoptedFrom }) => [name, adoptedFrom]);
    assertEquals(adopted, STEPS.map((name) => [name, finished.includes(name) ? 1 : null]));
  });
}

Deno.test("a run that failed is resumed after its finished steps, and again after the next failure", async () => {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  const world = calm();
  const flow = threeSteps(world);
  const failAt = (failing: StepName | null) => {
    world.within = (step) => {
      if (step === failing) throw new AppError("unavailable", `${step} broke.`);
    };
  };
  failAt("second");
  await assertRejects(() => runFlow(runner, flow, { params: {}, tags: [], triggeredBy: null }));
  failAt("third");
  await assertRejects(() => resumeRun(runner, [flow], 1), AppError, "third broke.");
  failAt(null);
  const run = await resumeRun(runner, [flow], 2);
  assertEquals([run.id, run.attempt], [3, 3]);
  assertEquals(world.begun, ["first", "second", "second", "third", "third"]);
  assertEquals(await resultOf(runner, 3), await uninterrupted());
  const from = (await listSteps(registry, registry.scopes.read, 3)).map((step) => step.adoptedFrom);
  assertEquals(from, [1, 2, null], "each step names the run that did it");
});

Deno.test("a run is resumed once: whoever comes second is told which run went on with it", async () => {
  using old = await stoppedRun("once");
  const runner = testRunner(old.registry);
  const twice = await Promise.allSettled([1, 2].map(() => resumeRun(runner, [old.flow], 1)));
  assertEquals(twice.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const error = await assertRejects(() => resumeRun(runner, [old.flow], 1), AppError);
  assertEquals(error.code, "conflict");
  assertStringIncludes(error.message, "run 2 has gone on with it. See: anomaly runs show 2");
  assertEquals((await listRuns(old.registry, old.registry.scopes.read, { limit: 9 })).length, 2);
});

Deno.test("a run that completed and one that is going on are not resumed", async () => {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  const world = calm();
  const flow = threeSteps(world);
  const refusals: AppError[] = [];
  const refused = () => assertRejects(() => resumeRun(runner, [flow], 1), AppError);
  world.within = async () => void refusals.push(await refused());
  await runFlow(runner, flow, { params: {}, tags: [], triggeredBy: null });
  const goingOn = refusals[0]!;
  assertEquals(goingOn.code, "conflict");
  assertStringIncludes(goingOn.message, "it is still going on");
  const completed = await refused();
  assertEquals(completed.code, "conflict");
  assertStringIncludes(completed.message, "it has completed. Next: anomaly three");
});

Deno.test("a resumed run has the old one's parameters, configs, tags and read branch, not today's", async () => {
  using registry = await memoryRegistry({ branch: "user.ann", readBranch: "main" });
  const world = calm();
  world.within = (step) => {
    if (step === "second") throw new AppError("internal", "broke.");
  };
  const flow = threeSteps(world);
  const asked = { params: { size: 7 }, tags: ["mine"], triggeredBy: null };
  await assertRejects(() => runFlow(testRunner(registry), flow, asked));
  world.within = () => {};
  const today = {
    ...testRunner(registry, { environment: "prod" }),
    registry: {
      ...registry,
      scopes: { ...registry.scopes, read: registry.scopes.write },
      actor: "bob",
    },
  };
  const run = await resumeRun(today, [flow], 1);
  assertEquals([run.params, run.readBranch, run.user], [{ size: 7 }, "main", "bob"]);
  assertEquals(run.configs.environment, "dev");
  const steps = await listSteps(registry, registry.scopes.write, run.id);
  assertEquals(steps.map(({ artifacts }) => artifacts), [
    { first: { environment: "dev", seen: [] } },
    { second: { environment: "dev", seen: ["first"] } },
    { third: { environment: "dev", seen: ["first", "second"] } },
  ]);
  const tags = await listTags(registry, registry.scopes.write, run.id);
  assertEquals(tags.filter(({ record }) => !record.system).map(({ tag }) => tag), ["mine"]);
});

Deno.test("a run whose flow has other steps by now is refused, and nothing is written", async () => {
  using old = await stoppedRun("once");
  const before = await dumpBranch(old.registry.store, "main");
  const changed = [threeSteps(calm(), ["first", "renamed", "third"])];
  const resuming = () => resumeRun(testRunner(old.registry), changed, 1);
  const error = await assertRejects(resuming, AppError);
  assertEquals(error.code, "conflict");
  assertStringIncludes(
    error.message,
    'its step 2 is "second", and three has first, renamed, third',
  );
  assertEquals(await dumpBranch(old.registry.store, "main"), before);
});

const SILENT = { completed: () => {}, failed: () => {}, noted: () => {} };

Deno.test("a stopped run that others go on with is put down, and picked up at once", async () => {
  using old = await stoppedRun("once", { goesOn: true });
  const { registry, flow } = old;
  assertEquals((await getLease(registry, registry.scopes.read, 1))?.holder, null);
  await workOff(testRunner(registry), [flow], SILENT);
  assertEquals(await resultOf(testRunner(registry), 2), await uninterrupted());
  assertEquals(await listLeases(registry, registry.scopes.read), []);
});

Deno.test("a run that ended its process twenty times is given up, and its event parked", async () => {
  using registry = await memoryRegistry();
  const world = calm();
  const three = threeSteps(world);
  const build = defineFlow({
    ...NO_WORDS,
    name: "build",
    originalName: "BuildFlow",
    publishes: ["dataset_ready"],
    params: z.strictObject({}),
  }).step("publish", () =>
    Promise.resolve(
      new WithEffects({}, ({ publish }) => publish("dataset_ready", null, {})),
    )).build();
  const flows = [build, three];
  registry.listenersOf = listenersOf(flows, testConfigs(), notificationsSchema.parse({}));
  await runFlow(testRunner(registry), build, { params: {}, tags: [], triggeredBy: null });
  world.within = (step) => {
    if (step === "second") throw new AppError("internal", "killed");
  };
  const key = { eventId: 1, consumer: "three" };
  // The failure stands for a death: the run is left as a kill leaves it.
  for (let died = 1; died <= 21; died++) {
    await workOff(testRunner(registry), flows, SILENT);
    const [run] = await listRuns(registry, registry.scopes.read, { limit: 1, flow: "three" });
    if (run!.attempt < died) break;
    await registry.store.commit(registry.scopes.write, (tx) => {
      const keys = keysOf(registry.scopes.write);
      tx.set(keys.run(run!.id), { ...run!, status: "running", error: null, finishedAt: null });
      tx.set(keys.lease(run!.id), { holder: "dead", beatAtMs: 0, forMs: 1, goesOn: true });
      const change = { state: "running" as const, runId: run!.id, failures: 0 };
      return stageDelivery(registry, tx, key, change);
    });
  }
  const runs = await listRuns(registry, registry.scopes.read, { limit: 99, flow: "three" });
  assertEquals([runs.length, runs[0]!.attempt, runs[0]!.status], [20, 20, "interrupted"]);
  assertEquals(runs[0]!.triggeredBy, 1, "every further one took the event over");
  const delivery = (await getDelivery(registry, registry.scopes.read, key))!;
  assertEquals([delivery.state, delivery.error?.code], ["parked", "interrupted"]);
  assertEquals(await listLeases(registry, registry.scopes.read), []);
  const settled = await dumpBranch(registry.store, "main");
  await workOff(testRunner(registry), flows, SILENT);
  assertEquals(await dumpBranch(registry.store, "main"), settled);
});
