// Evaluation records, and the status that follows from them. They live under keys of their own, so
// that judging a model disturbs neither its version record nor the promotion of another.

import type { ModelStatus } from "../domain/asset.ts";
import type { EvaluationRecord } from "../domain/evaluation.ts";
import type { ReadScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import type { Reader, Transaction } from "../store/kv.ts";
import { type RegistryContext, wallTime } from "./context.ts";

export async function stageEvaluation(
  ctx: RegistryContext,
  tx: Transaction,
  evaluation: Omit<EvaluationRecord, "id" | "recordedAt">,
): Promise<EvaluationRecord> {
  const keys = keysOf(ctx.scopes.write);
  const { model, version } = evaluation;
  const id = await tx.next(keys.counter(`evaluation/${model}/${version}`));
  const record: EvaluationRecord = { id, recordedAt: wallTime(ctx), ...evaluation };
  tx.set(keys.evaluation(model, version, id), record);
  return record;
}

export function getEvaluation(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  version: number,
  id: number,
): Promise<EvaluationRecord | null> {
  return ctx.store.get(keysOf(scope).evaluation(model, version, id));
}

/** Newest first. */
export async function listEvaluations(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  version: number,
  limit: number,
): Promise<EvaluationRecord[]> {
  const range = { limit, reverse: true };
  const entries = await ctx.store.list(keysOf(scope).evaluations(model, version), range);
  return entries.map((entry) => entry.value);
}

/**
 * The latest one decides; null where the version was never judged. Read through a transaction, the
 * commit fails if another evaluation comes between.
 */
export async function latestEvaluation(
  reader: Reader,
  scope: ReadScope,
  model: string,
  version: number,
): Promise<EvaluationRecord | null> {
  const keys = keysOf(scope);
  const id = await reader.get(keys.counter(`evaluation/${model}/${version}`));
  return id === null ? null : await reader.get(keys.evaluation(model, version, id));
}

/** candidate → evaluated → champion; revoked stands above all. */
export async function modelStatus(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  version: number,
): Promise<ModelStatus> {
  const keys = keysOf(scope);
  if (await ctx.store.get(keys.revocation(model, version))) return "revoked";
  const champion = await ctx.store.get(keys.alias(model, "champion"));
  if (champion?.version === version) return "champion";
  const evaluation = await latestEvaluation(ctx.store, scope, model, version);
  return evaluation?.passed ? "evaluated" : "candidate";
}
