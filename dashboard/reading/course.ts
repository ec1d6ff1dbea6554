// One coin along time as a chart shows it: prices, scores, thresholds, flags, and what a flag was worth.

import type { CrashRule } from "../../src/domain/outcomes.ts";
import { HORIZON_HOURS } from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { getBatch, type ScoredCoin } from "../../src/registry/predictions.ts";
import { batchByCoin, type Whose } from "./batches.ts";
import type { Span } from "./days.ts";
import { coinHistory } from "./predictions.ts";

const HALF = 0.5;

export interface CoinCourse {
  coinId: string;
  symbol: string;
  name: string;
  /** Of the span what has scores: from the first one on. */
  fromMs: number;
  toMs: number;
  /** One a snapshot, oldest first. */
  points: { atMs: number; price: number; score: number; flagged: boolean }[];
  /** Each holds until the next. */
  thresholds: { fromMs: number; value: number }[];
  /** Where another version scored for the first time. */
  changes: { atMs: number; version: number }[];
  /** The first flag that came before a crash, else the first that is decided; null without any. */
  marked: { atMs: number; returnPct: number | null; horizonHours: number } | null;
  /** From the first flag until the price was half of what it was then, ms; null where it never was. */
  halvedAfterMs: number | null;
}

export interface CourseQuery extends Span {
  whose?: Whose;
  rule: CrashRule;
}

/** Null where nobody scored the coin then; with the scores that it is made of. */
export async function coinCourse(
  registry: RegistryContext,
  scope: ReadScope,
  coinId: string,
  query: CourseQuery,
): Promise<{ course: CoinCourse; scores: ScoredCoin[] } | null> {
  const scores = await coinHistory(registry, scope, coinId, query);
  const last = scores.at(-1);
  if (last === undefined) return null;
  const batch = await getBatch(registry, scope, last);
  const row = batch && (await batchByCoin(registry, batch)).get(coinId);
  const course = {
    coinId,
    symbol: row?.symbol ?? "",
    name: row?.name ?? coinId,
    fromMs: Math.max(query.fromMs, scores[0]!.marketAtMs),
    toMs: query.toMs,
    points: scores.map(({ marketAtMs, price, score, flagged }) => ({
      atMs: marketAtMs,
      price,
      score,
      flagged,
    })),
    thresholds: stepsOf(scores, (score) => score.threshold)
      .map(({ atMs, value }) => ({ fromMs: atMs, value })),
    changes: versionChanges(scores),
    marked: markedFlag(scores),
    halvedAfterMs: halvedAfter(scores),
  };
  return { course, scores };
}

/** Where a version scores after another one. */
export function versionChanges(
  scored: readonly { marketAtMs: number; version: number }[],
): { atMs: number; version: number }[] {
  return stepsOf(scored, ({ version }) => version).slice(1)
    .map(({ atMs, value }) => ({ atMs, version: value }));
}

function stepsOf<T extends { marketAtMs: number }>(
  items: readonly T[],
  valueOf: (item: T) => number,
): { atMs: number; value: number }[] {
  const steps: { atMs: number; value: number }[] = [];
  for (const item of items) {
    const value = valueOf(item);
    if (steps.at(-1)?.value !== value) steps.push({ atMs: item.marketAtMs, value });
  }
  return steps;
}

function markedFlag(scores: readonly ScoredCoin[]): CoinCourse["marked"] {
  const decided = scores.flatMap(({ flagged, marketAtMs, outcome }) =>
    flagged && "verdict" in outcome && outcome.returnPct !== null
      ? [{ atMs: marketAtMs, returnPct: outcome.returnPct, verdict: outcome.verdict }]
      : []
  );
  const flag = decided.find(({ verdict }) => verdict === "hit") ?? decided[0];
  return flag ? { atMs: flag.atMs, returnPct: flag.returnPct, horizonHours: HORIZON_HOURS } : null;
}

function halvedAfter(scores: readonly ScoredCoin[]): number | null {
  const first = scores.find(({ flagged }) => flagged);
  if (first === undefined) return null;
  const half = scores.find(({ marketAtMs, price }) =>
    marketAtMs > first.marketAtMs && price <= HALF * first.price
  );
  return half === undefined ? null : half.marketAtMs - first.marketAtMs;
}
