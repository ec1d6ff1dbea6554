import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { alertEpisodes } from "../../src/domain/outcomes.ts";
import { DECIDED_BY, type OutcomeRecord } from "../../src/domain/prediction.ts";
import { countEpisodes } from "../../src/evaluation/episodes.ts";
import { recallByKind } from "../../src/evaluation/labelled_events.ts";
import { outcomeMetrics, OutcomeTally, worstCases } from "../../src/evaluation/outcomes.ts";
import { compareOutcomes } from "../../src/evaluation/paired_outcomes.ts";
import { HOUR_MS, START_MS } from "../support/registry.ts";
import { outcome, type Row } from "./outcome_records.ts";

const RULE = { crashThresholdPct: -15 };

/** A hit at the very threshold, a false alarm, a miss, two quiet ones, a flag that is not resolved. */
const MIXED: Row[] = [
  ["hit", true, -15],
  ["false", true, 3],
  ["missed", false, -40],
  ["quiet", false, -14.9],
  ["calm", false, 0],
  ["gone", true, null],
];

Deno.test("predictions are counted by what they turned out to be", () => {
  const metrics = outcomeMetrics([outcome(0, MIXED)], RULE);
  const { hits, false_alarms, missed, quiet, unresolved, flagged, flagged_unresolved } = metrics;
  assertEquals([hits, false_alarms, missed, quiet, unresolved], [1, 1, 1, 2, 1]);
  assertEquals([flagged, flagged_unresolved], [3, 1]);
  assertEquals(metrics.coverage, 5 / 6);
  assertEquals(metrics.crash_rate, 2 / 5);
  assertEquals([metrics.precision.value, metrics.recall.value], [1 / 2, 1 / 2]);
  assertEquals(metrics.false_alarm_share.value, 1 / 3);
  assertEquals(metrics.false_alarms_a_day, 24);
  assertEquals(metrics.lift, 0.5 / 0.4);
});

Deno.test("what has no case is null, and never 0", () => {
  const nothing = outcomeMetrics([], RULE);
  const calm = outcomeMetrics([outcome(0, [["a", false, 1]])], RULE);
  for (const name of ["precision", "recall"] as const) {
    assertEquals([nothing[name].value, calm[name].value], [null, null]);
  }
  assertEquals([nothing.coverage, nothing.false_alarms_a_day, nothing.lift], [null, null, null]);
  assertEquals([nothing.from, nothing.predictions], [null, 0]);
  assertEquals(calm.lift, null);
  assertEquals(calm.false_alarm_share.value, 0);
});

const anyRow = fc.tuple(
  fc.constantFrom("a", "b", "c", "d", "e"),
  fc.boolean(),
  fc.option(fc.double({ min: -100, max: 100, noNaN: true })),
);
const anyOutcomes = fc.array(
  fc.uniqueArray(anyRow, { selector: ([coin]) => coin, maxLength: 5 }),
  { maxLength: 60 },
).map((all) => all.map((rows, hour) => outcome(hour, rows as Row[])));

Deno.test("counts add up to the number of predictions, and order does not matter", () => {
  fc.assert(
    fc.property(
      anyOutcomes,
      fc.double({ min: -60, max: 0, noNaN: true }),
      (outcomes, threshold) => {
        const rule = { crashThresholdPct: threshold };
        const metrics = outcomeMetrics(outcomes, rule);
        const { hits, false_alarms, missed, quiet, resolved, unresolved, predictions } = metrics;
        assertEquals(hits + false_alarms + missed + quiet, resolved);
        assertEquals(resolved + unresolved, predictions);
        assertEquals(hits + missed, metrics.crashes);
        const rows = outcomes.reduce((sum, { coinIds }) => sum + coinIds.length, 0);
        assertEquals(predictions, rows);
        for (const { value, interval } of [metrics.precision, metrics.recall]) {
          if (interval === null || value === null) continue;
          assert(interval.low <= value + 1e-12 && interval.high >= value - 1e-12);
          assert(interval.low >= 0 && interval.high <= 1);
        }
        const reversed = outcomeMetrics([...outcomes].reverse(), rule);
        assertEquals(reversed.precision.value, metrics.precision.value);
        assertEquals(reversed.crashes, metrics.crashes);
      },
    ),
    { numRuns: 200, seed: 3 },
  );
});

/** Over two weeks and many coins, so that intervals are of long sums. */
const longOutcomes = fc.array(
  fc.uniqueArray(
    fc.tuple(fc.nat(40).map(String), fc.boolean(), fc.integer({ min: -40, max: 20 })),
    {
      selector: ([coin]) => coin,
      minLength: 5,
      maxLength: 25,
    },
  ),
  { minLength: 20, maxLength: 50 },
).map((all) => all.map((rows, i) => outcome(7 * i, rows as Row[])));

/** The tally of each part, put together in order. */
function mergedMetrics(outcomes: readonly OutcomeRecord[], cuts: readonly number[]) {
  const whole = new OutcomeTally(RULE);
  const ends = [...cuts.map((cut) => cut % (outcomes.length + 1)), outcomes.length];
  let from = 0;
  for (const to of ends.sort((a, b) => a - b)) {
    const part = new OutcomeTally(RULE);
    for (const outcome of outcomes.slice(from, to)) part.add(outcome);
    const before = part.metrics();
    whole.merge(part);
    assertEquals(part.metrics(), before, "a part stays as it is");
    from = to;
  }
  return whole.metrics();
}

Deno.test("tallies of parts, merged in order, are the tally of the whole to the last bit", () => {
  fc.assert(
    fc.property(longOutcomes, fc.array(fc.nat(60), { maxLength: 5 }), (outcomes, cuts) => {
      // As text, so that 0.1 + 0.2 is not 0.3.
      assertEquals(
        JSON.stringify(mergedMetrics(outcomes, cuts)),
        JSON.stringify(outcomeMetrics(outcomes, RULE)),
      );
    }),
    { numRuns: 60, seed: 5 },
  );
});

Deno.test("tallies of the same part may be merged into several wholes", () => {
  const part = new OutcomeTally(RULE);
  part.add(outcome(0, MIXED));
  const wholes = [new OutcomeTally(RULE), new OutcomeTally(RULE)];
  for (const whole of wholes) {
    whole.merge(part);
    whole.add(outcome(30, MIXED));
  }
  assertEquals(wholes[0]!.metrics(), wholes[1]!.metrics());
  assertEquals(wholes[0]!.metrics(), outcomeMetrics([outcome(0, MIXED), outcome(30, MIXED)], RULE));
});

Deno.test("tallies of different crash thresholds are not added up", () => {
  const other = new OutcomeTally({ crashThresholdPct: -10 });
  assertThrows(() => new OutcomeTally(RULE).merge(other), Error, "found crashes at -10 %");
});

Deno.test("the crash threshold is applied when outcomes are read", () => {
  const outcomes = [outcome(0, MIXED)];
  assertEquals(outcomeMetrics(outcomes, { crashThresholdPct: -10 }).crashes, 3);
  assertEquals(outcomeMetrics(outcomes, { crashThresholdPct: -50 }).crashes, 0);
});

Deno.test("worst cases are a line a coin, with how often it was so", () => {
  const { false_alarms, missed, caught } = worstCases(
    [
      outcome(0, [["a", true, 1, -0.6], ["b", true, 2, -0.7], ["m", false, -20], ["c", true, -30]]),
      outcome(1, [["a", true, 1, -0.9], ["m", false, -60], ["c", true, -20], ["u", true, null]]),
    ],
    RULE,
    5,
  );
  assertEquals(false_alarms.map((one) => [one.coin_id, one.score, one.count]), [
    ["a", -0.9, 2],
    ["b", -0.7, 1],
  ]);
  assertEquals(missed.map((one) => [one.coin_id, one.return_pct, one.count]), [["m", -60, 2]]);
  assertEquals(caught.map((one) => [one.coin_id, one.return_pct, one.count]), [["c", -30, 2]]);
  assertEquals(missed[0]!.market_at, "2024-01-01T01:00:00.000Z");
});

Deno.test("consecutive flags of a coin are one episode; a quiet score or three hours of silence end it", () => {
  const flagsAt = (hours: number[], quiet: number[] = []) =>
    alertEpisodes(
      [...hours, ...quiet].sort((a, b) => a - b).map((hour) => ({
        marketAtMs: hour * HOUR_MS,
        score: -0.5 - hour / 100,
        flagged: hours.includes(hour),
      })),
    ).map(({ fromMs, toMs, flags }) => [fromMs / HOUR_MS, toMs / HOUR_MS, flags.length]);
  assertEquals(flagsAt([1, 2, 3]), [[1, 3, 3]]);
  assertEquals(flagsAt([1, 3], [2]), [[1, 1, 1], [3, 3, 1]]);
  assertEquals(flagsAt([1, 4]), [[1, 4, 2]]);
  assertEquals(flagsAt([1, 4.5]), [[1, 1, 1], [4.5, 4.5, 1]]);
  assertEquals(flagsAt([]), []);
});

Deno.test("an episode is caught where a crash followed any of its flags", () => {
  const outcomes = [
    outcome(0, [["a", true, 0], ["b", true, 0], ["c", true, null]]),
    outcome(1, [["a", true, -20], ["b", false, 0], ["c", true, null]]),
    outcome(2, [["a", false, 0], ["b", true, 0], ["c", false, 0]]),
  ];
  assertEquals(countEpisodes(outcomes, RULE), {
    episodes: 4,
    caught: 1,
    false_alarms: 2,
    undecided: 1,
  });
});

Deno.test("an event counts once, and is caught by a flag within it or the hour after it", () => {
  const at = (hour: number) => START_MS + hour * HOUR_MS;
  const event = (coinId: string, kind: "pump" | "crash", start: number, end: number) => ({
    coinId,
    kind,
    startMs: at(start),
    endMs: at(end),
  });
  const crash = event("a", "crash", 1, 3);
  const found = recallByKind(
    [crash, crash, event("b", "crash", 1, 2), event("z", "pump", 0, 2), event("a", "pump", 90, 91)],
    [0, 1, 2, 3, 4, 5].map((hour) => outcome(hour, [["a", hour === 4, 0], ["b", hour === 4, 0]])),
  );
  assertEquals(found, [
    { kind: "crash", events: 2, caught: 1, recall: 0.5, not_scored: 0, median_delay_hours: 3 },
    { kind: "pump", events: 0, caught: 0, recall: null, not_scored: 1, median_delay_hours: null },
  ]);
});

/** Random flags on a made market of many coins and days. */
function market(
  flagOf: (coin: number, hour: number, isCrash: boolean) => boolean,
): OutcomeRecord[] {
  return Array.from({ length: 24 * 6 }, (_, hour) =>
    outcome(
      hour,
      Array.from({ length: 12 }, (_, coin): Row => {
        const isCrash = (coin * 7 + Math.floor(hour / 6)) % 11 === 0;
        return [`coin-${coin}`, flagOf(coin, hour, isCrash), isCrash ? -30 : 1];
      }),
    ));
}

Deno.test("a model differs from itself in nothing", () => {
  const outcomes = market((coin, hour) => (coin + hour) % 5 === 0);
  const paired = compareOutcomes(outcomes, outcomes, RULE)!;
  assertEquals([paired.crashes.only_champion, paired.no_crashes.only_challenger], [0, 0]);
  for (const one of [paired.precision, paired.recall, paired.false_alarm_share]) {
    assertEquals(one, { value: 0, interval: { low: 0, high: 0 } });
  }
});

Deno.test("a challenger is compared on the rows that both scored and that were resolved", () => {
  const champion = [
    outcome(0, [["a", true, -20], ["b", false, -20], ["c", true, null], ["only", true, -90]]),
    outcome(7, [["a", true, -90]]),
  ];
  const challenger = [outcome(0, [["b", true, -20], ["a", false, -20], ["c", false, null]], 2)];
  const paired = compareOutcomes(champion, challenger, RULE)!;
  assertEquals([paired.snapshots, paired.n], [1, 2]);
  assertEquals(paired.crashes, { both: 0, only_champion: 1, only_challenger: 1, neither: 0 });
  assertEquals([paired.recall.value, paired.precision.value], [0, 0]);
  assertEquals(compareOutcomes(champion, [], RULE), null);
});

Deno.test("a challenger that flags every crash and nothing else is better, and not by chance", () => {
  const champion = market((coin, hour) => (coin + hour) % 5 === 0);
  const challenger = market((_coin, _hour, isCrash) => isCrash);
  const { precision, recall } = compareOutcomes(champion, challenger, RULE)!;
  assert(precision.value! > 0.5 && precision.interval!.low > 0);
  assert(recall.value! > 0.5 && recall.interval!.low > 0);
});

Deno.test("a look-up is counted as resolved and as looked up", () => {
  const record = outcome(0, [["a", true, -20], ["b", false, 0]]);
  record.decidedBy[1] = DECIDED_BY.lookUp;
  const { resolved, looked_up } = outcomeMetrics([record], RULE);
  assertEquals([resolved, looked_up], [2, 1]);
});
