// The beginning of a run, in its first commit: its record, its index, its tags, its lease, and the event that it
// takes. What a run resumes is in resume.ts.

import { ASSET, type JsonObject } from "../domain/asset.ts";
import { isExpired, Taken } from "../domain/durability.ts";
import { AppError } from "../domain/errors.ts";
import type { RunRecord } from "../domain/run.ts";
import { CHAMPION, isAliasTag } from "../registry/aliases.ts";
import { type RegistryContext, wallTime } from "../registry/context.ts";
import { stageDelivery } from "../registry/deliveries.ts";
import { stageAudit } from "../registry/events.ts";
import { stageLease } from "../registry/leases.ts";
import { stageRunRecord, stageSystemTags, stageTag } from "../registry/runs.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import type { Flow, RunnerContext } from "./flow.ts";

/** An act of a person that begins a run. */
export interface Asked {
  reason: string;
}

/** What every run begins with, a resumed one as well. */
export interface Beginning {
  /** Told of the run as soon as its record is there, while its steps are yet to come. */
  onStarted?: (run: RunRecord) => void;
  /** Somebody asked for it over HTTP, and why: a line of the audit log, in the commit that begins it. */
  asked?: Asked;
  /** Whether any process that serves goes on with it when this one dies; see LeaseRecord. */
  goesOn?: boolean;
}

export function newRun(
  ctx: RunnerContext,
  flow: Flow,
  given: { id: number; params: JsonObject; marketAt: string | null },
): RunRecord {
  const { registry } = ctx;
  return {
    ...given,
    flow: flow.name,
    status: "running",
    branch: registry.scopes.write.branch,
    readBranch: registry.scopes.read.branch,
    user: registry.actor,
    codeVersion: ctx.codeVersion,
    configs: structuredClone(ctx.configs) as unknown as JsonObject,
    triggeredBy: null,
    attempt: 1,
    resumes: null,
    resumedBy: null,
    startedAt: wallTime(registry),
    finishedAt: null,
    produced: [],
    events: [],
    summary: {},
    error: null,
  };
}

/** Stages the record, its index, its tags, its lease, and who asked for it. */
export async function stageRun(
  { registry, durability }: RunnerContext,
  tx: Transaction,
  run: RunRecord,
  { tags, asked, goesOn = false }: Beginning & { tags: string[] },
): Promise<void> {
  stageRunRecord(registry, tx, run);
  for (const tag of tags) {
    await refuseAliasName(registry, tx, tag);
    await stageTag(registry, tx, run, tag, false);
  }
  await stageSystemTags(registry, tx, run);
  stageLease(registry, tx, run.id, durability.holder, goesOn);
  if (!asked) return;
  const isNew = run.resumes === null;
  await stageAudit(registry, tx, {
    action: isNew ? "run" : "resume",
    subject: `${run.flow}, run ${isNew ? run.id : run.resumes}`,
    reason: asked.reason,
    details: { run_id: run.id, flow: run.flow },
  });
}

/** Takes an event for the run. Throws Taken where it was handled, or is being handled. */
export async function takeEvent(
  ctx: RunnerContext,
  tx: Transaction,
  run: RunRecord,
  eventId: number,
): Promise<number> {
  const { registry, durability } = ctx;
  const keys = keysOf(registry.scopes.write);
  const delivery = await tx.get(keys.delivery(eventId, run.flow));
  if (delivery?.state === "done") {
    throw taken(run, eventId, `run ${delivery.runId} has handled it`);
  }
  if (delivery?.state === "running" && delivery.runId !== run.resumes) {
    const lease = await tx.get(keys.lease(delivery.runId!));
    if (lease && !isExpired(lease, durability.holder.nowMs())) {
      throw taken(run, eventId, `run ${delivery.runId} is handling it`);
    }
  }
  await stageDelivery(registry, tx, { eventId, consumer: run.flow }, {
    state: "running",
    runId: run.id,
  });
  return eventId;
}

function taken({ flow }: RunRecord, eventId: number, by: string): Taken {
  return new Taken(`Cannot run ${flow} for event ${eventId}: ${by}.`, { flow });
}

/** The same for a run by hand, which runs in any case. */
export async function takeIfWaiting(
  { registry }: RunnerContext,
  tx: Transaction,
  run: RunRecord,
  eventId: number | null,
): Promise<number | null> {
  if (eventId === null) return null;
  const key = { eventId, consumer: run.flow };
  const delivery = await tx.get(keysOf(registry.scopes.write).delivery(eventId, run.flow));
  if (delivery?.state !== "pending") return null;
  await stageDelivery(registry, tx, key, { state: "running", runId: run.id });
  return eventId;
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
