// The features that models look at: which of them the champion uses, and how often each drove a flag.

import { ASSET } from "../../src/domain/asset.ts";
import { BASE_FEATURES, familyOf } from "../../src/domain/drivers.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { aliasHolder, CHAMPION } from "../../src/registry/aliases.ts";
import { getVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { namesOf } from "./annotations.ts";
import { batchRows, newestBatches } from "./batches.ts";

/** Flags are counted over so many snapshots, the newest. */
const MAX_BATCHES = 24;

export interface FeatureUse {
  name: string;
  family: string;
  /** Whether the champion looks at it; "dropped": it was null throughout the training rows. */
  use: "used" | "dropped" | "none";
  /** Flags that it was the strongest driver of, and flags that it is named for at all. */
  strongest: number;
  named: number;
}

export interface FeatureUses {
  /** Null where nobody is champion. */
  version: number | null;
  features: FeatureUse[];
  /** Flags counted, of so many snapshots. */
  flags: number;
  snapshots: number;
}

export async function featureUses(
  registry: RegistryContext,
  scope: ReadScope,
): Promise<FeatureUses> {
  const [holder, batches] = await Promise.all([
    aliasHolder(registry.store, scope, ASSET.detector, CHAMPION),
    newestBatches(registry, scope, { limit: MAX_BATCHES }),
  ]);
  const [record, tables] = await Promise.all([
    holder && getVersion(registry, scope, "model", ASSET.detector, holder.version),
    Promise.all(batches.map((batch) => batchRows(registry, batch))),
  ]);
  const used = record ? namesOf(record, "feature_names") : [];
  const dropped = record ? namesOf(record, "dropped_features") : [];
  const flags = tables.flat().filter((row) => row.flagged);
  const [strongest, named] = [new Map<string, number>(), new Map<string, number>()];
  for (const { drivers } of flags) {
    drivers.forEach(({ feature }, i) => {
      if (i === 0) strongest.set(feature, (strongest.get(feature) ?? 0) + 1);
      named.set(feature, (named.get(feature) ?? 0) + 1);
    });
  }
  const names = new Set([...used, ...dropped, ...named.keys()]);
  if (names.size === 0) { for (const name of BASE_FEATURES) names.add(name); }
  return {
    version: record?.version ?? null,
    features: inFamilies([...names]).map((name) => ({
      name,
      family: familyOf(name),
      use: used.includes(name) ? "used" : dropped.includes(name) ? "dropped" : "none",
      strongest: strongest.get(name) ?? 0,
      named: named.get(name) ?? 0,
    })),
    flags: flags.length,
    snapshots: batches.length,
  };
}

/** Families in the order of their first feature, and in each the features in theirs. */
function inFamilies(names: readonly string[]): string[] {
  return [...Map.groupBy(names, familyOf).values()].flat();
}
