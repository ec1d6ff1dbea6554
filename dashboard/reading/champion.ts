// The champion with what it rests on, and what comes after it: read the same way by every page that speaks
// of it.

import { type AliasEntry, ASSET, type VersionRecord } from "../../src/domain/asset.ts";
import type { EvaluationRecord } from "../../src/domain/evaluation.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { aliasHistory } from "../../src/registry/alias_history.ts";
import { CHAMPION } from "../../src/registry/aliases.ts";
import { getVersion, latestVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { latestEvaluation } from "../../src/registry/evaluations.ts";
import { type Blocker, promotionBlockers } from "../../src/registry/promotion.ts";

/** Changes of the champion that a chart may have to mark. */
const MAX_CHANGES = 30;

export interface ChampionState {
  /** The present holder as the history has it; null where nobody holds the alias. */
  entry: AliasEntry | null;
  record: VersionRecord | null;
  /** Newest first: the holders of late, the present one among them. */
  history: AliasEntry[];
}

export async function championState(
  registry: RegistryContext,
  scope: ReadScope,
): Promise<ChampionState> {
  const history = await aliasHistory(registry, scope, ASSET.detector, CHAMPION, MAX_CHANGES);
  const entry = history[0] ?? null;
  const record = entry &&
    await getVersion(registry, scope, "model", ASSET.detector, entry.version);
  return { entry, record, history };
}

/** The newest version with its judgement, and what stands between it and the alias. */
export interface NewestModel {
  record: VersionRecord;
  evaluation: EvaluationRecord | null;
  blockers: Blocker[];
}

export async function newestModel(
  registry: RegistryContext,
  scope: ReadScope,
): Promise<NewestModel | null> {
  const record = await latestVersion(registry, scope, "model", ASSET.detector);
  if (record === null) return null;
  const { name, version } = record;
  const [evaluation, blockers] = await Promise.all([
    latestEvaluation(registry.store, scope, name, version),
    promotionBlockers(registry, registry.store, name, version),
  ]);
  return { record, evaluation, blockers };
}

/** Changes of the holder in a span, for a chart's marks. */
export function changesIn(
  history: readonly AliasEntry[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): { atMs: number; version: number }[] {
  return history.flatMap(({ marketAt, version }) => {
    const atMs = marketAt === null ? NaN : Date.parse(marketAt);
    return atMs >= fromMs && atMs <= toMs ? [{ atMs, version }] : [];
  }).reverse();
}
