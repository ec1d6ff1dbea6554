// An event that is replayed is new to whoever serves, however old it is.

import { assertEquals } from "@std/assert";
import { z } from "zod";
import { AppError } from "../../src/domain/errors.ts";
import { defineFlow } from "../../src/engine/flow.ts";
import { workOff } from "../../src/engine/backlog.ts";
import { getDelivery, stageDelivery } from "../../src/registry/deliveries.ts";
import { replayEvent } from "../../src/registry/replay.ts";
import { getRun } from "../../src/registry/runs.ts";
import {
  HOUR_MS,
  memoryRegistry,
  testConfigs,
  testRunner,
  trainModel,
} from "../support/registry.ts";

const evaluate = defineFlow({
  name: "evaluate",
  originalName: "EvaluateDetectorFlow",
  summary: "Looks at a version.",
  examples: [],
  consumes: "a model",
  produces: "nothing",
  publishes: [],
  on: [{ event: "model_registered", bind: () => ({}) }],
  params: z.strictObject({}),
}).step("look", ({ configs }) => {
  if (configs.model_config.contamination === BROKEN) throw new AppError("invalid", "broken");
  return Promise.resolve({});
}).build();

/** A setting with which the flow fails. */
const BROKEN = 0.4999;

Deno.test("an event that waited too long expires, and is run once it is replayed", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  const { write } = registry.scopes;
  const key = { eventId: 1, consumer: "evaluate" };
  await registry.store.commit(write, async (tx) => void await stageDelivery(registry, tx, key, {}));
  const runner = testRunner(registry);
  const listener = { completed: () => {}, failed: () => {}, noted: () => {} };
  const stateAfterWork = async () => {
    await workOff(runner, [evaluate], listener);
    return (await getDelivery(registry, write, key))?.state;
  };
  registry.clockMs += 25 * HOUR_MS;
  assertEquals(await stateAfterWork(), "expired");
  await replayEvent(registry, { eventId: 1, consumer: null, reason: "" });
  registry.clockMs += HOUR_MS;
  assertEquals(await stateAfterWork(), "done");
});

Deno.test("what failed by a setting succeeds once the setting is mended and the event replayed", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  const { write } = registry.scopes;
  const key = { eventId: 1, consumer: "evaluate" };
  await registry.store.commit(write, async (tx) => void await stageDelivery(registry, tx, key, {}));
  const listener = { completed: () => {}, failed: () => {}, noted: () => {} };
  const broken = structuredClone(testConfigs());
  Object.assign(broken.model_config, { contamination: BROKEN });
  const runner = testRunner(registry);
  await workOff({ ...runner, configs: broken }, [evaluate], listener);
  assertEquals((await getDelivery(registry, write, key))?.state, "parked");

  await replayEvent(registry, { eventId: 1, consumer: null, reason: "mended" });
  await workOff(runner, [evaluate], listener);
  const handled = (await getDelivery(registry, write, key))!;
  assertEquals(handled.state, "done");
  const run = (await getRun(registry, write, handled.runId!))!;
  assertEquals([run.resumes, run.triggeredBy], [null, 1]);
});
