// Who scores a snapshot: the champion of its moment, and the challengers in shadow. First step of score.

import { ASSET, type JsonObject, type VersionRecord } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import {
  CHALLENGER_PREFIX,
  MAX_CHALLENGERS,
  type PredictionRole,
} from "../../src/domain/prediction.ts";
import type { StepContext } from "../../src/engine/flow.ts";
import { aliasHolderBefore } from "../../src/registry/alias_history.ts";
import { CHAMPION, listAliases } from "../../src/registry/aliases.ts";
import { getVersion, resolveVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";

/** A version that scores the snapshot, and as what. */
export type Scorer = JsonObject & {
  version: number;
  role: PredictionRole;
  alias: string;
};

export type Selected = {
  snapshot: { branch: string; version: number; market_at_ms: number };
  scorers: Scorer[];
};

export async function select(
  ctx: StepContext<{ snapshot_version: string }>,
): Promise<Selected> {
  const { registry, params } = ctx;
  const { read } = registry.scopes;
  const name = ASSET.snapshot;
  const record = await resolveVersion(registry, read, "data", name, params.snapshot_version);
  const marketAtMs = Date.parse(record.marketAt!);
  const scorers = await scorersAt(registry, marketAtMs);
  if (scorers[0]?.role !== "champion") {
    ctx.log(`nobody was ${CHAMPION} at ${record.marketAt}`, "warn");
  }
  const snapshot = { branch: read.branch, version: record.version, market_at_ms: marketAtMs };
  return { snapshot, scorers };
}

/**
 * The champion of a snapshot's moment and at most three challengers, in the order of their aliases; a
 * version scores once, however many aliases it held. The same whenever it is asked (ADR 8).
 */
export async function scorersAt(registry: RegistryContext, marketAtMs: number): Promise<Scorer[]> {
  const { write } = registry.scopes;
  const holderOf = (alias: string) =>
    aliasHolderBefore(registry, write, ASSET.detector, alias, marketAtMs);
  const scorers: Scorer[] = [];
  const champion = await holderOf(CHAMPION);
  if (champion) scorers.push({ version: champion.version, role: "champion", alias: CHAMPION });
  const aliases = (await listAliases(registry, write, ASSET.detector))
    .map(({ alias }) => alias).filter((alias) => alias.startsWith(CHALLENGER_PREFIX));
  for (const alias of aliases) {
    const holder = await holderOf(alias);
    if (holder === null || scorers.some(({ version }) => version === holder.version)) continue;
    scorers.push({ version: holder.version, role: "challenger", alias });
    if (scorers.filter(({ role }) => role === "challenger").length === MAX_CHALLENGERS) break;
  }
  return scorers;
}

/** The record of a version that an alias named. */
export async function requireModel(
  registry: RegistryContext,
  { version, alias }: Scorer,
): Promise<VersionRecord> {
  const { write } = registry.scopes;
  const record = await getVersion(registry, write, "model", ASSET.detector, version);
  if (record) return record;
  throw new AppError(
    "internal",
    `Cannot score with ${alias}: it was ${ASSET.detector} v${version}, and there is no such version ` +
      `on branch ${write.branch}. The store is damaged: restore it from a backup.`,
  );
}
