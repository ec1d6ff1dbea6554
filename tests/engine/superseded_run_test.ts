// A run that was stopped while it handled an event, and whose event somebody else has handled since.

import { assertEquals } from "@std/assert";
import { z } from "zod";
import { AppError } from "../../src/domain/errors.ts";
import { notificationsSchema } from "../../src/domain/notifications.ts";
import { workOff } from "../../src/engine/backlog.ts";
import { defineFlow, WithEffects } from "../../src/engine/flow.ts";
import { listenersOf } from "../../src/engine/listening.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { listLeases } from "../../src/registry/leases.ts";
import { getRun } from "../../src/registry/runs.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { dumpBranch, memoryRegistry, testConfigs, testRunner } from "../support/registry.ts";

const HEAD = { ...NO_WORDS, params: z.strictObject({}) };

Deno.test("a stopped run whose event somebody handled by hand is left alone from then on", async () => {
  using registry = await memoryRegistry();
  const build = defineFlow({
    ...HEAD,
    name: "build",
    originalName: "BuildFlow",
    publishes: ["dataset_ready"],
  }).step("publish", () =>
    Promise.resolve(
      new WithEffects({}, ({ publish }) => publish("dataset_ready", null, {})),
    )).build();
  const cut = new AbortController();
  const fit = defineFlow({
    ...HEAD,
    name: "fit",
    originalName: "FitFlow",
    publishes: [],
    on: [{ event: "dataset_ready", bind: () => ({}) }],
    subject: () => Promise.resolve({}),
  }).step("think", ({ signal }) => {
    if (!cut.signal.aborted) cut.abort(new AppError("interrupted", "Stopped."));
    signal.throwIfAborted();
    return Promise.resolve({});
  }).build();
  const flows = [build, fit];
  registry.listenersOf = listenersOf(flows, testConfigs(), notificationsSchema.parse({}));
  const runner = testRunner(registry);
  const told: string[] = [];
  const look = (ctx = runner) =>
    workOff(ctx, flows, {
      completed: ({ id }) => void told.push(`run ${id} completed`),
      failed: (_flow, _branch, { code }) => void told.push(code),
      noted: (line) => void told.push(line),
    });
  await runFlow(runner, build, { params: {}, tags: [], triggeredBy: null });
  await look({ ...runner, signal: cut.signal, stopping: cut.signal });
  const byHand = await runFlow(runner, fit, { params: {}, tags: [], triggeredBy: null });
  assertEquals([byHand.triggeredBy, byHand.status], [1, "completed"]);

  await look();
  assertEquals(await listLeases(registry, registry.scopes.read), []);
  assertEquals((await getRun(registry, registry.scopes.read, 2))!.status, "interrupted");
  const settled = await dumpBranch(registry.store, "main");
  await look();
  assertEquals(await dumpBranch(registry.store, "main"), settled);
  assertEquals(told, ["interrupted"]);
});
