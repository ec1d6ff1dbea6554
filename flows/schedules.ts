// The schedules of project.json: at each slot of a flow it is asked for, as any run is. What wakes up at
// the slots (the platform's cron, a clock that runs fast) is handed in; which slot it is, and whether another
// process has it, is settled by the clock and the store.

import type { ProjectConfig } from "../src/domain/config.ts";
import { isExpired, type LeaseRecord, Taken } from "../src/domain/durability.ts";
import { type AppError, toAppError } from "../src/domain/errors.ts";
import { SCHEDULED_TAG } from "../src/domain/names.ts";
import type { RunRecord } from "../src/domain/run.ts";
import { findFlow, type Flow, type RunnerContext } from "../src/engine/flow.ts";
import type { RunQueue } from "../src/engine/queue.ts";
import { getLease } from "../src/registry/leases.ts";
import { getRun } from "../src/registry/runs.ts";
import { type DueSlot, dueSlot, getSchedule, passSlot, slotRun } from "../src/registry/slots.ts";

/**
 * What came of a slot. `retry`: the world was not there (a market, the store), and may be in a while.
 * `over`: the market has come to its end, and nothing more will come of later slots either.
 */
export type SlotOutcome = { kind: "done" } | { kind: "over" } | { kind: "retry"; error: AppError };

/** Calls a handler at every slot of an expression; never again before it has ended. */
export interface Cron {
  register(name: string, expression: string, handler: () => Promise<SlotOutcome>): void;
}

export interface ScheduleOptions {
  schedules: ProjectConfig["schedules"];
  flows: readonly Flow[];
  queue: RunQueue;
  /** The process's branch, opened when a slot first needs it. */
  runner: () => Promise<RunnerContext>;
  stopping: AbortSignal;
  say(line: string): void;
}

interface Schedule {
  flow: Flow;
  expression: string;
}

const DONE: SlotOutcome = { kind: "done" };
/** A failed slot is not tried again sooner: the process that failed says when, another one does not. */
const RETRY_AFTER_MS = 30_000;
/** Tries of a slot whose market does not answer, beside the first. */
const MAX_RETRIES = 2;
/** How often a run of another process is looked at that an earlier slot began. */
const LOOK_MS = 50;

/** Sets up every schedule, without waiting for anything: a platform takes only what is set up at once. */
export function registerSchedules(cron: Cron, options: ScheduleOptions): void {
  for (const schedule of schedulesOf(options)) {
    cron.register(schedule.flow.name, schedule.expression, () => runSlot(schedule, options));
  }
}

/**
 * Runs what was missed while nobody served, as each flow's schedule has it, and notes where the schedules
 * begin on a branch that has none yet.
 */
export async function catchUp(options: ScheduleOptions): Promise<void> {
  for (const schedule of schedulesOf(options)) {
    const { flow, expression } = schedule;
    const { registry } = await options.runner();
    const record = await getSchedule(registry, registry.scopes.write, flow.name);
    const due = dueSlot(flow.name, expression, registry.nowMs(), record);
    if (due === null || options.stopping.aborted) continue;
    if (record === null) await passSlot(registry, due, null);
    else if (due.slotMs > record.slotMs) await runSlot(schedule, options);
  }
}

function schedulesOf({ schedules, flows }: ScheduleOptions): Schedule[] {
  return Object.entries(schedules).flatMap(([name, expression]) =>
    expression === undefined ? [] : [{ flow: findFlow(flows, name), expression }]
  );
}

/** One slot to its end, with what the run triggers; an error is said or recorded, and not thrown. */
async function runSlot(schedule: Schedule, options: ScheduleOptions): Promise<SlotOutcome> {
  const { flow } = schedule;
  const { say, stopping } = options;
  try {
    const runner = await options.runner();
    const error = await takeSlot(schedule, runner, options);
    if (error === null || error instanceof Taken || stopping.aborted) return DONE;
    return outcomeOf(flow, error);
  } catch (cause) {
    const error = toAppError(cause);
    say(`${flow.name} was not begun: ${error.message}`);
    return stopping.aborted ? DONE : outcomeOf(flow, error);
  }
}

/** Gives what the run failed with; null where it completed, or where there was nothing to run. */
async function takeSlot(
  { flow, expression }: Schedule,
  runner: RunnerContext,
  { queue, say }: ScheduleOptions,
): Promise<AppError | null> {
  const { registry } = runner;
  const { write } = registry.scopes;
  const record = await getSchedule(registry, write, flow.name);
  const due = dueSlot(flow.name, expression, registry.nowMs(), record);
  if (due === null) return null;
  const lastId = record?.runId ?? null;
  const last = lastId === null ? null : await getRun(registry, write, lastId);
  if (last && record!.slotMs === due.slotMs) {
    return isRetry(runner, last) ? await queue.resume({ runner, run: last }).failure : null;
  }
  if (await slotRun(registry, write, due) !== null) return null;
  // A run that must fail would only be noise among the runs.
  const waitsFor = await flow.readiness?.(registry) ?? null;
  if (waitsFor !== null) {
    say(`${flow.name} waits: ${waitsFor}`);
    await passSlot(registry, due, null);
    return null;
  }
  // The one that waits will see all that this one would; the next one records what was left out.
  if (queue.isWaiting(write.branch, flow.name)) return null;
  const before = last === null ? "over" : await outlookOf(runner, last.id);
  if (before === "alive") {
    await passOver(runner, flow, due, say);
    return null;
  }
  // What the dead process left comes before what is new.
  if (before === "dead") await queue.tend(runner);
  const request = { runner, flow, params: {}, tags: [SCHEDULED_TAG], slot: due };
  return await queue.start(request).failure;
}

/** The run of an earlier slot goes on: a flow does not overlap with itself. */
async function passOver(
  { registry }: RunnerContext,
  flow: Flow,
  due: DueSlot,
  say: (line: string) => void,
): Promise<void> {
  say(`${flow.name} is still at work for an earlier slot`);
  await passSlot(registry, due, flow.catchesUp ? null : "overlap");
}

/**
 * Whether a run of an earlier slot goes on elsewhere. One of another process is watched until it shows a sign of life,
 * ends, or has shown none for as long as its lease is believed: a slot is not lost to a process that died.
 */
async function outlookOf(
  { registry, durability, stopping }: RunnerContext,
  runId: number,
): Promise<"alive" | "dead" | "over"> {
  const { holder } = durability;
  let seen: LeaseRecord | null = null;
  for (;;) {
    const lease = await getLease(registry, registry.scopes.write, runId);
    if (lease === null) return "over";
    if (isExpired(lease, holder.nowMs())) return "dead";
    // This process runs one after the other.
    if (lease.holder === holder.id) return "over";
    const isRenewed = seen !== null && seen.beatAtMs !== lease.beatAtMs;
    if (isRenewed || stopping.aborted) return "alive";
    seen = lease;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Whether the slot's run found the world unavailable, and is to be tried again by now. */
function isRetry({ registry }: RunnerContext, { error, attempt, finishedAt }: RunRecord): boolean {
  if (error?.code !== "unavailable" || attempt > MAX_RETRIES) return false;
  return registry.nowMs() - Date.parse(finishedAt!) >= RETRY_AFTER_MS;
}

/** A failed run is recorded and done with; only what the world owes us is worth another try. */
function outcomeOf(flow: Flow, error: AppError): SlotOutcome {
  if (error.code === "unavailable") return { kind: "retry", error };
  return flow.name === "ingest" && error.code === "not_found" ? { kind: "over" } : DONE;
}
