// What the isolation forest promises beyond equality with scikit-learn on the fixtures.

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import { DistinctSampler } from "../../src/estimators/distinct_sampler.ts";
import {
  fitIsolationForest,
  IsolationForest,
  type IsolationForestConfig,
} from "../../src/estimators/isolation_forest.ts";
import { averagePathLength } from "../../src/estimators/path_length.ts";
import { fitLocalOutlierFactor } from "../../src/estimators/local_outlier_factor.ts";
import { Mt19937 } from "../../src/random.ts";
import { rows } from "./samples.ts";

const CONFIG: IsolationForestConfig = {
  algorithm: "isolation_forest",
  n_estimators: 20,
  max_samples: "auto",
  contamination: 0.1,
  max_features: 1,
  bootstrap: false,
  random_state: 7,
};

Deno.test("averagePathLength() is 0, 0, 1 and then the paper's formula", () => {
  assertEquals([0, 1, 2].map(averagePathLength), [0, 0, 1]);
  // 2 H(255) − 2 · 255 / 256 with the harmonic number's approximation ln(i) + γ.
  assertAlmostEquals(averagePathLength(256), 10.244770920119917, 1e-12);
});

Deno.test("a sampler draws k distinct integers below n by every method, as often as it is asked", () => {
  const sizes = fc.integer({ min: 1, max: 400 }).chain((n) =>
    fc.tuple(fc.constant(n), fc.integer({ min: 1, max: n }), fc.nat())
  );
  fc.assert(
    fc.property(sizes, ([n, k, seed]) => {
      const sampler = new DistinctSampler(n, k);
      const random = new Mt19937(seed);
      const again = new Mt19937(seed);
      for (let round = 0; round < 3; round++) {
        const drawn = sampler.draw(random).slice();
        assertEquals(drawn.length, k);
        assertEquals(new Set(drawn).size, k);
        assert(drawn.every((value) => value >= 0 && value < n));
        assertEquals(sampler.drawAscending(again), drawn.sort());
      }
      assertEquals(random.uint32(), again.uint32());
    }),
    { seed: 42 },
  );
});

Deno.test("scores lie in [-1, 0) for any rows", () => {
  const value = fc.double({ min: -1e30, max: 1e30, noNaN: true });
  const matrix = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(matrix, (list) => {
      const { trainingScores } = fitIsolationForest(rows(...list), CONFIG);
      assert(trainingScores.every((score) => score >= -1 && score < 0));
    }),
    { seed: 42 },
  );
});

Deno.test("more trees begin with the same trees", () => {
  const X = rows(...Array.from({ length: 50 }, (_, i) => [Math.sin(i), Math.cos(7 * i)]));
  const tensors = (count: number) =>
    fitIsolationForest(X, { ...CONFIG, n_estimators: count }).estimator.toTensors().tensors;
  const few = tensors(5)["forest.threshold"]!.data;
  const many = tensors(12)["forest.threshold"]!.data;
  assertEquals(many.slice(0, few.length), few);
});

Deno.test("another random_state gives another forest", () => {
  const X = rows(...Array.from({ length: 50 }, (_, i) => [Math.sin(i), Math.cos(7 * i)]));
  const scores = (seed: number) =>
    fitIsolationForest(X, { ...CONFIG, random_state: seed }).trainingScores;
  assert(scores(1).some((score, i) => score !== scores(2)[i]));
});

Deno.test("rows are compared as float32", () => {
  const tree = {
    feature: Int32Array.of(0, -2, -2),
    threshold: Float64Array.of(0.1, -2, -2),
    leftChild: Int32Array.of(1, -1, -1),
    rightChild: Int32Array.of(2, -1, -1),
    nodeSamples: Int32Array.of(8, 1, 7),
  };
  const forest = new IsolationForest({ trees: [tree], columnCount: 1, maxSamples: 8 }, -0.5);
  // float32(0.1) is above 0.1 and goes right; the next lower float32 goes left.
  const [at, below] = forest.scoreSamples(rows([0.1], [0.1 - 1e-8]));
  assertEquals(at, -(2 ** -((1 + averagePathLength(7)) / averagePathLength(8))));
  assertEquals(below, -(2 ** -(1 / averagePathLength(8))));
});

Deno.test("the algorithms refuse what is not finite, and other numbers of columns", () => {
  const lof = { algorithm: "local_outlier_factor", n_neighbors: 1, contamination: 0.1 } as const;
  const X = rows([0, 0], [1, 1], [2, 3]);
  const missing = rows([0, 0], [1, NaN]);
  assertThrows(() => fitIsolationForest(missing, CONFIG), AppError, "NaN found in row 1, column 1");
  assertThrows(() => fitLocalOutlierFactor(missing, lof), AppError, "NaN found in row 1, column 1");
  assertThrows(() => fitIsolationForest(rows([0], [1e39]), CONFIG), AppError, "too large");
  for (const { estimator } of [fitIsolationForest(X, CONFIG), fitLocalOutlierFactor(X, lof)]) {
    assertThrows(() => estimator.scoreSamples(missing), AppError, "Cannot score rows: NaN");
    assertThrows(() => estimator.scoreSamples(rows([1])), AppError, "1 columns, expected 2");
  }
});

Deno.test("a forest refuses no rows, no columns, and values that float32 cannot hold", () => {
  const none = { rowCount: 0, columnCount: 2, values: new Float64Array() };
  const noColumns = { rowCount: 3, columnCount: 0, values: new Float64Array() };
  assertThrows(() => fitIsolationForest(none, CONFIG), AppError, "found 0 rows of 2 columns");
  assertThrows(() => fitIsolationForest(noColumns, CONFIG), AppError, "found 3 rows of 0 columns");
  const { estimator } = fitIsolationForest(rows([0, 0], [1, 1], [2, 3]), CONFIG);
  assertThrows(() => estimator.scoreSamples(none), AppError, "Cannot score rows: found 0 rows");
  assertThrows(() => estimator.scoreSamples(rows([1, 2, 3])), AppError, "3 columns, expected 2");
  for (const value of [Infinity, -Infinity, -1e39]) {
    const where = `${value} found in row 1, column 0`;
    const bad = rows([0, 0], [value, 1]);
    assertThrows(() => fitIsolationForest(bad, CONFIG), AppError, where);
    assertThrows(() => estimator.scoreSamples(bad), AppError, where);
    assertThrows(() => estimator.contributions(bad, Float64Array.of(0, 0)), AppError, where);
  }
});

// scikit-learn's values, of 1.2.1 and of 1.9.1.
Deno.test("one row, equal rows and two rows score −0.5 and are normal", () => {
  const same = rows([1, 2], [1, 2], [1, 2], [1, 2]);
  for (const contamination of [0.1, "auto"] as const) {
    for (const X of [rows([1, 2]), same, rows([1, 2], [3, 4])]) {
      const { estimator, trainingScores } = fitIsolationForest(X, { ...CONFIG, contamination });
      assertEquals(trainingScores, new Float64Array(X.rowCount).fill(-0.5));
      assertEquals(estimator.offset, -0.5);
      assertEquals(estimator.scoreSamples(rows([9, 9]))[0], -0.5);
    }
  }
});
