// Promotion: what stands between a version and an alias, and the one commit that proves nothing did.

import type { AliasEntry, AliasRecord } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import type { EvaluationRecord, GateResult } from "../domain/evaluation.ts";
import { keysOf } from "../store/keys.ts";
import type { Reader, Transaction } from "../store/kv.ts";
import { aliasHolder, CHAMPION, describeRevocation, stageHolder } from "./aliases.ts";
import type { RegistryContext } from "./context.ts";
import { latestEvaluation } from "./evaluations.ts";

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
  if (revocation) {
    return [{ reason: "revoked", message: describeRevocation(revocation), forceable: false }];
  }
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
  // Someone may have won while this was read: that is a conflict, and not a stale evaluation.
  assertUnchanged(request, holder, await aliasHolder(ctx.store, ctx.scopes.write, model, alias));
  return { request, holder, blockers };
}

/** Throws `conflict`, naming the winner, when the alias has another holder than when this began. */
function assertUnchanged(
  request: PromotionRequest,
  before: AliasRecord | null,
  now: AliasRecord | null,
): void {
  if ((now?.seq ?? null) === (before?.seq ?? null)) return;
  const expected = before ? `v${before.version}, as it was when this began` : "nobody";
  throw conflictWith(request, now, expected);
}

function alreadyHolder({ model, version, alias }: PromotionRequest, holder: AliasRecord): AppError {
  return new AppError(
    "conflict",
    `Cannot promote ${model} v${version}: it is ${alias} already, since ${holder.setAt}. See: anomaly models history`,
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
  assertUnchanged(request, plan.holder, holder);
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
