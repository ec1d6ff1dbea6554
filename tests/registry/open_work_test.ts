import { assertEquals } from "@std/assert";
import { z } from "zod";
import { newRun } from "../../src/engine/beginning.ts";
import { defineFlow } from "../../src/engine/flow.ts";
import { stageLease } from "../../src/registry/leases.ts";
import { openWork } from "../../src/registry/open_work.ts";
import { stageRunRecord } from "../../src/registry/runs.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { memoryRegistry, START_MS, testRunner } from "../support/registry.ts";

Deno.test("openWork() names a run whose process died, however many runs came after it", async () => {
  using registry = await memoryRegistry();
  const { write } = registry.scopes;
  const flow = defineFlow({
    name: "work",
    originalName: "WorkFlow",
    ...NO_WORDS,
    publishes: [],
    params: z.strictObject({}),
  }).step("do", () => Promise.resolve({})).build();
  const runner = testRunner(registry);
  await registry.store.commit(write, (tx) => {
    for (let id = 1; id <= 150; id++) {
      const run = newRun(runner, flow, { id, params: {}, marketAt: null });
      stageRunRecord(registry, tx, id === 1 ? run : { ...run, status: "completed" });
    }
    stageLease(registry, tx, 1, { id: "gone", forMs: 1000, nowMs: () => START_MS }, false);
    return Promise.resolve();
  });
  const { stranded } = await openWork(registry, write, START_MS + 1001);
  assertEquals(stranded.map(({ id, isCrashed }) => [id, isCrashed]), [[1, true]]);
});
