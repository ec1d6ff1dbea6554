// An event that is replayed is new to whoever serves, however old it is.

import { assertEquals } from "@std/assert";
import { z } from "zod";
import { defineFlow } from "../../src/engine/flow.ts";
import { workOff } from "../../src/engine/backlog.ts";
import { getDelivery, stageDelivery } from "../../src/registry/deliveries.ts";
import { replayEvent } from "../../src/registry/replay.ts";
import { HOUR_MS, memoryRegistry, testRunner, trainModel } from "../support/registry.ts";

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
}).step("look", () => Promise.resolve({})).build();

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
