// Who held an alias and when: the history that promotions, rollbacks and revocations leave behind. Beside
// aliases.ts, where holders change.

import type { AliasEntry } from "../domain/asset.ts";
import type { ReadScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import type { RegistryContext } from "./context.ts";

/** One line of an alias's history. */
export function getAliasEntry(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  alias: string,
  seq: number,
): Promise<AliasEntry | null> {
  return ctx.store.get(keysOf(scope).aliasEntry(model, alias, seq));
}

/** Newest first; `before` is exclusive. */
export async function aliasHistory(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  alias: string,
  limit: number,
  before?: number,
): Promise<AliasEntry[]> {
  const range = { limit, reverse: true, ...(before === undefined ? {} : { before: [before] }) };
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
 * Who held the alias when a snapshot of that market time came: a change at that very time came after
 * the snapshot, because it is the snapshot that moved the clock there.
 */
export function aliasHolderBefore(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  alias: string,
  marketAtMs: number,
): Promise<AliasEntry | null> {
  return aliasHolderAt(ctx, scope, model, alias, marketAtMs - 1);
}
