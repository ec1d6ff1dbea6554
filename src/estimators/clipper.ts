// Second step of a detector: values are held within the bulk of what training saw, so that one absurd
// quote can neither stretch the scale nor decide a split on its own.

import type { Matrix } from "../domain/table.ts";
import { percentile } from "./percentile.ts";

/** Percentiles of the training values at which a column is clipped. */
const LOW_PERCENTILE = 0.1;
const HIGH_PERCENTILE = 99.9;

/** Limits by column; low ≤ high. */
export interface Clipper {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * Learns the 0.1 and 99.9 percentiles of every column.
 *
 * @param X shape (n, d), n ≥ 1, without missing values
 */
export function fitClipper(X: Matrix): Clipper {
  const low = new Float64Array(X.columnCount);
  const high = new Float64Array(X.columnCount);
  const column = new Float64Array(X.rowCount);
  for (let j = 0; j < X.columnCount; j++) {
    for (let i = 0; i < X.rowCount; i++) column[i] = X.values[i * X.columnCount + j]!;
    low[j] = percentile(column, LOW_PERCENTILE);
    high[j] = percentile(column, HIGH_PERCENTILE);
  }
  return { low, high };
}

/** A copy of X, shape (n, d), with every value within its column's limits. */
export function clip({ low, high }: Clipper, X: Matrix): Matrix {
  const { rowCount, columnCount } = X;
  const values = new Float64Array(X.values.length);
  for (let i = 0, at = 0; i < rowCount; i++) {
    for (let j = 0; j < columnCount; j++, at++) {
      values[at] = Math.min(Math.max(X.values[at]!, low[j]!), high[j]!);
    }
  }
  return { rowCount, columnCount, values };
}
