// What one snapshot's scores say: the coins by score, with their course, what drove them, and what
// became of them. For the overview, the page of a snapshot and the list of coins.

import { type DriverPhrase, driverPhrase } from "../../src/domain/drivers.ts";
import { type CrashRule, type Standing, standingOf, verdictOf } from "../../src/domain/outcomes.ts";
import {
  MAX_CHALLENGERS,
  type OutcomeRecord,
  type PredictionBatch,
} from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { getOutcome, listBatches, type PredictionRow } from "../../src/registry/predictions.ts";
import { batchRows, CHAMPIONS, isBy, newestBatches } from "./batches.ts";
import { HOUR_MS } from "./days.ts";
import { coinSeries, type SeriesPoint } from "./predictions.ts";

/** The course beside a coin, and one hour more so that a day's change is known at its beginning. */
const COURSE_HOURS = 49;
/** Lines a coin: what drove it, the strongest first. */
const MAX_REASONS = 2;
/** A price stands for a time this far from it at most. */
const TOLERANCE_MS = 45 * 60_000;

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
  /** What became of all of them, and of the flags among them; null while nothing is decided. */
  fate: { resolved: number; crashes: number; flags: number; hits: number } | null;
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
  compare?: (a: PredictionRow, b: PredictionRow) => number;
}

/** Null where the champion has scored nothing until then. */
export async function readLive(
  registry: RegistryContext,
  scope: ReadScope,
  { limit, skip = 0, rule, atMs, include = isFlagged, compare = byScore }: LiveQuery,
): Promise<Live | null> {
  const until = atMs === undefined ? {} : { beforeMs: atMs + 1 };
  const [batch] = await newestBatches(registry, scope, { limit: 1, ...until });
  if (batch === undefined) return null;
  const [rows, outcome] = await Promise.all([
    batchRows(registry, batch),
    getOutcome(registry, scope, batch),
  ]);
  const found = rows.filter(include).sort(compare);
  const chosen = found.slice(skip, skip + limit);
  const series = await coinSeries(registry, scope, chosen.map((row) => row.coinId), {
    toMs: batch.marketAtMs,
    hours: COURSE_HOURS,
  });
  const context = { batch, outcome, rule };
  return {
    marketAt: new Date(batch.marketAtMs).toISOString(),
    version: batch.version,
    runId: batch.runId,
    snapshot: batch.snapshot,
    threshold: batch.threshold,
    dueAt: new Date(batch.dueAtMs).toISOString(),
    scored: batch.rows,
    flagged: batch.flagged,
    lowestScore: rows.reduce((low, { score }) => Math.min(low, score), Infinity),
    highestScore: rows.reduce((high, { score }) => Math.max(high, score), -Infinity),
    fate: outcome && fateOf(outcome, rule),
    found: found.length,
    coins: chosen.map((row) => liveCoin(row, series.get(row.coinId) ?? [], context)),
  };
}

export function isFlagged({ flagged }: PredictionRow): boolean {
  return flagged;
}

export function byScore(a: PredictionRow, b: PredictionRow): number {
  return a.score - b.score;
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

function liveCoin(
  row: PredictionRow,
  points: readonly SeriesPoint[],
  { batch, outcome, rule }: {
    batch: PredictionBatch;
    outcome: OutcomeRecord | null;
    rule: CrashRule;
  },
): LiveCoin {
  const { coinId, symbol, name, price, score, flagged } = row;
  const at = outcome?.coinIds.indexOf(coinId) ?? -1;
  return {
    coinId,
    symbol,
    name,
    price,
    changePct24h: changeSince(points, batch.marketAtMs, 24),
    score,
    flagged,
    reasons: row.drivers.slice(0, MAX_REASONS).map(driverPhrase),
    course: points.map(({ marketAtMs, price }) => ({ atMs: marketAtMs, price })),
    outcome: standingOf(outcome, at, { dueAtMs: batch.dueAtMs, ...rule }),
  };
}

/** How a price has changed by a time over so many hours, %; null where either price is not known. */
export function changeSince(
  points: readonly { marketAtMs: number; price: number }[],
  atMs: number,
  hours: number,
): number | null {
  const priceAt = (wanted: number) => {
    const near = points.filter(({ marketAtMs }) => Math.abs(marketAtMs - wanted) <= TOLERANCE_MS)
      .sort((a, b) => Math.abs(a.marketAtMs - wanted) - Math.abs(b.marketAtMs - wanted));
    return near[0]?.price;
  };
  const [before, now] = [priceAt(atMs - hours * HOUR_MS), priceAt(atMs)];
  return before === undefined || now === undefined || before === 0
    ? null
    : 100 * (now / before - 1);
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
