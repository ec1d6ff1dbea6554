import { assert, assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { AppError } from "../../src/domain/errors.ts";
import { defineFlow, type Flow } from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { listVersions } from "../../src/registry/assets.ts";
import { listEvents } from "../../src/registry/events.ts";
import { getRun, listRuns, readLog } from "../../src/registry/runs.ts";
import { readBlob } from "../../src/store/blobs.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { memoryRegistry, testRunner } from "../support/registry.ts";

/** One step that registers parts one by one, each with a blob and an event; it may break between two. */
function partsFlow(breakBefore: number | null): Flow {
  return defineFlow({
    name: "parts",
    originalName: "PartsFlow",
    ...NO_WORDS,
    publishes: ["snapshot_ready"],
    params: z.strictObject({}),
  }).step("work", async (ctx) => {
    for (let part = 1; part <= 3; part++) {
      if (part === breakBefore) throw new AppError("unavailable", "it broke");
      const raw = await ctx.putBlob(new Uint8Array([part]), "application/octet-stream");
      await ctx.checkpoint(async ({ register, publish }) => {
        const { version } = await register({
          kind: "data",
          name: "part",
          marketAt: null,
          description: "",
          annotations: {},
          files: { raw },
          inputs: [],
        });
        await publish("snapshot_ready", null, { version });
      });
      const now = await getRun(ctx.registry, ctx.registry.scopes.write, ctx.run.id);
      assertEquals([now!.status, now!.produced.length, now!.events.length], [
        "running",
        part,
        part,
      ]);
      ctx.log(`part ${part}`);
    }
    return { parts: 3 };
  }).build();
}

async function runParts(breakBefore: number | null) {
  const registry = await memoryRegistry();
  const { store, scopes } = registry;
  const work = runFlow(testRunner(registry), partsFlow(breakBefore), {
    params: {},
    tags: [],
    triggeredBy: null,
  });
  if (breakBefore === null) await work;
  else await assertRejects(() => work, AppError, "it broke");
  const [run] = await listRuns(registry, scopes.write, { limit: 1 });
  const versions = await listVersions(registry, scopes.write, "data", "part", { limit: 9 });
  const events = await listEvents(registry, scopes.write, { limit: 9 });
  for (const { files } of versions) assertEquals((await readBlob(store, files.raw!)).length, 1);
  return { registry, run: run!, versions, events, commits: store.commitCount };
}

Deno.test("each checkpoint is a commit with its blob, its event and the run that names them", async () => {
  const { registry, run, versions, events, commits } = await runParts(null);
  using _ = registry;
  assertEquals(commits, 1 + 3 + 1, "the run, three parts, the step");
  assertEquals(run.status, "completed");
  assertEquals(run.produced.map((item) => item.version), [1, 2, 3]);
  assertEquals(run.events, events.map((event) => event.id).reverse());
  assertEquals(versions.map((version) => version.runId), [run.id, run.id, run.id]);
  assertEquals((await readLog(registry, registry.scopes.write, run.id)).length, 3);
});

Deno.test("a step that breaks between two parts keeps those that were done, and its run names them", async () => {
  const { registry, run, versions, events } = await runParts(3);
  using _ = registry;
  assertEquals([run.status, run.error?.message], ["failed", "it broke"]);
  assertEquals(versions.length, 2);
  assertEquals(run.produced.map((item) => item.version), [1, 2]);
  assert(events.length === 2 && run.events.length === 2);
});
