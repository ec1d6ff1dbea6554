// Isolation Forest: rows that few random cuts set apart are abnormal. The default algorithm of a detector;
// from the same random_state it fits the same trees as scikit-learn.

import type { ModelConfig } from "../domain/config.ts";
import { AppError } from "../domain/errors.ts";
import type { Matrix } from "../domain/table.ts";
import type { TensorFile } from "../domain/tensors.ts";
import { Mt19937 } from "../random.ts";
import { type BagShape, drawBags } from "./bagging.ts";
import {
  asMatrix,
  type FittedEstimator,
  offsetFor,
  type OutlierEstimator,
  requireFiniteFloat32,
  requireShape,
} from "./estimator.ts";
import { PathContributions } from "./forest_contributions.ts";
import { ForestSums } from "./forest_sums.ts";
import { forestToTensors } from "./forest_tensors.ts";
import { averagePathLength } from "./path_length.ts";
import { type TrainingRows, TreeGrower } from "./random_tree.ts";
import { type Forest, type Tree } from "./tree.ts";

export type IsolationForestConfig = Extract<ModelConfig, { algorithm: "isolation_forest" }>;

/** `offset_` for contamination "auto": scores of inliers are close to 0, of outliers to −1. */
const AUTO_OFFSET = -0.5;
const AUTO_MAX_SAMPLES = 256;
/** Path lengths that differ by no more than this share of the expected one are the same. */
const SAME_PATH = 1e-6;

/** A forest, fitted or loaded. */
export class IsolationForest implements OutlierEstimator {
  readonly forest: Forest;
  readonly offset: number;
  readonly #sums: ForestSums;
  /** What the paths of a typical search take together, in all trees. */
  readonly #expectedSum: number;

  constructor(forest: Forest, offset: number, sums = new ForestSums(forest)) {
    this.forest = forest;
    this.offset = offset;
    this.#sums = sums;
    this.#expectedSum = forest.trees.length * averagePathLength(forest.maxSamples);
  }

  get columnCount(): number {
    return this.forest.columnCount;
  }

  /**
   * −2^(−E[path length] / c(max_samples)), in [−1, 0): the opposite of the paper's anomaly score.
   * Values are compared as float32, as scikit-learn's trees do.
   */
  scoreSamples(X: Matrix): Float64Array {
    const scores = this.#pathSums(X);
    for (let i = 0; i < scores.length; i++) scores[i] = this.#scoreOf(scores[i]!);
    return scores;
  }

  /**
   * The Shapley values of the path length (see forest_contributions.ts), scaled to the score: the score
   * is a curve over the path length, and each feature has the share in the one that it has in the other.
   */
  contributions(X: Matrix, baseline: Float64Array): Matrix {
    const { trees, columnCount } = this.forest;
    const sums = this.#pathSums(X);
    const baseSum = this.#pathSums(asMatrix(baseline))[0]!;
    const rows = new Float32Array(X.values);
    const paths = new PathContributions(new Float32Array(baseline));
    const values = new Float64Array(X.values.length);
    sums.forEach((sum, i) => {
      const row = rows.subarray(i * columnCount, (i + 1) * columnCount);
      const out = values.subarray(i * columnCount, (i + 1) * columnCount);
      trees.forEach((tree, t) => paths.add(tree, this.#sums.lengths[t]!, row, out));
      const slope = this.#slope(sum, baseSum);
      for (let j = 0; j < columnCount; j++) out[j]! *= slope;
    });
    return { ...X, values };
  }

  /** Path lengths of all trees together, by row: shape (n,). */
  #pathSums(X: Matrix): Float64Array {
    requireShape("score rows", X, this.columnCount);
    return this.#sums.of(X);
  }

  #scoreOf(sum: number): number {
    // Trees of a single row have no depth to compare with; scikit-learn then sets the ratio to 1.
    return -(2 ** -(this.#expectedSum === 0 ? 1 : sum / this.#expectedSum));
  }

  /** Score over path length, from one sum to the other; where they are all but equal, the tangent. */
  #slope(sum: number, baseSum: number): number {
    const expected = this.#expectedSum;
    if (expected === 0) return 0;
    if (Math.abs(sum - baseSum) > SAME_PATH * expected) {
      return (this.#scoreOf(sum) - this.#scoreOf(baseSum)) / (sum - baseSum);
    }
    return -this.#scoreOf(baseSum) * Math.LN2 / expected;
  }

  toTensors(): TensorFile {
    return forestToTensors(this.forest);
  }
}

/**
 * Fits a forest as `sklearn.ensemble.IsolationForest(**config).fit(X)`: same trees, offset and scores.
 *
 * @param X shape (n, d), n ≥ 1, d ≥ 1, all finite; compared as float32
 * @throws AppError `invalid` for values that are not finite or hyperparameters that do not fit X
 */
export function fitIsolationForest(X: Matrix, config: IsolationForestConfig): FittedEstimator {
  requireShape("fit the isolation forest", X, X.columnCount);
  requireFiniteFloat32("fit the isolation forest", X);
  const warnings: string[] = [];
  const shape: BagShape = {
    rowCount: X.rowCount,
    columnCount: X.columnCount,
    maxSamples: resolveMaxSamples(config.max_samples, X.rowCount, warnings),
    maxFeatures: resolveMaxFeatures(config.max_features, X.columnCount),
    bootstrap: config.bootstrap,
  };
  const { maxSamples } = shape;
  const rows = trainingRows(X, config.random_state);
  const grower = new TreeGrower(rows, shape, Math.ceil(Math.log2(maxSamples)));
  const trees: Tree[] = [];
  for (const bag of drawBags(config.n_estimators, config.random_state, shape)) {
    trees.push(grower.grow(bag));
  }
  const forest: Forest = { trees, columnCount: X.columnCount, maxSamples };
  const sums = new ForestSums(forest);
  const trainingScores = new IsolationForest(forest, AUTO_OFFSET, sums).scoreSamples(X);
  const offset = offsetFor(config.contamination, trainingScores, AUTO_OFFSET);
  return { estimator: new IsolationForest(forest, offset, sums), trainingScores, warnings };
}

/** The rows as float32, with a random regression target each, as scikit-learn makes them up. */
function trainingRows(X: Matrix, randomState: number): TrainingRows {
  const random = new Mt19937(randomState);
  const targets = new Float64Array(X.rowCount);
  for (let i = 0; i < targets.length; i++) targets[i] = random.random();
  return { X, targets };
}

/** A share of (0, 1] or a count above 1: JSON cannot tell 1.0 from 1, and one row makes no tree. */
function resolveMaxSamples(
  maxSamples: IsolationForestConfig["max_samples"],
  rowCount: number,
  warnings: string[],
): number {
  if (maxSamples === "auto") return Math.min(AUTO_MAX_SAMPLES, rowCount);
  if (maxSamples > 1) {
    if (maxSamples <= rowCount) return maxSamples;
    warnings.push(
      `max_samples ${maxSamples} is more than the ${rowCount} training rows; ${rowCount} used`,
    );
    return rowCount;
  }
  const count = Math.trunc(maxSamples * rowCount);
  if (count >= 1) return count;
  throw new AppError(
    "invalid",
    `Cannot fit the isolation forest: max_samples ${maxSamples} of ${rowCount} rows is no row, ` +
      `expected at least ${1 / rowCount}. Raise max_samples or train on more rows.`,
  );
}

/** A share of (0, 1] or a count above 1; at least one feature. */
function resolveMaxFeatures(maxFeatures: number, columnCount: number): number {
  if (maxFeatures <= 1) return Math.max(1, Math.trunc(maxFeatures * columnCount));
  if (maxFeatures <= columnCount) return maxFeatures;
  throw new AppError(
    "invalid",
    `Cannot fit the isolation forest: max_features is ${maxFeatures}, expected at most the ` +
      `${columnCount} features of the training rows. Lower max_features in the model config.`,
  );
}
