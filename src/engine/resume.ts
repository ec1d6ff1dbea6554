// Going on with a run that did not come to its end: a new run that adopts the finished steps of the old one, and
// takes over whatever the old one had taken. One commit, so that a run is resumed once.

import type { FlowConfigs } from "../domain/config.ts";
import { isExpired, Taken } from "../domain/durability.ts";
import { AppError } from "../domain/errors.ts";
import type { RunRecord, StepRecord } from "../domain/run.ts";
import { type ReadScope, readScope } from "../domain/scope.ts";
import { iso } from "../domain/time.ts";
import { marketTime, type RegistryContext } from "../registry/context.ts";
import { listSteps, listTags, requireRun } from "../registry/runs.ts";
import { keysOf } from "../store/keys.ts";
import type { Reader, Transaction } from "../store/kv.ts";
import { type Beginning, newRun, stageRun, takeEvent } from "./beginning.ts";
import { processDied, stageEnd } from "./ending.ts";
import { findFlow, type Flow, type RunnerContext } from "./flow.ts";
import { runSteps } from "./runner.ts";

/**
 * Goes on with a run that failed, was interrupted, or whose process died: a new run with its parameters,
 * configs and tags that adopts its finished steps. Throws `not_found` for no such run, `conflict` for one
 * that completed, and Taken for one that is going on or was resumed.
 */
export async function resumeRun(
  ctx: RunnerContext,
  flows: readonly Flow[],
  runId: number,
  beginning: Beginning = {},
): Promise<RunRecord> {
  const { write } = ctx.registry.scopes;
  const old = await requireRun(ctx.registry, write, runId);
  const flow = findFlow(flows, old.flow);
  const resuming: RunnerContext = {
    ...ctx,
    configs: old.configs as unknown as FlowConfigs,
    registry: {
      ...ctx.registry,
      scopes: { write, read: readScope(write.project, old.readBranch) },
    },
  };
  const { registry } = resuming;
  const tags = (await listTags(registry, write, runId))
    .filter(({ record }) => !record.system).map(({ tag }) => tag);
  const marketAt = await marketTime(registry, write);
  const { run, done } = await registry.store.commit(write, async (tx) => {
    const keys = keysOf(write);
    const before = (await tx.get(keys.run(runId)))!;
    await assertResumable(tx, write, before, resuming.durability.holder.nowMs());
    const id = await tx.next(keys.counter("run"));
    const run: RunRecord = {
      ...newRun(resuming, flow, { id, params: before.params, marketAt }),
      attempt: before.attempt + 1,
      resumes: runId,
      produced: before.produced,
      events: before.events,
      summary: before.summary,
    };
    const done = await adoptSteps(registry, tx, flow, before, id);
    run.triggeredBy = before.triggeredBy === null
      ? null
      : await takeEvent(resuming, tx, run, before.triggeredBy);
    await stageRun(resuming, tx, run, { ...beginning, tags });
    await endResumed(resuming, tx, before, id);
    return { run, done };
  });
  beginning.onStarted?.(run);
  return await runSteps(resuming, flow, run, { tags, done });
}

/**
 * Throws `conflict` for a run that has completed, Taken for one that is going on or was resumed. Checked in
 * the commit that resumes it; before that, for whoever only asks.
 *
 * @param leaseNowMs real time, as leases are kept in
 */
export async function assertResumable(
  reader: Reader,
  scope: ReadScope,
  run: RunRecord,
  leaseNowMs: number,
): Promise<void> {
  const lease = await reader.get(keysOf(scope).lease(run.id));
  const isAlive = lease !== null && !isExpired(lease, leaseNowMs);
  const details = { run_id: run.id, status: run.status, resumed_by: run.resumedBy };
  if (run.status === "completed") {
    throw new AppError(
      "conflict",
      `Cannot resume run ${run.id}: it has completed. Next: anomaly ${run.flow}`,
      { details },
    );
  }
  const by = run.resumedBy !== null
    ? `run ${run.resumedBy} has gone on with it. See: anomaly runs show ${run.resumedBy}`
    : isAlive
    ? `it is still going on, and gave its last sign of life at ${
      iso(lease.beatAtMs)
    }. See: anomaly ` +
      `runs show ${run.id}`
    : null;
  if (by !== null) throw new Taken(`Cannot resume run ${run.id}: ${by}`, details);
}

/** Copies the finished steps to the new run. Throws `conflict` where the flow has other steps by now. */
async function adoptSteps(
  registry: RegistryContext,
  tx: Transaction,
  flow: Flow,
  old: RunRecord,
  runId: number,
): Promise<StepRecord[]> {
  const { write } = registry.scopes;
  const finished = (await listSteps(registry, write, old.id))
    .filter(({ status }) => status === "completed");
  for (const { index, name } of finished) {
    if (flow.steps[index]?.name === name) continue;
    throw new AppError(
      "conflict",
      `Cannot resume run ${old.id}: its step ${index + 1} is "${name}", and ${flow.name} has ` +
        `${flow.steps.map((step) => step.name).join(", ")} by now. Next: anomaly ${flow.name}`,
    );
  }
  const adopted = finished.map((step) => ({
    ...step,
    runId,
    adoptedFrom: step.adoptedFrom ?? old.id,
  }));
  for (const step of adopted) tx.set(keysOf(write).step(runId, step.index), step);
  return adopted;
}

/** The old run's side: who went on with it, and that nobody has to take care of it any more. */
async function endResumed(
  ctx: RunnerContext,
  tx: Transaction,
  old: RunRecord,
  resumedBy: number,
): Promise<void> {
  const { registry } = ctx;
  const keys = keysOf(registry.scopes.write);
  const run = { ...old, resumedBy };
  if (run.status === "running") {
    await stageEnd(ctx, tx, run, { status: "interrupted", error: processDied(old), step: null });
  } else tx.set(keys.run(old.id), run);
  tx.delete(keys.lease(old.id));
  const schedule = await tx.get(keys.schedule(old.flow));
  if (schedule?.runId === old.id) {
    tx.set(keys.schedule(old.flow), { ...schedule, runId: resumedBy });
  }
}
