// Aliases (champion, staging, challenger-…): who holds them, what stands between a version and an
// alias, and the three acts that change them, each one commit: promote, roll back, revoke.

import type { AliasEntry, AliasRecord, JsonObject, RevocationRecord } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import type { EvaluationRecord, GateResult } from "../domain/evaluation.ts";
import type { ReadScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import type { Reader, Transaction } from "../store/kv.ts";
import { marketNowMs, type RegistryContext, wallTime } from "./context.ts";
import { latestEvaluation } from "./evaluations.ts";
import { stageAudit, stageEvent } from "./events.ts";
import { stageTag, stageUntag } from "./runs.ts";

export const CHAMPION = "champion";

/** How many holders a rollback may step over because they were revoked. */
const MAX_ROLLBACK_STEPS = 30;
const MAX_ALIASES = 100;

/** One thing that stands between a version and an alias. */
export type Blocker = {
  /** A gate's name, or revoked, no_evaluation, stale_evaluation, other_model_file. */
  reason: string;
  /** Found, expected. */
  message: string;
  /** Whether `--force` with a reason may override it. */
  forceable: boolean;
};

export type PromotionRequest = {
  model: string;
  version: number;
  alias: string;
  /** Holder that the caller expects: a version, null for nobody, "any" for whoever is there. */
  expect: number | null | "any";
  force: boolean;
  reason: string;
  actingRunId: number | null;
};

/** What a promotion saw when it began; JSON, so that a step can hand it on. The commit holds it to it. */
export type PromotionPlan = {
  request: PromotionRequest;
  holder: AliasRecord | null;
  blockers: Blocker[];
};

/** The present holder of an alias; null when nobody holds it. */
export function aliasHolder(
  reader: Reader,
  scope: ReadScope,
  model: string,
  alias: string,
): Promise<AliasRecord | null> {
  return reader.get(keysOf(scope).alias(model, alias));
}

export async function listAliases(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
): Promise<AliasRecord[]> {
  const entries = await ctx.store.list(keysOf(scope).aliases(model), { limit: MAX_ALIASES });
  return entries.map((entry) => entry.value);
}

/** Newest first. */
export async function aliasHistory(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  alias: string,
  limit: number,
): Promise<AliasEntry[]> {
  const range = { limit, reverse: true };
  const entries = await ctx.store.list(keysOf(scope).aliasEntries(model, alias), range);
  return entries.map((entry) => entry.value);
}

/** Who held the alias at a market time, from the history; null when nobody did yet. */
export async function aliasHolderAt(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  alias: string,
  marketAtMs: number,
): Promise<AliasEntry | null> {
  const keys = keysOf(scope);
  const range = { limit: 1, reverse: true, before: [marketAtMs + 1] };
  const [found] = await ctx.store.list(keys.aliasesAt(model, alias), range);
  return found ? await ctx.store.get(keys.aliasEntry(model, alias, found.value)) : null;
}

/**
 * What stands between a version and an alias. Empty: nothing. The champion that the evaluation must
 * have been made against is the read branch's, because that is where `evaluate` reads it.
 */
export async function promotionBlockers(
  ctx: RegistryContext,
  reader: Reader,
  model: string,
  version: number,
): Promise<Blocker[]> {
  const { write, read } = ctx.scopes;
  const revocation = await reader.get(keysOf(write).revocation(model, version));
  if (revocation) return [revokedBlocker(revocation)];
  const evaluation = await latestEvaluation(reader, write, model, version);
  if (evaluation === null) {
    return [{
      reason: "no_evaluation",
      message: `it has no evaluation, expected one that passed every hard gate`,
      forceable: true,
    }];
  }
  const record = await reader.get(keysOf(write).version("model", model, version));
  const champion = await aliasHolder(reader, read, model, CHAMPION);
  return [
    ...evaluation.gates.filter((gate) => gate.hard && gate.status === "failed").map(gateBlocker),
    ...staleBlocker(evaluation, read.branch, champion),
    ...(record?.files.model?.sha256 === evaluation.modelSha256 ? [] : [{
      reason: "other_model_file",
      message: "its latest evaluation judged another model file",
      forceable: false,
    }]),
  ];
}

function revokedBlocker(revocation: RevocationRecord): Blocker {
  return {
    reason: "revoked",
    message:
      `it was revoked by ${revocation.actor} at ${revocation.recordedAt} (${revocation.reason})`,
    forceable: false,
  };
}

function gateBlocker(gate: GateResult): Blocker {
  const value = gate.value === null
    ? `could not be computed${gate.note ? ` (${gate.note})` : ""}`
    : `is ${formatMetric(gate.value)}`;
  return {
    reason: gate.name,
    message: `gate "${gate.name}" ${value}, expected ${gate.comparison} ${
      formatMetric(gate.threshold)
    }`,
    forceable: true,
  };
}

function formatMetric(value: number): string {
  return String(Number(value.toFixed(4)));
}

function staleBlocker(
  evaluation: EvaluationRecord,
  championBranch: string,
  champion: AliasRecord | null,
): Blocker[] {
  const compared = evaluation.comparedTo;
  const same = champion === null
    ? compared === null
    : compared?.version === champion.version && compared.branch === championBranch;
  if (same) return [];
  const found = compared ? `v${compared.version} of ${compared.branch}` : "no champion";
  const expected = champion
    ? `the present champion v${champion.version} of ${championBranch}`
    : "none, as there is no champion now";
  return [{
    reason: "stale_evaluation",
    message: `its latest evaluation was made against ${found}, expected ${expected}`,
    forceable: true,
  }];
}

/** Reads what a promotion would meet. Throws `conflict` for an unexpected holder, or the same one. */
export async function planPromotion(
  ctx: RegistryContext,
  request: PromotionRequest,
): Promise<PromotionPlan> {
  const { model, version, alias } = request;
  const holder = await aliasHolder(ctx.store, ctx.scopes.write, model, alias);
  assertExpected(request, holder);
  if (holder?.version === version) throw alreadyHolder(request, holder);
  const blockers = await promotionBlockers(ctx, ctx.store, model, version);
  return { request, holder, blockers };
}

function alreadyHolder({ model, version, alias }: PromotionRequest, holder: AliasRecord): AppError {
  return new AppError(
    "conflict",
    `Cannot promote ${model} v${version}: it is ${alias} already, since ${holder.setAt}.`,
    { details: { winner: version, alias, version } },
  );
}

/** Throws `conflict` for a revoked version, `gate_failed` for other blockers that are not overridden. */
export function assertAllowed(plan: PromotionPlan): void {
  const { request, blockers } = plan;
  const open = blockers.filter((blocker) => !(request.force && blocker.forceable));
  if (open.length === 0) return;
  throw new AppError(
    open.some((blocker) => blocker.reason === "revoked") ? "conflict" : "gate_failed",
    `Cannot promote ${request.model} v${request.version} to ${request.alias}: ` +
      `${open.map((blocker) => blocker.message).join("; ")}. ` +
      `See: anomaly models why ${request.version}`,
    { details: { version: request.version, alias: request.alias, blockers: open } },
  );
}

function assertExpected(request: PromotionRequest, holder: AliasRecord | null): void {
  const { expect } = request;
  if (expect === "any" || expect === (holder?.version ?? null)) return;
  throw conflictWith(request, holder, `--expect ${expect === null ? "none" : `v${expect}`}`);
}

function conflictWith(
  request: PromotionRequest,
  holder: AliasRecord | null,
  expected: string,
): AppError {
  const { model, alias } = request;
  const found = holder
    ? `${alias} is ${model} v${holder.version} since ${holder.setAt} (run ${holder.runId})`
    : `nobody holds ${alias}`;
  return new AppError(
    "conflict",
    `Cannot promote ${model} v${request.version}: ${found}, expected ${expected}. ` +
      `Next: anomaly champion, then evaluate against it.`,
    { details: { winner: holder?.version ?? null, alias, version: request.version } },
  );
}

/**
 * The promotion, staged into one commit: alias, run tag, history, event, audit. Everything that
 * allowed it is read again here and checked by the commit. When the commit does not go through it is
 * built anew; if the alias has changed by then, that is a conflict which names the winner.
 */
export async function stagePromotion(
  ctx: RegistryContext,
  tx: Transaction,
  plan: PromotionPlan,
): Promise<{ entry: AliasEntry; eventId: number }> {
  const { request } = plan;
  const { model, version, alias } = request;
  const holder = await aliasHolder(tx, ctx.scopes.write, model, alias);
  if ((holder?.seq ?? null) !== (plan.holder?.seq ?? null)) {
    const expected = plan.holder ? `v${plan.holder.version}, as it was when this began` : "nobody";
    throw conflictWith(request, holder, expected);
  }
  const blockers = await promotionBlockers(ctx, tx, model, version);
  assertAllowed({ ...plan, blockers });
  const evaluation = await latestEvaluation(tx, ctx.scopes.write, model, version);
  return await stageHolder(ctx, tx, holder, {
    action: "promote",
    model,
    alias,
    version,
    reason: request.reason,
    forced: request.force && blockers.length > 0,
    overridden: blockers.map((blocker) => blocker.reason),
    evaluationId: evaluation?.id ?? null,
    actingRunId: request.actingRunId,
    beneathSeq: holder?.seq ?? null,
  });
}

interface NewHolder {
  action: AliasEntry["action"];
  model: string;
  alias: string;
  version: number;
  reason: string;
  forced: boolean;
  overridden: string[];
  evaluationId: number | null;
  actingRunId: number | null;
  beneathSeq: number | null;
}

/** Stages everything that changes when an alias gets another holder. */
async function stageHolder(
  ctx: RegistryContext,
  tx: Transaction,
  holder: AliasRecord | null,
  next: NewHolder,
): Promise<{ entry: AliasEntry; eventId: number }> {
  const keys = keysOf(ctx.scopes.write);
  const { model, alias, ...fields } = next;
  const record = await tx.get(keys.version("model", model, next.version));
  if (record === null) throw new AppError("not_found", `Cannot find ${model} v${next.version}.`);
  const seq = await tx.next(keys.counter(`alias/${model}`));
  const marketAtMs = await marketNowMs(ctx, ctx.scopes.write) ??
    await marketNowMs(ctx, ctx.scopes.read) ?? ctx.nowMs();
  const entry: AliasEntry = {
    seq,
    ...fields,
    runId: record.runId,
    previousVersion: holder?.version ?? null,
    actor: ctx.actor,
    recordedAt: wallTime(ctx),
    marketAt: new Date(marketAtMs).toISOString(),
  };
  tx.set(keys.alias(model, alias), {
    model,
    alias,
    version: record.version,
    runId: record.runId,
    seq,
    setAt: entry.recordedAt,
    marketAt: entry.marketAt,
  });
  tx.set(keys.aliasEntry(model, alias, seq), entry);
  tx.set(keys.aliasAt(model, alias, marketAtMs, seq), seq);
  if (holder) stageUntag(ctx, tx, { id: holder.runId, flow: record.flow }, alias);
  stageTag(ctx, tx, { id: record.runId, flow: record.flow }, alias, true);
  const payload = {
    model,
    alias,
    version: record.version,
    previous_version: entry.previousVersion,
  };
  const event = await stageEvent(ctx, tx, {
    name: next.action === "promote" ? "model_promoted" : "model_rolled_back",
    runId: next.actingRunId,
    marketAt: entry.marketAt,
    payload,
  });
  await stageAudit(ctx, tx, {
    action: next.action,
    subject: `${model} v${record.version} → ${alias}`,
    reason: next.reason,
    details: { ...payload, forced: next.forced, overridden: next.overridden },
  });
  return { entry, eventId: event.id };
}

/**
 * Returns the alias to the holder before the present one, stepping over revoked versions; done again
 * it goes one further back. Needs no new evaluation, and is recorded as what it is.
 * Throws `conflict` when there is nobody to return to.
 */
export async function stageRollback(
  ctx: RegistryContext,
  tx: Transaction,
  request: { model: string; alias: string; reason: string },
): Promise<{ entry: AliasEntry; eventId: number }> {
  const { model, alias } = request;
  const keys = keysOf(ctx.scopes.write);
  const holder = await aliasHolder(tx, ctx.scopes.write, model, alias);
  if (holder === null) {
    throw new AppError("not_found", `Cannot roll back ${alias} of ${model}: nobody holds it.`);
  }
  let entry = await tx.get(keys.aliasEntry(model, alias, holder.seq));
  for (let step = 0; step < MAX_ROLLBACK_STEPS && entry?.beneathSeq; step++) {
    entry = await tx.get(keys.aliasEntry(model, alias, entry.beneathSeq));
    if (!entry || await tx.get(keys.revocation(model, entry.version))) continue;
    return await stageHolder(ctx, tx, holder, {
      action: "rollback",
      ...request,
      version: entry.version,
      forced: false,
      overridden: [],
      evaluationId: entry.evaluationId,
      actingRunId: null,
      beneathSeq: entry.beneathSeq,
    });
  }
  throw new AppError(
    "conflict",
    `Cannot roll back ${alias} of ${model}: v${holder.version} has no earlier holder to return to. ` +
      `See: anomaly models history`,
  );
}

/**
 * Revokes a version for good. One that holds an alias is refused, unless `rollback` is asked for:
 * then every alias that it holds returns to the holder before it, in the same commit.
 */
export async function stageRevocation(
  ctx: RegistryContext,
  tx: Transaction,
  request: { model: string; version: number; reason: string; rollback: boolean },
): Promise<{ revocation: RevocationRecord; rolledBack: AliasEntry[] }> {
  const { model, version, reason } = request;
  const keys = keysOf(ctx.scopes.write);
  const present = await tx.get(keys.revocation(model, version));
  if (present) {
    throw new AppError(
      "conflict",
      `Cannot revoke v${version}: ${revokedBlocker(present).message}.`,
    );
  }
  // Reading the sequence makes the commit fail if any alias moves meanwhile.
  await tx.get(keys.counter(`alias/${model}`));
  const held = (await listAliases(ctx, ctx.scopes.write, model))
    .filter((alias) => alias.version === version);
  if (held.length > 0 && !request.rollback) {
    throw new AppError(
      "conflict",
      `Cannot revoke ${model} v${version}: it is ${held.map((a) => a.alias).join(", ")}. ` +
        `Next: anomaly models revoke ${version} --rollback --reason "…", or promote another first.`,
    );
  }
  const revocation: RevocationRecord = {
    model,
    version,
    actor: ctx.actor,
    reason,
    recordedAt: wallTime(ctx),
  };
  tx.set(keys.revocation(model, version), revocation);
  const rolledBack: AliasEntry[] = [];
  for (const { alias } of held) {
    rolledBack.push((await stageRollback(ctx, tx, { model, alias, reason })).entry);
  }
  const payload = { model, version };
  await stageEvent(ctx, tx, { name: "model_revoked", runId: null, marketAt: null, payload });
  await stageAudit(ctx, tx, {
    action: "revoke",
    subject: `${model} v${version}`,
    reason,
    details: { ...payload, rolled_back: rolledBack.map((entry) => entry.version) },
  });
  return { revocation, rolledBack };
}
