// Aliases (champion, staging, challenger-…): who holds them and held them, and the one way in which a
// holder changes. Rolling back and revoking are here; promoting, which has to be earned, is in
// promotion.ts.

import type { AliasEntry, AliasRecord, RevocationRecord, VersionRecord } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import { isAliasName } from "../domain/names.ts";
import type { ReadScope } from "../domain/scope.ts";
import { iso } from "../domain/time.ts";
import { keysOf } from "../store/keys.ts";
import type { Reader, Transaction } from "../store/kv.ts";
import { clockOf, type RegistryContext, wallTime } from "./context.ts";
import { stageAudit, stageEvent } from "./events.ts";
import { stageTag, stageUntag } from "./runs.ts";

export const CHAMPION = "champion";

/** How many holders a rollback may step over because they were revoked. */
const MAX_ROLLBACK_STEPS = 30;
const MAX_ALIASES = 100;

/** How many runs a refusal names. */
const MAX_NAMED_RUNS = 10;

/** "it was revoked by …", as blockers and refusals say it. */
export function describeRevocation({ actor, recordedAt, reason }: RevocationRecord): string {
  return `it was revoked by ${actor} at ${recordedAt} (${reason})`;
}

/** Who revoked a version, and why; null where nobody did. */
export function revocationOf(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  version: number,
): Promise<RevocationRecord | null> {
  return ctx.store.get(keysOf(scope).revocation(model, version));
}

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

/**
 * Whether a run tag of that name would claim what only a promotion can prove: it is held as an alias,
 * or is one of those that the program gives a meaning to.
 */
export async function isAliasTag(
  reader: Reader,
  scope: ReadScope,
  model: string,
  name: string,
): Promise<boolean> {
  if (!isAliasName(name)) return false;
  if (name === CHAMPION || name === "staging" || name.startsWith("challenger-")) return true;
  return await aliasHolder(reader, scope, model, name) !== null;
}

/**
 * Throws `conflict` where a version would be an alias's first holder, and users have tagged runs of
 * its flow with that name: such a tag would claim a promotion that never was. Later nobody can.
 */
export async function assertTagFree(
  ctx: RegistryContext,
  reader: Reader,
  { name: model, flow }: Pick<VersionRecord, "name" | "flow">,
  alias: string,
): Promise<void> {
  const { write } = ctx.scopes;
  if (await aliasHolder(reader, write, model, alias) !== null) return;
  const keys = keysOf(write);
  // Ranges are not checked by a commit. Every such tag moves this counter, and that is.
  await reader.get(keys.counter(`tag/${alias}`));
  const entries = await ctx.store.list(keys.runsWithTag(flow, alias), { limit: MAX_NAMED_RUNS });
  const named = entries.map((entry) => Number(entry.rest[0]));
  const tags = await ctx.store.getMany(named.map((id) => keys.tagOfRun(id, alias)));
  // The tag of a promotion that was committed since the holder was read is a system tag: that race is
  // for the promotion to find, which names the winner.
  const ids = named.filter((_, i) => tags[i]?.system === false);
  if (ids.length === 0) return;
  throw new AppError(
    "conflict",
    `Cannot make "${alias}" an alias: run ${ids.join(", ")} of ${flow} was given it as a tag. ` +
      `Next: anomaly runs untag ${ids[0]} ${alias}`,
    { details: { alias, run_ids: ids } },
  );
}

/** What a new holder brings along. */
export interface NewHolder {
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

/**
 * The market time of a change: the write branch's clock, else the read branch's, else the wall's.
 * Never before the present holder's, so that the history by time tells the same as the one by number.
 *
 * The commit checks the branch's record, which every ingest changes. So a change that is committed
 * after a snapshot has no earlier market time than it, and who held the alias just before that
 * snapshot is settled once the snapshot is there (ADR 8).
 */
async function changeTimeMs(
  ctx: RegistryContext,
  tx: Transaction,
  holder: AliasRecord | null,
): Promise<number> {
  const { write, read } = ctx.scopes;
  const branch = await tx.get(keysOf(write).branch()) ?? await tx.get(keysOf(read).branch());
  const nowMs = branch ? clockOf(ctx, branch) : ctx.nowMs();
  return Math.max(nowMs, holder?.marketAt ? Date.parse(holder.marketAt) : -Infinity);
}

/** Stages everything that changes when an alias gets another holder. */
export async function stageHolder(
  ctx: RegistryContext,
  tx: Transaction,
  holder: AliasRecord | null,
  next: NewHolder,
): Promise<{ entry: AliasEntry; eventId: number }> {
  const keys = keysOf(ctx.scopes.write);
  const { model, alias, ...fields } = next;
  const record = await tx.get(keys.version("model", model, next.version));
  if (record === null) throw new AppError("not_found", `Cannot find ${model} v${next.version}.`);
  await assertTagFree(ctx, tx, record, alias);
  const seq = await tx.next(keys.counter(`alias/${model}`));
  const marketAtMs = await changeTimeMs(ctx, tx, holder);
  const entry: AliasEntry = {
    seq,
    ...fields,
    runId: record.runId,
    previousVersion: holder?.version ?? null,
    actor: ctx.actor,
    recordedAt: wallTime(ctx),
    marketAt: iso(marketAtMs),
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
  if (holder) {
    // One was trained here, the other imported: the tag is indexed by the flow of either's run.
    const before = await tx.get(keys.version("model", model, holder.version));
    stageUntag(ctx, tx, { id: holder.runId, flow: before?.flow ?? record.flow }, alias);
  }
  await stageTag(ctx, tx, { id: record.runId, flow: record.flow }, alias, true);
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
 * Whom a rollback returns the alias to: the holder before the present one, stepping over revoked versions
 * and over the present one itself, which may have held it before. Throws `not_found` where nobody holds
 * it, `conflict` when there is nobody to return to.
 */
export async function planRollback(
  reader: Reader,
  scope: ReadScope,
  { model, alias }: { model: string; alias: string },
): Promise<{ holder: AliasRecord; target: AliasEntry }> {
  const keys = keysOf(scope);
  const holder = await aliasHolder(reader, scope, model, alias);
  if (holder === null) {
    throw new AppError(
      "not_found",
      `Cannot roll back ${alias} of ${model}: nobody holds it. See: ` +
        `anomaly models history --alias ${alias}`,
    );
  }
  let target = await reader.get(keys.aliasEntry(model, alias, holder.seq));
  for (let step = 0; step < MAX_ROLLBACK_STEPS && target?.beneathSeq; step++) {
    target = await reader.get(keys.aliasEntry(model, alias, target.beneathSeq));
    if (!target || target.version === holder.version) continue;
    if (await reader.get(keys.revocation(model, target.version))) continue;
    return { holder, target };
  }
  throw new AppError(
    "conflict",
    `Cannot roll back ${alias} of ${model}: v${holder.version} has no earlier holder to return to. ` +
      `See: anomaly models history`,
  );
}

/**
 * Returns the alias to the holder that `planRollback` finds; done again it goes one further back. Needs
 * no new evaluation, and is recorded as what it is.
 */
export async function stageRollback(
  ctx: RegistryContext,
  tx: Transaction,
  request: { model: string; alias: string; reason: string },
): Promise<{ entry: AliasEntry; eventId: number }> {
  const { holder, target } = await planRollback(tx, ctx.scopes.write, request);
  return await stageHolder(ctx, tx, holder, {
    action: "rollback",
    ...request,
    version: target.version,
    forced: false,
    overridden: [],
    evaluationId: target.evaluationId,
    actingRunId: null,
    beneathSeq: target.beneathSeq,
  });
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
      `Cannot revoke v${version}: ${describeRevocation(present)}.`,
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
