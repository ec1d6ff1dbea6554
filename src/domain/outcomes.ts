// The terms in which flags are judged a day later: verdicts, episodes, and the numbers of a report. The
// judging itself is in evaluation.

import type { JsonObject } from "./asset.ts";
import type { EventKind } from "./market.ts";
import { DECIDED_BY, type OutcomeRecord } from "./prediction.ts";
import { HOUR_MS } from "./time.ts";

/** What a prediction turned out to be. */
export const VERDICTS = ["hit", "false_alarm", "missed", "quiet", "unresolved"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A crash is a fall to or below the threshold, %. */
export interface CrashRule {
  crashThresholdPct: number;
}

/** The verdict over one coin of an outcome. */
export function verdictOf(
  { flagged, returnsPct, decidedBy }: OutcomeRecord,
  at: number,
  { crashThresholdPct }: CrashRule,
): Verdict {
  if (decidedBy[at] === DECIDED_BY.nothing) return "unresolved";
  const isCrash = returnsPct[at]! <= crashThresholdPct;
  if (flagged[at] === 1) return isCrash ? "hit" : "false_alarm";
  return isCrash ? "missed" : "quiet";
}

/** Where nobody says otherwise, a fall of 15 % is a crash. */
export const DEFAULT_CRASH_PCT = -15;

/** What has become of a prediction: its verdict, or when it can have one. */
export type Standing = { verdict: Verdict; returnPct: number | null } | { dueAt: string };

/** What became of one coin of a batch, or when that can be known. */
export function standingOf(
  outcome: OutcomeRecord | null,
  at: number,
  { dueAtMs, crashThresholdPct }: CrashRule & { dueAtMs: number },
): Standing {
  if (outcome === null) return { dueAt: new Date(dueAtMs).toISOString() };
  const returnPct = outcome.returnsPct[at]!;
  return {
    verdict: verdictOf(outcome, at, { crashThresholdPct }),
    returnPct: Number.isNaN(returnPct) ? null : returnPct,
  };
}

/** Of an episode's flags the one that fell the most; where none is decided, the first. */
export function worstOf<T extends { outcome: Standing }>(flags: readonly T[]): Standing {
  const returnOf = ({ outcome }: T) =>
    "dueAt" in outcome || outcome.returnPct === null ? Infinity : outcome.returnPct;
  return flags.reduce((worst, flag) => returnOf(flag) < returnOf(worst) ? flag : worst).outcome;
}

/** Flags further apart are not consecutive: hours were missed in which nobody looked. */
const MAX_SILENCE_MS = 3 * HOUR_MS;

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

/** A share with its 95 % interval. */
export type Rate = {
  /** In [0, 1]; null where there is no case to take it from. */
  value: number | null;
  /** Cases that it was taken from. */
  n: number;
  /** 95 %; null where the cases come from fewer than two coins or two days. */
  interval: { low: number; high: number } | null;
};

/** Counts are of predictions (a coin in a snapshot), and add up; a rate without a case is null. */
export type OutcomeMetrics = {
  snapshots: number;
  /** Market time of the first and last prediction; null without any. */
  from: string | null;
  to: string | null;
  predictions: number;
  resolved: number;
  looked_up: number;
  unresolved: number;
  flagged: number;
  flagged_unresolved: number;
  crashes: number;
  hits: number;
  false_alarms: number;
  missed: number;
  quiet: number;
  /** resolved / predictions */
  coverage: number | null;
  /** flagged / predictions */
  flag_rate: number | null;
  /** crashes / resolved: the precision of flags at random */
  crash_rate: number | null;
  /** hits / resolved flags */
  precision: Rate;
  /** hits / crashes */
  recall: Rate;
  /** False alarms among resolved predictions without a crash. */
  false_alarm_share: Rate;
  /** For each 24 snapshots, which are a day where they are hourly. */
  false_alarms_a_day: number | null;
  /** precision / crash_rate */
  lift: number | null;
};

/** One coin at its worst, and how often it was so. */
export type Case = {
  coin_id: string;
  market_at: string;
  score: number;
  return_pct: number;
  count: number;
};

export type WorstCases = {
  /** The most certain flags that nothing followed. */
  false_alarms: Case[];
  /** The deepest falls that were not flagged. */
  missed: Case[];
  /** The deepest falls that were. */
  caught: Case[];
};

/** Episodes by what followed: caught where a crash followed any of its flags. */
export type EpisodeCounts = {
  episodes: number;
  caught: number;
  false_alarms: number;
  /** None of its flags could be resolved. */
  undecided: number;
};

/** The events of one kind; an event counts once, however many snapshots it touches. */
export type KindRecall = {
  kind: EventKind;
  /** Events of which at least one touched snapshot was scored with the coin in it. */
  events: number;
  caught: number;
  /** caught / events; null without any */
  recall: number | null;
  /** Events whose coin was not among the scored ones. */
  not_scored: number;
  /** Median of hours from an event's first hour to its first flag. */
  median_delay_hours: number | null;
};

/** Who flagged the rows of one kind. */
export type Agreement = {
  both: number;
  only_champion: number;
  only_challenger: number;
  neither: number;
};

/** Challenger − champion; null where either is undefined. The interval is of 95 %, clustered. */
export type Difference = {
  value: number | null;
  interval: { low: number; high: number } | null;
};

export type PairedComparison = {
  snapshots: number;
  /** Predictions that both made and that were resolved. */
  n: number;
  crashes: Agreement;
  no_crashes: Agreement;
  precision: Difference;
  recall: Difference;
  false_alarm_share: Difference;
};

export interface ReportOptions {
  crashThresholdPct: number;
  lookbackHours: number;
  /** Market times of the first and last prediction to count; default: as far back as said. */
  fromMs?: number;
  toMs?: number;
}

/** One version's worth, in whatever roles it scored. */
export type VersionReport = { version: number; roles: string[]; metrics: OutcomeMetrics };

/** JSON, with rates in [0, 1] and returns in %. */
export type OutcomeReport = JsonObject & {
  crash_threshold_pct: number;
  lookback_hours: number;
  /** Of whoever was champion at each snapshot: what a person was alerted to. */
  champion: OutcomeMetrics;
  episodes: EpisodeCounts;
  worst: WorstCases;
  versions: VersionReport[];
  /** Each challenger against the champion, on the rows of both. */
  comparisons: { champion: number; challenger: number; paired: PairedComparison }[];
  /** Recall by kind of event; null where the market labels none. */
  kinds: KindRecall[] | null;
  summary: JsonObject;
};
