import { assertEquals } from "@std/assert";
import { z } from "zod";
import { flows as realFlows } from "../../flows/mod.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { EventRecord } from "../../src/domain/run.ts";
import { defineFlow, type Flow, type RunnerContext, WithEffects } from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { triggeredBy } from "../../src/engine/listening.ts";
import { followEvents } from "../../src/engine/triggers.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { memoryRegistry, testConfigs, testRunner } from "../support/registry.ts";

/** build → fit → judge, each bound to the number that the event before it named. */
function chain(fault?: string): Flow[] {
  const build = defineFlow({
    ...NO_WORDS,
    name: "build",
    originalName: "BuildFlow",
    publishes: ["dataset_ready"],
    params: z.strictObject({ number: z.int(), source: z.string().optional() }),
  }).step("publish", (ctx) =>
    Promise.resolve(
      new WithEffects({}, async ({ publish }) => {
        await publish("dataset_ready", null, { number: ctx.params.number });
      }),
    )).build();
  const fit = defineFlow({
    ...NO_WORDS,
    name: "fit",
    originalName: "FitFlow",
    publishes: ["model_registered"],
    on: [{ event: "dataset_ready", bind: ({ number }) => ({ dataset: number! }) }],
    params: z.strictObject({ dataset: z.number(), source: z.string().optional() }),
  }).step("publish", (ctx) => {
    if (fault === "fit") throw new AppError("unavailable", "no market");
    return Promise.resolve(
      new WithEffects({}, async ({ publish }) => {
        await publish("model_registered", null, { number: ctx.params.dataset * 10 });
      }),
    );
  }).build();
  const judge = defineFlow({
    ...NO_WORDS,
    name: "judge",
    originalName: "JudgeFlow",
    publishes: [],
    on: [{ event: "model_registered", bind: ({ number }) => ({ model: number! }) }],
    params: z.strictObject({ model: z.number(), strict: z.boolean().default(true) }),
  }).step("look", () => Promise.resolve({})).build();
  return [build, fit, judge];
}

function start(runner: RunnerContext, flows: readonly Flow[], number: number) {
  return runFlow(runner, flows[0]!, { params: { number }, tags: [], triggeredBy: null });
}

Deno.test("followEvents() runs the whole chain, each run bound to what the event names", async () => {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  const flows = chain();
  const first = await start(runner, flows, 3);
  const inherited = {
    params: { number: 3, source: "simulated" },
    tags: ["nightly"],
    goesOn: false,
  };
  const { runs, error } = await followEvents(runner, flows, first, inherited);
  assertEquals(error, null);
  assertEquals(runs.map((run) => [run.flow, run.params, run.triggeredBy]), [
    ["fit", { dataset: 3, source: "simulated" }, 1],
    ["judge", { model: 30, strict: true }, 2],
  ]);
  const tagged = await listRuns(registry, registry.scopes.read, {
    limit: 9,
    flow: "judge",
    tag: "nightly",
  });
  assertEquals(tagged.length, 1);
});

Deno.test("followEvents() leaves the events of other runs alone", async () => {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  const flows = chain();
  await start(runner, flows, 1);
  const second = await start(runner, flows, 2);
  await start(runner, flows, 3);
  const { runs } = await followEvents(runner, flows, second, {
    params: {},
    tags: [],
    goesOn: false,
  });
  assertEquals(runs.map((run) => run.params), [{ dataset: 2 }, { model: 20, strict: true }]);
});

Deno.test("followEvents() stops at a run that fails, and gives its error beside what was done", async () => {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  const flows = chain("fit");
  const first = await start(runner, flows, 1);
  const { runs, error } = await followEvents(runner, flows, first, {
    params: {},
    tags: [],
    goesOn: false,
  });
  assertEquals([runs.length, error?.code, error?.details.flow], [0, "unavailable", "fit"]);
});

function passed(payload: EventRecord["payload"]): EventRecord {
  return {
    id: 1,
    name: "evaluation_passed",
    branch: "main",
    runId: 1,
    recordedAt: "2024-01-01T00:00:00.000Z",
    marketAt: null,
    payload: { version: 4, evaluation: 2, needs_person: false, ...payload },
  };
}

function startedBy(event: EventRecord, autoPromote: boolean) {
  const configs = testConfigs({ auto_promote: autoPromote });
  return triggeredBy(realFlows, event, { configs }).map(({ flow, params }) => [flow.name, params]);
}

Deno.test("an evaluation that passed starts a promotion only where auto_promote is set", () => {
  assertEquals(startedBy(passed({}), false), []);
  const reason = "passed every gate (evaluation 2)";
  assertEquals(startedBy(passed({}), true), [["promote", { version: "4", reason }]]);
});

Deno.test("an evaluation that needs a person starts no promotion, also with auto_promote", () => {
  assertEquals(startedBy(passed({ needs_person: true }), true), []);
});

Deno.test("the parameters that a trigger binds are the flow's own", () => {
  const events: [EventRecord["name"], EventRecord["payload"], string][] = [
    ["dataset_ready", { training_version: 2, holdout_version: 5 }, "train"],
    ["model_registered", { model: "anomaly_detector", version: 3 }, "evaluate"],
    ["evaluation_passed", { version: 4, evaluation: 2 }, "promote"],
  ];
  for (const [name, payload, flowName] of events) {
    const configs = testConfigs({ auto_promote: true });
    const started = triggeredBy(realFlows, { ...passed(payload), name }, { configs });
    assertEquals(started.map(({ flow }) => flow.name), [flowName]);
    const { flow, params } = started[0]!;
    assertEquals(flow.params.safeParse(params).error, undefined);
  }
});
