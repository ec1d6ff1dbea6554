// Whole detectors: against scikit-learn's pipeline, and what holds for any rows.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { modelConfigSchema } from "../../src/domain/config.ts";
import { AppError } from "../../src/domain/errors.ts";
import { fitDetector } from "../../src/estimators/detector.ts";
import {
  assertClose,
  type FixtureArray,
  float64,
  hexFloat,
  int8,
  matrix,
  readFixture,
} from "../oracle/fixtures.ts";
import { modelConfig, names, rows, sampleRows, takeRows } from "./samples.ts";

interface DetectorCase {
  name: string;
  params: Record<string, unknown>;
  X: FixtureArray;
  kept: number[];
  fresh: FixtureArray;
  median: FixtureArray;
  low: FixtureArray;
  high: FixtureArray;
  mean: FixtureArray;
  scale: FixtureArray;
  scaled: FixtureArray;
  fresh_scaled: FixtureArray;
  offset: string;
  training_rate: number;
  fresh_scores: FixtureArray;
  fresh_decision: FixtureArray;
  fresh_labels: FixtureArray;
}

for (const expected of readFixture<DetectorCase>("detector")) {
  Deno.test(`fitDetector() prepares and scores as scikit-learn's steps do: ${expected.name}`, () => {
    const X = matrix(expected.X);
    const config = modelConfigSchema.parse(expected.params);
    const detector = fitDetector(X, names(X.columnCount), config);
    const { imputer, clipper, scaler } = detector.preprocessing;
    const fresh = matrix(expected.fresh);

    assertEquals(detector.featureNames, expected.kept.map((j) => `feature_${j}`));
    assertEquals(imputer.median, float64(expected.median));
    assertEquals(clipper.low, float64(expected.low));
    assertEquals(clipper.high, float64(expected.high));
    assertEquals(scaler.mean, float64(expected.mean));
    assertEquals(scaler.scale, float64(expected.scale));
    assertEquals(detector.transform(fresh).values, float64(expected.fresh_scaled));
    assertClose([detector.offset], [hexFloat(expected.offset)], 1e-12, "offset");
    assertStrictEquals(detector.trainingRate, expected.training_rate);
    assertClose(detector.scoreSamples(fresh), float64(expected.fresh_scores), 1e-12, "scores");
    const decision = detector.decisionFunction(fresh);
    assertClose(decision, float64(expected.fresh_decision), 1e-12, "decision");
    assertEquals(detector.predict(fresh), int8(expected.fresh_labels));
  });
}

const ALGORITHMS = ["isolation_forest", "local_outlier_factor"] as const;

for (const algorithm of ALGORITHMS) {
  const X = sampleRows(120, 4);
  const detector = fitDetector(X, names(4), modelConfig(algorithm));

  Deno.test(`${algorithm}: the score of a row does not depend on the rows beside it`, () => {
    const fresh = sampleRows(30, 4, 2);
    const scores = detector.scoreSamples(fresh);
    const order = fc.uniqueArray(fc.nat(29), { minLength: 1 });
    fc.assert(
      fc.property(order, (indices) => {
        const expected = Float64Array.from(indices, (i) => scores[i]!);
        assertEquals(detector.scoreSamples(takeRows(fresh, indices)), expected);
      }),
      { seed: 42 },
    );
  });

  Deno.test(`${algorithm}: no rows give no scores`, () => {
    const none = { rowCount: 0, columnCount: 4, values: new Float64Array(0) };
    assertEquals(detector.scoreSamples(none), new Float64Array(0));
    assertEquals(detector.predict(none), new Int8Array(0));
    assertEquals(detector.transform(none), none);
  });

  Deno.test(`${algorithm}: a label is −1 exactly where the decision is below zero`, () => {
    const fresh = sampleRows(200, 4, 3);
    const decision = detector.decisionFunction(fresh);
    assertEquals(detector.predict(fresh), Int8Array.from(decision, (d) => d < 0 ? -1 : 1));
    assertEquals(new Set(detector.predict(fresh)), new Set([-1, 1]));
  });

  Deno.test(`${algorithm}: the share flagged in training is the contamination`, () => {
    for (const contamination of [0.05, 0.1, 0.25]) {
      const config = modelConfig(algorithm, { contamination });
      const { trainingRate } = fitDetector(X, names(4), config);
      assert(Math.abs(trainingRate - contamination) <= 1 / X.rowCount);
    }
  });

  Deno.test(`${algorithm}: far rows score lower than the middle`, () => {
    const [middle, far] = detector.scoreSamples(rows([0, 0, 0, 0], [9, -9, 9, -9]));
    assert(far! < middle!);
  });

  Deno.test(`${algorithm}: two fits of the same rows are the same`, () => {
    const again = fitDetector(X, names(4), modelConfig(algorithm));
    assertEquals(again.trainingScores, detector.trainingScores);
    assertEquals(again.offset, detector.offset);
  });

  Deno.test(`${algorithm}: infinities and other schemas are refused with the feature's name`, () => {
    const infinite = rows([0, 0, -Infinity, 0]);
    assertThrows(() => detector.scoreSamples(infinite), AppError, `row 0 of "feature_2"`);
    assertThrows(() => detector.predict(rows([1, 2])), AppError, "have 2 columns, expected its 4");
  });
}

Deno.test("fitDetector() drops and lists a column that is null throughout", () => {
  const X = rows([1, NaN, 5], [2, NaN, NaN], [3, NaN, 7]);
  const detector = fitDetector(X, ["a", "b", "c"], modelConfig("isolation_forest"));
  assertEquals(detector.featureNames, ["a", "c"]);
  assertEquals(detector.droppedFeatures, ["b"]);
  assertEquals(detector.trainingRowCount, 3);
  assertEquals(detector.scoreSamples(rows([1, 5])).length, 1);
});

Deno.test("fitDetector() refuses rows that it cannot learn from, and says why", () => {
  const config = modelConfig("isolation_forest");
  const fit = (X: Parameters<typeof fitDetector>[0], featureNames: string[]) => () =>
    fitDetector(X, featureNames, config);
  const empty = { rowCount: 0, columnCount: 2, values: new Float64Array(0) };
  const tooFew = assertThrows(fit(empty, ["a", "b"]), AppError, "found 0 training rows");
  assertEquals(tooFew.code, "too_little_data");
  assertThrows(fit(rows([NaN, NaN]), ["a", "b"]), AppError, "every column is null");
  assertThrows(fit(rows([1, Infinity]), ["a", "b"]), AppError, `Infinity found in row 0 of "b"`);
  assertThrows(fit(rows([1, 2]), ["a"]), AppError, "2 columns, expected as many distinct");
  assertThrows(fit(rows([1, 2]), ["a", "a"]), AppError, "found: a, a");
});

Deno.test("fitDetector() passes on what fitting had to adapt", () => {
  const X = sampleRows(15, 3);
  const forest = fitDetector(X, names(3), modelConfig("isolation_forest", { max_samples: 500 }));
  assertEquals(forest.warnings, ["max_samples 500 is more than the 15 training rows; 15 used"]);
  const lof = fitDetector(X, names(3), modelConfig("local_outlier_factor", { n_neighbors: 15 }));
  assertEquals(lof.warnings, [
    "n_neighbors 15 is more than each of the 15 training rows has; 14 used",
  ]);
  assertEquals(fitDetector(X, names(3), modelConfig("isolation_forest")).warnings, []);
});

Deno.test("a local outlier factor needs two rows, an isolation forest one", () => {
  const error = assertThrows(
    () => fitDetector(rows([1, 2]), names(2), modelConfig("local_outlier_factor")),
    AppError,
    "found 1 rows, expected at least 2",
  );
  assertEquals(error.code, "too_little_data");
  const forest = fitDetector(rows([1, 2]), names(2), modelConfig("isolation_forest"));
  assertEquals(forest.scoreSamples(rows([1, 2])), Float64Array.of(-0.5));
});

Deno.test("hyperparameters that do not fit the rows are refused", () => {
  const X = sampleRows(10, 3);
  const fit = (hyperparameters: Record<string, unknown>) => () =>
    fitDetector(X, names(3), modelConfig("isolation_forest", hyperparameters));
  assertThrows(fit({ max_features: 4 }), AppError, "max_features is 4, expected at most the 3");
  assertThrows(fit({ max_samples: 0.05 }), AppError, "is no row, expected at least 0.1");
});
