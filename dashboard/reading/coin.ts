// One coin: its course, its flags with what drove them, its episodes. For the coin's page.

import { type DriverPhrase } from "../../src/domain/drivers.ts";
import {
  alertEpisodes,
  type CrashRule,
  type Standing,
  worstOf,
} from "../../src/domain/outcomes.ts";
import type { PredictionBatch } from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listCoinScores, type ScoredCoin } from "../../src/registry/predictions.ts";
import { batchByCoin, batchesIn, CHAMPIONS, isBy, newestBatches, reasonsOf } from "./batches.ts";
import { type CoinCourse, coinCourse } from "./course.ts";
import { batchName } from "./decided.ts";

const MAX_EPISODES = 20;
/** How far back a coin is looked for that is not among the newest: some weeks of hourly scores. */
const MAX_LOOKED_AT = 1000;

export interface CoinEpisode {
  fromMs: number;
  toMs: number;
  flags: number;
  lowestScore: number;
  price: number;
  /** What drove its strongest flag. */
  reasons: DriverPhrase[];
  first: Standing;
  worst: Standing;
  isOpen: boolean;
}

/** A score, with what drove it where it was a flag. */
export interface CoinScoreRow {
  marketAtMs: number;
  price: number;
  score: number;
  flagged: boolean;
  version: number;
  reasons: DriverPhrase[];
  outcome: Standing;
}

export interface CoinModel {
  course: CoinCourse;
  /** Whether the newest scored snapshot has it. */
  isListed: boolean;
  scored: number;
  flagged: number;
  episodeCount: number;
  /** The newest ones, newest first. */
  episodes: CoinEpisode[];
  /** Newest first, a page of them. */
  scores: CoinScoreRow[];
  /** Of the newest score; null where the price a day before is not known. */
  changePct24h: number | null;
}

export interface CoinQuery {
  days: number;
  rule: CrashRule;
  /** Scores that are shown at most. */
  limit: number;
  skip: number;
}

/** Null where nobody scored the coin of late. */
export async function readCoin(
  registry: RegistryContext,
  scope: ReadScope,
  coinId: string,
  { days, rule, limit, skip }: CoinQuery,
): Promise<CoinModel | null> {
  const [newest] = await newestBatches(registry, scope, { limit: 1 });
  if (newest === undefined) return null;
  const endingAt = (toMs: number) => ({ fromMs: toMs - days * DAY_MS, toMs });
  let span = endingAt(newest.marketAtMs);
  let found = await coinCourse(registry, scope, coinId, { ...span, rule });
  if (found === null) {
    const last = await lastScored(registry, scope, coinId);
    if (last === null) return null;
    span = endingAt(last);
    found = await coinCourse(registry, scope, coinId, { ...span, rule });
    if (found === null) return null;
  }
  const { course, scores } = found;
  const batches = await batchesIn(registry, scope, CHAMPIONS, span);
  const drove = reasonsIn(registry, new Map(batches.map((batch) => [batchName(batch), batch])));
  const all = alertEpisodes(scores).reverse();
  const shown = scores.toReversed().slice(skip, skip + limit);
  return {
    course,
    isListed: scores.at(-1)!.marketAtMs === newest.marketAtMs,
    scored: scores.length,
    flagged: scores.filter(({ flagged }) => flagged).length,
    episodeCount: all.length,
    episodes: await Promise.all(
      all.slice(0, MAX_EPISODES).map(async (episode) => ({
        fromMs: episode.fromMs,
        toMs: episode.toMs,
        flags: episode.flags.length,
        lowestScore: episode.lowestScore,
        price: episode.flags[0]!.price,
        reasons: await drove(strongestOf(episode.flags)),
        first: episode.flags[0]!.outcome,
        worst: worstOf(episode.flags),
        isOpen: episode.toMs === newest.marketAtMs,
      })),
    ),
    scores: await Promise.all(shown.map(async (score) => ({
      marketAtMs: score.marketAtMs,
      price: score.price,
      score: score.score,
      flagged: score.flagged,
      version: score.version,
      reasons: await drove(score),
      outcome: score.outcome,
    }))),
    changePct24h: changeOf(scores),
  };
}

/** The newest score of a coin that the newest snapshots do not have, ms; null where it is long gone. */
async function lastScored(
  registry: RegistryContext,
  scope: ReadScope,
  coinId: string,
): Promise<number | null> {
  const found = await listCoinScores(registry, scope, coinId, {
    limit: MAX_LOOKED_AT,
    reverse: true,
  });
  return found.find((score) => isBy(score, CHAMPIONS))?.marketAtMs ?? null;
}

/** What drove a score; nothing where it was no flag. */
function reasonsIn(registry: RegistryContext, batches: ReadonlyMap<string, PredictionBatch>) {
  return async (score: ScoredCoin): Promise<DriverPhrase[]> => {
    const batch = score.flagged ? batches.get(batchName(score)) : undefined;
    const row = batch && (await batchByCoin(registry, batch)).get(score.coinId);
    return row ? reasonsOf(row) : [];
  };
}

function strongestOf(flags: readonly ScoredCoin[]): ScoredCoin {
  return flags.reduce((low, flag) => flag.score < low.score ? flag : low);
}

function changeOf(scores: readonly ScoredCoin[]): number | null {
  const last = scores.at(-1);
  const before = scores.find(({ marketAtMs }) => marketAtMs === last!.marketAtMs - DAY_MS);
  return last === undefined || before === undefined || before.price === 0
    ? null
    : 100 * (last.price / before.price - 1);
}
