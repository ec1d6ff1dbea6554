// Imputer, clipper, scaler and percentile, each by itself.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { clip, fitClipper } from "../../src/estimators/clipper.ts";
import { fitImputer, impute } from "../../src/estimators/imputer.ts";
import { percentile } from "../../src/estimators/percentile.ts";
import { fitScaler, scale } from "../../src/estimators/scaler.ts";
import { type FixtureArray, float64, readFixture } from "../oracle/fixtures.ts";
import { rows } from "./samples.ts";

const finite = fc.double({ noNaN: true, min: -1e6, max: 1e6 });

Deno.test("percentile() interpolates as numpy, to the last bit", () => {
  interface PercentileCase {
    values: FixtureArray;
    q: FixtureArray;
    expected: FixtureArray;
  }
  for (const expected of readFixture<PercentileCase>("percentile")) {
    const values = float64(expected.values);
    const actual = float64(expected.q).map((q) => percentile(values, q));
    assertEquals(actual, float64(expected.expected));
  }
});

Deno.test("percentile() leaves its values as they are", () => {
  const values = Float64Array.of(3, 1, 2);
  assertEquals(percentile(values, 50), 2);
  assertEquals(values, Float64Array.of(3, 1, 2));
});

Deno.test("percentile() lies between the extremes and rises with q", () => {
  fc.assert(
    fc.property(
      fc.array(finite, { minLength: 1 }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (list, a, b) => {
        const values = Float64Array.from(list);
        const low = percentile(values, Math.min(a, b));
        const high = percentile(values, Math.max(a, b));
        // Near the middle of two values, numpy changes its formula and may step back by a last bit.
        assert(low <= high + 1e-9);
        assert(Math.min(...list) <= low && high <= Math.max(...list));
      },
    ),
    { seed: 42 },
  );
});

Deno.test("the imputer fills a missing value with the median of its own column", () => {
  const X = rows([1, NaN], [NaN, 10], [3, 20], [100, NaN]);
  const imputer = fitImputer(X);
  assertEquals(imputer.median, Float64Array.of(3, 15));
  assertEquals(impute(imputer, X), rows([1, 15], [3, 10], [3, 20], [100, 15]));
});

Deno.test("the imputer leaves zeros and its input alone", () => {
  const X = rows([0], [NaN], [8]);
  const imputer = fitImputer(X);
  assertEquals(impute(imputer, X).values, Float64Array.of(0, 4, 8));
  assert(Number.isNaN(X.values[1]!));
});

Deno.test("the clipper holds later values to the range of training", () => {
  const clipper = fitClipper(rows([0, 5], [10, 5]));
  assertAlmostEquals(clipper.low[0]!, 0.01, 1e-12);
  assertAlmostEquals(clipper.high[0]!, 9.99, 1e-12);
  const clipped = clip(clipper, rows([-1000, 6], [5, 4], [1000, 5]));
  assertEquals(clipped.values, Float64Array.of(clipper.low[0]!, 5, 5, 5, clipper.high[0]!, 5));
});

Deno.test("clipping twice is clipping once", () => {
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1 }), (list) => {
      const X = rows(...list.map((value) => [value]));
      const clipper = fitClipper(X);
      const once = clip(clipper, X);
      assertEquals(clip(clipper, once), once);
    }),
    { seed: 42 },
  );
});

Deno.test("the scaler gives columns mean 0 and standard deviation 1, ddof 0", () => {
  const X = rows([1, -5], [2, 0], [6, 5]);
  const scaler = fitScaler(X);
  assertEquals(scaler.mean, Float64Array.of(3, 0));
  assertAlmostEquals(scaler.scale[0]!, Math.sqrt(14 / 3), 1e-15);
  const scaled = scale(scaler, X);
  const first = [0, 1, 2].map((i) => scaled.values[2 * i]!);
  assertAlmostEquals(first.reduce((sum, value) => sum + value ** 2, 0) / 3, 1, 1e-12);
});

Deno.test("the scale of a constant column is 1, also where its variance is rounding noise", () => {
  // 0.1 + 0.2 is not 0.3: the second column varies by a last bit, which is no information.
  const X = rows(...Array.from({ length: 100 }, (_, i) => [7, i % 2 === 0 ? 0.3 : 0.1 + 0.2]));
  assertEquals(fitScaler(X).scale, Float64Array.of(1, 1));
});

Deno.test("the scale of a column that hardly varies is its own", () => {
  const X = rows([1], [1 + 1e-9], [1 - 1e-9]);
  assertAlmostEquals(fitScaler(X).scale[0]!, Math.sqrt(2 / 3) * 1e-9, 1e-12);
});
