// How many alert episodes a model raised, and what followed: what a person was alerted to, counted once.
// Beside outcomes.ts.

import type { OutcomeRecord } from "../domain/prediction.ts";
import {
  alertEpisodes,
  type CrashRule,
  type EpisodeCounts,
  type ScoredMoment,
  verdictOf,
} from "../domain/outcomes.ts";

/** Counts the episodes of all coins in a model's outcomes, which are in the order of time. */
export function countEpisodes(outcomes: readonly OutcomeRecord[], rule: CrashRule): EpisodeCounts {
  const moments = new Map<string, (ScoredMoment & { verdict: string })[]>();
  for (const outcome of outcomes) {
    outcome.coinIds.forEach((coinId, i) => {
      let series = moments.get(coinId);
      if (series === undefined) moments.set(coinId, series = []);
      series.push({
        marketAtMs: outcome.marketAtMs,
        score: outcome.scores[i]!,
        flagged: outcome.flagged[i] === 1,
        verdict: verdictOf(outcome, i, rule),
      });
    });
  }
  const counts: EpisodeCounts = { episodes: 0, caught: 0, false_alarms: 0, undecided: 0 };
  for (const series of moments.values()) {
    for (const { flags } of alertEpisodes(series)) {
      counts.episodes++;
      if (flags.some(({ verdict }) => verdict === "hit")) counts.caught++;
      else if (flags.every(({ verdict }) => verdict === "unresolved")) counts.undecided++;
      else counts.false_alarms++;
    }
  }
  return counts;
}
