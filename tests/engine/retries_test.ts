// Further tries of a step that found the world unavailable or took too long: which failures are worth one, how
// long it waits, and that a try that is over writes nothing whatever it still does.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { AppError, type ErrorCode } from "../../src/domain/errors.ts";
import {
  defineFlow,
  type RunnerContext,
  type StepContext,
  type StepOptions,
  WithEffects,
} from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { listVersions } from "../../src/registry/assets.ts";
import { listEvents } from "../../src/registry/events.ts";
import { listRuns, listSteps, readLog } from "../../src/registry/runs.ts";
import { blobKeys } from "../../src/store/keys.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { memoryRegistry, type TestRegistry, testRunner } from "../support/registry.ts";

type Work = (ctx: StepContext<unknown>, nth: number) => Promise<WithEffects<{ by: number }>>;

/** A step that is tried as the options say; `nth` counts the tries from one. */
function triedFlow(options: StepOptions, work: Work) {
  let tries = 0;
  return defineFlow({
    name: "tried",
    originalName: "TriedFlow",
    ...NO_WORDS,
    publishes: ["snapshot_ready"],
    params: z.strictObject({}),
  }).step("work", (ctx) => work(ctx, ++tries), options).build();
}

const published = (by: number) =>
  new WithEffects({ by }, ({ publish }) => publish("snapshot_ready", null, { by }));

/** Fails the first tries with a code. */
const failing = (code: ErrorCode, tries: number): Work => async (_ctx, nth) => {
  await Promise.resolve();
  if (nth <= tries) throw new AppError(code, `try ${nth} broke.`);
  return published(nth);
};

function run(runner: RunnerContext, options: StepOptions, work: Work) {
  const asked = { params: {}, tags: [], triggeredBy: null };
  return runFlow(runner, triedFlow(options, work), asked);
}

async function outcome(registry: TestRegistry) {
  const { read } = registry.scopes;
  const [record] = await listRuns(registry, read, { limit: 1 });
  const [step] = await listSteps(registry, read, record!.id);
  return {
    status: record!.status,
    error: record!.error,
    step: step ? [step.status, step.tries, step.artifacts] : null,
    events: (await listEvents(registry, read, { limit: 9 })).map(({ payload }) => payload),
    log: (await readLog(registry, read, record!.id)).map(({ level, message }) => [level, message]),
  };
}

/** Lets every timer go off at once, and keeps how long each was set to wait. */
async function timersOf(work: () => Promise<unknown>): Promise<number[]> {
  const real = globalThis.setTimeout;
  const waits: number[] = [];
  globalThis.setTimeout = ((handler: () => void, ms = 0) => {
    waits.push(ms);
    return real(handler, 0);
  }) as typeof setTimeout;
  try {
    await work();
  } finally {
    globalThis.setTimeout = real;
  }
  return waits;
}

Deno.test("a step that finds the world unavailable is tried again after 1, 4 and 16 s, and its log keeps each try", async () => {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  const waits = await timersOf(() => run(runner, { retries: 3 }, failing("unavailable", 3)));
  assertEquals(waits, [1_000, 4_000, 16_000]);
  assertEquals(await outcome(registry), {
    status: "completed",
    error: null,
    step: ["completed", 4, { by: 4 }],
    events: [{ by: 4 }],
    log: [
      ["warn", "try 1 of 4: try 1 broke. Again in 1 s."],
      ["warn", "try 2 of 4: try 2 broke. Again in 4 s."],
      ["warn", "try 3 of 4: try 3 broke. Again in 16 s."],
    ],
  });
});

Deno.test("a step that says how long to wait is tried again after that, and fails with its last try", async () => {
  using registry = await memoryRegistry();
  const runner = testRunner(registry);
  const options = { retries: 2, retryAfterMs: 250 };
  const waits = await timersOf(() =>
    assertRejects(() => run(runner, options, failing("unavailable", 9)), AppError)
  );
  assertEquals(waits, [250, 1_000]);
  const { log, ...rest } = await outcome(registry);
  assertEquals(rest, {
    status: "failed",
    error: { code: "unavailable", message: "try 3 broke.", step: "work" },
    step: ["failed", 3, {}],
    events: [],
  });
  assertEquals(log.map(([level]) => level), ["warn", "warn", "error"]);
});

for (const code of ["invalid", "not_found", "conflict", "gate_failed", "internal"] as const) {
  Deno.test(`a step that fails with ${code} is not tried again`, async () => {
    using registry = await memoryRegistry();
    const runner = testRunner(registry);
    await assertRejects(() => run(runner, { retries: 3, retryAfterMs: 1 }, failing(code, 1)));
    assertEquals((await outcome(registry)).step, ["failed", 1, {}]);
  });
}

Deno.test("a step that asks for no further try has none", async () => {
  using registry = await memoryRegistry();
  await assertRejects(() => run(testRunner(registry), {}, failing("unavailable", 1)));
  assertEquals((await outcome(registry)).step, ["failed", 1, {}]);
});

Deno.test("what a failed try put is not stored with what the next one did", async () => {
  using registry = await memoryRegistry();
  const shas: string[] = [];
  await run(testRunner(registry), { retries: 1, retryAfterMs: 1 }, async (ctx, nth) => {
    shas.push((await ctx.putBlob(new Uint8Array([nth]), "application/octet-stream")).sha256);
    if (nth === 1) throw new AppError("unavailable", "broke.");
    return published(nth);
  });
  const [first, second] = await registry.store.getMany(shas.map((sha256) => blobKeys.meta(sha256)));
  assertEquals([first === null, second === null], [true, false]);
});

const version = (files: { raw: Awaited<ReturnType<StepContext<unknown>["putBlob"]>> }) => ({
  kind: "data" as const,
  name: "late",
  marketAt: null,
  description: "",
  annotations: {},
  files,
  inputs: [],
});

Deno.test("a step that hangs is cut at its limit, and what that try does afterwards writes nothing", async () => {
  using registry = await memoryRegistry();
  const [goOn, isOver] = [Promise.withResolvers<void>(), Promise.withResolvers<string[]>()];
  const bytes = new Uint8Array([1, 2, 3]);
  const late = async (ctx: StepContext<unknown>) => {
    const file = await ctx.putBlob(bytes, "application/octet-stream");
    await goOn.promise;
    const refused: string[] = [];
    const refuses = (what: string, work: Promise<unknown>) =>
      work.catch((error) => void refused.push(`${what}: ${error.message}`));
    ctx.log("late");
    await refuses("put", ctx.putBlob(bytes, "application/octet-stream"));
    await refuses(
      "checkpoint",
      ctx.checkpoint(async ({ register, publish }) => {
        await register(version({ raw: file }));
        await publish("snapshot_ready", null, { by: "late" });
      }),
    );
    isOver.resolve(refused);
    return published(1);
  };
  const options = { retries: 1, retryAfterMs: 1, timeoutMs: 300 };
  await run(testRunner(registry), options, async (ctx, nth) => {
    if (nth === 1) return await late(ctx);
    goOn.resolve();
    const refused = await isOver.promise;
    assertEquals(refused, [
      'put: Cannot finish step "work": it took longer than 0.3 s.',
      'checkpoint: Cannot finish step "work": it took longer than 0.3 s.',
    ]);
    return published(nth);
  });
  const { read } = registry.scopes;
  assertEquals(await listVersions(registry, read, "data", "late", { limit: 9 }), []);
  const { status, step, events, log } = await outcome(registry);
  assertEquals([status, step, events], ["completed", ["completed", 2, { by: 2 }], [{ by: 2 }]]);
  assertEquals(log, [[
    "warn",
    'try 1 of 2: Cannot finish step "work": it took longer than 0.3 s. Again in 0.001 s.',
  ]]);
});

for (const which of ["signal", "stopping"] as const) {
  Deno.test(`a ${which} during the wait between two tries ends the run as interrupted at once`, async () => {
    using registry = await memoryRegistry();
    const stop = new AbortController();
    const runner: RunnerContext = {
      ...testRunner(registry),
      [which]: stop.signal,
      onLog: ({ level }) => {
        const reason = new AppError("interrupted", "Somebody pressed Ctrl-C.");
        if (level === "warn") queueMicrotask(() => stop.abort(reason));
      },
    };
    const options = { retries: 3, retryAfterMs: 3_600_000 };
    const work = () => run(runner, options, failing("unavailable", 1));
    const error = await assertRejects(work, AppError);
    assertEquals(error.code, "interrupted");
    assertStringIncludes(error.message, "Somebody pressed Ctrl-C. Next: anomaly runs resume 1");
    const { status, step } = await outcome(registry);
    assertEquals([status, step], ["interrupted", null]);
  });
}
