// First step of a detector: a missing value (NaN) becomes the median of its column in training.
// Columns without any training value never come here; the detector drops them (see detector.ts).

import { AppError } from "../domain/errors.ts";
import type { Matrix } from "../domain/table.ts";
import { median } from "./percentile.ts";

/** Medians by column, as `sklearn.impute.SimpleImputer(strategy="median")`. */
export interface Imputer {
  readonly median: Float64Array;
}

/** The values of a column that are there. */
function presentValues(X: Matrix, column: number): Float64Array {
  const present = new Float64Array(X.rowCount);
  let count = 0;
  for (let i = 0; i < X.rowCount; i++) {
    const value = X.values[i * X.columnCount + column]!;
    if (!Number.isNaN(value)) present[count++] = value;
  }
  return present.subarray(0, count);
}

/** Whether a column has no value at all: nothing can be learned from it. */
export function isEmptyColumn(X: Matrix, column: number): boolean {
  for (let i = 0; i < X.rowCount; i++) {
    if (!Number.isNaN(X.values[i * X.columnCount + column]!)) return false;
  }
  return true;
}

/** Throws `invalid` where the matrix holds an infinity, which no median could stand in for. */
export function requireNoInfinity(X: Matrix, featureNames: readonly string[]): void {
  for (let at = 0; at < X.values.length; at++) {
    const value = X.values[at]!;
    if (value !== Infinity && value !== -Infinity) continue;
    const row = Math.floor(at / X.columnCount);
    const name = featureNames[at % X.columnCount];
    throw new AppError(
      "invalid",
      `Cannot use the rows: ${value} found in row ${row} of "${name}", expected a finite number ` +
        `or null. Check how this feature is computed.`,
      { details: { row, feature: name } },
    );
  }
}

/**
 * Learns the median of every column.
 *
 * @param X shape (n, d), n ≥ 1; every column has at least one value
 */
export function fitImputer(X: Matrix): Imputer {
  const medians = new Float64Array(X.columnCount);
  for (let j = 0; j < X.columnCount; j++) medians[j] = median(presentValues(X, j));
  return { median: medians };
}

/** A copy of X, shape (n, d), with its missing values filled. */
export function impute({ median }: Imputer, X: Matrix): Matrix {
  const { rowCount, columnCount } = X;
  const values = new Float64Array(X.values.length);
  for (let i = 0, at = 0; i < rowCount; i++) {
    for (let j = 0; j < columnCount; j++, at++) {
      const value = X.values[at]!;
      values[at] = Number.isNaN(value) ? median[j]! : value;
    }
  }
  return { rowCount, columnCount, values };
}
