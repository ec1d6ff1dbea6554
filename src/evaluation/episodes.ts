// Consecutive flags of a coin are one alert episode: what a person was alerted to, counted once. Beside
// outcomes.ts.

import type { OutcomeRecord } from "../domain/prediction.ts";
import { type CrashRule, verdictOf } from "./outcomes.ts";

/** Flags further apart are not consecutive: hours were missed in which nobody looked. */
const MAX_SILENCE_MS = 3 * 3_600_000;

/** One coin's score at one time, in the order of time. */
export interface ScoredMoment {
  marketAtMs: number;
  score: number;
  flagged: boolean;
}

/** A run of flags of one coin. */
export interface Episode<T extends ScoredMoment> {
  fromMs: number;
  toMs: number;
  /** In the order of time. */
  flags: T[];
  lowestScore: number;
}

/** The episodes of one coin. A score that is no flag ends one, and so does a silence of over 3 h. */
export function alertEpisodes<T extends ScoredMoment>(moments: readonly T[]): Episode<T>[] {
  const episodes: Episode<T>[] = [];
  let open: Episode<T> | null = null;
  for (const moment of moments) {
    if (!moment.flagged) {
      open = null;
      continue;
    }
    const { marketAtMs, score } = moment;
    if (open === null || marketAtMs - open.toMs > MAX_SILENCE_MS) {
      open = { fromMs: marketAtMs, toMs: marketAtMs, flags: [], lowestScore: score };
      episodes.push(open);
    }
    open.flags.push(moment);
    open.toMs = marketAtMs;
    open.lowestScore = Math.min(open.lowestScore, score);
  }
  return episodes;
}

/** Episodes by what followed: caught where a crash followed any of its flags. */
export type EpisodeCounts = {
  episodes: number;
  caught: number;
  false_alarms: number;
  /** None of its flags could be resolved. */
  undecided: number;
};

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
