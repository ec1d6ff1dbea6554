// Which slot is due on which clock, how far taking one moves a schedule, and when a slot is tried again whose world was
// not there. Slots that several processes race for are in tests/flows/slots_test.ts.

import { assertEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { registerSchedules } from "../../flows/schedules.ts";
import { Taken } from "../../src/domain/durability.ts";
import { AppError } from "../../src/domain/errors.ts";
import { MINUTE_MS } from "../../src/domain/time.ts";
import { defineFlow } from "../../src/engine/flow.ts";
import { RunQueue } from "../../src/engine/queue.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { dueSlot, getSchedule, listGaps, stageSlot } from "../../src/registry/slots.ts";
import { NO_WORDS } from "../support/no_words.ts";
import {
  HOUR_MS,
  memoryRegistry,
  START_MS,
  type TestRegistry,
  testRunner,
} from "../support/registry.ts";

const HOURLY = "0 * * * *";
const at = (hours: number) => START_MS + hours * HOUR_MS;

/** Hour of the newest slot taken, the clock, hour of the slot that is due, and the missed ones: from, to, number. */
const DUE: [string, number | null, number, number, [number, number, number] | null][] = [
  ["on a branch that took none yet, the newest slot", null, at(5.5), 5, null],
  ["before the next slot, the one that was taken", 5, at(5.9), 5, null],
  ["2 s before a slot, the one before it", 5, at(6) - 2_000, 5, null],
  ["1 s before a slot, as a timer may wake, that slot", 5, at(6) - 1_000, 6, null],
  ["at a slot, that slot", 5, at(6), 6, null],
  ["after a slot, that slot", 5, at(6) + 59 * MINUTE_MS, 6, null],
  ["after one that nobody took, the next, and one was missed", 5, at(7), 7, [6, 6, 1]],
  ["after a day that nobody served, the newest, and the rest was missed", 5, at(29), 29, [
    6,
    28,
    23,
  ]],
  ["on a clock that was put back, a slot of its own hour", 5, at(3.2), 3, null],
];

for (const [what, taken, nowMs, slot, missed] of DUE) {
  Deno.test(`due ${what}`, () => {
    const schedule = taken === null ? null : { slotMs: at(taken), runId: null };
    assertEquals(dueSlot("ingest", HOURLY, nowMs, schedule), {
      flow: "ingest",
      slotMs: at(slot),
      missed: missed && { fromMs: at(missed[0]), toMs: at(missed[1]), slots: missed[2] },
    });
  });
}

function take(registry: TestRegistry, hour: number, runId: number, recordsGap = true) {
  const missed = { fromMs: at(hour - 2), toMs: at(hour - 1), slots: 2 };
  const due = { flow: "ingest", slotMs: at(hour), missed };
  const options = { runId, recordsGap, nowMs: Date.now() };
  return registry.store.commit(
    registry.scopes.write,
    (tx) => stageSlot(registry, tx, due, options),
  );
}

const scheduleOf = (registry: TestRegistry) =>
  getSchedule(registry, registry.scopes.read, "ingest");

Deno.test("a slot of an hour before does not put a schedule back", async () => {
  using registry = await memoryRegistry();
  await take(registry, 5, 1);
  await take(registry, 3, 2);
  assertEquals(await scheduleOf(registry), { slotMs: at(5), runId: 2 });
  await take(registry, 6, 3);
  assertEquals(await scheduleOf(registry), { slotMs: at(6), runId: 3 });
});

Deno.test("a slot is taken once, and who comes second moves nothing", async () => {
  using registry = await memoryRegistry();
  await take(registry, 5, 1);
  await assertRejects(() => take(registry, 5, 2), Taken, "run 1 has that slot");
  assertEquals(await scheduleOf(registry), { slotMs: at(5), runId: 1 });
});

Deno.test("what was missed is a gap, but not where one run catches up on it", async () => {
  for (const recordsGap of [true, false]) {
    using registry = await memoryRegistry();
    await take(registry, 5, 1, recordsGap);
    const gaps = await listGaps(registry, registry.scopes.read, "ingest", { limit: 9 });
    const found = gaps.map(({ fromSlotMs, toSlotMs, slots }) => [fromSlotMs, toSlotMs, slots]);
    assertEquals(found, recordsGap ? [[at(3), at(4), 2]] : []);
  }
});

/** An hourly flow whose world is never there; `wake` is what a timer does, at the clock of the registry. */
async function withoutWorld() {
  const registry = await memoryRegistry();
  const ingest = defineFlow({
    name: "ingest",
    originalName: "IngestFlow",
    ...NO_WORDS,
    publishes: [],
    params: z.strictObject({}),
  }).step("fetch", () => Promise.reject(new AppError("unavailable", "No market."))).build();
  const runner = testRunner(registry);
  const listener = { completed: () => {}, failed: () => {}, noted: () => {} };
  const queue = new RunQueue({ flows: [ingest], listener });
  let wake = (): Promise<unknown> => Promise.resolve();
  registerSchedules({ register: (_name, _slots, handler) => void (wake = handler) }, {
    schedules: { ingest: HOURLY },
    flows: [ingest],
    queue,
    runner: () => Promise.resolve(runner),
    stopping: runner.stopping,
    say: () => {},
  });
  const newestFirst = () => listRuns(registry, registry.scopes.read, { limit: 9 });
  return {
    registry,
    wake: () => wake(),
    attempts: async () => (await newestFirst()).map(({ attempt, resumes }) => [attempt, resumes]),
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  };
}

Deno.test("a slot whose world was not there is tried again after 30 s, twice, each time as one run resumed", async () => {
  using slot = await withoutWorld();
  const { registry, wake, attempts } = slot;
  await wake();
  const expected: (number | null)[][] = [[1, null]];
  for (const attempt of [2, 3]) {
    registry.clockMs += 29_999;
    await wake();
    assertEquals(await attempts(), expected, "before 30 s");
    registry.clockMs += 1;
    await wake();
    expected.unshift([attempt, attempt - 1]);
    assertEquals(await attempts(), expected, "after 30 s");
    assertEquals(await scheduleOf(registry), { slotMs: START_MS, runId: attempt });
  }
  registry.clockMs += 30 * MINUTE_MS;
  await wake();
  assertEquals(await attempts(), expected, "no third time");
  registry.clockMs = at(1);
  await wake();
  assertEquals((await attempts())[0], [1, null], "the next slot begins anew");
});
