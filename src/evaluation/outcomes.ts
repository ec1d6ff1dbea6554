// What a model's flags were worth, a day later: hits, false alarms and misses over its outcomes, with
// rates that say how sure they are. The end of the data path.

import { AppError } from "../domain/errors.ts";
import {
  type Case,
  type CrashRule,
  type OutcomeMetrics,
  verdictOf,
  VERDICTS,
  type WorstCases,
} from "../domain/outcomes.ts";
import { DECIDED_BY, type OutcomeRecord } from "../domain/prediction.ts";
import { DAY_MS } from "../domain/time.ts";
import { ClusteredRate } from "./clustered_interval.ts";

/** Metrics over outcomes in any order, in one pass; `days` as in `OutcomeTally.metrics`. */
export function outcomeMetrics(
  outcomes: readonly OutcomeRecord[],
  rule: CrashRule,
  days: "sampled" | "given" = "sampled",
): OutcomeMetrics {
  const tally = new OutcomeTally(rule);
  for (const outcome of outcomes) tally.add(outcome);
  return tally.metrics(days);
}

/**
 * What is counted over outcomes. Tallies of parts, merged in the order of the parts, are the tally of
 * the whole to the last bit: so a day that is over needs to be counted only once.
 */
export class OutcomeTally {
  readonly #counts = { hit: 0, false_alarm: 0, missed: 0, quiet: 0, unresolved: 0 };
  readonly #precision = new ClusteredRate();
  readonly #recall = new ClusteredRate();
  readonly #falseAlarms = new ClusteredRate();
  readonly #times = new Set<number>();
  #lookedUp = 0;
  #flaggedUnresolved = 0;

  constructor(private readonly rule: CrashRule) {}

  add(outcome: OutcomeRecord): void {
    const day = Math.floor(outcome.marketAtMs / DAY_MS);
    this.#times.add(outcome.marketAtMs);
    outcome.coinIds.forEach((coin, i) => {
      const isFlagged = outcome.flagged[i] === 1;
      const verdict = verdictOf(outcome, i, this.rule);
      this.#counts[verdict]++;
      if (outcome.decidedBy[i] === DECIDED_BY.lookUp) this.#lookedUp++;
      if (verdict === "unresolved") {
        if (isFlagged) this.#flaggedUnresolved++;
        return;
      }
      if (isFlagged) this.#precision.add(coin, day, verdict === "hit");
      if (verdict === "hit" || verdict === "missed") {
        this.#recall.add(coin, day, verdict === "hit");
      } else this.#falseAlarms.add(coin, day, verdict === "false_alarm");
    });
  }

  /** Adds what another tally has counted; that one stays as it is. */
  merge(other: OutcomeTally): void {
    if (other.rule.crashThresholdPct !== this.rule.crashThresholdPct) {
      throw new AppError(
        "internal",
        `Cannot add up outcomes: found crashes at ${other.rule.crashThresholdPct} %, expected ` +
          `${this.rule.crashThresholdPct} % throughout`,
      );
    }
    for (const verdict of VERDICTS) this.#counts[verdict] += other.#counts[verdict];
    this.#lookedUp += other.#lookedUp;
    this.#flaggedUnresolved += other.#flaggedUnresolved;
    for (const time of other.#times) this.#times.add(time);
    this.#precision.merge(other.#precision);
    this.#recall.merge(other.#recall);
    this.#falseAlarms.merge(other.#falseAlarms);
  }

  /** @param days whether the days counted are a sample of days, or those that are asked about */
  metrics(days: "sampled" | "given" = "sampled"): OutcomeMetrics {
    const { hit: hits, false_alarm, missed, quiet, unresolved } = this.#counts;
    const resolved = hits + false_alarm + missed + quiet;
    const predictions = resolved + unresolved;
    const flagged = hits + false_alarm + this.#flaggedUnresolved;
    const crashes = hits + missed;
    const snapshots = this.#times.size;
    const times = [...this.#times];
    const crashRate = share(crashes, resolved);
    const precision = this.#precision.rate(days);
    return {
      snapshots,
      from: timeOf(times, (a, b) => Math.min(a, b)),
      to: timeOf(times, (a, b) => Math.max(a, b)),
      predictions,
      resolved,
      looked_up: this.#lookedUp,
      unresolved,
      flagged,
      flagged_unresolved: this.#flaggedUnresolved,
      crashes,
      hits,
      false_alarms: false_alarm,
      missed,
      quiet,
      coverage: share(resolved, predictions),
      flag_rate: share(flagged, predictions),
      crash_rate: crashRate,
      precision,
      recall: this.#recall.rate(days),
      false_alarm_share: this.#falseAlarms.rate(days),
      false_alarms_a_day: share(false_alarm, snapshots / 24),
      lift: precision.value === null ? null : share(precision.value, crashRate ?? 0),
    };
  }
}

/** Null, and never 0 or NaN, where there is nothing to divide by. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function timeOf(times: readonly number[], choose: (a: number, b: number) => number) {
  return times.length === 0 ? null : new Date(times.reduce(choose)).toISOString();
}

/** The worst of each kind, a line a coin, so that one coin's bad week does not fill the list. */
export function worstCases(
  outcomes: readonly OutcomeRecord[],
  rule: CrashRule,
  limit: number,
): WorstCases {
  const cases = {
    false_alarm: new Map<string, Case>(),
    missed: new Map<string, Case>(),
    hit: new Map<string, Case>(),
  };
  for (const outcome of outcomes) {
    outcome.coinIds.forEach((coinId, i) => {
      const verdict = verdictOf(outcome, i, rule);
      if (verdict === "quiet" || verdict === "unresolved") return;
      const found: Case = {
        coin_id: coinId,
        market_at: new Date(outcome.marketAtMs).toISOString(),
        score: outcome.scores[i]!,
        return_pct: outcome.returnsPct[i]!,
        count: 1,
      };
      const measure = verdict === "false_alarm" ? "score" : "return_pct";
      const known = cases[verdict].get(coinId);
      const worse = known === undefined || found[measure] < known[measure] ? found : known;
      cases[verdict].set(coinId, { ...worse, count: (known?.count ?? 0) + 1 });
    });
  }
  const worst = (kind: keyof typeof cases, measure: "score" | "return_pct") =>
    [...cases[kind].values()].sort((a, b) => a[measure] - b[measure]).slice(0, limit);
  return {
    false_alarms: worst("false_alarm", "score"),
    missed: worst("missed", "return_pct"),
    caught: worst("hit", "return_pct"),
  };
}
