// What was said of coins along time, for charts and the page of a coin. Beside batches.ts.

import { type CrashRule, standingOf } from "../../src/domain/outcomes.ts";
import {
  HORIZON_HOURS,
  type PredictionBatch,
  SCORES_AN_HOUR,
} from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import {
  listCoinScores,
  type PredictionRow,
  type ScoredCoin,
} from "../../src/registry/predictions.ts";
import { batchByCoin, batchesIn, CHAMPIONS, type Whose } from "./batches.ts";
import { branchKey, clockMs, type Span } from "./days.ts";
import { batchName, type DecidedDay, decidedDays, outcomesOf } from "./decided.ts";
import { Memo } from "./memo.ts";

/** A month of days of some dozens of coins, a few kB each. */
const KEPT_DAYS = 2000;

const histories = new Memo<ScoredCoin[]>(KEPT_DAYS);

/** What the champion of the time said of a coin. */
export interface SeriesPoint {
  marketAtMs: number;
  price: number;
  score: number;
  flagged: boolean;
  version: number;
  threshold: number;
}

/**
 * Prices and scores of coins over the hours up to a time, oldest first; of given coins, or of those that
 * the last batch of the span flagged. A coin that nobody scored then has no series.
 */
export async function coinSeries(
  registry: RegistryContext,
  scope: ReadScope,
  coins: readonly string[] | "flagged",
  { toMs, hours }: { toMs: number; hours: number },
): Promise<Map<string, SeriesPoint[]>> {
  const span = { fromMs: toMs - (hours - 1) * HOUR_MS, toMs };
  const batches = await batchesIn(registry, scope, CHAMPIONS, span);
  const tables = await Promise.all(batches.map((batch) => batchByCoin(registry, batch)));
  const ids = coins === "flagged" ? flaggedIn(tables.at(-1)) : coins;
  const series = new Map<string, SeriesPoint[]>();
  for (const id of ids) {
    const points = batches.flatMap(({ marketAtMs, version, threshold }, i) => {
      const row = tables[i]!.get(id);
      if (row === undefined) return [];
      const { price, score, flagged } = row;
      return [{ marketAtMs, price, score, flagged, version, threshold }];
    });
    if (points.length > 0) series.set(id, points);
  }
  return series;
}

function flaggedIn(table: ReadonlyMap<string, PredictionRow> | undefined): string[] {
  return [...table?.values() ?? []].filter((row) => row.flagged)
    .sort((a, b) => a.score - b.score).map((row) => row.coinId);
}

/** Every score of one coin in a span and what became of it, oldest first; at most some 1,000 hours. */
export async function coinHistory(
  registry: RegistryContext,
  scope: ReadScope,
  coinId: string,
  { whose = CHAMPIONS, rule, ...span }: Span & { whose?: Whose; rule: CrashRule },
): Promise<ScoredCoin[]> {
  const clock = await clockMs(registry, scope);
  if (clock === null) return [];
  const batches = await batchesIn(registry, scope, whose, span, clock);
  const decided = new Map(
    (await decidedDays(registry, scope, batches, clock)).map((day) => [day.dayMs, day]),
  );
  const days = Map.groupBy(batches, ({ marketAtMs }) => Math.floor(marketAtMs / DAY_MS) * DAY_MS);
  const histories = await Promise.all(
    [...days].map(([dayMs, of]) =>
      dayHistory(registry, scope, coinId, { batches: of, decided: decided.get(dayMs), rule })
    ),
  );
  return histories.flat();
}

/** Batches and what is decided of them say all that there is to know of a coin's day. */
function dayHistory(
  registry: RegistryContext,
  scope: ReadScope,
  coinId: string,
  { batches, decided, rule }: {
    batches: readonly PredictionBatch[];
    decided: DecidedDay | undefined;
    rule: CrashRule;
  },
): Promise<ScoredCoin[]> {
  const names = batches.map(batchName);
  const key = [branchKey(scope), coinId, rule.crashThresholdPct, names, decided?.key].join(";");
  return histories.get(registry, key, async () => {
    const [scores, outcomes] = await Promise.all([
      listCoinScores(registry, scope, coinId, {
        fromMs: batches[0]!.marketAtMs,
        toMs: batches.at(-1)!.marketAtMs,
        limit: batches.length * SCORES_AN_HOUR,
      }),
      decided ? outcomesOf(registry, scope, decided) : [],
    ]);
    const found = new Map(outcomes.map((outcome) => [batchName(outcome), outcome]));
    return scores.filter((score) => names.includes(batchName(score))).map((score) => {
      const outcome = found.get(batchName(score)) ?? null;
      const at = outcome?.coinIds.indexOf(coinId) ?? -1;
      const dueAtMs = score.marketAtMs + HORIZON_HOURS * HOUR_MS;
      return { ...score, outcome: standingOf(outcome, at, { dueAtMs, ...rule }) };
    });
  });
}
