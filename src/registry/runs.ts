// Run records, their steps and logs, and the tags of runs with their index.

import type { JsonObject } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import { isAliasName, SYSTEM_TAGS } from "../domain/names.ts";
import type { LogLine, RunRecord, StepRecord } from "../domain/run.ts";
import type { ReadScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import type { TagRecord } from "../store/records.ts";
import type { Reader, Transaction } from "../store/kv.ts";
import { type RegistryContext, wallTime } from "./context.ts";
import { isForgotten } from "./forgotten.ts";

/** Most log parts that a run is read with; a step writes one. */
const MAX_LOG_PARTS = 1000;
const MAX_TAGS = 100;

export function getRun(
  ctx: RegistryContext,
  scope: ReadScope,
  id: number,
): Promise<RunRecord | null> {
  return ctx.store.get(keysOf(scope).run(id));
}

/**
 * Throws `not_found` when there is no such run on the branch, or it is of another flow than `flow`
 * (a flow's own name; null for whichever).
 */
export async function requireRun(
  ctx: RegistryContext,
  scope: ReadScope,
  id: number,
  flow: string | null = null,
): Promise<RunRecord> {
  const run = await getRun(ctx, scope, id);
  if (run && flow !== null && run.flow !== flow) {
    throw new AppError(
      "not_found",
      `Cannot find ${flow}/${id}: run ${id} is of ${run.flow}. See: anomaly runs show ${id}`,
      { details: { run_id: id, flow, found: run.flow } },
    );
  }
  if (run) return run;
  const why = await isForgotten(ctx.store, scope, "run", id) ? ": it is no longer kept" : "";
  throw new AppError(
    "not_found",
    `Cannot find run ${id} on branch ${scope.branch}${why}. See: anomaly runs list`,
    { details: { run_id: id, branch: scope.branch } },
  );
}

/**
 * What the steps of a completed run handed on, all together; of one name the last one's. Throws `not_found`
 * where retention has taken what the run made, and its steps with that.
 */
export async function requireArtifacts(
  ctx: RegistryContext,
  scope: ReadScope,
  run: RunRecord,
): Promise<JsonObject> {
  const steps = await listSteps(ctx, scope, run.id);
  if (steps.length > 0) return Object.assign({}, ...steps.map((step) => step.artifacts));
  throw new AppError(
    "not_found",
    `Cannot read what run ${run.id} (${run.flow}) made: its steps are no longer kept. See: anomaly runs ` +
      `show ${run.id}`,
    { details: { run_id: run.id, branch: scope.branch } },
  );
}

/** The newest ones first; `before` is exclusive. */
interface Newest {
  limit: number;
  before?: number;
}

function rangeOf({ limit, before }: Newest) {
  return { limit, reverse: true, ...(before === undefined ? {} : { before: [before] }) };
}

/** Newest first, of all flows or of one. */
export async function listRuns(
  ctx: RegistryContext,
  scope: ReadScope,
  options: Newest & { flow?: string; tag?: string },
): Promise<RunRecord[]> {
  const keys = keysOf(scope);
  const { flow, tag } = options;
  if (flow === undefined) {
    return (await ctx.store.list(keys.runs(), rangeOf(options))).map((entry) => entry.value);
  }
  const ids = await listRunIds(ctx, scope, flow, options, tag);
  const runs = await ctx.store.getMany(ids.map((id) => keys.run(id)));
  return runs.filter((run) => run !== null);
}

/** Ids of a flow's runs by its index, newest first; for readers that keep the runs that have ended. */
export async function listRunIds(
  ctx: RegistryContext,
  scope: ReadScope,
  flow: string,
  newest: Newest,
  tag?: string,
): Promise<number[]> {
  const keys = keysOf(scope);
  const index = tag === undefined ? keys.runsOfFlow(flow) : keys.runsWithTag(flow, tag);
  return (await ctx.store.list(index, rangeOf(newest))).map(({ rest }) => Number(rest[0]));
}

/** Newest first, of any of the flows. */
export async function listTaggedRuns(
  ctx: RegistryContext,
  scope: ReadScope,
  options: Newest & { flows: readonly string[]; tag: string },
): Promise<RunRecord[]> {
  const keys = keysOf(scope);
  const found = await Promise.all(
    options.flows.map((flow) => listRunIds(ctx, scope, flow, options, options.tag)),
  );
  const ids = found.flat().sort((a, b) => b - a);
  const runs = await ctx.store.getMany(ids.slice(0, options.limit).map((id) => keys.run(id)));
  return runs.filter((run) => run !== null);
}

/** Which of the runs have a tag. */
export async function runsHaving(
  ctx: RegistryContext,
  scope: ReadScope,
  ids: readonly number[],
  tag: string,
): Promise<Set<number>> {
  const keys = keysOf(scope);
  const records = await ctx.store.getMany(ids.map((id) => keys.tagOfRun(id, tag)));
  return new Set(ids.filter((_, i) => records[i] !== null));
}

export async function listSteps(
  ctx: RegistryContext,
  scope: ReadScope,
  runId: number,
): Promise<StepRecord[]> {
  const entries = await ctx.store.list(keysOf(scope).steps(runId), { limit: 100 });
  return entries.map((entry) => entry.value);
}

export async function readLog(
  ctx: RegistryContext,
  scope: ReadScope,
  runId: number,
): Promise<LogLine[]> {
  const entries = await ctx.store.list(keysOf(scope).logs(runId), { limit: MAX_LOG_PARTS });
  return entries.flatMap((entry) => entry.value);
}

export async function listTags(
  ctx: RegistryContext,
  scope: ReadScope,
  runId: number,
): Promise<{ tag: string; record: TagRecord }[]> {
  const entries = await ctx.store.list(keysOf(scope).tagsOfRun(runId), { limit: MAX_TAGS });
  return entries.map((entry) => ({ tag: String(entry.rest[0]), record: entry.value }));
}

/** A run's tag; null where it has none of that name. */
export function getTag(
  reader: Reader,
  scope: ReadScope,
  runId: number,
  tag: string,
): Promise<TagRecord | null> {
  return reader.get(keysOf(scope).tagOfRun(runId, tag));
}

/** Stages a run's record, with its place among the runs of its flow. */
export function stageRunRecord(ctx: RegistryContext, tx: Transaction, run: RunRecord): void {
  const keys = keysOf(ctx.scopes.write);
  tx.set(keys.run(run.id), run);
  tx.set(keys.runOfFlow(run.flow, run.id), true);
}

/** Stages the tags that say where a run is from. */
export async function stageSystemTags(
  ctx: RegistryContext,
  tx: Transaction,
  run: RunRecord,
): Promise<void> {
  const { project } = ctx.scopes.write;
  const { branch, user, codeVersion: code, flow } = run;
  const values = { project, branch, user, code, flow };
  for (const name of SYSTEM_TAGS) await stageTag(ctx, tx, run, `${name}:${values[name]}`, true);
}

/**
 * Stages a tag and its index entry. A user's tag that may become the name of an alias is counted, so
 * that the alias's first promotion, which refuses such tags, cannot miss one that comes meanwhile.
 */
export async function stageTag(
  ctx: RegistryContext,
  tx: Transaction,
  run: { id: number; flow: string },
  tag: string,
  system: boolean,
): Promise<void> {
  const keys = keysOf(ctx.scopes.write);
  if (!system && isAliasName(tag)) await tx.next(keys.counter(`tag/${tag}`));
  tx.set(keys.tagOfRun(run.id, tag), { system, addedAt: wallTime(ctx), addedBy: ctx.actor });
  tx.set(keys.runWithTag(run.flow, tag, run.id), true);
}

export function stageUntag(
  ctx: RegistryContext,
  tx: Transaction,
  run: { id: number; flow: string },
  tag: string,
): void {
  const keys = keysOf(ctx.scopes.write);
  tx.delete(keys.tagOfRun(run.id, tag));
  tx.delete(keys.runWithTag(run.flow, tag, run.id));
}
