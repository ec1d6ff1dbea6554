// Running a flow: the record of the run, its tags, and its steps one after another. What happens to a step is
// in attempt.ts, how a run begins and ends in beginning.ts and ending.ts, and going on with one in resume.ts.

import type { JsonObject } from "../domain/asset.ts";
import { AppError, toAppError } from "../domain/errors.ts";
import { checkUserTag } from "../domain/names.ts";
import type { RunRecord, StepRecord } from "../domain/run.ts";
import { marketTime } from "../registry/context.ts";
import { type DueSlot, stageSlot } from "../registry/slots.ts";
import { keysOf } from "../store/keys.ts";
import { StepAttempt } from "./attempt.ts";
import { type Beginning, newRun, stageRun, takeEvent, takeIfWaiting } from "./beginning.ts";
import { type Flow, type RunnerContext, WithEffects } from "./flow.ts";
import { heartbeat } from "./heartbeat.ts";
import { waitingEvent } from "./listening.ts";

export interface RunOptions extends Beginning {
  /** Validated by the flow's schema. */
  params: JsonObject;
  tags: string[];
  /** The event that starts it, which the first commit takes for it. */
  triggeredBy: number | null;
  /** The slot of a schedule, which the first commit takes for it. */
  slot?: DueSlot;
}

/**
 * Runs a flow to its end. The returned record is completed; a failure is recorded in the run and
 * thrown, with the run's id in `details.run_id`. Throws Taken where there is nothing to
 * run, and `interrupted` where the process was told to stop.
 */
export async function runFlow(
  ctx: RunnerContext,
  flow: Flow,
  options: RunOptions,
): Promise<RunRecord> {
  const params = flow.params.parse(options.params) as JsonObject;
  for (const tag of options.tags) checkUserTag(tag);
  const waiting = options.triggeredBy === null ? await waitingEvent(ctx, flow, params) : null;
  const { registry } = ctx;
  const marketAt = await marketTime(registry, registry.scopes.write);
  const run = await registry.store.commit(registry.scopes.write, async (tx) => {
    const id = await tx.next(keysOf(registry.scopes.write).counter("run"));
    const run = newRun(ctx, flow, { id, params, marketAt });
    run.triggeredBy = options.triggeredBy === null
      ? await takeIfWaiting(ctx, tx, run, waiting)
      : await takeEvent(ctx, tx, run, options.triggeredBy);
    await stageRun(ctx, tx, run, options);
    if (options.slot) {
      await stageSlot(registry, tx, options.slot, {
        runId: id,
        recordsGap: flow.catchesUp !== true,
        nowMs: ctx.durability.holder.nowMs(),
      });
    }
    return run;
  });
  options.onStarted?.(run);
  return await runSteps(ctx, flow, run, { tags: options.tags, done: [] });
}

/** The steps that are not done yet, and the end. */
export async function runSteps(
  ctx: RunnerContext,
  flow: Flow,
  begun: RunRecord,
  { tags, done }: { tags: string[]; done: readonly StepRecord[] },
): Promise<RunRecord> {
  const lost = new AbortController();
  using _heart = heartbeat(ctx, begun.id, (error) => lost.abort(error));
  const inner = { ...ctx, signal: AbortSignal.any([ctx.signal, lost.signal]) };
  const params = flow.params.parse(begun.params);
  const artifacts: JsonObject = {};
  for (const step of done) Object.assign(artifacts, step.artifacts);
  let run = begun;
  for (const [index, step] of flow.steps.entries()) {
    if (index < done.length) continue;
    const attempt = new StepAttempt(inner, run, tags, { index, step });
    try {
      if (ctx.stopping.aborted) throw stopped(run, step.name, ctx.stopping.reason);
      const result = await attempt.run(params, artifacts);
      run = await attempt.complete(result, index === flow.steps.length - 1);
      Object.assign(artifacts, result instanceof WithEffects ? result.artifacts : result);
    } catch (cause) {
      const isCut = ctx.signal.aborted && !lost.signal.aborted;
      // The wait before a further try is the one thing within a step that ends with the first word.
      const isStopped = ctx.stopping.aborted && cause === ctx.stopping.reason;
      const error = isCut
        ? stopped(run, step.name, ctx.signal.reason)
        : isStopped
        ? stopped(run, step.name, cause)
        : toAppError(cause);
      const status = error.code === "interrupted" ? "interrupted" : "failed";
      throw await attempt.end(status, error);
    }
  }
  return run;
}

function stopped(run: RunRecord, step: string, reason: unknown): AppError {
  const why = reason instanceof AppError ? reason.message : "The process was told to stop.";
  return new AppError(
    "interrupted",
    `Cannot finish run ${run.id}, which stands before step "${step}": ${why} Next: anomaly runs resume ` +
      `${run.id}`,
    { cause: reason },
  );
}
