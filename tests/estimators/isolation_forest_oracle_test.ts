// The isolation forest against scikit-learn 1.2.1: same trees, same scores, same offset.

import { assertEquals } from "@std/assert";
import { type ModelConfig, modelConfigSchema } from "../../src/domain/config.ts";
import {
  fitIsolationForest,
  IsolationForest,
  type IsolationForestConfig,
} from "../../src/estimators/isolation_forest.ts";
import { labelsOf } from "../../src/estimators/detector.ts";
import type { Tree } from "../../src/estimators/tree.ts";
import {
  assertClose,
  type FixtureArray,
  float64,
  hexFloat,
  int32,
  int8,
  matrix,
  readFixture,
} from "../oracle/fixtures.ts";

interface ForestCase {
  name: string;
  params: Record<string, unknown>;
  X: FixtureArray;
  fresh: FixtureArray;
  trees: Record<string, FixtureArray>[] | null;
  node_count: number;
  max_samples_: number;
  warned: boolean;
  offset: string;
  scores: FixtureArray;
  fresh_scores: FixtureArray;
  fresh_decision: FixtureArray;
  fresh_labels: FixtureArray;
}

const SCORE_TOLERANCE = 1e-12;
const OFFSET_TOLERANCE = 1e-15;

function forestConfig(params: Record<string, unknown>): IsolationForestConfig {
  const config: ModelConfig = modelConfigSchema.parse({ algorithm: "isolation_forest", ...params });
  if (config.algorithm !== "isolation_forest") throw new Error("not a forest");
  return config;
}

function expectedTree(arrays: Record<string, FixtureArray>): Tree {
  return {
    feature: int32(arrays["feature"]!),
    threshold: float64(arrays["threshold"]!),
    leftChild: int32(arrays["children_left"]!),
    rightChild: int32(arrays["children_right"]!),
    nodeSamples: int32(arrays["n_node_samples"]!),
  };
}

for (const expected of readFixture<ForestCase>("isolation_forest")) {
  Deno.test(`fitIsolationForest() grows and scores as scikit-learn: ${expected.name}`, () => {
    const X = matrix(expected.X);
    const fitted = fitIsolationForest(X, forestConfig(expected.params));
    const estimator = fitted.estimator;
    if (!(estimator instanceof IsolationForest)) throw new Error("not a forest");
    const { trees, maxSamples } = estimator.forest;

    assertEquals(maxSamples, expected.max_samples_);
    assertEquals(fitted.warnings.length > 0, expected.warned);
    if (expected.trees !== null) assertEquals(trees, expected.trees.map(expectedTree));
    const nodeCount = trees.reduce((sum, tree) => sum + tree.feature.length, 0);
    assertEquals(nodeCount, expected.node_count);

    const offset = hexFloat(expected.offset);
    assertClose([estimator.offset], [offset], OFFSET_TOLERANCE, "offset");
    assertClose(fitted.trainingScores, float64(expected.scores), SCORE_TOLERANCE, "scores");
    const fresh = estimator.scoreSamples(matrix(expected.fresh));
    assertClose(fresh, float64(expected.fresh_scores), SCORE_TOLERANCE, "fresh scores");
    const decision = fresh.map((score) => score - estimator.offset);
    assertClose(decision, float64(expected.fresh_decision), SCORE_TOLERANCE, "decision");
    assertEquals(labelsOf(fresh, estimator.offset), int8(expected.fresh_labels));
  });
}

interface NearEqualCase {
  params: Record<string, unknown>;
  rows: number;
  /** The only rows that are not 0: they are 100 and 101. */
  pair: [number, number];
  trees: Record<string, FixtureArray>[];
}

Deno.test("fitIsolationForest() leaves rows together whose random targets nearly agree", () => {
  let together = 0;
  let apart = 0;
  for (const expected of readFixture<NearEqualCase>("near_equal_targets")) {
    const values = new Float64Array(expected.rows);
    expected.pair.forEach((row, i) => values[row] = 100 + i);
    const X = { rowCount: expected.rows, columnCount: 1, values };
    const { estimator } = fitIsolationForest(X, forestConfig(expected.params));
    if (!(estimator instanceof IsolationForest)) throw new Error("not a forest");
    assertEquals(estimator.forest.trees, expected.trees.map(expectedTree));
    for (const { feature } of estimator.forest.trees) feature.length === 5 ? apart++ : together++;
  }
  // The cases would prove nothing if scikit-learn always decided in the same way.
  assertEquals([together > 10, apart > 10], [true, true]);
});
