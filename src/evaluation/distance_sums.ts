// Sums of distances between the rows of two groups, which is nearly all that a silhouette costs: in the
// kernel where rows are many, else in plain code. They add in other orders, so the last bits may differ.

import { GROUPS_BYTES } from "../kernel/assembly/layout.ts";
import { withKernel } from "../kernel/kernel.ts";

/** Below, handing rows to the kernel is not worth it. */
const MIN_KERNEL_ROWS = 128;
/** Rows that are compared with one another before the next are fetched. */
const BLOCK = 64;

/** The rows of two groups, the first group's before the second's. */
export interface GroupedRows {
  /** Shape (rowCount, columnCount), columnCount ≥ 1. */
  values: Float64Array;
  rowCount: number;
  columnCount: number;
  /** Number of rows in the first group. */
  firstCount: number;
}

/** By row, its distances to all rows of a group together. */
export interface DistanceSums {
  toFirst: Float64Array;
  toSecond: Float64Array;
}

export function distanceSums(rows: GroupedRows): DistanceSums {
  const sums = rows.rowCount < MIN_KERNEL_ROWS ? null : kernelDistanceSums(rows);
  return sums ?? plainDistanceSums(rows);
}

/** null where this runtime cannot run the kernel. */
export function kernelDistanceSums(rows: GroupedRows): DistanceSums | null {
  const { values, rowCount, columnCount, firstCount } = rows;
  return withKernel((kernel) => {
    const groups = kernel.allocate(GROUPS_BYTES);
    const rowsAt = kernel.allocate(8 * values.length);
    const quads = kernel.allocate(8 * values.length);
    const toFirst = kernel.allocate(8 * rowCount);
    const toSecond = kernel.allocate(8 * rowCount);
    kernel.float64(rowsAt, values.length).set(values);
    // As the Groups of src/kernel/assembly/silhouette.ts.
    kernel.int32(groups, GROUPS_BYTES / 4)
      .set([columnCount, rowCount, firstCount, rowsAt, quads, toFirst, toSecond]);
    kernel.functions.sumDistances(groups);
    return {
      toFirst: kernel.float64(toFirst, rowCount).slice(),
      toSecond: kernel.float64(toSecond, rowCount).slice(),
    };
  });
}

export function plainDistanceSums(rows: GroupedRows): DistanceSums {
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
