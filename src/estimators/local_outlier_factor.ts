// Local Outlier Factor: a row is abnormal where its neighbourhood is thinner than its neighbours' own.
// The other algorithm of a detector, as scikit-learn's with novelty=True: fitted once, scores new rows.

import type { ModelConfig } from "../domain/config.ts";
import { AppError } from "../domain/errors.ts";
import type { Matrix } from "../domain/table.ts";
import type { TensorFile } from "../domain/tensors.ts";
import {
  asMatrix,
  type FittedEstimator,
  offsetFor,
  type OutlierEstimator,
  requireFinite,
} from "./estimator.ts";
import { type Neighbors, neighborsAmong, neighborsOf } from "./neighbors.ts";
import { expectModel, type TensorReader } from "./tensor_reader.ts";

export type LocalOutlierFactorConfig = Extract<ModelConfig, { algorithm: "local_outlier_factor" }>;

/** `offset_` for contamination "auto": scores of inliers are close to −1. */
const AUTO_OFFSET = -1.5;
/** Keeps the density of a point among its own duplicates finite. */
const SMALLEST_MEAN_REACH = 1e-10;

/** What is learned of the training points. */
interface LocalDensities {
  /** Shape (n, d). */
  points: Matrix;
  /** `n_neighbors_` after clipping to n − 1. */
  neighborCount: number;
  /** Distance of every point to its k-th neighbour, shape (n,). */
  kDistance: Float64Array;
  /** Local reachability density of every point, shape (n,). */
  density: Float64Array;
}

/**
 * Local reachability density of every row: the inverse of the mean reachability distance to its
 * neighbours, max(distance, the neighbour's own k-distance). Breunig et al. (2000), definition 6.
 */
function reachabilityDensity(neighbors: Neighbors, kDistance: Float64Array): Float64Array {
  const { k, distances, indices } = neighbors;
  const density = new Float64Array(distances.length / k);
  for (let i = 0; i < density.length; i++) {
    let reach = 0;
    for (let at = i * k; at < (i + 1) * k; at++) {
      reach += Math.max(distances[at]!, kDistance[indices[at]!]!);
    }
    density[i] = 1 / (reach / k + SMALLEST_MEAN_REACH);
  }
  return density;
}

/** −mean(density of the neighbours / own density), by row; definition 7, with the sign turned. */
function negativeOutlierFactor(
  neighbors: Neighbors,
  ownDensity: Float64Array,
  pointDensity: Float64Array,
): Float64Array {
  const { k, indices } = neighbors;
  return ownDensity.map((own, i) => {
    let ratios = 0;
    for (let at = i * k; at < (i + 1) * k; at++) ratios += pointDensity[indices[at]!]! / own;
    return -ratios / k;
  });
}

/** Makes shares sum to 1, in place; where all are 0, those that may have one are equal. */
function normalize(shares: Float64Array, mayShare: (j: number) => boolean): void {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const sharing = total > 0 ? 0 : shares.filter((_, j) => mayShare(j)).length;
  for (let j = 0; j < shares.length; j++) {
    if (total > 0) shares[j]! /= total;
    else if (mayShare(j)) shares[j] = 1 / sharing;
  }
}

/** Fitted or loaded. */
export class LocalOutlierFactor implements OutlierEstimator {
  readonly columnCount: number;
  readonly offset: number;
  readonly #fitted: LocalDensities;

  constructor(fitted: LocalDensities, offset: number) {
    this.#fitted = fitted;
    this.columnCount = fitted.points.columnCount;
    this.offset = offset;
  }

  /**
   * Close to −1 for inliers, lower for outliers. A row that was trained on counts as new: it is its
   * own nearest neighbour here, unlike in the training scores.
   */
  scoreSamples(X: Matrix): Float64Array {
    return this.#scoreOf(this.#neighborsOf(X));
  }

  #neighborsOf(X: Matrix): Neighbors {
    requireFinite("score rows", X, this.columnCount);
    return neighborsOf(X, this.#fitted.points, this.#fitted.neighborCount);
  }

  #scoreOf(neighbors: Neighbors): Float64Array {
    const { kDistance, density } = this.#fitted;
    return negativeOutlierFactor(neighbors, reachabilityDensity(neighbors, kDistance), density);
  }

  /**
   * A row is an outlier by its distance to its neighbours, and squared distances are sums over features:
   * each feature has that share in the score's distance from the baseline's. So redistributes, for
   * models of distances, Kauffmann, Müller & Montavon, "Towards explaining anomalies: a deep Taylor
   * decomposition of one-class models" (2020). Features with the baseline's own value have no share; a
   * row that lies on its neighbours has equal ones of the others.
   */
  contributions(X: Matrix, baseline: Float64Array): Matrix {
    const neighbors = this.#neighborsOf(X);
    const scores = this.#scoreOf(neighbors);
    const [expected] = this.scoreSamples(asMatrix(baseline));
    const { points, neighborCount } = this.#fitted;
    const { indices } = neighbors;
    const d = this.columnCount;
    const values = new Float64Array(X.values.length);
    scores.forEach((score, i) => {
      const row = X.values.subarray(i * d, (i + 1) * d);
      const shares = values.subarray(i * d, (i + 1) * d);
      for (const index of indices.subarray(i * neighborCount, (i + 1) * neighborCount)) {
        for (let j = 0; j < d; j++) {
          if (row[j] !== baseline[j]) shares[j]! += (row[j]! - points.values[index * d + j]!) ** 2;
        }
      }
      normalize(shares, (j) => row[j] !== baseline[j]);
      for (let j = 0; j < d; j++) shares[j]! *= score - expected!;
    });
    return { ...X, values };
  }

  toTensors(): TensorFile {
    const { points, neighborCount, kDistance, density } = this.#fitted;
    const n = points.rowCount;
    return {
      tensors: {
        "lof.points": { dtype: "F64", shape: [n, points.columnCount], data: points.values },
        "lof.k_distance": { dtype: "F64", shape: [n], data: kDistance },
        "lof.lrd": { dtype: "F64", shape: [n], data: density },
      },
      metadata: { "n_neighbors_": String(neighborCount) },
    };
  }
}

/**
 * Fits as `sklearn.neighbors.LocalOutlierFactor(novelty=True, **config).fit(X)`.
 *
 * @param X shape (n, d), n ≥ 2, d ≥ 1, all finite
 * @throws AppError `too_little_data` for one row, `invalid` for none or values that are not finite
 */
export function fitLocalOutlierFactor(
  X: Matrix,
  config: LocalOutlierFactorConfig,
): FittedEstimator {
  requireFinite("fit the local outlier factor", X, X.columnCount);
  if (X.rowCount < 2) {
    throw new AppError(
      "too_little_data",
      `Cannot fit the local outlier factor: found ${X.rowCount} rows, expected at least 2, because ` +
        `a row needs a neighbour. Build a dataset over more hours.`,
    );
  }
  const warnings: string[] = [];
  const neighborCount = Math.min(config.n_neighbors, X.rowCount - 1);
  if (neighborCount < config.n_neighbors) {
    warnings.push(
      `n_neighbors ${config.n_neighbors} is more than each of the ${X.rowCount} training rows has; ` +
        `${neighborCount} used`,
    );
  }
  const neighbors = neighborsAmong(X, neighborCount);
  const kDistance = new Float64Array(X.rowCount);
  for (let i = 0; i < X.rowCount; i++) {
    kDistance[i] = neighbors.distances[(i + 1) * neighborCount - 1]!;
  }
  requireDistances(X, kDistance);
  const density = reachabilityDensity(neighbors, kDistance);
  const trainingScores = negativeOutlierFactor(neighbors, density, density);
  const offset = offsetFor(config.contamination, trainingScores, AUTO_OFFSET);
  const points = { ...X, values: X.values.slice() };
  const estimator = new LocalOutlierFactor({ points, neighborCount, kDistance, density }, offset);
  return { estimator, trainingScores, warnings };
}

/** Throws `invalid` where a distance is too large for a number: its square overflows from 1e154 on. */
function requireDistances(X: Matrix, kDistance: Float64Array): void {
  const row = kDistance.indexOf(Infinity);
  if (row < 0) return;
  throw new AppError(
    "invalid",
    `Cannot fit the local outlier factor: row ${row} of ${X.rowCount} is too far from the others for ` +
      `its distance to be a number, expected values that differ by less than 1e153. Scale the features.`,
  );
}

/** The estimator of a model file. Throws AppError `invalid` where the file does not hold one. */
export function localOutlierFactorFromTensors(
  reader: TensorReader,
  columnCount: number,
  offset: number,
): LocalOutlierFactor {
  const values = reader.numbers(
    "lof.points",
    [null, columnCount],
    "finite values",
    Number.isFinite,
  );
  const rowCount = values.length / columnCount;
  expectModel(rowCount >= 2, `"lof.points" has ${rowCount} rows`, "at least 2");
  const points = { rowCount, columnCount, values };
  const kDistance = reader.numbers(
    "lof.k_distance",
    [rowCount],
    "finite distances",
    (value) => value >= 0 && value < Infinity,
  );
  const density = reader.numbers(
    "lof.lrd",
    [rowCount],
    "finite densities above 0",
    (value) => value > 0 && value < Infinity,
  );
  const neighborCount = reader.integer("n_neighbors_", 1, rowCount - 1);
  return new LocalOutlierFactor({ points, neighborCount, kDistance, density }, offset);
}
