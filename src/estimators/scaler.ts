// Third step of a detector: columns in units of their own standard deviation, so that distances and
// the silhouette weigh every feature alike. The scaled space is also where models are compared.

import type { Matrix } from "../domain/table.ts";

/** Mean and divisor by column, as `sklearn.preprocessing.StandardScaler`. */
export interface Scaler {
  readonly mean: Float64Array;
  readonly scale: Float64Array;
}

function columnMeans(X: Matrix): Float64Array {
  const { rowCount, columnCount } = X;
  const sum = new Float64Array(columnCount);
  for (let i = 0, at = 0; i < rowCount; i++) {
    for (let j = 0; j < columnCount; j++, at++) sum[j]! += X.values[at]!;
  }
  return sum.map((value) => value / rowCount);
}

/** Variances (ddof 0) by the corrected two-pass sum, in scikit-learn's order of operations. */
function columnVariances(X: Matrix, mean: Float64Array): Float64Array {
  const { rowCount, columnCount } = X;
  const squares = new Float64Array(columnCount);
  const correction = new Float64Array(columnCount);
  for (let i = 0, at = 0; i < rowCount; i++) {
    for (let j = 0; j < columnCount; j++, at++) {
      const difference = X.values[at]! - mean[j]!;
      squares[j]! += difference * difference;
      correction[j]! += difference;
    }
  }
  return squares.map((sum, j) => (sum - correction[j]! ** 2 / rowCount) / rowCount);
}

/**
 * Whether a variance is no more than the rounding error of computing it. Dividing by the root of such
 * noise would blow a constant column up into a feature. Bound: Chan, Golub & LeVeque (1983).
 */
function isConstant(variance: number, mean: number, rowCount: number): boolean {
  const relativeError = rowCount * Number.EPSILON;
  return variance <= relativeError * variance + (relativeError * mean) ** 2;
}

/**
 * Learns mean and standard deviation (ddof 0) of every column; the scale of a constant column is 1.
 *
 * @param X shape (n, d), n ≥ 1, without missing values
 */
export function fitScaler(X: Matrix): Scaler {
  const mean = columnMeans(X);
  const scale = columnVariances(X, mean).map((variance, j) =>
    isConstant(variance, mean[j]!, X.rowCount) ? 1 : Math.sqrt(variance)
  );
  return { mean, scale };
}

/** A copy of X, shape (n, d), in standard units. */
export function scale({ mean, scale }: Scaler, X: Matrix): Matrix {
  const { rowCount, columnCount } = X;
  const values = new Float64Array(X.values.length);
  for (let i = 0, at = 0; i < rowCount; i++) {
    for (let j = 0; j < columnCount; j++, at++) {
      values[at] = (X.values[at]! - mean[j]!) / scale[j]!;
    }
  }
  return { rowCount, columnCount, values };
}
