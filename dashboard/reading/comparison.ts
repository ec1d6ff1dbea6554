// Two versions side by side: on which rows their numbers may be compared, where they agree, and what became
// of their flags on the snapshots that both scored.

import { ASSET } from "../../src/domain/asset.ts";
import type { EvaluationRecord, ModelMetrics } from "../../src/domain/evaluation.ts";
import { DEFAULT_CRASH_PCT, type PairedComparison } from "../../src/domain/outcomes.ts";
import type { OutcomeRecord } from "../../src/domain/prediction.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { compareOutcomes } from "../../src/evaluation/paired_outcomes.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listOutcomes } from "../../src/registry/predictions.ts";
import { batchesIn } from "./batches.ts";
import { clockMs } from "./days.ts";
import { decidedDays, outcomesOf } from "./decided.ts";
import { type EvaluationScores, evaluationScores } from "./evaluations.ts";
import { Memo } from "./memo.ts";
import type { ModelDetail } from "./model_detail.ts";

const model = ASSET.detector;
const SHARED_DAYS = 7;
const KEPT = 32;

/**
 * How the numbers of two versions stand to one another: of one evaluation, which scored both; of two on the
 * same rows; of two on different ones; or one or both were never judged.
 */
export type Footing = "one_evaluation" | "same_rows" | "different_rows" | "not_judged";

export interface JudgedPair {
  footing: Footing;
  a: EvaluationRecord | null;
  b: EvaluationRecord | null;
  metricsA: ModelMetrics | null;
  metricsB: ModelMetrics | null;
  /** The version in whose space both silhouettes were taken; null where each was taken in its own. */
  space: number | null;
}

/** The evaluations that compare the two best: one that scored both, before two of the same rows. */
export function judgedPair(a: ModelDetail, b: ModelDetail): JudgedPair {
  const [lastA = null, lastB = null] = [a.evaluations[0], b.evaluations[0]];
  const ofA = a.evaluations.find((one) => isAgainst(one, b));
  if (ofA) {
    return {
      footing: "one_evaluation",
      a: ofA,
      b: lastB,
      metricsA: ofA.candidate,
      metricsB: ofA.champion,
      space: a.version,
    };
  }
  const ofB = b.evaluations.find((one) => isAgainst(one, a));
  if (ofB) {
    return {
      footing: "one_evaluation",
      a: lastA,
      b: ofB,
      metricsA: ofB.champion,
      metricsB: ofB.candidate,
      space: b.version,
    };
  }
  return {
    footing: lastA === null || lastB === null
      ? "not_judged"
      : lastA.dataSha256 === lastB.dataSha256
      ? "same_rows"
      : "different_rows",
    a: lastA,
    b: lastB,
    metricsA: lastA?.candidate ?? null,
    metricsB: lastB?.candidate ?? null,
    space: null,
  };
}

function isAgainst(evaluation: EvaluationRecord, other: ModelDetail): boolean {
  const { comparedTo, champion } = evaluation;
  return champion !== null && comparedTo?.version === other.version &&
    comparedTo.branch === other.branch;
}

/** Scores of both on one set of rows, in one order. */
export interface SharedScores {
  rows: number;
  both: number;
  onlyA: number;
  onlyB: number;
  neither: number;
}

/** Rows by who flags them; null where they did not score the same rows. */
export async function agreementOf(
  registry: RegistryContext,
  a: ModelDetail,
  b: ModelDetail,
  pair: JudgedPair,
): Promise<SharedScores | null> {
  const [thresholdA, thresholdB] = [a.settings.threshold, b.settings.threshold];
  if (thresholdA === null || thresholdB === null) return null;
  const scope = registry.scopes.write;
  const read = (evaluation: EvaluationRecord | null) =>
    evaluation && evaluationScores(registry, scope, evaluation);
  const [ofA, ofB] = await Promise.all([read(pair.a), read(pair.b)]);
  const scores = pair.footing === "one_evaluation"
    ? pair.space === a.version ? halves(ofA) : halves(ofB)?.toReversed()
    : pair.footing === "same_rows" && ofA && ofB
    ? [ofA.scores, ofB.scores]
    : undefined;
  const [scoresA, scoresB] = scores ?? [];
  if (!scoresA || !scoresB || scoresA.length !== scoresB.length) return null;
  const counts = { rows: scoresA.length, both: 0, onlyA: 0, onlyB: 0, neither: 0 };
  scoresA.forEach((score, i) => {
    const [byA, byB] = [score < thresholdA, scoresB[i]! < thresholdB];
    counts[byA ? byB ? "both" : "onlyA" : byB ? "onlyB" : "neither"]++;
  });
  return counts;
}

function halves(scores: EvaluationScores | null): Float64Array[] | undefined {
  return scores?.champion ? [scores.scores, scores.champion.scores] : undefined;
}

const paired = new Memo<PairedComparison | null>(KEPT);

/**
 * What became of the flags of both over the last days on which both scored; b stands where a report has
 * the champion. Null where they share no decided prediction.
 */
export async function sharedOutcomes(
  registry: RegistryContext,
  a: number,
  b: number,
): Promise<PairedComparison | null> {
  const scope = registry.scopes.write;
  const range = { limit: 1, reverse: true };
  const [[newestA], [newestB]] = await Promise.all([
    listOutcomes(registry, scope, model, a, range),
    listOutcomes(registry, scope, model, b, range),
  ]);
  if (newestA === undefined || newestB === undefined) return null;
  const toMs = Math.min(newestA.marketAtMs, newestB.marketAtMs);
  const span = { fromMs: toMs - SHARED_DAYS * DAY_MS, toMs };
  const clock = await clockMs(registry, scope) ?? -Infinity;
  const daysOf = async (version: number) => {
    const batches = await batchesIn(registry, scope, { version }, span, clock);
    return await decidedDays(registry, scope, batches, clock);
  };
  const [daysA, daysB] = await Promise.all([daysOf(a), daysOf(b)]);
  const key = [daysA, daysB].map((days) => days.map((day) => day.key).join(";")).join("|");
  return await paired.get(registry, key, async () => {
    const outcomes = async (days: typeof daysA): Promise<OutcomeRecord[]> =>
      (await Promise.all(days.map((day) => outcomesOf(registry, scope, day)))).flat();
    const [ofA, ofB] = await Promise.all([outcomes(daysA), outcomes(daysB)]);
    return compareOutcomes(ofB, ofA, { crashThresholdPct: DEFAULT_CRASH_PCT });
  });
}
