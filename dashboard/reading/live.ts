// What one snapshot's scores say: the coins by score, with their course, what drove them, and what
// became of them. For the overview, the page of a snapshot and the list of coins.

import { type DriverPhrase } from "../../src/domain/drivers.ts";
import { type CrashRule, type Standing, standingOf, verdictOf } from "../../src/domain/outcomes.ts";
import {
  MAX_CHALLENGERS,
  type OutcomeRecord,
  type PredictionBatch,
} from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { DAY_MS, iso, MINUTE_MS } from "../../src/domain/time.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { getOutcome, listBatches, type PredictionRow } from "../../src/registry/predictions.ts";
import {
  batchByCoin,
  batchesIn,
  batchRows,
  CHAMPIONS,
  isBy,
  newestBatches,
  reasonsOf,
} from "./batches.ts";
import { coinSeries } from "./predictions.ts";

/** The course beside a coin, with both ends. */
const COURSE_HOURS = 49;
/** A price stands for the time a day ago this far from it at most. */
const TOLERANCE_MS = 45 * MINUTE_MS;

export interface LiveCoin {
  coinId: string;
  symbol: string;
  name: string;
  /** USD. */
  price: number;
  /** From the price 24 h ago, %; null where there is none. */
  changePct24h: number | null;
  score: number;
  flagged: boolean;
  /** Strongest first; none for a coin that was not flagged. */
  reasons: DriverPhrase[];
  /** Prices of 48 hours, oldest first. */
  course: { atMs: number; price: number }[];
  outcome: Standing;
}

/** The champion's scores of one snapshot. */
export interface Live {
  marketAt: string;
  version: number;
  runId: number;
  snapshot: { branch: string; version: number };
  /** Below it a score is a flag. */
  threshold: number;
  /** When it will be known what became of them. */
  dueAt: string;
  scored: number;
  flagged: number;
  lowestScore: number;
  highestScore: number;
  /** The most abnormal of all, whatever was asked for; null in a snapshot without coins. */
  lowest: { coinId: string; symbol: string } | null;
  /** What became of all of them, and of the flags among them; null while nothing is decided. */
  fate: { resolved: number; crashes: number; flags: number; hits: number } | null;
  /** How the prices of all have moved in 24 h; null where none of them is known. */
  moves: { rose: number; fell: number; medianPct: number } | null;
  /** How many there are of what was asked for. */
  found: number;
  coins: LiveCoin[];
}

export interface LiveQuery {
  /** Coins that are shown at most; the numbers of the snapshot count all. */
  limit: number;
  /** Left out at the beginning, for a later page. */
  skip?: number;
  rule: CrashRule;
  /** The newest snapshot scored until then; default: of all. */
  atMs?: number;
  /** Default: flagged ones only. */
  include?: (row: PredictionRow) => boolean;
  /** Default: the most abnormal first. */
  order?: LiveOrder;
}

export const LIVE_ORDERS = ["score", "name", "price", "change"] as const;
export type LiveOrder = typeof LIVE_ORDERS[number];

/** Null where the champion has scored nothing until then. */
export async function readLive(
  registry: RegistryContext,
  scope: ReadScope,
  { limit, skip = 0, rule, atMs, include = isFlagged, order = "score" }: LiveQuery,
): Promise<Live | null> {
  const until = atMs === undefined ? {} : { beforeMs: atMs + 1 };
  const [batch] = await newestBatches(registry, scope, { limit: 1, ...until });
  if (batch === undefined) return null;
  const [rows, outcome, before] = await Promise.all([
    batchRows(registry, batch),
    getOutcome(registry, scope, batch),
    dayBefore(registry, scope, batch),
  ]);
  const changes = new Map(rows.flatMap(({ coinId, price }) => {
    const then = before?.get(coinId)?.price ?? 0;
    return then === 0 ? [] : [[coinId, 100 * (price / then - 1)] as const];
  }));
  const found = rows.filter(include).sort(comparison(order, changes));
  const chosen = found.slice(skip, skip + limit);
  const series = await coinSeries(registry, scope, chosen.map((row) => row.coinId), {
    toMs: batch.marketAtMs,
    hours: COURSE_HOURS,
  });
  return {
    marketAt: iso(batch.marketAtMs),
    version: batch.version,
    runId: batch.runId,
    snapshot: batch.snapshot,
    threshold: batch.threshold,
    dueAt: iso(batch.dueAtMs),
    scored: batch.rows,
    flagged: batch.flagged,
    ...extremesOf(rows),
    fate: outcome && fateOf(outcome, rule),
    moves: movesOf([...changes.values()]),
    found: found.length,
    coins: chosen.map((row) => ({
      ...coinOf(row),
      changePct24h: changes.get(row.coinId) ?? null,
      course: (series.get(row.coinId) ?? [])
        .map(({ marketAtMs, price }) => ({ atMs: marketAtMs, price })),
      outcome: standingOf(outcome, outcome?.coinIds.indexOf(row.coinId) ?? -1, {
        dueAtMs: batch.dueAtMs,
        ...rule,
      }),
    })),
  };
}

function extremesOf(rows: readonly PredictionRow[]) {
  const byScore = rows.toSorted((a, b) => a.score - b.score);
  const [lowest] = byScore;
  return {
    lowestScore: lowest?.score ?? Infinity,
    highestScore: byScore.at(-1)?.score ?? -Infinity,
    lowest: lowest ? { coinId: lowest.coinId, symbol: lowest.symbol } : null,
  };
}

function coinOf({ drivers, ...row }: PredictionRow) {
  return { ...row, reasons: reasonsOf({ drivers }) };
}

/** The rows of the snapshot a day before; null where none was scored about then. */
async function dayBefore(
  registry: RegistryContext,
  scope: ReadScope,
  { marketAtMs }: PredictionBatch,
): Promise<ReadonlyMap<string, PredictionRow> | null> {
  const wanted = marketAtMs - DAY_MS;
  const span = { fromMs: wanted - TOLERANCE_MS, toMs: wanted + TOLERANCE_MS };
  const near = (await batchesIn(registry, scope, CHAMPIONS, span))
    .sort((a, b) => Math.abs(a.marketAtMs - wanted) - Math.abs(b.marketAtMs - wanted));
  return near[0] === undefined ? null : await batchByCoin(registry, near[0]);
}

function comparison(
  order: LiveOrder,
  changes: ReadonlyMap<string, number>,
): (a: PredictionRow, b: PredictionRow) => number {
  const changeOf = ({ coinId }: PredictionRow) => changes.get(coinId) ?? Infinity;
  const nameOf = ({ symbol, coinId }: PredictionRow) => (symbol || coinId).toLowerCase();
  switch (order) {
    case "score":
      return (a, b) => a.score - b.score;
    case "name":
      return (a, b) => nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0;
    case "price":
      return (a, b) => b.price - a.price;
    case "change":
      // The deepest fall first; what is not known comes last.
      return (a, b) => changeOf(a) === changeOf(b) ? 0 : changeOf(a) - changeOf(b);
  }
}

function movesOf(changes: readonly number[]): Live["moves"] {
  if (changes.length === 0) return null;
  const sorted = changes.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return {
    rose: changes.filter((pct) => pct > 0).length,
    fell: changes.filter((pct) => pct < 0).length,
    medianPct: (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2,
  };
}

export function isFlagged({ flagged }: PredictionRow): boolean {
  return flagged;
}

function fateOf(outcome: OutcomeRecord, rule: CrashRule): Live["fate"] {
  const fate = { resolved: 0, crashes: 0, flags: 0, hits: 0 };
  outcome.coinIds.forEach((_, at) => {
    const verdict = verdictOf(outcome, at, rule);
    if (verdict === "unresolved") return;
    fate.resolved++;
    if (verdict === "hit" || verdict === "false_alarm") fate.flags++;
    if (verdict === "hit" || verdict === "missed") fate.crashes++;
    if (verdict === "hit") fate.hits++;
  });
  return fate;
}

/** The snapshots scored before and after one, as far as there are any. */
export async function neighboursOf(
  registry: RegistryContext,
  scope: ReadScope,
  atMs: number,
): Promise<{ olderMs: number | null; newerMs: number | null }> {
  const [[older], after] = await Promise.all([
    newestBatches(registry, scope, { limit: 1, beforeMs: atMs }),
    listBatches(registry, scope, { fromMs: atMs + 1, limit: 1 + MAX_CHALLENGERS }),
  ]);
  const newer = after.find((batch) => isBy(batch, CHAMPIONS));
  return { olderMs: older?.marketAtMs ?? null, newerMs: newer?.marketAtMs ?? null };
}
