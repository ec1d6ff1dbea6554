// Exact nearest neighbours by brute force, in blocks that stay in the processor's cache. Everything
// that Local Outlier Factor knows of geometry is here; a faster search may replace it as a whole.

import type { Matrix } from "../domain/table.ts";

/** Rows that are compared with one another before the next are fetched. */
const BLOCK = 128;
/** Terms of a squared distance between two looks at the limit. */
const STRIDE = 8;

/** The k nearest points of every row, nearest first; of equally near ones those of lower index. */
export interface Neighbors {
  k: number;
  /** Euclidean, shape (n, k). */
  distances: Float64Array;
  /** Shape (n, k). */
  indices: Int32Array;
}

/** For every row the best candidates so far, as squared distances in ascending order. */
class CandidateLists {
  readonly k: number;
  readonly squared: Float64Array;
  readonly indices: Int32Array;

  constructor(rowCount: number, k: number) {
    this.k = k;
    this.squared = new Float64Array(rowCount * k).fill(Infinity);
    this.indices = new Int32Array(rowCount * k);
  }

  /** A candidate must be nearer than this to enter the row's list. */
  limit(row: number): number {
    return this.squared[(row + 1) * this.k - 1]!;
  }

  /** Enters a candidate that is below the row's limit; offered in ascending order of `index`. */
  insert(row: number, squaredDistance: number, index: number): void {
    const first = row * this.k;
    let at = first + this.k - 1;
    while (at > first && this.squared[at - 1]! > squaredDistance) {
      this.squared[at] = this.squared[at - 1]!;
      this.indices[at] = this.indices[at - 1]!;
      at--;
    }
    this.squared[at] = squaredDistance;
    this.indices[at] = index;
  }

  finish(): Neighbors {
    return { k: this.k, distances: this.squared.map(Math.sqrt), indices: this.indices };
  }
}

/**
 * Squared Euclidean distance between row i of `a` and row j of `b`, or, once the sum has passed
 * `limit`, any number above `limit`. The order of summation never depends on the limit.
 */
function squaredDistance(a: Matrix, i: number, b: Matrix, j: number, limit: number): number {
  const columnCount = a.columnCount;
  const x = a.values;
  const y = b.values;
  const end = (i + 1) * columnCount;
  const shift = j * columnCount - i * columnCount;
  let sum = 0;
  let at = i * columnCount;
  for (; at + STRIDE <= end; at += STRIDE) {
    const d0 = x[at]! - y[at + shift]!;
    const d1 = x[at + 1]! - y[at + shift + 1]!;
    const d2 = x[at + 2]! - y[at + shift + 2]!;
    const d3 = x[at + 3]! - y[at + shift + 3]!;
    const d4 = x[at + 4]! - y[at + shift + 4]!;
    const d5 = x[at + 5]! - y[at + shift + 5]!;
    const d6 = x[at + 6]! - y[at + shift + 6]!;
    const d7 = x[at + 7]! - y[at + shift + 7]!;
    sum += (d0 * d0 + d1 * d1 + (d2 * d2 + d3 * d3)) + (d4 * d4 + d5 * d5 + (d6 * d6 + d7 * d7));
    if (sum > limit) return sum;
  }
  for (; at < end; at++) {
    const difference = x[at]! - y[at + shift]!;
    sum += difference * difference;
  }
  return sum;
}

/**
 * The k nearest other rows of every row; a row is not its own neighbour, its duplicates are.
 *
 * @param points shape (n, d), n > k ≥ 1
 */
export function neighborsAmong(points: Matrix, k: number): Neighbors {
  const lists = new CandidateLists(points.rowCount, k);
  forEachBlockPair(points.rowCount, (firstStart, firstEnd, secondStart, secondEnd) => {
    for (let i = firstStart; i < firstEnd; i++) {
      for (let j = Math.max(secondStart, i + 1); j < secondEnd; j++) {
        const limitI = lists.limit(i);
        const limitJ = lists.limit(j);
        const squared = squaredDistance(points, i, points, j, Math.max(limitI, limitJ));
        if (squared < limitI) lists.insert(i, squared, j);
        if (squared < limitJ) lists.insert(j, squared, i);
      }
    }
  });
  return lists.finish();
}

/**
 * Visits every pair of blocks of rows once, the first block never after the second. In this order
 * every row meets the others by ascending index, which is what decides between equally near ones.
 */
function forEachBlockPair(
  rowCount: number,
  visit: (firstStart: number, firstEnd: number, secondStart: number, secondEnd: number) => void,
): void {
  for (let first = 0; first < rowCount; first += BLOCK) {
    for (let second = first; second < rowCount; second += BLOCK) {
      visit(
        first,
        Math.min(first + BLOCK, rowCount),
        second,
        Math.min(second + BLOCK, rowCount),
      );
    }
  }
}

/**
 * The k nearest points of every query; a point equal to the query counts.
 *
 * @param queries shape (m, d), m ≥ 0
 * @param points shape (n, d), n ≥ k ≥ 1
 */
export function neighborsOf(queries: Matrix, points: Matrix, k: number): Neighbors {
  const lists = new CandidateLists(queries.rowCount, k);
  for (let start = 0; start < queries.rowCount; start += BLOCK) {
    const end = Math.min(start + BLOCK, queries.rowCount);
    for (let pointStart = 0; pointStart < points.rowCount; pointStart += BLOCK) {
      const pointEnd = Math.min(pointStart + BLOCK, points.rowCount);
      for (let i = start; i < end; i++) {
        for (let j = pointStart; j < pointEnd; j++) {
          const limit = lists.limit(i);
          const squared = squaredDistance(queries, i, points, j, limit);
          if (squared < limit) lists.insert(i, squared, j);
        }
      }
    }
  }
  return lists.finish();
}
