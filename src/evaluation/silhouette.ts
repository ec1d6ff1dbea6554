// The silhouette: do the flagged rows lie apart from the others? Measured in the candidate's scaled
// space, where every feature weighs alike. One of the metrics that gates are held to.

import type { Matrix } from "../domain/table.ts";

/** Rows that are compared with one another before the next are fetched. */
const BLOCK = 64;

/** The rows of two groups, the first group's before the second's. */
interface GroupedRows {
  values: Float64Array;
  rowCount: number;
  columnCount: number;
  /** Number of rows in the first group. */
  firstCount: number;
}

/**
 * The mean silhouette of all rows for a grouping in two, as `sklearn.metrics.silhouette_score` with
 * Euclidean distance: (b − a) / max(a, b), where a is the mean distance to the row's own group and b
 * to the other; 0 for a row alone in its group. Rousseeuw (1987). In [−1, 1], near 1 for groups that
 * lie well apart. Exact, O(n² d).
 *
 * @param X shape (n, d), all finite
 * @param labels shape (n,); negative is one group, the rest the other
 * @returns null where it is not defined: a group is empty, or there are fewer than three rows
 */
export function silhouetteScore(X: Matrix, labels: Int8Array): number | null {
  const rows = groupRows(X, labels);
  const { rowCount, firstCount } = rows;
  if (firstCount === 0 || firstCount === rowCount || rowCount < 3) return null;
  const sums = distanceSums(rows);
  let total = 0;
  for (let i = 0; i < rowCount; i++) {
    const isFirst = i < firstCount;
    const ownCount = isFirst ? firstCount : rowCount - firstCount;
    const own = (isFirst ? sums.toFirst[i]! : sums.toSecond[i]!) / (ownCount - 1);
    const other = (isFirst ? sums.toSecond[i]! : sums.toFirst[i]!) / (rowCount - ownCount);
    const larger = Math.max(own, other);
    // A row alone in its group, and rows that all coincide, count as 0.
    if (ownCount > 1 && larger > 0) total += (other - own) / larger;
  }
  return total / rowCount;
}

function groupRows(X: Matrix, labels: Int8Array): GroupedRows {
  const { rowCount, columnCount } = X;
  const firstCount = labels.filter((label) => label < 0).length;
  const values = new Float64Array(X.values.length);
  let first = 0;
  let second = firstCount;
  for (let i = 0; i < rowCount; i++) {
    const target = labels[i]! < 0 ? first++ : second++;
    values.set(X.values.subarray(i * columnCount, (i + 1) * columnCount), target * columnCount);
  }
  return { values, rowCount, columnCount, firstCount };
}

/** The sum of distances from every row to all rows of each group. */
function distanceSums(rows: GroupedRows): { toFirst: Float64Array; toSecond: Float64Array } {
  const { rowCount, firstCount } = rows;
  const toFirst = new Float64Array(rowCount);
  const toSecond = new Float64Array(rowCount);
  for (let firstBlock = 0; firstBlock < rowCount; firstBlock += BLOCK) {
    for (let secondBlock = firstBlock; secondBlock < rowCount; secondBlock += BLOCK) {
      const iEnd = Math.min(firstBlock + BLOCK, rowCount);
      const jEnd = Math.min(secondBlock + BLOCK, rowCount);
      for (let i = firstBlock; i < iEnd; i++) {
        for (let j = Math.max(secondBlock, i + 1); j < jEnd; j++) {
          const distance = euclidean(rows, i, j);
          if (j < firstCount) toFirst[i]! += distance;
          else toSecond[i]! += distance;
          if (i < firstCount) toFirst[j]! += distance;
          else toSecond[j]! += distance;
        }
      }
    }
  }
  return { toFirst, toSecond };
}

/** Four terms at a time: a single running sum would wait for each addition. */
function euclidean({ values, columnCount }: GroupedRows, i: number, j: number): number {
  const end = (i + 1) * columnCount;
  const shift = (j - i) * columnCount;
  let sum = 0;
  let at = i * columnCount;
  for (; at + 4 <= end; at += 4) {
    const d0 = values[at]! - values[at + shift]!;
    const d1 = values[at + 1]! - values[at + shift + 1]!;
    const d2 = values[at + 2]! - values[at + shift + 2]!;
    const d3 = values[at + 3]! - values[at + shift + 3]!;
    sum += d0 * d0 + d1 * d1 + (d2 * d2 + d3 * d3);
  }
  for (; at < end; at++) {
    const difference = values[at]! - values[at + shift]!;
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}
