// The seam between a detector and the algorithm in it. An algorithm sees rows that are complete and
// scaled, and answers with one score a row; which algorithm it is, is chosen in detector.ts.

import { AppError } from "../domain/errors.ts";
import type { Matrix } from "../domain/table.ts";
import type { TensorFile } from "../domain/tensors.ts";
import { percentile } from "./percentile.ts";

/** A fitted algorithm, with scikit-learn's meaning of score and offset. */
export interface OutlierEstimator {
  /** Number of columns that it was fitted on. */
  readonly columnCount: number;
  /** `offset_`: a row with a score below it is labelled an anomaly. */
  readonly offset: number;
  /**
   * `score_samples`: shape (n,), lower is more abnormal. Does not depend on the other rows.
   * X: shape (n, columnCount), n ≥ 1, all finite; else AppError `invalid`, as scikit-learn 1.2 does.
   */
  scoreSamples(X: Matrix): Float64Array;
  /**
   * How much each feature moves a row's score away from the baseline's: shape (n, columnCount), each
   * row summing to its score − the baseline's; 0 for a feature that has the baseline's value.
   * X as for `scoreSamples`; baseline: shape (columnCount,), all finite.
   */
  contributions(X: Matrix, baseline: Float64Array): Matrix;
  /** What it learned, in tensors and metadata whose names are the algorithm's own. */
  toTensors(): TensorFile;
}

/** An algorithm after `fit`, with what is known only then. */
export interface FittedEstimator {
  estimator: OutlierEstimator;
  /** Scores of the training rows, shape (n,); `offset` was taken from these. */
  trainingScores: Float64Array;
  /** Sentences about hyperparameters that did not fit the data and were adapted. */
  warnings: string[];
}

/**
 * `offset_` as scikit-learn sets it: the percentile 100·contamination of the training scores, or the
 * algorithm's own constant for "auto".
 */
export function offsetFor(
  contamination: "auto" | number,
  trainingScores: Float64Array,
  autoOffset: number,
): number {
  return contamination === "auto" ? autoOffset : percentile(trainingScores, 100 * contamination);
}

/** From here on, rounding to float32 gives infinity: half a step above its largest number. */
const FLOAT32_LIMIT = 2 ** 128 - 2 ** 103;

/** Throws `invalid` unless X has rows, and the given number of columns. */
export function requireShape(action: string, X: Matrix, columnCount: number): void {
  if (X.columnCount !== columnCount) {
    throw new AppError(
      "invalid",
      `Cannot ${action}: the rows have ${X.columnCount} columns, expected ${columnCount}`,
    );
  }
  if (X.rowCount === 0 || X.columnCount === 0) {
    throw new AppError(
      "invalid",
      `Cannot ${action}: found ${X.rowCount} rows of ${X.columnCount} columns, expected at least ` +
        `one of each`,
    );
  }
}

/** Throws `invalid` unless X has rows, the given number of columns and only finite values. */
export function requireFinite(action: string, X: Matrix, columnCount: number): void {
  requireShape(action, X, columnCount);
  const { values } = X;
  for (let at = 0; at < values.length; at++) {
    if (!Number.isFinite(values[at]!)) throw notFinite(action, X, at);
  }
}

/** Throws `invalid` unless all values of X are finite when they are rounded to float32. */
export function requireFiniteFloat32(action: string, X: Matrix): void {
  const { values } = X;
  for (let at = 0; at < values.length; at++) {
    if (!(Math.abs(values[at]!) < FLOAT32_LIMIT)) throw notFinite(action, X, at);
  }
}

function notFinite(action: string, X: Matrix, at: number): AppError {
  const value = X.values[at]!;
  const where = `row ${Math.floor(at / X.columnCount)}, column ${at % X.columnCount}`;
  const expected = Number.isFinite(value)
    ? "is too large for float32, expected at most 3.4e38 either way"
    : "expected finite numbers. Impute missing values first.";
  return new AppError("invalid", `Cannot ${action}: ${value} found in ${where}, ${expected}`);
}

/** A single row as a matrix. */
export function asMatrix(row: Float64Array): Matrix {
  return { rowCount: 1, columnCount: row.length, values: row };
}
