// What promoting, rolling back and revoking a version would do, found without doing it and by the same
// functions that do it.

import { type AliasRecord, ASSET } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { CHALLENGER_PREFIX, MAX_CHALLENGERS } from "../../src/domain/prediction.ts";
import { CHAMPION, planRollback } from "../../src/registry/aliases.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listBatches } from "../../src/registry/predictions.ts";

const model = ASSET.detector;

/** What a rollback of an alias that the version holds would do. */
export interface RollbackEffect {
  alias: string;
  /** null where there is nobody to return to. */
  returnsTo: number | null;
  /** Why not; null where there is somebody. */
  refusal: string | null;
}

/** One for every alias that the version holds. */
export function rollbackEffects(
  registry: RegistryContext,
  aliases: readonly string[],
): Promise<RollbackEffect[]> {
  return Promise.all(aliases.map(async (alias): Promise<RollbackEffect> => {
    try {
      const { store, scopes } = registry;
      const { target } = await planRollback(store, scopes.write, { model, alias });
      return { alias, returnsTo: target.version, refusal: null };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "conflict") throw error;
      return { alias, returnsTo: null, refusal: error.message };
    }
  }));
}

/** Aliases that a version may be given: those that the program gives a meaning to, and those in use. */
export function offeredAliases(aliases: readonly AliasRecord[], chosen: string): string[] {
  const used = aliases.map(({ alias }) => alias);
  const challengers = used.filter((alias) => alias.startsWith(CHALLENGER_PREFIX));
  const free = ["a", "b", "c"].map((letter) => CHALLENGER_PREFIX + letter)
    .filter((alias) => !used.includes(alias));
  const more = challengers.length < MAX_CHALLENGERS ? free.slice(0, 1) : [];
  return [...new Set([CHAMPION, "staging", ...used, ...more, chosen])];
}

/** Flags of the newest snapshot by the version and by the champion; null unless both have scored it. */
export interface FlagsNow {
  own: number;
  champion: number;
  coins: number;
}

export async function flagsNow(
  registry: RegistryContext,
  version: number,
): Promise<FlagsNow | null> {
  const limit = 1 + MAX_CHALLENGERS;
  const batches = await listBatches(registry, registry.scopes.write, { limit, reverse: true });
  const newest = batches.filter(({ marketAtMs }) => marketAtMs === batches[0]!.marketAtMs);
  const own = newest.find((batch) => batch.version === version && batch.model === model);
  const champion = newest.find((batch) => batch.role === "champion");
  if (own === undefined || champion === undefined) return null;
  return { own: own.flagged, champion: champion.flagged, coins: own.rows };
}
