// What every registry function is given: the store, the two scopes, who acts, and what time it is.

import { ASSET } from "../domain/asset.ts";
import type { SourceIdentity } from "../domain/market.ts";
import type { EventRecord } from "../domain/run.ts";
import { AppError } from "../domain/errors.ts";
import type { ReadScope, Scopes } from "../domain/scope.ts";
import { iso } from "../domain/time.ts";
import { keysOf } from "../store/keys.ts";
import type { BranchRecord } from "../store/records.ts";
import type { Store, Transaction } from "../store/kv.ts";

export interface RegistryContext {
  store: Store;
  scopes: Scopes;
  /** Who acts, for histories and the audit log. */
  actor: string;
  /** Wall clock, ms; injected so that tests and recordings can move it. */
  nowMs(): number;
  /**
   * Who is to hear of an event: its deliveries are staged with it. Nobody where it is not given, which
   * leaves the event to whoever follows it at once.
   */
  listenersOf?(event: EventRecord): readonly string[];
}

export function wallTime(ctx: RegistryContext): string {
  return iso(ctx.nowMs());
}

/** Where data is looked for: judgements are the branch's own, the rest is read where flows read it. */
export function homeOf({ scopes }: Pick<RegistryContext, "scopes">, name: string): ReadScope {
  return name === ASSET.evaluationResults ? scopes.write : scopes.read;
}

/** What a branch is bound to; null on a branch that never fetched from a market. */
export function readBranch(ctx: RegistryContext, scope: ReadScope): Promise<BranchRecord | null> {
  return ctx.store.get(keysOf(scope).branch());
}

/**
 * The market time of a branch, ms: the wall clock for a live market, the newest data's time for
 * recorded and simulated ones. Null on a branch without any data.
 */
export async function marketNowMs(ctx: RegistryContext, scope: ReadScope): Promise<number | null> {
  const record = await readBranch(ctx, scope);
  return record && clockOf(ctx, record);
}

/** The market clock of a bound branch, ms. Never before its newest data, whatever the wall clock says. */
export function clockOf(ctx: Pick<RegistryContext, "nowMs">, record: BranchRecord): number {
  const { source, marketAtMs } = record;
  return source.kind === "coingecko" ? Math.max(ctx.nowMs(), marketAtMs) : marketAtMs;
}

/** The same as ISO 8601 text. */
export async function marketTime(ctx: RegistryContext, scope: ReadScope): Promise<string | null> {
  const ms = await marketNowMs(ctx, scope);
  return ms === null ? null : iso(ms);
}

/** Throws `conflict` when the branch is bound to another source. Where recordings lie does not count. */
export function assertSource(record: BranchRecord | null, source: SourceIdentity, branch: string) {
  if (record === null) return;
  if (record.source.kind === source.kind && record.source.key === source.key) return;
  const bound = sourceName(record.source);
  const asked = sourceName(source);
  const { kind, key } = record.source;
  const isReplay = kind === "replay";
  const use = isReplay
    ? `${bound} (or where that folder is now)`
    : kind === "simulated"
    ? `simulated with ANOMALY_SEED=${key}`
    : bound;
  throw new AppError(
    "conflict",
    asked === bound && isReplay
      ? `Cannot read ${asked} on branch ${branch}: its first recording is not the one that the branch ` +
        `began with. Next: put that one back, or use another --branch.`
      : `Cannot read ${asked} on branch ${branch}: it holds data of ${bound}, and one branch holds ` +
        `one source. Next: use --source ${use}, or another --branch.`,
    { details: { branch, bound, asked } },
  );
}

/** A source as a person names it; a replay by the folder that was last read. */
export function sourceName(source: SourceIdentity): string {
  if (source.kind === "replay") return `replay:${source.location ?? source.key}`;
  return source.kind === "simulated" ? `simulated (seed ${source.key})` : source.kind;
}

/** Binds the branch on its first data, and moves its market clock. Never backwards. */
export async function advanceMarket(
  ctx: RegistryContext,
  tx: Transaction,
  source: SourceIdentity,
  marketAtMs: number,
): Promise<void> {
  const key = keysOf(ctx.scopes.write).branch();
  const record = await tx.get(key);
  assertSource(record, source, ctx.scopes.write.branch);
  tx.set(key, {
    source,
    boundAt: record?.boundAt ?? wallTime(ctx),
    marketAtMs: Math.max(marketAtMs, record?.marketAtMs ?? -Infinity),
  });
}
