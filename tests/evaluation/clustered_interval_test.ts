import { assert, assertEquals } from "@std/assert";
import {
  ClusteredRate,
  studentQuantile,
  twoWayVariance,
} from "../../src/evaluation/clustered_interval.ts";
import { Mt19937 } from "../../src/random.ts";

/** Cases of (coin, day, success). */
type Cases = [string, number, boolean][];

function rateOf(cases: Cases) {
  const rate = new ClusteredRate();
  for (const [coin, day, isSuccess] of cases) rate.add(coin, day, isSuccess);
  return rate.rate();
}

Deno.test("Student's quantile is that of the tables", () => {
  const table = [[1, 12.7062], [2, 4.3027], [3, 3.1824], [10, 2.2281], [30, 2.0423], [100, 1.984]];
  for (const [degrees, quantile] of table) {
    assert(Math.abs(studentQuantile(degrees!) - quantile!) < 5e-5, String(degrees));
  }
});

/** Independent cases spread over many coins and days. */
function spread(n: number, share: number): Cases {
  return Array.from({ length: n }, (_, i): [string, number, boolean] => [
    `coin-${i % 37}`,
    i % 41,
    (i * 7919) % 1000 < 1000 * share,
  ]);
}

Deno.test("cases that come many times over make a rate no surer", () => {
  const once = rateOf(spread(400, 0.3));
  const often = rateOf(spread(400, 0.3).flatMap((one) => Array<Cases[number]>(12).fill(one)));
  assertEquals(often.value, once.value);
  const width = ({ interval }: typeof once) => interval!.high - interval!.low;
  assert(width(often) > 0.9 * width(once), `${width(often)} after ${width(once)}`);
});

Deno.test("without two coins and two days there is no interval, and without a case no rate", () => {
  assertEquals(rateOf([]), { value: null, n: 0, interval: null });
  assertEquals(rateOf([["a", 1, true], ["b", 1, false]]).interval, null);
  assertEquals(rateOf([["a", 1, true], ["a", 2, false]]).interval, null);
  assert(rateOf([["a", 1, true], ["b", 2, false]]).interval !== null);
});

Deno.test("a rate of 0 or 1 has an interval, as wide as its coin-days allow", () => {
  const few = rateOf([["a", 1, true], ["b", 2, true], ["a", 2, true]]);
  const many = rateOf(spread(1000, 1.1));
  assertEquals([few.value, many.value], [1, 1]);
  assertEquals(few.interval!.high, 1);
  assert(few.interval!.low < 0.5 && many.interval!.low > 0.98);
});

Deno.test("two-way variance is what the definition gives, and never below a single way", () => {
  const byCoin = [1, -2, 3];
  const byDay = [0.5, 1.5];
  const byBoth = [0.1, 0.2, 0.3, -0.4];
  const one = (sums: number[]) =>
    sums.reduce((total, sum) => total + sum ** 2, 0) * sums.length / (sums.length - 1);
  const expected = one(byCoin) + one(byDay) - one(byBoth);
  assert(Math.abs(twoWayVariance([byCoin, byDay, byBoth]) - expected) < 1e-12);
  assertEquals(twoWayVariance([[0, 0], [0, 0], [3, -3]]), 36);
});

Deno.test("an interval of 95 % holds the truth about so often, where coins and days have moods", () => {
  const random = new Mt19937(17);
  const truth = 0.3;
  let held = 0;
  for (let trial = 0; trial < 400; trial++) {
    const coins = Array.from({ length: 25 }, () => 0.12 * random.normal());
    const days = Array.from({ length: 25 }, () => 0.12 * random.normal());
    const cases: Cases = [];
    for (const [coin, ofCoin] of coins.entries()) {
      for (const [day, ofDay] of days.entries()) {
        for (let hour = 0; hour < 3; hour++) {
          const p = Math.min(1, Math.max(0, truth + ofCoin + ofDay));
          cases.push([`coin-${coin}`, day, random.random() < p]);
        }
      }
    }
    const { low, high } = rateOf(cases).interval!;
    if (low <= truth && truth <= high) held++;
  }
  assert(held >= 0.92 * 400 && held <= 0.99 * 400, `${held} of 400`);
});

Deno.test("of one given day an interval is known by its coins, and hourly cases of a coin are one", () => {
  const random = new Mt19937(5);
  const truth = 0.3;
  let held = 0;
  for (let trial = 0; trial < 400; trial++) {
    const rate = new ClusteredRate();
    for (let coin = 0; coin < 40; coin++) {
      // All 24 hours of a coin say the same: taken for themselves they would make it far too sure.
      const isSuccess = random.random() < truth;
      for (let hour = 0; hour < 24; hour++) rate.add(`coin-${coin}`, 1, isSuccess);
    }
    assertEquals(rate.rate().interval, null);
    const { low, high } = rate.rate("given").interval!;
    if (low <= truth && truth <= high) held++;
  }
  assert(held / 400 > 0.92 && held / 400 < 0.99, `${held / 400}`);
});
