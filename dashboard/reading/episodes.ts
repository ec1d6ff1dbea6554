// Alert episodes of a span: what a person was alerted to, once for each run of flags of a coin, with
// what became of it. Decided hours come from outcomes, the last day's from the batches themselves.

import {
  alertEpisodes,
  type CrashRule,
  type Standing,
  standingOf,
  worstOf,
} from "../../src/domain/outcomes.ts";
import type { Driver, OutcomeRecord, PredictionBatch } from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { batchByCoin, batchesIn, batchRows, CHAMPIONS, type Whose } from "./batches.ts";
import { branchKey, clockMs, type Span } from "./days.ts";
import { batchName, decidedDays, outcomesOf } from "./decided.ts";
import { Memo } from "./memo.ts";

/** A few spans, each as it is now and as it was an hour ago. */
const KEPT_SPANS = 32;

/** A run of the champion's flags of one coin. */
export interface AlertEpisode {
  coinId: string;
  fromMs: number;
  toMs: number;
  flags: number;
  lowestScore: number;
  /** What became of its first flag, a day later. */
  first: Standing;
  /** Of its flags the one that fell the most. */
  worst: Standing;
  /** Whether the newest predictions of the span flag the coin. */
  isOpen: boolean;
}

/** An episode that is shown: with the coin's name, its price at the first flag, and the reasons. */
export interface ShownEpisode extends AlertEpisode {
  symbol: string;
  name: string;
  /** USD; null where the rows of that time do not have the coin. */
  price: number | null;
  /** When its strongest flag was, by whom and below what, and what drove it. */
  strongestMs: number;
  version: number;
  threshold: number;
  drivers: readonly Driver[];
}

export interface EpisodeQuery extends Span {
  /** Default: of whoever was champion then. */
  whose?: Whose;
  rule: CrashRule;
  limit: number;
  /** Left out at the beginning, for a later page. */
  skip?: number;
  /** Only these, in the list and in its total. */
  include?: (episode: AlertEpisode) => boolean;
  /** Default: the newest first. */
  order?: "newest" | "lowest";
}

export interface Episodes {
  episodes: ShownEpisode[];
  /** Of those asked for, on all pages, and of them still open. */
  total: number;
  open: number;
  /** Of all in the span, asked for or not. */
  strongest: AlertEpisode | null;
}

/** An episode with the batches in which its first and its strongest flag are. */
interface FoundEpisode {
  episode: AlertEpisode;
  first: PredictionBatch;
  strongest: PredictionBatch;
}

/** What was said of the coins of a batch, and, once it is known, what became of them. */
interface Scored {
  batch: PredictionBatch;
  coinIds: readonly string[];
  scores: ArrayLike<number>;
  flagged: ArrayLike<number>;
  outcome: OutcomeRecord | null;
}

/** One coin in one batch. */
interface Moment {
  of: Scored;
  row: number;
  marketAtMs: number;
  score: number;
  flagged: boolean;
}

const kept = new Memo<readonly FoundEpisode[]>(KEPT_SPANS);

/** The alert episodes in a span, and how many there are in all, of them still open. */
export async function recentEpisodes(
  registry: RegistryContext,
  scope: ReadScope,
  { limit, skip = 0, order = "newest", include = () => true, ...query }: EpisodeQuery,
): Promise<Episodes> {
  const found = await episodesIn(registry, scope, query);
  const all = found.filter(({ episode }) => include(episode));
  const sorted = order === "newest"
    ? all
    : all.toSorted((a, b) => a.episode.lowestScore - b.episode.lowestScore);
  const episodes = await Promise.all(
    sorted.slice(skip, skip + limit).map((found) => shown(registry, found)),
  );
  const open = all.filter(({ episode }) => episode.isOpen).length;
  return { episodes, total: all.length, open, strongest: strongestOf(found) };
}

/** Of the open ones, or of all where none is open, the one with the lowest score. */
function strongestOf(found: readonly FoundEpisode[]): AlertEpisode | null {
  const all = found.map(({ episode }) => episode);
  const open = all.filter(({ isOpen }) => isOpen);
  return (open.length > 0 ? open : all).reduce<AlertEpisode | null>(
    (low, episode) => low === null || episode.lowestScore < low.lowestScore ? episode : low,
    null,
  );
}

/** All of a span's episodes, the newest first. */
async function episodesIn(
  registry: RegistryContext,
  scope: ReadScope,
  { whose = CHAMPIONS, rule, ...span }: Span & { whose?: Whose; rule: CrashRule },
): Promise<readonly FoundEpisode[]> {
  const clock = await clockMs(registry, scope);
  if (clock === null) return [];
  const batches = await batchesIn(registry, scope, whose, span, clock);
  const days = await decidedDays(registry, scope, batches, clock);
  const key = [
    branchKey(scope),
    rule.crashThresholdPct,
    batches.map(batchName).join(),
    ...days.map((day) => day.key),
  ].join(";");
  return await kept.get(registry, key, async () => {
    const outcomes = await Promise.all(days.map((day) => outcomesOf(registry, scope, day)));
    const decided = new Map(outcomes.flat().map((outcome) => [batchName(outcome), outcome]));
    const scored = await Promise.all(batches.map((batch) => {
      const outcome = decided.get(batchName(batch));
      return outcome ? { ...outcome, batch, outcome } : undecided(registry, batch);
    }));
    // Challengers score the same snapshots, each for itself; champions follow one another.
    const isOneAfterAnother = "version" in whose || whose.role === "champion";
    const series = isOneAfterAnother
      ? [scored]
      : Map.groupBy(scored, ({ batch }) => batch.version).values();
    return [...series].flatMap((of) => findEpisodes(of, rule)).sort(byTime);
  });
}

async function undecided(registry: RegistryContext, batch: PredictionBatch): Promise<Scored> {
  const rows = await batchRows(registry, batch);
  return {
    batch,
    coinIds: rows.map((row) => row.coinId),
    scores: rows.map((row) => row.score),
    flagged: rows.map((row) => Number(row.flagged)),
    outcome: null,
  };
}

/** The newest first. */
function byTime({ episode: a }: FoundEpisode, { episode: b }: FoundEpisode): number {
  return b.fromMs - a.fromMs || a.lowestScore - b.lowestScore;
}

/** The episodes of all coins. */
function findEpisodes(scored: readonly Scored[], rule: CrashRule): FoundEpisode[] {
  const newestMs = scored.at(-1)?.batch.marketAtMs;
  return [...momentsOf(scored)].flatMap(([coinId, moments]) =>
    alertEpisodes(moments).map(({ flags, fromMs, toMs, lowestScore }): FoundEpisode => {
      const strongest = flags.reduce((low, flag) => flag.score < low.score ? flag : low);
      const standings = flags.map(({ of: { batch, outcome }, row }) => ({
        outcome: standingOf(outcome, row, { dueAtMs: batch.dueAtMs, ...rule }),
      }));
      const episode = {
        coinId,
        fromMs,
        toMs,
        flags: flags.length,
        lowestScore,
        first: standings[0]!.outcome,
        worst: worstOf(standings),
        isOpen: toMs === newestMs,
      };
      return { episode, first: flags[0]!.of.batch, strongest: strongest.of.batch };
    })
  );
}

/** The moments of every coin that was flagged at all, in the order of time. */
function momentsOf(scored: readonly Scored[]): Map<string, Moment[]> {
  const moments = new Map<string, Moment[]>();
  for (const { coinIds, flagged } of scored) {
    coinIds.forEach((coinId, row) => flagged[row] === 1 && moments.set(coinId, []));
  }
  for (const of of scored) {
    const { batch: { marketAtMs }, coinIds, scores, flagged } = of;
    coinIds.forEach((coinId, row) =>
      moments.get(coinId)?.push({
        of,
        row,
        marketAtMs,
        score: scores[row]!,
        flagged: flagged[row] === 1,
      })
    );
  }
  return moments;
}

async function shown(
  registry: RegistryContext,
  { episode, first, strongest }: FoundEpisode,
): Promise<ShownEpisode> {
  const then = (await batchByCoin(registry, first)).get(episode.coinId);
  const worst = (await batchByCoin(registry, strongest)).get(episode.coinId);
  return {
    ...episode,
    symbol: then?.symbol ?? "",
    name: then?.name ?? episode.coinId,
    price: then?.price ?? null,
    version: strongest.version,
    threshold: strongest.threshold,
    strongestMs: strongest.marketAtMs,
    drivers: worst?.drivers ?? [],
  };
}
