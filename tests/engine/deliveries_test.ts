// Events that several processes work off at once on one store, their commits interleaved in any order, some of
// them dying on the way: each event has its effects once.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { z } from "zod";
import { notificationsSchema } from "../../src/domain/notifications.ts";
import { workOff } from "../../src/engine/backlog.ts";
import { defineFlow, type Flow, type RunnerContext, WithEffects } from "../../src/engine/flow.ts";
import { listenersOf } from "../../src/engine/listening.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { listAllOpen, listDeliveries } from "../../src/registry/deliveries.ts";
import { listEvents } from "../../src/registry/events.ts";
import { listLeases } from "../../src/registry/leases.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { type Gate, gated, MortalGate } from "../support/mortal_store.ts";
import { NO_WORDS } from "../support/no_words.ts";
import {
  memoryRegistry,
  testConfigs,
  testDurability,
  type TestRegistry,
  testRunner,
} from "../support/registry.ts";

const NOBODY = notificationsSchema.parse({});
const LEASE_MS = 30_000;
const EVENTS = 2;

/** build → fit, in two steps, → judge; each publishes one event for each that it hears of. */
function chain(): Flow[] {
  const numbered = z.strictObject({ number: z.number() });
  const build = defineFlow({
    ...NO_WORDS,
    name: "build",
    originalName: "BuildFlow",
    publishes: ["dataset_ready"],
    params: numbered,
  }).step("publish", ({ params }) =>
    Promise.resolve(
      new WithEffects({}, ({ publish }) => publish("dataset_ready", null, params)),
    )).build();
  const fit = defineFlow({
    ...NO_WORDS,
    name: "fit",
    originalName: "FitFlow",
    publishes: ["model_registered"],
    on: [{ event: "dataset_ready", bind: ({ number }) => ({ number: number! }) }],
    params: numbered,
  }).step("think", () => Promise.resolve({}))
    .step("publish", ({ params }) =>
      Promise.resolve(
        new WithEffects({}, ({ publish }) => publish("model_registered", null, params)),
      )).build();
  const judge = defineFlow({
    ...NO_WORDS,
    name: "judge",
    originalName: "JudgeFlow",
    publishes: ["evaluation_passed"],
    on: [{ event: "model_registered", bind: ({ number }) => ({ number: number! }) }],
    params: numbered,
  }).step("publish", ({ params }) =>
    Promise.resolve(
      new WithEffects({}, ({ publish }) => publish("evaluation_passed", null, params)),
    )).build();
  return [build, fit, judge];
}

/** A process of its own on the registry's store, whose commits pass the gates. */
function processOn(
  registry: TestRegistry,
  flows: readonly Flow[],
  { gates = [], nowMs = Date.now }: { gates?: Gate[]; nowMs?: () => number },
): RunnerContext {
  return {
    ...testRunner(registry),
    registry: {
      ...registry,
      store: gates.reduce((store, gate) => gated(store, gate), registry.store),
      listenersOf: listenersOf(flows, testConfigs(), NOBODY),
    },
    durability: testDurability({ holder: { id: crypto.randomUUID(), forMs: LEASE_MS, nowMs } }),
  };
}

const SILENT = { completed: () => {}, failed: () => {}, noted: () => {} };

/** The events of a branch in numbers: name and number of each. */
async function published(registry: TestRegistry): Promise<string[]> {
  const events = await listEvents(registry, registry.scopes.read, { limit: 100 });
  return events.map(({ name, payload }) => `${name} ${payload.number}`).sort();
}

Deno.test("processes that work off the same events in any order, and die on the way, have each effect once", async () => {
  const flows = chain();
  const numbers = Array.from({ length: EVENTS }, (_, i) => i + 1);
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.option(fc.nat({ max: 12 }), { nil: Infinity }), { minLength: 2, maxLength: 3 }),
      fc.constantFrom("before" as const, "unheard" as const),
      async (scheduler, lives, death) => {
        using registry = await memoryRegistry();
        let realMs = Date.now();
        const nowMs = () => realMs;
        const first = processOn(registry, flows, { nowMs });
        for (const number of numbers) {
          await runFlow(first, flows[0]!, { params: { number }, tags: [], triggeredBy: null });
        }
        const inTurn: Gate = {
          commit: async (commit) => {
            await scheduler.schedule(Promise.resolve());
            return await commit();
          },
        };
        const working = lives.map((commits) => {
          const gates = [new MortalGate(commits, death), inTurn];
          return workOff(processOn(registry, flows, { gates, nowMs }), flows, SILENT).catch(
            () => {},
          );
        });
        await scheduler.waitFor(Promise.all(working));
        realMs += LEASE_MS + 1;
        await workOff(processOn(registry, flows, { nowMs }), flows, SILENT);

        const { read } = registry.scopes;
        const names = ["dataset_ready", "evaluation_passed", "model_registered"];
        assertEquals(
          await published(registry),
          names.flatMap((name) => numbers.map((number) => `${name} ${number}`)),
        );
        assertEquals(await listLeases(registry, read), []);
        assertEquals(await listAllOpen(registry, read, { limit: 100 }), []);
        const runs = await listRuns(registry, read, { limit: 100 });
        assertEquals(runs.filter(({ status }) => status === "running"), []);
        for (const { id } of await listEvents(registry, read, { limit: 100 })) {
          const deliveries = await listDeliveries(registry, read, id);
          assertEquals(deliveries.filter(({ state }) => state !== "done"), []);
        }
      },
    ),
    { numRuns: 40, seed: 11 },
  );
});
