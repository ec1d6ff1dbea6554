// The silhouette: do the flagged rows lie apart from the others? Measured in the candidate's scaled
// space, where every feature weighs alike. One of the metrics that gates are held to.

import { AppError } from "../domain/errors.ts";
import type { Matrix } from "../domain/table.ts";
import { distanceSums, type GroupedRows } from "./distance_sums.ts";

/**
 * The mean silhouette of all rows for a grouping in two, as `sklearn.metrics.silhouette_score` with
 * Euclidean distance: (b − a) / max(a, b), where a is the mean distance to the row's own group and b
 * to the other; 0 for a row alone in its group. Rousseeuw (1987). In [−1, 1], near 1 for groups that
 * lie well apart. Exact, O(n² d).
 *
 * @param X shape (n, d), d ≥ 1, all finite
 * @param labels shape (n,); negative is one group, the rest the other
 * @returns null where it is not defined, which scikit-learn refuses: a group is empty, or there are fewer
 *   than three rows
 * @throws AppError `invalid` for values that are not finite, no columns, or another number of labels
 */
export function silhouetteScore(X: Matrix, labels: Int8Array): number | null {
  requireRows(X, labels);
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
    // A row alone in its group counts as 0, and so do rows that all coincide or are infinitely far.
    if (ownCount > 1 && larger > 0 && larger < Infinity) total += (other - own) / larger;
  }
  return total / rowCount;
}

function requireRows(X: Matrix, labels: Int8Array): void {
  const refuse = (found: string, expected: string) => {
    throw new AppError(
      "invalid",
      `Cannot measure the silhouette: found ${found}, expected ${expected}`,
    );
  };
  if (labels.length !== X.rowCount) {
    refuse(`${labels.length} labels for ${X.rowCount} rows`, "one a row");
  }
  if (X.columnCount === 0 && X.rowCount > 0) refuse("rows without columns", "at least one column");
  const { values } = X;
  let at = 0;
  while (at < values.length && Number.isFinite(values[at]!)) at++;
  if (at === values.length) return;
  const where = `row ${Math.floor(at / X.columnCount)}, column ${at % X.columnCount}`;
  refuse(`${values[at]} in ${where}`, "finite numbers");
}

function groupRows(X: Matrix, labels: Int8Array): GroupedRows {
  const { rowCount, columnCount } = X;
  const firstCount = labels.filter((label) => label < 0).length;
  const values = new Float64Array(X.values.length);
  let first = 0;
  let second = firstCount;
  for (let i = 0; i < rowCount; i++) {
    let to = (labels[i]! < 0 ? first++ : second++) * columnCount;
    const end = (i + 1) * columnCount;
    for (let from = i * columnCount; from < end; from++) values[to++] = X.values[from]!;
  }
  return { values, rowCount, columnCount, firstCount };
}
