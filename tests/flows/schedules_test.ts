import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { FastClock, platformCron } from "../../flows/crons.ts";
import { type Cron, registerSchedules, type SlotOutcome } from "../../flows/schedules.ts";
import { AppError } from "../../src/domain/errors.ts";
import { defineFlow, type Flow } from "../../src/engine/flow.ts";
import { RunQueue } from "../../src/engine/queue.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { stageLease } from "../../src/registry/leases.ts";
import { listGaps } from "../../src/registry/slots.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { HOUR_MS, memoryRegistry, type TestRegistry, testRunner } from "../support/registry.ts";

const START_MS = Date.UTC(2026, 0, 5, 10, 20);
const done: SlotOutcome = { kind: "done" };

/** A fast clock whose real time passes only by sleeping and by the work that `slots` says. */
function fastClock(speed: number, workMs: (slot: string) => number = () => 0) {
  let elapsedMs = 0;
  const stop = new AbortController();
  const clock = new FastClock({
    speed,
    startMs: START_MS,
    elapsedMs: () => elapsedMs,
    sleep: (ms) => {
      elapsedMs += ms;
      return Promise.resolve();
    },
  });
  const slots: string[] = [];
  const shown = () => new Date(clock.nowMs()).toISOString().slice(5, 16);
  const register = (name: string, expression: string, until = Infinity) =>
    clock.register(name, expression, () => {
      const slot = `${name} ${shown()}`;
      slots.push(slot);
      elapsedMs += workMs(slot);
      if (slots.length >= until) stop.abort();
      return Promise.resolve(done);
    });
  return {
    clock,
    stop,
    slots,
    shown,
    register,
    run: () => clock.run(stop.signal),
    elapsed: () => elapsedMs,
    pass: (ms: number) => elapsedMs += ms,
  };
}

Deno.test("a fast clock stands until it is run, and goes by its own seconds from then on", async () => {
  const { clock, pass, register, run, slots, elapsed } = fastClock(60);
  register("ingest", "0 * * * *", 1);
  pass(1_000);
  assertEquals(clock.nowMs(), START_MS);
  await run();
  assertEquals(slots, ["ingest 01-05T11:00"]);
  // Forty minutes are forty seconds.
  assertEquals(elapsed(), 1_000 + 40_000);
});

Deno.test("a fast clock goes slot by slot in order of time, ties in the order of registration", async () => {
  const all = fastClock(3_600);
  all.register("ingest", "0 * * * *");
  all.register("daily", "0 12 * * *");
  all.register("validate", "15 * * * *", 7);
  await all.run();
  assertEquals(
    all.slots,
    [
      "ingest 01-05T11:00",
      "validate 01-05T11:15",
      "ingest 01-05T12:00",
      "daily 01-05T12:00",
      "validate 01-05T12:15",
      "ingest 01-05T13:00",
      "validate 01-05T13:15",
    ].slice(0, all.slots.length),
  );
  // From 10:20 to 13:15 at an hour a second.
  assert(Math.abs(all.elapsed() - 2_917) < 10, String(all.elapsed()));
});

Deno.test("a fast clock waits for work that is slower than it, and leaves no slot out", async () => {
  const slow = fastClock(3_600_000, () => 10_000);
  slow.register("ingest", "0 * * * *");
  slow.register("validate", "15 * * * *", 6);
  await slow.run();
  assertEquals(
    slow.slots,
    [
      "ingest 01-05T11:00",
      "validate 01-05T11:15",
      "ingest 01-05T12:00",
      "validate 01-05T12:15",
      "ingest 01-05T13:00",
      "validate 01-05T13:15",
    ].slice(0, slow.slots.length),
  );
  assertEquals(slow.slots.length, 6);
});

Deno.test("while a slot's work goes on, a fast clock goes on up to the next slot and no further", async () => {
  const all = fastClock(60);
  const shown: string[] = [];
  all.clock.register("ingest", "0 * * * *", () => {
    for (const ms of [0, 10_000, 600_000]) {
      all.pass(ms);
      shown.push(all.shown().slice(6));
    }
    all.stop.abort();
    return Promise.resolve(done);
  });
  await all.run();
  assertEquals(shown, ["11:00", "11:10", "12:00"]);
});

Deno.test("once the market is over a fast clock has no more slots, and goes at the wall's pace", async () => {
  const all = fastClock(3_600);
  let slots = 0;
  all.clock.register("ingest", "0 * * * *", () => {
    slots++;
    return Promise.resolve(slots === 3 ? { kind: "over" } : done);
  });
  await all.run();
  assertEquals(slots, 3);
  const before = all.clock.nowMs();
  all.pass(1_000);
  assertEquals(all.clock.nowMs() - before, 1_000);
});

Deno.test("a fast clock sleeps no longer than its signal lets it", async () => {
  const stop = new AbortController();
  const clock = new FastClock({ speed: 1, startMs: START_MS });
  clock.register("ingest", "0 * * * *", () => Promise.resolve(done));
  const ended = clock.run(stop.signal);
  stop.abort();
  await ended;
});

/** A flow of that name whose step and readiness the test says. */
function flowOf(
  name: string,
  step: () => void | Promise<void>,
  readiness?: () => string | null,
): Flow {
  return defineFlow({
    name,
    originalName: `${name[0]!.toUpperCase()}${name.slice(1)}Flow`,
    ...NO_WORDS,
    publishes: [],
    params: z.strictObject({}),
    ...(readiness ? { readiness: () => Promise.resolve(readiness()) } : {}),
  }).step("go", () => Promise.try(step).then(() => ({}))).build();
}

/** The schedule of one flow on a store in memory; `wake` is what a slot does. */
async function scheduled(flow: Flow, given: { runner?: () => Promise<never> } = {}) {
  const registry = await memoryRegistry();
  const stopping = new AbortController();
  const said: string[] = [];
  const queue = new RunQueue({
    flows: [flow],
    listener: { completed: () => {}, failed: () => {}, noted: () => {} },
  });
  const handlers: (() => Promise<SlotOutcome>)[] = [];
  const cron: Cron = { register: (_name, _expression, handler) => void handlers.push(handler) };
  const runner = testRunner(registry);
  registerSchedules(cron, {
    schedules: { [flow.name]: "0 * * * *" },
    flows: [flow],
    queue,
    runner: given.runner ?? (() => Promise.resolve(runner)),
    stopping: stopping.signal,
    say: (line) => said.push(line),
  });
  return {
    registry,
    queue,
    runner,
    said,
    stopping,
    wake: () => handlers[0]!(),
    runs: async () =>
      (await listRuns(registry, registry.scopes.read, { limit: 9 })).map((run) => run.status),
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  };
}

Deno.test("a slot runs the flow to its end, tagged as scheduled", async () => {
  using ingest = await scheduled(flowOf("ingest", () => {}));
  assertEquals(await ingest.wake(), done);
  const { registry } = ingest;
  const options = { limit: 9, flow: "ingest", tag: "scheduled" };
  assertEquals((await listRuns(registry, registry.scopes.read, options)).length, 1);
});

Deno.test("a flow that is still waiting for data is not run, and the log says what for", async () => {
  const waits: (string | null)[] = ["dataset possible in 31 h", null];
  using build = await scheduled(flowOf("ingest", () => {}, () => waits.shift()!));
  assertEquals(await build.wake(), done);
  assertEquals([await build.runs(), build.said], [[], ["ingest waits: dataset possible in 31 h"]]);
  build.registry.clockMs += HOUR_MS;
  await build.wake();
  assertEquals(await build.runs(), ["completed"]);
});

Deno.test("only a world that does not answer is worth another try; other failures are recorded", async () => {
  for (
    const [code, kind] of [["unavailable", "retry"], ["too_little_data", "done"], [
      "conflict",
      "done",
    ], ["internal", "done"]] as const
  ) {
    using score = await scheduled(flowOf("score", () => {
      throw new AppError(code, "broken");
    }));
    assertEquals((await score.wake()).kind, kind, code);
    assertEquals(await score.runs(), ["failed"]);
  }
});

Deno.test("a market at its end is over; another flow that finds nothing is not", async () => {
  const nothing = () => {
    throw new AppError("not_found", "no more recordings");
  };
  for (const [name, kind] of [["ingest", "over"], ["score", "done"]] as const) {
    using flow = await scheduled(flowOf(name, nothing));
    assertEquals((await flow.wake()).kind, kind);
  }
});

Deno.test("slots of a flow do not pile up behind the one that waits: what is left out is a gap", async () => {
  const gate = Promise.withResolvers<void>();
  using ingest = await scheduled(flowOf("ingest", () => gate.promise));
  const { registry, queue, wake } = ingest;
  const moment = () => new Promise((resolve) => setTimeout(resolve, 1));
  const first = wake();
  while ((await ingest.runs()).length === 0) await moment();
  registry.clockMs += HOUR_MS;
  const second = wake();
  while (!queue.isWaiting("main", "ingest")) await moment();
  registry.clockMs += HOUR_MS;
  assertEquals(await wake(), done, "it does not wait, for one waits already");
  gate.resolve();
  await Promise.all([first, second]);
  assertEquals(await ingest.runs(), ["completed", "completed"]);
  registry.clockMs += HOUR_MS;
  await wake();
  assertEquals(await gapsOf(registry), [[registry.clockMs - HOUR_MS, 1, "missed"]]);
});

Deno.test("a slot that comes while another process is at work for an earlier one is a gap", async () => {
  using ingest = await scheduled(flowOf("ingest", () => {}));
  const { registry, runner, wake } = ingest;
  await wake();
  const other = { ...runner.durability.holder, id: "other" };
  const beat = () =>
    registry.store.commit(registry.scopes.write, (tx) => {
      stageLease(registry, tx, 1, { ...other, nowMs: () => other.nowMs() + ++beats }, true);
      return Promise.resolve();
    });
  let beats = 0;
  await beat();
  registry.clockMs += HOUR_MS;
  let isOver = false;
  const woken = wake().finally(() => isOver = true);
  while (!isOver) await beat();
  assertEquals(await woken, done, "it shows signs of life");
  assertEquals(ingest.said, ["ingest is still at work for an earlier slot"]);
  assertEquals(await gapsOf(registry), [[registry.clockMs, 1, "overlap"]]);
});

async function gapsOf(registry: TestRegistry) {
  const gaps = await listGaps(registry, registry.scopes.read, "ingest", { limit: 9 });
  return gaps.map(({ fromSlotMs, slots, reason }) => [fromSlotMs, slots, reason]);
}

Deno.test("a store that cannot be opened is said, and tried again", async () => {
  const runner = () => Promise.reject(new AppError("unavailable", "Cannot open the store"));
  using ingest = await scheduled(flowOf("ingest", () => {}), { runner });
  assertEquals((await ingest.wake()).kind, "retry");
  assertEquals(ingest.said, ["ingest was not begun: Cannot open the store"]);
});

Deno.test("a slot that is cut by a stop is not tried again", async () => {
  using ingest = await scheduled(flowOf("ingest", () => {
    ingest.stopping.abort();
    throw new AppError("unavailable", "Stopped by SIGTERM");
  }));
  assertEquals(await ingest.wake(), done);
});

Deno.test("the platform's cron ends with its signal, so that the process can end", async () => {
  const stop = new AbortController();
  platformCron({ signal: stop.signal }).register("ends", "0 * * * *", () => Promise.resolve(done));
  stop.abort();
  await new Promise((resolve) => setTimeout(resolve, 0));
});
