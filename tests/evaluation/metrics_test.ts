// Metrics: against scikit-learn where it has them, by hand where it has not.

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import type { Matrix } from "../../src/domain/table.ts";
import { measureModel, scoreGap } from "../../src/evaluation/metrics.ts";
import { silhouetteScore } from "../../src/evaluation/silhouette.ts";
import { type FixtureArray, int8, matrix, readFixture } from "../oracle/fixtures.ts";

interface SilhouetteCase {
  name: string;
  X: FixtureArray;
  labels: FixtureArray;
  expected: number;
}

function column(...values: number[]): Matrix {
  return { rowCount: values.length, columnCount: 1, values: Float64Array.from(values) };
}

for (const expected of readFixture<SilhouetteCase>("silhouette")) {
  Deno.test(`silhouetteScore() equals scikit-learn's: ${expected.name}`, () => {
    const actual = silhouetteScore(matrix(expected.X), int8(expected.labels));
    assertAlmostEquals(actual ?? NaN, expected.expected, 1e-12);
  });
}

Deno.test("silhouetteScore() is null where it is not defined", () => {
  assertEquals(silhouetteScore(column(1, 2, 3), Int8Array.of(1, 1, 1)), null);
  assertEquals(silhouetteScore(column(1, 2, 3), Int8Array.of(-1, -1, -1)), null);
  assertEquals(silhouetteScore(column(1, 2), Int8Array.of(-1, 1)), null);
  assertEquals(silhouetteScore(column(), Int8Array.of()), null);
});

Deno.test("silhouetteScore() is in [-1, 1], and the order of rows and the sign do not matter", () => {
  const row = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(row, { maxLength: 150 }), (list) => {
      const X = column(...list.map(([value]) => value));
      const labels = Int8Array.from(list, ([, flagged]) => flagged ? -1 : 1);
      const score = silhouetteScore(X, labels);
      const turned = silhouetteScore(X, labels.map((label) => -label));
      const reversed = silhouetteScore(
        { ...X, values: X.values.toReversed() },
        labels.toReversed(),
      );
      if (score === null) {
        assertEquals([turned, reversed], [null, null]);
      } else {
        assert(score >= -1 && score <= 1);
        assertAlmostEquals(turned ?? NaN, score, 1e-12);
        assertAlmostEquals(reversed ?? NaN, score, 1e-12);
      }
    }),
    { seed: 42 },
  );
});

Deno.test("scoreGap() is the difference of the means in standard deviations of all scores", () => {
  // Means −0.4 and −0.8; all: mean −0.5, deviations .1 .1 .1 .3, std √(0.12 / 4).
  const scores = Float64Array.of(-0.4, -0.4, -0.4, -0.8);
  const gap = scoreGap(scores, Int8Array.of(1, 1, 1, -1));
  assertAlmostEquals(gap ?? NaN, 0.4 / Math.sqrt(0.03), 1e-12);
});

Deno.test("scoreGap() is negative where the flagged rows score higher", () => {
  assertEquals(scoreGap(Float64Array.of(0, 1), Int8Array.of(1, -1)), -2);
});

Deno.test("scoreGap() is null without both groups and for equal scores", () => {
  assertEquals(scoreGap(Float64Array.of(-0.4, -0.8), Int8Array.of(1, 1)), null);
  assertEquals(scoreGap(Float64Array.of(-0.4, -0.8), Int8Array.of(-1, -1)), null);
  assertEquals(scoreGap(Float64Array.of(0.1, 0.1, 0.1), Int8Array.of(1, 1, -1)), null);
  assertEquals(scoreGap(new Float64Array(0), new Int8Array(0)), null);
});

Deno.test("measureModel() counts, compares with the training rate and describes the scores", () => {
  const metrics = measureModel({
    scores: Float64Array.of(-0.4, -0.4, -0.4, -0.8),
    labels: Int8Array.of(1, 1, 1, -1),
    space: column(0, 0, 0, 5),
    trainingRate: 0.1,
  });
  assertEquals(metrics.rowCount, 4);
  assertEquals(metrics.anomalyCount, 1);
  assertEquals(metrics.anomalyRate, 0.25);
  assertEquals(metrics.trainingRate, 0.1);
  assertAlmostEquals(metrics.rateDiff, 0.15, 1e-15);
  // Three rows at distance 0 of each other and 5 of the fourth, which is alone and counts as 0.
  assertEquals(metrics.silhouette, 0.75);
  assertAlmostEquals(metrics.scoreGap ?? NaN, 0.4 / Math.sqrt(0.03), 1e-12);
  assertAlmostEquals(metrics.scoreMean, -0.5, 1e-15);
  assertAlmostEquals(metrics.scoreStd, Math.sqrt(0.03), 1e-15);
});

Deno.test("measureModel() takes the rate difference without its sign", () => {
  const { rateDiff } = measureModel({
    scores: Float64Array.of(-0.4, -0.5),
    labels: Int8Array.of(1, 1),
    space: column(1, 2),
    trainingRate: 0.25,
  });
  assertEquals(rateDiff, 0.25);
});

Deno.test("measureModel() refuses no rows and rows that do not match", () => {
  const answers = {
    scores: new Float64Array(0),
    labels: new Int8Array(0),
    space: column(),
    trainingRate: 0.1,
  };
  const empty = assertThrows(() => measureModel(answers), AppError, "found 0 rows");
  assertEquals(empty.code, "too_little_data");
  assertThrows(
    () => measureModel({ ...answers, scores: Float64Array.of(1) }),
    AppError,
    "found 1 scores, 0 labels and 0 rows",
  );
});
