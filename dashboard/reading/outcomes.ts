// What flags were worth, by day and over a span: the numbers of a report, counted a day at a time so
// that a day that is over is counted once.

import type { CrashRule, OutcomeMetrics } from "../../src/domain/outcomes.ts";
import { HORIZON_HOURS } from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { OutcomeTally } from "../../src/evaluation/outcomes.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { batchesIn, type Whose } from "./batches.ts";
import { clockMs, type Span } from "./days.ts";
import { type DecidedDay, decidedDays, outcomesOf } from "./decided.ts";
import { Memo } from "./memo.ts";

/** A year of days of a few models; a tally of 100 coins is some 50 kB. */
const KEPT_TALLIES = 400;
const KEPT_TOTALS = 64;

/** The outcomes of one day, UTC. */
export interface OutcomeDay {
  dayMs: number;
  /** Versions that scored on it, in the order of time. */
  versions: number[];
  /** With intervals that speak of this day alone. */
  metrics: OutcomeMetrics;
}

export interface OutcomeDays {
  /** Days on which anything is decided, oldest first. */
  days: OutcomeDay[];
  /** Over all of them, as a report over the span has it. */
  total: OutcomeMetrics;
}

type Counted = { tally: OutcomeTally; metrics: OutcomeMetrics };

const counted = new Memo<Counted>(KEPT_TALLIES);
const totals = new Memo<OutcomeMetrics>(KEPT_TOTALS);

/** Metrics of whose predictions in a span of market time; by day, and over the whole of it. */
export async function outcomeDays(
  registry: RegistryContext,
  scope: ReadScope,
  { whose, rule, ...span }: Span & { whose: Whose; rule: CrashRule },
): Promise<OutcomeDays> {
  const clock = await clockMs(registry, scope) ?? -Infinity;
  // What was predicted since then cannot be decided yet.
  const toMs = Math.min(span.toMs, clock - HORIZON_HOURS * HOUR_MS);
  const batches = await batchesIn(registry, scope, whose, { ...span, toMs }, clock);
  const decided = await decidedDays(registry, scope, batches, clock);
  const counts = await Promise.all(decided.map((day) => countDay(registry, scope, day, rule)));
  const key = decided.map((day) => keyOf(day, rule)).join(";");
  const total = await totals.get(registry, `${rule.crashThresholdPct};${key}`, () => {
    const whole = new OutcomeTally(rule);
    for (const { tally } of counts) whole.merge(tally);
    return Promise.resolve(whole.metrics());
  });
  const days = decided.map(({ dayMs, batches }, i) => ({
    dayMs,
    versions: [...new Set(batches.map((batch) => batch.version))],
    metrics: counts[i]!.metrics,
  }));
  return { days, total };
}

function countDay(
  registry: RegistryContext,
  scope: ReadScope,
  day: DecidedDay,
  rule: CrashRule,
): Promise<Counted> {
  return counted.get(registry, keyOf(day, rule), async () => {
    const tally = new OutcomeTally(rule);
    for (const outcome of await outcomesOf(registry, scope, day)) tally.add(outcome);
    return { tally, metrics: tally.metrics("given") };
  });
}

function keyOf({ key }: DecidedDay, { crashThresholdPct }: CrashRule): string {
  return `${crashThresholdPct}/${key}`;
}
