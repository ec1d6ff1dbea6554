// Percentiles of many values, which are counted before they are sorted.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { median, percentile, sortedPercentile } from "../../src/estimators/percentile.ts";
import { Mt19937 } from "../../src/random.ts";

const KINDS: Record<string, (random: Mt19937, i: number) => number> = {
  normal: (random) => random.normal(),
  scores: (random) => -(2 ** -(1 + random.random())),
  whole: (random) => random.randint(3) - 1,
  signless: (random) => random.random() < 0.5 ? 0 : -0,
  oneFarOut: (random, i) => i === 5 ? 1e300 : random.random(),
  huge: (random) => 1.7e308 * (2 * random.random() - 1),
  tiny: (random) => 5e-324 * random.randint(4),
  ascending: (_, i) => i,
};

Deno.test("percentile() and median() of many values are those of the sorted values, to the bit", () => {
  const q = fc.oneof(
    fc.constantFrom(0, 10, 50, 99.9, 100),
    fc.double({ min: 0, max: 100, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(KINDS)),
      fc.constantFrom(1, 2, 2047, 2048, 5000),
      fc.nat(1000),
      q,
      (kind, count, seed, q) => {
        const random = new Mt19937(seed);
        const values = Float64Array.from({ length: count }, (_, i) => KINDS[kind]!(random, i));
        const sorted = values.slice().sort();
        assertEquals(percentile(values, q), sortedPercentile(sorted, q));
        const [below, above] = [sorted[(count - 1) >> 1]!, sorted[count >> 1]!];
        assertEquals(median(values), count % 2 === 1 ? above : (below + above) / 2);
      },
    ),
    { seed: 42, numRuns: 300 },
  );
});
