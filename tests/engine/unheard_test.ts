// Events that wait for a rule that was taken out of the configuration.

import { assertEquals } from "@std/assert";
import { workOff } from "../../src/engine/backlog.ts";
import { listAllOpen, listDeliveries, stageDelivery } from "../../src/registry/deliveries.ts";
import { HOUR_MS, memoryRegistry, testRunner, trainModel } from "../support/registry.ts";

Deno.test("what waits for a rule that nobody has any more expires after a day, and others wait on", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  const { write } = registry.scopes;
  const stage = (consumer: string, change = {}) =>
    registry.store.commit(write, async (tx) => {
      await stageDelivery(registry, tx, { eventId: 1, consumer }, change);
    });
  await stage("notify:a_gone_rule");
  // Whoever took it died, and the rule went before another could.
  await stage("notify:gone_while_sent", { state: "running" });
  await stage("notify:b_replayed", { dueAtMs: registry.clockMs + HOUR_MS });
  const noted: string[] = [];
  const look = () =>
    workOff(testRunner(registry), [], {
      completed: () => {},
      failed: () => {},
      noted: (line) => void noted.push(line),
    });

  registry.clockMs += 24 * HOUR_MS;
  await look();
  assertEquals((await listAllOpen(registry, write, { limit: 9 })).length, 3);
  registry.clockMs += 1;
  await look();
  await look();
  const states = (await listDeliveries(registry, write, 1)).map(({ consumer, state }) => [
    consumer,
    state,
  ]);
  assertEquals(states, [
    ["notify:a_gone_rule", "expired"],
    ["notify:b_replayed", "pending"],
    ["notify:gone_while_sent", "expired"],
  ]);
  assertEquals(noted, [
    "notify:a_gone_rule has not heard of event 1: nobody has taken that for 1 d",
    "notify:gone_while_sent has not heard of event 1: nobody has taken that for 1 d",
  ]);
});
