import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { AppError } from "../../src/domain/errors.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { defineFlow, type Flow, type RunnerContext, WithEffects } from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { listVersions } from "../../src/registry/assets.ts";
import { listEvents } from "../../src/registry/events.ts";
import { getRun, listRuns, listSteps, listTags, readLog } from "../../src/registry/runs.ts";
import { readBlob } from "../../src/store/blobs.ts";
import { NO_WORDS } from "../support/no_words.ts";
import {
  dumpBranch,
  judgeModel,
  memoryRegistry,
  newChampion,
  promote,
  type TestRegistry,
  testRunner,
  trainModel,
} from "../support/registry.ts";

const HEAD = {
  name: "sample",
  originalName: "SampleFlow",
  ...NO_WORDS,
  publishes: ["snapshot_ready" as const],
  params: z.strictObject({ size: z.int().default(3) }),
};

/** Three steps: a blob, a sum over it, and a version with an event made of both. */
function sampleFlow(fault: { step?: string; effects?: () => void } = {}): Flow {
  const failIn = (step: string) => {
    if (fault.step === step) throw new AppError("unavailable", `step ${step} broke`);
  };
  return defineFlow(HEAD)
    .step("fetch", async (ctx) => {
      failIn("fetch");
      ctx.log(`fetching ${ctx.params.size} bytes`);
      const bytes = new Uint8Array(ctx.params.size).fill(7);
      return { raw: await ctx.putBlob(bytes, "application/octet-stream") };
    })
    .step("sum", async (ctx, { raw }) => {
      failIn("sum");
      const bytes = await ctx.readBlob(raw);
      ctx.log("summing", "warn");
      return { sum: bytes.reduce((a, b) => a + b, 0) };
    })
    .step("register", (_ctx, { raw, sum }) => {
      failIn("register");
      return Promise.resolve(
        new WithEffects({ done: true }, async ({ register, publish, summarize }) => {
          const { version } = await register({
            kind: "data",
            name: "sample",
            marketAt: null,
            description: `sum ${sum}`,
            annotations: { sum },
            files: { raw },
            inputs: [],
          });
          await publish("snapshot_ready", null, { version });
          summarize({ sum });
          fault.effects?.();
        }),
      );
    })
    .build();
}

function run(runner: RunnerContext, flow: Flow, tags: string[] = []): Promise<RunRecord> {
  return runFlow(runner, flow, { params: { size: 3 }, tags, triggeredBy: null });
}

/** What a failed run may leave: nothing but its own record, steps, logs and tags. */
async function assertNothingRegistered(registry: TestRegistry): Promise<void> {
  const { read } = registry.scopes;
  assertEquals(await listVersions(registry, read, "data", "sample", { limit: 9 }), []);
  assertEquals(await listEvents(registry, read, { limit: 9 }), []);
}

Deno.test("runFlow() hands the artifacts of each step to the following ones", async () => {
  using registry = await memoryRegistry();
  const done = await run(testRunner(registry), sampleFlow());
  assertEquals([done.status, done.summary], ["completed", { sum: 21 }]);
  assertEquals(done.produced, [{ kind: "data", name: "sample", version: 1 }]);
  assertEquals(done.events, [1]);
  const steps = await listSteps(registry, registry.scopes.read, done.id);
  assertEquals(steps.map((step) => [step.name, step.status, Object.keys(step.artifacts)]), [
    ["fetch", "completed", ["raw"]],
    ["sum", "completed", ["sum"]],
    ["register", "completed", ["done"]],
  ]);
  const [version] = await listVersions(registry, registry.scopes.read, "data", "sample", {
    limit: 1,
  });
  assertEquals([version!.runId, version!.flow], [done.id, "sample"]);
  assertEquals(await readBlob(registry.store, version!.files.raw!), new Uint8Array([7, 7, 7]));
});

Deno.test("runFlow() tells of a run once its record is there, before its first step", async () => {
  using registry = await memoryRegistry();
  const told: RunRecord[] = [];
  const first = Promise.withResolvers<RunRecord | null>();
  const flow = defineFlow(HEAD).step("look", async (ctx) => {
    first.resolve(told[0] ? await getRun(registry, registry.scopes.read, told[0].id) : null);
    assertEquals(ctx.run.id, told[0]?.id);
    return {};
  }).build();
  const onStarted = (started: RunRecord) => told.push(started);
  const done = await runFlow(testRunner(registry), flow, {
    params: { size: 3 },
    tags: [],
    triggeredBy: null,
    onStarted,
  });
  assertEquals(await first.promise, told[0]);
  assertEquals(told.map((started) => [started.id, started.status]), [[done.id, "running"]]);
});

Deno.test("a run that is refused before it begins is not told of", async () => {
  using registry = await memoryRegistry();
  await assertRejects(
    () =>
      runFlow(testRunner(registry), sampleFlow(), {
        params: { size: 3 },
        tags: ["user:eve"],
        triggeredBy: null,
        onStarted: () => {
          throw new Error("told");
        },
      }),
    AppError,
    "user:eve",
  );
});

Deno.test("a run's record holds what was asked, by whom, under which configs and code", async () => {
  using registry = await memoryRegistry({ branch: "dev", readBranch: "main" });
  const runner = testRunner(registry);
  const done = await runFlow(runner, sampleFlow(), { params: {}, tags: [], triggeredBy: 4 });
  const stored = await getRun(registry, registry.scopes.write, done.id);
  assertEquals(stored, done);
  const { branch, readBranch, user, codeVersion, triggeredBy, params, configs } = done;
  assertEquals([branch, readBranch, user, codeVersion, triggeredBy], [
    "dev",
    "main",
    "tester",
    "test",
    4,
  ]);
  assertEquals(params, { size: 3 }, "defaults are part of the record");
  assertEquals(configs, JSON.parse(JSON.stringify(runner.configs)));
});

Deno.test("a run is tagged with its system tags and with those asked for", async () => {
  using registry = await memoryRegistry();
  const { read } = registry.scopes;
  const done = await run(testRunner(registry), sampleFlow(), ["baseline"]);
  const tags = await listTags(registry, read, done.id);
  assertEquals(tags.map(({ tag, record }) => [tag, record.system]), [
    ["baseline", false],
    ["branch:main", true],
    ["code:test", true],
    ["flow:sample", true],
    ["project:crypto_anomaly", true],
    ["user:tester", true],
  ]);
  const found = await listRuns(registry, read, { limit: 9, flow: "sample", tag: "baseline" });
  assertEquals(found.map((one) => one.id), [done.id]);
  const [version] = await listVersions(registry, read, "data", "sample", { limit: 1 });
  assertEquals(version!.tags, ["baseline"]);
});

Deno.test("a run that would be tagged with an alias is refused, and leaves no run behind", async () => {
  using registry = await memoryRegistry();
  const { read } = registry.scopes;
  const version = await newChampion(registry);
  await judgeModel(registry, version);
  await promote(registry, version.version, { alias: "prod" });
  const before = await dumpBranch(registry.store, "main");
  for (const tag of ["champion", "staging", "challenger-a", "prod"]) {
    const failing = () => run(testRunner(registry), sampleFlow(), ["mine", tag]);
    const error = await assertRejects(failing, AppError, "only a promotion gives");
    assertEquals([error.code, error.exitCode], ["conflict", 5]);
  }
  await assertRejects(() => run(testRunner(registry), sampleFlow(), ["a b"]), AppError, "tag");
  assertEquals(await dumpBranch(registry.store, "main"), before);
  const tagged = await listRuns(registry, read, { limit: 9, flow: "train", tag: "champion" });
  assertEquals(tagged.map((one) => one.id), [version.runId]);
});

Deno.test("a run that would be tagged as only the program tags is refused, and leaves no run behind", async () => {
  using registry = await memoryRegistry();
  for (const tag of ["branch:main", "user:someone-else"]) {
    const failing = () => run(testRunner(registry), sampleFlow(), [tag]);
    assertEquals((await assertRejects(failing, AppError, "only the program")).code, "invalid");
  }
  assertEquals(await dumpBranch(registry.store, "main"), []);
});

Deno.test("a run's tag is checked by the commit that begins the run", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  const { store } = registry;
  const { commit } = store;
  // The promotion comes between the checks before the run and its first commit.
  store.commit = async (scope, build) => {
    store.commit = commit;
    await promote(registry, version.version, { alias: "prod" });
    return await store.commit(scope, build);
  };
  const failing = () => run(testRunner(registry), sampleFlow(), ["prod"]);
  await assertRejects(failing, AppError, "only a promotion gives");
});

Deno.test("what steps log goes out at once and is kept in order", async () => {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  const done = await run(runner, sampleFlow());
  const kept = await readLog(registry, registry.scopes.read, done.id);
  assertEquals(kept, runner.lines);
  assertEquals(kept.map(({ step, level, message }) => [step, level, message]), [
    ["fetch", "info", "fetching 3 bytes"],
    ["sum", "warn", "summing"],
  ]);
});

Deno.test("a log of more than one value's worth is kept whole", async () => {
  using registry = await memoryRegistry();
  const flow = defineFlow(HEAD).step("talk", (ctx) => {
    for (let i = 0; i < 100; i++) ctx.log(`${i} ✓ ${"long ".repeat(390)}`);
    return Promise.resolve({});
  }).build();
  const done = await run(testRunner(registry), flow);
  const kept = await readLog(registry, registry.scopes.read, done.id);
  assertEquals(
    kept.map(({ message }) => parseInt(message)),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

for (const step of ["fetch", "sum", "register"]) {
  Deno.test(`a run that fails in step ${step} leaves its record, and no version or event`, async () => {
    using registry = await memoryRegistry();
    const { read } = registry.scopes;
    const runner = testRunner(registry);
    const error = await assertRejects(() => run(runner, sampleFlow({ step })), AppError);
    assertEquals([error.code, error.details.run_id], ["unavailable", 1]);
    const [failed] = await listRuns(registry, read, { limit: 9 });
    assertEquals(failed!.status, "failed");
    assertEquals(failed!.error, { code: "unavailable", message: `step ${step} broke`, step });
    assert(failed!.finishedAt !== null);
    const steps = await listSteps(registry, read, 1);
    assertEquals(steps.map((one) => one.status).pop(), "failed");
    assertEquals(steps.at(-1)!.name, step);
    const log = await readLog(registry, read, 1);
    assertStringIncludes(log.at(-1)!.message, `step ${step} broke`);
    await assertNothingRegistered(registry);
  });
}

Deno.test("a step whose effects throw leaves none of them", async () => {
  using registry = await memoryRegistry();
  const effects = () => {
    throw new AppError("conflict", "too late");
  };
  await assertRejects(() => run(testRunner(registry), sampleFlow({ effects })), AppError);
  const [failed] = await listRuns(registry, registry.scopes.read, { limit: 9 });
  assertEquals([failed!.status, failed!.produced, failed!.events], ["failed", [], []]);
  assertEquals(failed!.summary, {});
  await assertNothingRegistered(registry);
});

Deno.test("the last step's effects and the run's completion are one commit", async () => {
  using registry = await memoryRegistry();
  const { store, scopes } = registry;
  // The commit of the last step is the one that does not go through; that of the failure does.
  const commit = store.commit.bind(store);
  let commits = 0;
  store.commit = async (scope, build) => {
    if (++commits !== 4) return await commit(scope, build);
    await commit(scope, async (tx) => {
      await build(tx);
      throw new AppError("unavailable", "the disk is full");
    });
    throw new Error("unreachable");
  };
  await assertRejects(() => run(testRunner(registry), sampleFlow()), AppError, "the disk is full");
  await assertNothingRegistered(registry);
  assertEquals((await getRun(registry, scopes.read, 1))!.status, "failed");

  store.commit = commit;
  const before = store.commitCount;
  await run(testRunner(registry), sampleFlow());
  assertEquals(store.commitCount - before, 4, "the start and three steps");
});

Deno.test("effects that are applied again on a newer state are counted once", async () => {
  using registry = await memoryRegistry();
  const { scopes } = registry;
  let attempts = 0;
  const flow = defineFlow(HEAD).step("register", () =>
    Promise.resolve(
      new WithEffects({}, async ({ tx, publish }) => {
        await publish("snapshot_ready", null, { attempt: ++attempts });
        if (attempts > 1) return;
        const other = sampleFlow();
        await run(testRunner(registry), other);
        assertEquals(tx.scope, scopes.write);
      }),
    )).build();
  const done = await run(testRunner(registry), flow);
  assertEquals([attempts, done.events], [2, [2]]);
  const events = await listEvents(registry, scopes.read, { limit: 9 });
  assertEquals(events.map((event) => [event.id, event.runId]), [[2, 1], [1, 2]]);
});

Deno.test("blobs of more than one commit's worth are stored before the step is done", async () => {
  using registry = await memoryRegistry();
  const size = 1_500_000;
  const done = await runFlow(testRunner(registry), sampleFlow(), {
    params: { size },
    tags: [],
    triggeredBy: null,
  });
  assertEquals(done.summary, { sum: 7 * size });
});

Deno.test("artifacts of the largest size that is taken fit into a record, whatever is in them", async () => {
  using registry = await memoryRegistry();
  const flow = defineFlow(HEAD)
    .step("numbers", () => Promise.resolve({ numbers: new Array(6_990).fill(0.5) as number[] }))
    .step("text", () => Promise.resolve({ text: "✓".repeat(27_900) }))
    .build();
  assertEquals((await run(testRunner(registry), flow)).status, "completed");
});

Deno.test("artifacts that are too large for a record are refused, with the way out", async () => {
  using registry = await memoryRegistry();
  const flow = defineFlow(HEAD)
    .step("hoard", () => Promise.resolve({ text: "x".repeat(70_000) }))
    .build();
  await assertRejects(
    () => run(testRunner(registry), flow),
    AppError,
    "Put what is large as a blob",
  );
  assertEquals((await getRun(registry, registry.scopes.read, 1))!.status, "failed");
});

Deno.test("an error that is no AppError is recorded as internal, with its message", async () => {
  using registry = await memoryRegistry();
  const flow = defineFlow(HEAD)
    .step("trip", () => Promise.reject(new TypeError("x is not a function")))
    .build();
  const error = await assertRejects(() => run(testRunner(registry), flow), AppError);
  assertEquals([error.code, error.exitCode], ["internal", 1]);
  assert(error.cause instanceof TypeError);
  const failed = await getRun(registry, registry.scopes.read, 1);
  assertEquals(failed!.error, { code: "internal", message: "x is not a function", step: "trip" });
});
