import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { z } from "zod";
import { pipelineState } from "../../../dashboard/reading/pipeline.ts";
import { HOUR_MS } from "../../../src/domain/time.ts";
import { defineFlow } from "../../../src/engine/flow.ts";
import { runFlow } from "../../../src/engine/runner.ts";
import { memoryRegistry, START_MS, testConfigs, testRunner } from "../../support/registry.ts";

/** A flow that does what a test says, named as one that may be scheduled. */
function flowThat(work: () => Promise<void>) {
  return defineFlow({
    name: "ingest",
    originalName: "IngestMarketDataFlow",
    summary: "Does what the test says.",
    examples: [],
    consumes: "nothing",
    produces: "nothing",
    publishes: [],
    params: z.strictObject({}),
  }).step("work", async () => {
    await work();
    return {};
  }).build();
}

const RUN = { params: {}, tags: [], triggeredBy: null };

Deno.test("a flow's state has its last run, its history, oldest first, and when it is due", async () => {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  await runFlow(runner, flowThat(() => Promise.resolve()), RUN);
  registry.clockMs += HOUR_MS;
  const failing = flowThat(() => Promise.reject(new Error("no market")));
  await assertRejects(() => runFlow(runner, failing, RUN));
  const [state] = await pipelineState(registry, registry.scopes.read, {
    flows: [failing],
    configs: testConfigs(),
    schedules: { ingest: "0 * * * *" },
    nowMs: START_MS + 2.5 * HOUR_MS,
    leaseNowMs: Date.now(),
  });
  assertEquals(state!.history, [{ id: 1, status: "completed" }, { id: 2, status: "failed" }]);
  assertEquals([state!.last!.id, state!.ageMs, state!.isLate], [2, 1.5 * HOUR_MS, true]);
  assertEquals(state!.dueAt, new Date(START_MS + 2 * HOUR_MS).toISOString());
});

Deno.test("a run that has ended is read once, and one that goes on until it has", async () => {
  using registry = await memoryRegistry();
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const flow = flowThat(() => {
    begin();
    return finished;
  });
  const read = async () =>
    (await pipelineState(registry, registry.scopes.read, {
      flows: [flow],
      configs: testConfigs(),
      schedules: {},
      nowMs: START_MS,
      leaseNowMs: Date.now(),
    }))[0]!;
  assertEquals((await read()).last, null);
  const running = runFlow(testRunner(registry), flow, RUN);
  await begun;
  assertEquals((await read()).last!.status, "running");
  finish();
  await running;
  const ended = (await read()).last!;
  assertEquals(ended.status, "completed");
  assertStrictEquals((await read()).last, ended);
});
