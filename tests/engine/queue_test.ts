import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { flows as realFlows } from "../../flows/mod.ts";
import type { JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { defineFlow, type Flow, WithEffects } from "../../src/engine/flow.ts";
import { type QueuedRun, RunQueue } from "../../src/engine/queue.ts";
import { getRun, listRuns } from "../../src/registry/runs.ts";
import { NO_WORDS } from "../support/no_words.ts";
import { memoryRegistry, testRunner } from "../support/registry.ts";

/** A flow that waits at its gate, and one that its event starts; both note when they begin and end. */
function market() {
  const notes: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gateOf = (name: string) => {
    if (!gates.has(name)) gates.set(name, Promise.withResolvers());
    return gates.get(name)!;
  };
  const fetch = defineFlow({
    ...NO_WORDS,
    name: "fetch",
    originalName: "FetchFlow",
    publishes: ["snapshot_ready"],
    params: z.strictObject({
      name: z.string().min(1),
      gated: z.boolean().default(false),
      dry_run: z.boolean().default(false),
      fault: z.enum(["check", "look", "run"]).optional(),
    }),
    check: ({ name, fault }) => {
      notes.push(`check ${name}`);
      return fault === "check"
        ? Promise.reject(new AppError("invalid", `no market ${name}`))
        : Promise.resolve();
    },
    lookUp: (_registry, { name, fault }) => {
      notes.push(`look ${name}`);
      return fault === "look"
        ? Promise.reject(new AppError("not_found", `nothing called ${name}`))
        : Promise.resolve();
    },
  }).step("wait", async (ctx) => {
    const { name, gated, fault } = ctx.params;
    notes.push(`begin ${name}`);
    if (gated) await Promise.race([gateOf(name).promise, aborted(ctx.signal)]);
    ctx.signal.throwIfAborted();
    if (fault === "run") throw new AppError("unavailable", `${name} broke`);
    notes.push(`end ${name}`);
    return new WithEffects({}, ({ publish }) => publish("snapshot_ready", null, { name }));
  }).build();
  const follow = defineFlow({
    ...NO_WORDS,
    name: "follow",
    originalName: "FollowFlow",
    publishes: [],
    on: [{ event: "snapshot_ready", bind: ({ name }) => ({ name: name! }) }],
    params: z.strictObject({ name: z.string() }),
  }).step("note", (ctx) => {
    notes.push(`follow ${ctx.params.name}`);
    if (ctx.params.name === "broken") throw new AppError("internal", "cannot follow");
    return Promise.resolve({});
  }).build();
  return { flows: [fetch, follow] as const, notes, open: (name: string) => gateOf(name).resolve() };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** A queue over a store in memory, what it told, and the way to ask it for a run. */
async function queueOf(flows: readonly Flow[]) {
  const registry = await memoryRegistry();
  const told: string[] = [];
  const stop = new AbortController();
  const runner = { ...testRunner(registry), stopping: stop.signal };
  const queue = new RunQueue({
    flows,
    listener: {
      completed: (run) => told.push(`${run.flow} ${run.id} completed`),
      failed: (flow, branch, error) => told.push(`${flow.name} on ${branch}: ${error.message}`),
      noted: (line) => told.push(line),
    },
  });
  const ask = (params: JsonObject, given: Partial<typeof runner> = {}): QueuedRun =>
    queue.start({ runner: { ...runner, ...given }, flow: flows[0]!, params, tags: [] });
  return {
    registry,
    runner,
    queue,
    told,
    stop,
    ask,
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  };
}

Deno.test("runs of one branch go one after another in the order asked, each with what it triggers", async () => {
  const { flows, notes, open } = market();
  using all = await queueOf(flows);
  const first = all.ask({ name: "a", gated: true });
  const second = all.ask({ name: "b" });
  const { id } = await first.started;
  assertEquals([id, all.queue.isWaiting("main", "fetch")], [1, true]);
  assertEquals((await getRun(all.registry, all.registry.scopes.read, id))?.status, "running");
  open("a");
  await second.done;
  await all.queue.idle();
  assertEquals(notes.filter((note) => !/^(check|look)/.test(note)), [
    "begin a",
    "end a",
    "follow a",
    "begin b",
    "end b",
    "follow b",
  ]);
  assertEquals(all.queue.isWaiting("main", "fetch"), false);
  assertEquals(all.told.map((line) => line.split(" ")[0]), ["fetch", "follow", "fetch", "follow"]);
});

Deno.test("runs of two branches go at the same time", async () => {
  const { flows, notes, open } = market();
  using all = await queueOf(flows);
  using dev = await memoryRegistry({ branch: "dev", store: all.registry.store });
  const first = all.ask({ name: "a", gated: true });
  const other = all.ask({ name: "b" }, { registry: dev });
  await other.done;
  assertEquals(notes.includes("end a"), false);
  assertEquals((await other.started).branch, "dev");
  open("a");
  await first.done;
});

Deno.test("wrong usage is refused at once, whatever waits, and leaves no run behind", async () => {
  const { flows, open } = market();
  using all = await queueOf(flows);
  const first = all.ask({ name: "a", gated: true });
  await first.started;
  const refused: [JsonObject, RegExp][] = [
    [{ name: "b", fault: "check" }, /no market b/],
    [{ name: "" }, /Cannot run fetch: name is ""/],
    [{ nam: "b" }, /name is missing.*nam is not known/],
    [{ name: "b", dry_run: true }, /found dry_run/],
  ];
  for (const [params, message] of refused) {
    const error = await assertRejects(() => all.ask(params).started, AppError);
    assert(message.test(error.message), error.message);
    assertEquals(error.code, "invalid");
  }
  open("a");
  await all.queue.idle();
  assertEquals((await listRuns(all.registry, all.registry.scopes.read, { limit: 9 })).length, 2);
});

Deno.test("what the parameters name is looked up when all before the run has ended", async () => {
  const { flows, notes, open } = market();
  using all = await queueOf(flows);
  all.ask({ name: "a", gated: true });
  const second = all.ask({ name: "b", fault: "look" });
  open("a");
  const error = await assertRejects(() => second.started, AppError, "nothing called b");
  assertEquals((await second.failure)?.message, error.message);
  assert(notes.indexOf("look b") > notes.indexOf("follow a"), notes.join(", "));
});

Deno.test("a run that fails is told of, and the next one is run all the same", async () => {
  const { flows } = market();
  using all = await queueOf(flows);
  const broken = all.ask({ name: "a", fault: "run" });
  const next = all.ask({ name: "b" });
  assertEquals((await broken.failure)?.code, "unavailable");
  assertEquals(await next.failure, null);
  const { id } = await broken.started;
  const record = await getRun(all.registry, all.registry.scopes.read, id);
  assertEquals([record?.status, record?.error?.message], ["failed", "a broke"]);
  assertEquals(all.told, ["fetch on main: a broke", "fetch 2 completed", "follow 3 completed"]);
});

Deno.test("what a run triggers may fail without the run counting as failed", async () => {
  const { flows } = market();
  using all = await queueOf(flows);
  assertEquals(await all.ask({ name: "broken" }).failure, null);
  assertEquals(all.told, ["fetch 1 completed", "follow on main: cannot follow"]);
});

Deno.test("nobody has to wait for a run that is refused", async () => {
  const { flows } = market();
  using all = await queueOf(flows);
  all.ask({ name: "a", fault: "check" });
  all.ask({ name: "b", fault: "look" });
  await all.queue.idle();
  assertEquals(all.told, ["fetch on main: no market a", "fetch on main: nothing called b"]);
});

Deno.test("once it is stopping nothing new begins: not what waits, and not what a run triggers", async () => {
  const { flows, notes, open } = market();
  using all = await queueOf(flows);
  const running = all.ask({ name: "a", gated: true });
  const waiting = all.ask({ name: "b" });
  await running.started;
  all.stop.abort();
  open("a");
  await all.queue.idle();
  assertEquals(await running.failure, null, "what was going on is let come to its end");
  const error = await assertRejects(() => waiting.started, AppError);
  assertStringIncludes(error.message, "Cannot run fetch: the process is stopping");
  assertEquals(notes.filter((note) => /^(begin|follow)/.test(note)), ["begin a"]);
  assertStringIncludes(all.told.join("\n"), "Cannot run follow, which event 1 (snapshot_ready)");
});

Deno.test("a run whose signal is aborted is recorded as interrupted, with the reason and how to go on", async () => {
  const { flows } = market();
  using all = await queueOf(flows);
  const run = new AbortController();
  const asked = all.ask({ name: "a", gated: true }, { signal: run.signal });
  const { id } = await asked.started;
  run.abort(new AppError("interrupted", "Stopped by SIGTERM before it was done."));
  await all.queue.idle();
  const record = await getRun(all.registry, all.registry.scopes.read, id);
  assertEquals([record?.status, record?.error?.code], ["interrupted", "interrupted"]);
  assertStringIncludes(
    record!.error!.message,
    `Stopped by SIGTERM before it was done. Next: anomaly runs resume ${id}`,
  );
});

Deno.test("a promotion from the queue is never a dry run done in earnest", async () => {
  using all = await queueOf([realFlows.find(({ name }) => name === "promote")!]);
  await assertRejects(() => all.ask({ version: "1", dry_run: true }).started, AppError, "dry_run");
});
