// Events whose listener fails, and events that nobody handled for long.

import { assertEquals } from "@std/assert";
import { z } from "zod";
import { AppError, type ErrorCode } from "../../src/domain/errors.ts";
import { notificationsSchema } from "../../src/domain/notifications.ts";
import { workOff } from "../../src/engine/backlog.ts";
import { defineFlow, type RunnerContext, WithEffects } from "../../src/engine/flow.ts";
import { listenersOf } from "../../src/engine/listening.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { getDelivery, stageDelivery } from "../../src/registry/deliveries.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { keysOf } from "../../src/store/keys.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { HOUR_MS, memoryRegistry, testConfigs, testRunner } from "../support/registry.ts";

const HEAD = { ...NO_WORDS, params: z.strictObject({}) };
const KEY = { eventId: 1, consumer: "fit" };

/** An event that one flow hears of, which fails as long as `fault.code` says how. */
async function published(fault: { code: ErrorCode | null }) {
  const registry = await memoryRegistry();
  const build = defineFlow({
    ...HEAD,
    name: "build",
    originalName: "BuildFlow",
    publishes: ["dataset_ready"],
  }).step("publish", () =>
    Promise.resolve(
      new WithEffects({}, ({ publish }) => publish("dataset_ready", null, {})),
    )).build();
  let tries = 0;
  const fit = defineFlow({
    ...HEAD,
    name: "fit",
    originalName: "FitFlow",
    publishes: [],
    on: [{ event: "dataset_ready", bind: () => ({}) }],
  }).step("try", () => {
    tries++;
    if (fault.code !== null) throw new AppError(fault.code, "broken");
    return Promise.resolve({});
  }).build();
  const flows = [build, fit];
  const nobody = notificationsSchema.parse({});
  registry.listenersOf = listenersOf(flows, testConfigs(), nobody);
  const runner: RunnerContext = testRunner(registry);
  await runFlow(runner, build, { params: {}, tags: ["nightly"], triggeredBy: null });
  return {
    registry,
    tries: () => tries,
    look: () => workOff(runner, flows, { completed: () => {}, failed: () => {}, noted: () => {} }),
    delivery: async () => (await getDelivery(registry, registry.scopes.read, KEY))!,
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  };
}

Deno.test("a listener that fails is tried again after 30 s, 2, 10 and 60 min, then parked, and replayed on demand", async () => {
  const fault: { code: ErrorCode | null } = { code: "unavailable" };
  using event = await published(fault);
  const { registry } = event;
  await event.look();
  for (const [i, seconds] of [30, 120, 600, 3600].entries()) {
    const { state, failures } = await event.delivery();
    assertEquals([state, failures, event.tries()], ["pending", i + 1, i + 1]);
    registry.clockMs += seconds * 1000 - 1;
    await event.look();
    assertEquals(event.tries(), i + 1, `before ${seconds} s`);
    registry.clockMs += 1;
    await event.look();
  }
  const { state, failures, error } = await event.delivery();
  assertEquals([state, failures, error], ["parked", 5, { code: "unavailable", message: "broken" }]);
  registry.clockMs += HOUR_MS;
  await event.look();
  assertEquals(event.tries(), 5);

  fault.code = null;
  await registry.store.commit(registry.scopes.write, async (tx) => {
    const dueAtMs = registry.nowMs();
    await stageDelivery(registry, tx, KEY, { state: "pending", failures: 0, dueAtMs });
  });
  await event.look();
  assertEquals([(await event.delivery()).state, event.tries()], ["done", 6]);
});

for (const code of ["gate_failed", "invalid", "not_found", "conflict"] as const) {
  Deno.test(`a listener that fails with ${code} is parked at once`, async () => {
    using event = await published({ code });
    await event.look();
    const { state, failures, error } = await event.delivery();
    assertEquals([state, failures, error?.code], ["parked", 1, code]);
  });
}

Deno.test("an event that waited for more than a day is recorded as expired, and not run", async () => {
  using event = await published({ code: null });
  event.registry.clockMs += 24 * HOUR_MS + 1;
  await event.look();
  assertEquals([(await event.delivery()).state, event.tries()], ["expired", 0]);
});

Deno.test("what another process delivers carries the tags of the run that published the event", async () => {
  using event = await published({ code: null });
  await event.look();
  const { registry } = event;
  const tagged = await listRuns(registry, registry.scopes.read, {
    limit: 9,
    flow: "fit",
    tag: "nightly",
  });
  assertEquals(tagged.map(({ triggeredBy }) => triggeredBy), [1]);
});

Deno.test("an event that is due is found behind any number that wait for another try", async () => {
  using event = await published({ code: null });
  const { registry } = event;
  const keys = keysOf(registry.scopes.write);
  const first = (await registry.store.get(keys.event(1)))!;
  const newest = 205;
  for (let id = 1; id <= newest; id++) {
    await registry.store.commit(registry.scopes.write, async (tx) => {
      tx.set(keys.event(id), { ...first, id });
      const dueAtMs = registry.nowMs() + (id === newest ? 0 : HOUR_MS);
      await stageDelivery(registry, tx, { ...KEY, eventId: id }, { dueAtMs });
    });
  }
  await event.look();
  const handled = await getDelivery(registry, registry.scopes.read, { ...KEY, eventId: newest });
  assertEquals([handled?.state, event.tries()], ["done", 1]);
});
