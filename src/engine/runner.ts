// Running a flow: the record of the run, its tags, and its steps one after another. What happens to a
// step is in attempt.ts.

import { ASSET, type JsonObject } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import { checkUserTag, SYSTEM_TAGS } from "../domain/names.ts";
import type { RunRecord } from "../domain/run.ts";
import { CHAMPION, isAliasTag } from "../registry/aliases.ts";
import { marketTime, type RegistryContext, wallTime } from "../registry/context.ts";
import { stageAudit } from "../registry/events.ts";
import { stageTag } from "../registry/runs.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import { StepAttempt } from "./attempt.ts";
import { type Flow, type RunnerContext, type StepContext, WithEffects } from "./flow.ts";

/** An act of a person that begins a run. */
export interface Asked {
  reason: string;
}

export interface RunOptions {
  /** Validated by the flow's schema. */
  params: JsonObject;
  tags: string[];
  triggeredBy: number | null;
  /** Told of the run as soon as its record is there, while its steps are yet to come. */
  onStarted?: (run: RunRecord) => void;
  /** Somebody asked for it over HTTP, and why: a line of the audit log, in the commit that begins it. */
  asked?: Asked;
}

/**
 * Runs a flow to its end. The returned record is completed; a failure is recorded in the run and
 * thrown, with the run's id in `details.run_id`.
 */
export async function runFlow(
  ctx: RunnerContext,
  flow: Flow,
  options: RunOptions,
): Promise<RunRecord> {
  const params = flow.params.parse(options.params);
  let run = await startRun(ctx, flow, { ...options, params: params as JsonObject });
  options.onStarted?.(run);
  const artifacts: JsonObject = {};
  for (const [index, step] of flow.steps.entries()) {
    const attempt = new StepAttempt(ctx, run, options.tags, { index, name: step.name });
    try {
      ctx.signal.throwIfAborted();
      const stepContext: StepContext<unknown> = attempt.context(params);
      const result = await step.run(stepContext as StepContext<never>, artifacts);
      run = await attempt.complete(result, index === flow.steps.length - 1);
      Object.assign(artifacts, result instanceof WithEffects ? result.artifacts : result);
    } catch (error) {
      throw await attempt.fail(error);
    }
  }
  return run;
}

/** Allocates the id and writes the record, its index and its system tags. */
async function startRun(ctx: RunnerContext, flow: Flow, options: RunOptions): Promise<RunRecord> {
  const { registry } = ctx;
  const { write, read } = registry.scopes;
  const keys = keysOf(write);
  const marketAt = await marketTime(registry, write);
  for (const tag of options.tags) checkUserTag(tag);
  return await registry.store.commit(write, async (tx) => {
    const id = await tx.next(keys.counter("run"));
    const run: RunRecord = {
      id,
      flow: flow.name,
      status: "running",
      branch: write.branch,
      readBranch: read.branch,
      user: registry.actor,
      codeVersion: ctx.codeVersion,
      params: options.params,
      configs: structuredClone(ctx.configs) as unknown as JsonObject,
      triggeredBy: options.triggeredBy,
      startedAt: wallTime(registry),
      finishedAt: null,
      marketAt,
      produced: [],
      events: [],
      summary: {},
      error: null,
    };
    tx.set(keys.run(id), run);
    tx.set(keys.runOfFlow(flow.name, id), true);
    for (const tag of options.tags) {
      await refuseAliasName(registry, tx, tag);
      await stageTag(registry, tx, run, tag, false);
    }
    for (const tag of systemTags(run, write.project)) await stageTag(registry, tx, run, tag, true);
    if (options.asked) {
      await stageAudit(registry, tx, {
        action: "run",
        subject: `${flow.name}, run ${id}`,
        reason: options.asked.reason,
        details: { run_id: id, flow: flow.name },
      });
    }
    return run;
  });
}

/** Throws `conflict` for an alias, inside the commit: a tag is not to claim a promotion. */
async function refuseAliasName(
  registry: RegistryContext,
  tx: Transaction,
  tag: string,
): Promise<void> {
  if (!await isAliasTag(tx, registry.scopes.write, ASSET.detector, tag)) return;
  throw new AppError(
    "conflict",
    `Cannot tag a run "${tag}": that is an alias, which only a promotion gives and takes. ` +
      `Next: leave out the tag, then anomaly promote${tag === CHAMPION ? "" : ` --alias ${tag}`}`,
  );
}

function systemTags(run: RunRecord, project: string): string[] {
  const { branch, user, codeVersion: code, flow } = run;
  const values = { project, branch, user, code, flow };
  return SYSTEM_TAGS.map((name) => `${name}:${values[name]}`);
}
