// Challenger against champion on the very same rows: what one flagged and the other did not, and whether
// the difference is more than chance. Beside outcomes.ts.

import type { Agreement, CrashRule, Difference, PairedComparison } from "../domain/outcomes.ts";
import { DECIDED_BY, type OutcomeRecord } from "../domain/prediction.ts";
import { DAY_MS } from "../domain/time.ts";
import { studentQuantile, twoWayVariance } from "./clustered_interval.ts";
import { share } from "./outcomes.ts";

/** One prediction that both made. */
interface Pair {
  coin: string;
  day: number;
  isCrash: boolean;
  byChampion: boolean;
  byChallenger: boolean;
}

/** Null where they share no resolved prediction. */
export function compareOutcomes(
  champion: readonly OutcomeRecord[],
  challenger: readonly OutcomeRecord[],
  rule: CrashRule,
): PairedComparison | null {
  const { pairs, snapshots } = pair(champion, challenger, rule);
  if (pairs.length === 0) return null;
  return {
    snapshots,
    n: pairs.length,
    crashes: agreement(pairs.filter((one) => one.isCrash)),
    no_crashes: agreement(pairs.filter((one) => !one.isCrash)),
    precision: difference(pairs, (one, flagged) => flagged ? one.isCrash : null),
    recall: difference(pairs, (one, flagged) => one.isCrash ? flagged : null),
    false_alarm_share: difference(pairs, (one, flagged) => one.isCrash ? null : flagged),
  };
}

function pair(
  champion: readonly OutcomeRecord[],
  challenger: readonly OutcomeRecord[],
  { crashThresholdPct }: CrashRule,
): { pairs: Pair[]; snapshots: number } {
  const others = new Map(challenger.map((outcome) => [outcome.marketAtMs, outcome]));
  const pairs: Pair[] = [];
  let snapshots = 0;
  for (const outcome of champion) {
    const other = others.get(outcome.marketAtMs);
    if (other === undefined) continue;
    snapshots++;
    const rowOf = new Map(other.coinIds.map((id, row) => [id, row]));
    outcome.coinIds.forEach((coin, i) => {
      const row = rowOf.get(coin);
      if (row === undefined || outcome.decidedBy[i] === DECIDED_BY.nothing) return;
      pairs.push({
        coin,
        day: Math.floor(outcome.marketAtMs / DAY_MS),
        isCrash: outcome.returnsPct[i]! <= crashThresholdPct,
        byChampion: outcome.flagged[i] === 1,
        byChallenger: other.flagged[row] === 1,
      });
    });
  }
  return { pairs, snapshots };
}

function agreement(pairs: readonly Pair[]): Agreement {
  const count = (champion: boolean, challenger: boolean) =>
    pairs.filter((one) => one.byChampion === champion && one.byChallenger === challenger).length;
  return {
    both: count(true, true),
    only_champion: count(true, false),
    only_challenger: count(false, true),
    neither: count(false, false),
  };
}

/**
 * The difference of two shares over the same rows, with an interval by linearisation: a row moves a
 * share by (success − share) / cases, and the rows' movements are summed by coin and day (two-way
 * clustering). Rows that both models treat alike cancel: that is what pairing gains.
 *
 * @param success whether the row is a success of a model that flagged it or not; null: no case of it
 */
function difference(
  pairs: readonly Pair[],
  success: (one: Pair, flagged: boolean) => boolean | null,
): Difference {
  const championShare = shareOf(pairs, (one) => success(one, one.byChampion));
  const challengerShare = shareOf(pairs, (one) => success(one, one.byChallenger));
  if (championShare.value === null || challengerShare.value === null) {
    return { value: null, interval: null };
  }
  const value = challengerShare.value - championShare.value;
  const byCoin = new Map<string, number>();
  const byDay = new Map<number, number>();
  const byBoth = new Map<string, number>();
  for (const one of pairs) {
    const moved = influence(success(one, one.byChallenger), challengerShare) -
      influence(success(one, one.byChampion), championShare);
    byCoin.set(one.coin, (byCoin.get(one.coin) ?? 0) + moved);
    byDay.set(one.day, (byDay.get(one.day) ?? 0) + moved);
    const both = `${one.day} ${one.coin}`;
    byBoth.set(both, (byBoth.get(both) ?? 0) + moved);
  }
  const clusters = Math.min(byCoin.size, byDay.size);
  if (clusters < 2) return { value, interval: null };
  const variance = twoWayVariance([byCoin, byDay, byBoth].map((sums) => [...sums.values()]));
  const half = studentQuantile(clusters - 1) * Math.sqrt(variance);
  return { value, interval: { low: value - half, high: value + half } };
}

interface Share {
  value: number | null;
  cases: number;
}

function shareOf(pairs: readonly Pair[], success: (one: Pair) => boolean | null): Share {
  let cases = 0;
  let successes = 0;
  for (const one of pairs) {
    const found = success(one);
    if (found === null) continue;
    cases++;
    if (found) successes++;
  }
  return { value: share(successes, cases), cases };
}

function influence(success: boolean | null, { value, cases }: Share): number {
  return success === null ? 0 : (Number(success) - value!) / cases;
}
