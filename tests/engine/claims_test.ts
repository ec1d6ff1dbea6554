// Runs by hand beside events that wait: one for the subject of an event handles that event, so that nobody does the
// work again; one for anything else leaves it waiting.

import { assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { flows as realFlows } from "../../flows/mod.ts";
import type { JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { notificationsSchema } from "../../src/domain/notifications.ts";
import { workOff } from "../../src/engine/backlog.ts";
import { defineFlow, type Flow, WithEffects } from "../../src/engine/flow.ts";
import { listenersOf } from "../../src/engine/listening.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { getDelivery, listOpen } from "../../src/registry/deliveries.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { HOURS, type Pipeline, withPipeline } from "../flows/pipeline.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { memoryRegistry, testConfigs, type TestRegistry, testRunner } from "../support/registry.ts";

const SILENT = { completed: () => {}, failed: () => {}, noted: () => {} };

/** From here on events wait for those who listen; a passed evaluation for promote as well. */
function listen(registry: TestRegistry, flows: readonly Flow[] = realFlows): void {
  const nobody = notificationsSchema.parse({});
  registry.listenersOf = listenersOf(flows, testConfigs({ auto_promote: true }), nobody);
}

/** The events that still wait for a flow. */
async function waiting(registry: TestRegistry, flow: string): Promise<number[]> {
  const open = await listOpen(registry, registry.scopes.read, flow, { limit: 99 });
  return open.filter(({ state }) => state === "pending").map(({ eventId }) => eventId);
}

/** Runs by hand, and checks that it handled the newest event that waited for the flow. */
async function assertTakes({ registry, run }: Pipeline, flow: string, params: JsonObject = {}) {
  const event = (await waiting(registry, flow)).at(-1)!;
  const record = await run(flow, params);
  assertEquals(record.triggeredBy, event, `${flow} ${JSON.stringify(params)}`);
  const delivery = await getDelivery(registry, registry.scopes.read, {
    eventId: event,
    consumer: flow,
  });
  assertEquals([delivery?.state, delivery?.runId], ["done", record.id]);
  return record;
}

async function assertTakesNothing(
  { registry, run }: Pipeline,
  flow: string,
  params: JsonObject = {},
) {
  const before = await waiting(registry, flow);
  assertEquals(before.length > 0, true, `something waits for ${flow}`);
  assertEquals((await run(flow, params)).triggeredBy, null, `${flow} ${JSON.stringify(params)}`);
  assertEquals(await waiting(registry, flow), before);
}

async function count(registry: TestRegistry): Promise<number> {
  return (await listRuns(registry, registry.scopes.read, { limit: 100 })).length;
}

Deno.test("a run by hand handles the event that waits for what it is about, however that is named", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    await pipeline.ingest(1);
    listen(registry);
    await pipeline.ingest(1);
    await assertTakes(pipeline, "score");
    await pipeline.ingest(1);
    await assertTakes(pipeline, "score", { snapshot_version: "v3" });
    const { id } = await pipeline.run("ingest");
    await assertTakes(pipeline, "score", { snapshot_version: `run:${id}` });
    assertEquals(await waiting(registry, "score"), []);

    registry.listenersOf = () => [];
    await pipeline.ingest(HOURS - 4);
    listen(registry);
    await pipeline.buildDataset();
    await assertTakes(pipeline, "train");
    await assertTakes(pipeline, "evaluate");
    await assertTakes(pipeline, "promote", { version: "latest" });

    const before = await count(registry);
    await workOff(testRunner(registry), realFlows, SILENT);
    assertEquals(await count(registry), before, "nothing is left to be done");
  }));

Deno.test("a run by hand about anything else leaves the event waiting", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    await pipeline.ingest(HOURS - 1);
    listen(registry);
    await pipeline.ingest(1);
    await assertTakesNothing(pipeline, "score", { snapshot_version: "v1" });
    await pipeline.buildDataset();
    await assertTakesNothing(pipeline, "train", { model_config: "configs/model_lof.json" });
    await assertTakesNothing(pipeline, "evaluate", { compare_to: "none", candidate_version: "v1" });
    await assertTakes(pipeline, "evaluate", { candidate_version: "v1" });
    await assertTakesNothing(pipeline, "promote", { alias: "challenger", version: "v1" });
  }));

Deno.test("a run by hand whose subject cannot be found fails as it did, and leaves the event waiting", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    listen(registry);
    await pipeline.ingest(1);
    const before = await waiting(registry, "score");
    const running = () => pipeline.run("score", { snapshot_version: "v99" });
    assertEquals((await assertRejects(running, AppError)).code, "not_found");
    const [run] = await listRuns(registry, registry.scopes.read, { limit: 1 });
    assertEquals([run!.flow, run!.status, run!.triggeredBy], ["score", "failed", null]);
    assertEquals(await waiting(registry, "score"), before);
  }));

Deno.test("while another process handles the event, runs by hand go without it, and one of them takes the next", async () => {
  using registry = await memoryRegistry();
  const head = {
    ...NO_WORDS,
    params: z.strictObject({}),
  };
  const build = defineFlow({
    ...head,
    name: "build",
    originalName: "BuildFlow",
    publishes: ["dataset_ready"],
  }).step("publish", () =>
    Promise.resolve(
      new WithEffects({}, ({ publish }) => publish("dataset_ready", null, {})),
    )).build();
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let fits = 0;
  const fit = defineFlow({
    ...head,
    name: "fit",
    originalName: "FitFlow",
    publishes: [],
    on: [{ event: "dataset_ready", bind: () => ({}) }],
    subject: () => Promise.resolve({}),
  }).step("think", async () => {
    if (++fits === 1) {
      begun.resolve();
      await gate.promise;
    }
    return {};
  }).build();
  const flows = [build, fit];
  listen(registry, flows);
  const byHand = { params: {}, tags: [], triggeredBy: null };
  await runFlow(testRunner(registry), build, byHand);
  const elsewhere = workOff(testRunner(registry), flows, SILENT);
  await begun.promise;
  const run = await runFlow(testRunner(registry), fit, byHand);
  assertEquals([run.status, run.triggeredBy], ["completed", null]);
  await runFlow(testRunner(registry), build, byHand);
  const both = [1, 2].map(() => runFlow(testRunner(registry), fit, byHand));
  const took = (await Promise.all(both)).map(({ triggeredBy }) => triggeredBy);
  assertEquals(took.sort(), [2, null], "the next event is handled by one of two");
  gate.resolve();
  await elsewhere;
  const key = { eventId: 1, consumer: "fit" };
  const delivery = await getDelivery(registry, registry.scopes.read, key);
  assertEquals([delivery?.state, delivery?.runId], ["done", 2]);
});
