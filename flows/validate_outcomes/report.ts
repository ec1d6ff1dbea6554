// What the models' flags were worth, out of the outcomes in the store. The second step of
// validate_outcomes, and what `outcomes` and `models show` print.

import { ASSET, type VersionRecord } from "../../src/domain/asset.ts";
import type { KindRecall, OutcomeReport, ReportOptions } from "../../src/domain/outcomes.ts";
import type { MarketLabel } from "../../src/domain/market.ts";
import { HORIZON_HOURS, MAX_CHALLENGERS, type OutcomeRecord } from "../../src/domain/prediction.ts";
import { RecentlyUsed } from "../../src/domain/recently_used.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { countEpisodes } from "../../src/evaluation/episodes.ts";
import { recallByKind } from "../../src/evaluation/labelled_events.ts";
import { outcomeMetrics, worstCases } from "../../src/evaluation/outcomes.ts";
import { compareOutcomes } from "../../src/evaluation/paired_outcomes.ts";
import { fileOf, listSnapshots, readFile } from "../../src/registry/assets.ts";
import { readBranch, type RegistryContext } from "../../src/registry/context.ts";
import { listBatches, listOutcomes } from "../../src/registry/predictions.ts";
import { keysOf } from "../../src/store/keys.ts";

export const DEFAULT_LOOKBACK_HOURS = 720;
export const MAX_LOOKBACK_HOURS = 8760;

/**
 * Labels by the hash of their file. A process that serves reads the same month of them every hour, and they
 * never change.
 */
const knownLabels = new RecentlyUsed<MarketLabel[]>(1000);

/** Cases of each kind that a report names. */
const MAX_CASES = 8;

/** The report over the predictions of the last hours before the newest one that is decided. */
export async function outcomeReport(
  registry: RegistryContext,
  options: ReportOptions,
): Promise<OutcomeReport> {
  const { crashThresholdPct, lookbackHours } = options;
  const rule = { crashThresholdPct };
  const byVersion = await readOutcomes(registry, options);
  const all = [...byVersion.values()].flat();
  const live = all.filter((outcome) => outcome.role === "champion")
    .sort((a, b) => a.marketAtMs - b.marketAtMs);
  const champion = outcomeMetrics(live, rule);
  return {
    crash_threshold_pct: crashThresholdPct,
    lookback_hours: lookbackHours,
    champion,
    episodes: countEpisodes(live, rule),
    worst: worstCases(live, rule, MAX_CASES),
    versions: [...byVersion].map(([version, outcomes]) => ({
      version,
      roles: [...new Set(outcomes.map((outcome) => outcome.role))].sort(),
      metrics: outcomeMetrics(outcomes, rule),
    })),
    comparisons: comparisons(live, all, rule),
    kinds: await kindsOf(registry, live),
    summary: {
      coverage: champion.coverage,
      flagged_predictions: champion.flagged,
      crashes: champion.crashes,
      hits: champion.hits,
      precision: champion.precision.value,
      recall: champion.recall.value,
    },
  };
}

/** Outcomes of every version that scored in the span, by version, each in the order of time. */
async function readOutcomes(
  registry: RegistryContext,
  { lookbackHours, fromMs, toMs }: ReportOptions,
): Promise<Map<number, OutcomeRecord[]>> {
  const { write } = registry.scopes;
  const newest = toMs ?? await newestDecidedMs(registry);
  const byVersion = new Map<number, OutcomeRecord[]>();
  if (newest === null) return byVersion;
  const range = {
    fromMs: fromMs ?? newest - (lookbackHours - 1) * HOUR_MS,
    toMs: newest,
    limit: MAX_LOOKBACK_HOURS * (1 + MAX_CHALLENGERS),
    reverse: true,
  };
  const batches = await listBatches(registry, write, range);
  const versions = [...new Set(batches.map((batch) => batch.version))].sort((a, b) => a - b);
  for (const version of versions) {
    const outcomes = await listOutcomes(registry, write, ASSET.detector, version, range);
    if (outcomes.length > 0) byVersion.set(version, outcomes.reverse());
  }
  return byVersion;
}

/** Market time of the newest prediction whose horizon the market clock has passed; null without any. */
async function newestDecidedMs(registry: RegistryContext): Promise<number | null> {
  const { write, read } = registry.scopes;
  const branch = await readBranch(registry, write) ?? await readBranch(registry, read);
  if (branch === null) return null;
  const [batch] = await listBatches(registry, write, {
    toMs: branch.marketAtMs - HORIZON_HOURS * HOUR_MS,
    limit: 1,
    reverse: true,
  });
  return batch?.marketAtMs ?? null;
}

/** Pairs that share snapshots: a challenger, and whoever was champion beside it. */
function comparisons(
  live: readonly OutcomeRecord[],
  all: readonly OutcomeRecord[],
  rule: { crashThresholdPct: number },
): OutcomeReport["comparisons"] {
  const champions = Map.groupBy(live, (outcome) => outcome.version);
  const shadows = Map.groupBy(
    all.filter((outcome) => outcome.role === "challenger"),
    (outcome) => outcome.version,
  );
  return [...champions].flatMap(([champion, own]) =>
    [...shadows].flatMap(([challenger, others]) => {
      const paired = compareOutcomes(own, others, rule);
      return paired === null ? [] : [{ champion, challenger, paired }];
    })
  );
}

/** Reads the labels of the scored snapshots and of the hour before them. */
async function kindsOf(
  registry: RegistryContext,
  live: readonly OutcomeRecord[],
): Promise<KindRecall[] | null> {
  const [first] = live;
  if (first === undefined) return null;
  const scope = registry.scopes.read;
  const labels: MarketLabel[] = [];
  let isLabelled = false;
  const index = await listSnapshots(registry, scope, {
    fromMs: first.marketAtMs - HOUR_MS,
    toMs: live.at(-1)!.marketAtMs,
    limit: MAX_LOOKBACK_HOURS,
  });
  const keys = index.map(({ version }) => keysOf(scope).version("data", ASSET.snapshot, version));
  for (const record of await registry.store.getMany(keys)) {
    if (record?.files.labels === undefined) continue;
    isLabelled = true;
    labels.push(...await labelsOf(registry, record));
  }
  return isLabelled ? recallByKind(labels, live) : null;
}

function labelsOf(registry: RegistryContext, record: VersionRecord): Promise<MarketLabel[]> {
  return knownLabels.get(fileOf(record, "labels").sha256, async () => {
    return JSON.parse(new TextDecoder().decode(await readFile(registry, record, "labels")));
  });
}
