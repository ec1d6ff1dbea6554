// Why a row is flagged: the features that drove its score away from what a typical row gets. Between a
// detector's scores and the words that a person reads.

import { familyOf } from "../domain/drivers.ts";
import type { Driver } from "../domain/prediction.ts";
import type { Matrix } from "../domain/table.ts";
import type { Detector } from "./detector.ts";

const MAX_DRIVERS = 3;
/** A driver below this share of the strongest one is not worth a line. */
const MIN_SHARE_OF_STRONGEST = 0.1;

/** Rows explained; contributions have shape (rows, features). */
export interface Explanation {
  /** Score of the row that has every feature at its training median. */
  expectedScore: number;
  /** Each row sums, within rounding, to its score − expectedScore; negative pushes towards a flag. */
  contributions: Matrix;
}

/** The rows at `rowIndices` of a snapshot, explained, with what drove each, the strongest first. */
export interface ExplainedRows extends Explanation {
  drivers: Driver[][];
}

/**
 * @param X all rows of a snapshot, shape (n, d), NaN is missing: their medians are the market's
 * @param rowIndices the rows to explain, few of them
 */
export function explainRows(
  detector: Detector,
  X: Matrix,
  rowIndices: readonly number[],
): ExplainedRows {
  const rows = takeMatrixRows(X, rowIndices);
  const explanation = detector.explain(rows);
  const medianOf = marketMedians(X);
  const drivers = rowIndices.map((_, k) => topDrivers(detector, explanation, rows, k, medianOf));
  return { ...explanation, drivers };
}

/**
 * The features that pushed a row towards a flag, the strongest of each family; none that was missing,
 * whose contribution is 0.
 */
function topDrivers(
  { featureNames, preprocessing }: Detector,
  { contributions }: Explanation,
  rows: Matrix,
  row: number,
  medianOf: (column: number) => number | null,
): Driver[] {
  const start = row * rows.columnCount;
  const columns = featureNames.map((_, j) => j)
    .filter((j) => contributions.values[start + j]! < 0)
    .sort((a, b) => contributions.values[start + a]! - contributions.values[start + b]!)
    .filter((j, at, all) =>
      at === all.findIndex((k) => familyOf(featureNames[k]!) === familyOf(featureNames[j]!))
    );
  const weakest = MIN_SHARE_OF_STRONGEST * (contributions.values[start + (columns[0] ?? 0)] ?? 0);
  return columns.slice(0, MAX_DRIVERS)
    .filter((j) => contributions.values[start + j]! <= weakest)
    .map((j) => ({
      feature: featureNames[j]!,
      value: rows.values[start + j]!,
      contribution: contributions.values[start + j]!,
      marketMedian: medianOf(j),
      usual: preprocessing.imputer.median[j]!,
    }));
}

/** Median of a column over the rows that have it, computed once a column. */
function marketMedians(X: Matrix): (column: number) => number | null {
  const known = new Map<number, number | null>();
  return (column) => {
    const found = known.get(column);
    if (found !== undefined) return found;
    const values: number[] = [];
    for (let i = 0; i < X.rowCount; i++) {
      const value = X.values[i * X.columnCount + column]!;
      if (!Number.isNaN(value)) values.push(value);
    }
    const median = medianOfValues(values);
    known.set(column, median);
    return median;
  };
}

function medianOfValues(values: number[]): number | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

function takeMatrixRows({ columnCount, values }: Matrix, indices: readonly number[]): Matrix {
  const taken = new Float64Array(indices.length * columnCount);
  indices.forEach((index, k) => {
    const row = values.subarray(index * columnCount, (index + 1) * columnCount);
    taken.set(row, k * columnCount);
  });
  return { rowCount: indices.length, columnCount, values: taken };
}
