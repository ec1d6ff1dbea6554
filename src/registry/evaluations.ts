// Evaluation records, and the status that follows from them. They live under keys of their own, so
// that judging a model disturbs neither its version record nor the promotion of another.

import type { ModelStatus } from "../domain/asset.ts";
import type { EvaluationRecord } from "../domain/evaluation.ts";
import type { ReadScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import type { Reader, Transaction } from "../store/kv.ts";
import { CHAMPION } from "./aliases.ts";
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

/** Where a version stands, and the judgement that it stands by. */
export interface ModelStanding {
  status: ModelStatus;
  evaluation: EvaluationRecord | null;
}

/** Judgements read beside the latest one of each version: some were judged more than once. */
const SPARE_EVALUATIONS = 100;

/**
 * Where versions stand, in their order: what `modelStatus` says, with three reads for all of them.
 *
 * @param versions of a page: they follow one another, with few left out
 */
export async function standingsOf(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  versions: readonly number[],
): Promise<ModelStanding[]> {
  if (versions.length === 0) return [];
  const keys = keysOf(scope);
  const { store } = ctx;
  const from = [Math.min(...versions)];
  const before = [Math.max(...versions) + 1];
  const limit = versions.length + SPARE_EVALUATIONS;
  const [champion, revocations, listed] = await Promise.all([
    store.get(keys.alias(model, CHAMPION)),
    store.list(keys.revocations(model), { from, before, limit }),
    store.list(keys.evaluationsOfAll(model), { from, before, limit, reverse: true }),
  ]);
  const revoked = new Set(revocations.map(({ value }) => value.version));
  const latest = new Map<number, EvaluationRecord>();
  for (const { value } of listed) if (!latest.has(value.version)) latest.set(value.version, value);
  // One that was judged hundreds of times takes the room of those before it; these are read one by one.
  const reached = listed.length < limit ? -Infinity : listed.at(-1)!.value.version;
  return await Promise.all(versions.map(async (version): Promise<ModelStanding> => {
    const evaluation = latest.get(version) ??
      (version < reached ? await latestEvaluation(store, scope, model, version) : null);
    if (revoked.has(version)) return { status: "revoked", evaluation };
    if (champion?.version === version) return { status: "champion", evaluation };
    return { status: evaluation?.passed ? "evaluated" : "candidate", evaluation };
  }));
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
  const champion = await ctx.store.get(keys.alias(model, CHAMPION));
  if (champion?.version === version) return "champion";
  const evaluation = await latestEvaluation(ctx.store, scope, model, version);
  return evaluation?.passed ? "evaluated" : "candidate";
}
