// The schedules of project.json: at each slot of a flow it is asked for, as any run is. What wakes up at
// the slots (the platform's cron, a clock that runs fast) is handed in.

import type { ProjectConfig } from "../src/domain/config.ts";
import { type AppError, toAppError } from "../src/domain/errors.ts";
import { SCHEDULED_TAG } from "../src/domain/names.ts";
import { findFlow, type Flow, type RunnerContext } from "../src/engine/flow.ts";
import type { RunQueue } from "../src/engine/queue.ts";

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

/** Sets up every schedule, without waiting for anything: a platform takes only what is set up at once. */
export function registerSchedules(cron: Cron, options: ScheduleOptions): void {
  for (const [name, expression] of Object.entries(options.schedules)) {
    if (expression === undefined) continue;
    const flow = findFlow(options.flows, name);
    cron.register(name, expression, () => runSlot(flow, options));
  }
}

/** One slot to its end, with what the run triggers; an error is said or recorded, and not thrown. */
async function runSlot(flow: Flow, options: ScheduleOptions): Promise<SlotOutcome> {
  const { queue, say, stopping } = options;
  try {
    const runner = await options.runner();
    const { registry } = runner;
    // A run that must fail would only be noise among the runs.
    const waitsFor = await flow.readiness?.(registry) ?? null;
    if (waitsFor !== null) {
      say(`${flow.name} waits: ${waitsFor}`);
      return { kind: "done" };
    }
    // The one that waits will see all that this one would.
    if (queue.isWaiting(registry.scopes.write.branch, flow.name)) return { kind: "done" };
    const error = await queue.start({ runner, flow, params: {}, tags: [SCHEDULED_TAG] }).failure;
    return error === null || stopping.aborted ? { kind: "done" } : outcomeOf(flow, error);
  } catch (cause) {
    const error = toAppError(cause);
    say(`${flow.name} was not begun: ${error.message}`);
    return stopping.aborted ? { kind: "done" } : outcomeOf(flow, error);
  }
}

/** A failed run is recorded and done with; only what the world owes us is worth another try. */
function outcomeOf(flow: Flow, error: AppError): SlotOutcome {
  if (error.code === "unavailable") return { kind: "retry", error };
  return flow.name === "ingest" && error.code === "not_found" ? { kind: "over" } : { kind: "done" };
}
