// Outcomes of a span, day by day, read once: an outcome never changes, so which ones are decided says
// all that there is to know of a day. Between predictions.ts and what is counted over them.

import { ASSET } from "../../src/domain/asset.ts";
import { type CrashRule, standingOf } from "../../src/domain/outcomes.ts";
import {
  HORIZON_HOURS,
  type OutcomeRecord,
  type PredictionBatch,
} from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import {
  type CoinPrediction,
  listDue,
  listOutcomes,
  type ScoredCoin,
} from "../../src/registry/predictions.ts";
import { batchesIn, MAX_BATCHES_A_DAY, type Whose } from "./batches.ts";
import { branchKey, clockMs, DAY_MS, HOUR_MS, type Span } from "./days.ts";
import { Memo } from "./memo.ts";

/** Three months of days, some 150 kB each. */
const KEPT_DAYS = 92;

const HORIZON_MS = HORIZON_HOURS * HOUR_MS;

/** The decided predictions of a day. */
export interface DecidedDay {
  /** Midnight, UTC. */
  dayMs: number;
  /** Says exactly which outcomes these are: the same key, the same outcomes. */
  key: string;
  /** Oldest first, and never none. */
  batches: readonly PredictionBatch[];
}

const outcomesByDay = new Memo<readonly OutcomeRecord[]>(KEPT_DAYS);

/** The days of a span on which anything is decided, oldest first. */
export async function decidedDays(
  registry: RegistryContext,
  scope: ReadScope,
  whose: Whose,
  { fromMs, toMs }: Span,
): Promise<DecidedDay[]> {
  const untilMs = await clockMs(registry, scope);
  if (untilMs === null) return [];
  const span = { fromMs, toMs: Math.min(toMs, untilMs - HORIZON_MS) };
  // Batches first: what comes between the two lists is then in neither, and not taken for decided.
  const batches = await batchesIn(registry, scope, whose, span);
  const due = await listDue(registry, scope, {
    afterMs: fromMs + HORIZON_MS - 1,
    untilMs: span.toMs + HORIZON_MS,
    limit: MAX_BATCHES_A_DAY * Math.ceil((span.toMs - fromMs) / DAY_MS + 1),
  });
  const waiting = new Set(due.map(nameOf));
  const decided = batches.filter((batch) => !waiting.has(nameOf(batch)));
  const days = Map.groupBy(decided, ({ marketAtMs }) => Math.floor(marketAtMs / DAY_MS) * DAY_MS);
  return [...days].map(([dayMs, batches]) => ({
    dayMs,
    key: `${branchKey(scope)}/${batches.map(nameOf).join()}`,
    batches,
  }));
}

/** A batch among all of a branch. */
function nameOf({ version, marketAtMs }: { version: number; marketAtMs: number }): string {
  return `${version}@${marketAtMs}`;
}

/** The outcomes of a day, in the order of its batches. */
export function outcomesOf(
  registry: RegistryContext,
  scope: ReadScope,
  { key, batches }: DecidedDay,
): Promise<readonly OutcomeRecord[]> {
  return outcomesByDay.get(registry, key, async () => {
    const byVersion = Map.groupBy(batches, (batch) => batch.version);
    const lists = await Promise.all(
      [...byVersion].map(([version, of]) =>
        listOutcomes(registry, scope, ASSET.detector, version, {
          fromMs: of[0]!.marketAtMs,
          toMs: of.at(-1)!.marketAtMs,
          limit: MAX_BATCHES_A_DAY,
        })
      ),
    );
    const found = new Map(lists.flat().map((outcome) => [nameOf(outcome), outcome]));
    return batches.flatMap((batch) => found.get(nameOf(batch)) ?? []);
  });
}

/** What became of scores of one coin, which are in the order of time. */
export async function standingIn(
  registry: RegistryContext,
  scope: ReadScope,
  scores: readonly CoinPrediction[],
  whose: Whose,
  { crashThresholdPct }: CrashRule,
): Promise<ScoredCoin[]> {
  if (scores.length === 0) return [];
  const span = { fromMs: scores[0]!.marketAtMs, toMs: scores.at(-1)!.marketAtMs };
  const days = await decidedDays(registry, scope, whose, span);
  const outcomes = await Promise.all(days.map((day) => outcomesOf(registry, scope, day)));
  const found = new Map(outcomes.flat().map((outcome) => [nameOf(outcome), outcome]));
  return scores.map((score) => {
    const outcome = found.get(nameOf(score)) ?? null;
    const at = outcome?.coinIds.indexOf(score.coinId) ?? -1;
    const dueAtMs = score.marketAtMs + HORIZON_MS;
    return { ...score, outcome: standingOf(outcome, at, { dueAtMs, crashThresholdPct }) };
  });
}
