// Exact nearest neighbours in plain code, for where the kernel cannot run: every query is compared with
// every point, in blocks that stay in the processor's cache.

import type { Matrix } from "../domain/table.ts";

/** Rows that are compared with one another before the next are fetched. */
const BLOCK = 128;
/** Terms of a squared distance between two looks at the limit. */
const STRIDE = 8;
/** The index in a place of a list that no point has taken yet. */
const NO_POINT = 0x7fffffff;

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
    this.indices = new Int32Array(rowCount * k).fill(NO_POINT);
  }

  /** A candidate farther than this does not enter the row's list. */
  limit(row: number): number {
    return this.squared[(row + 1) * this.k - 1]!;
  }

  /** Enters a candidate if it is near enough, or as near as another and of lower index. */
  offer(row: number, squaredDistance: number, index: number): void {
    const first = row * this.k;
    let at = first + this.k - 1;
    if (!this.#isNearer(squaredDistance, index, at)) return;
    while (at > first && this.#isNearer(squaredDistance, index, at - 1)) {
      this.squared[at] = this.squared[at - 1]!;
      this.indices[at] = this.indices[at - 1]!;
      at--;
    }
    this.squared[at] = squaredDistance;
    this.indices[at] = index;
  }

  #isNearer(squaredDistance: number, index: number, at: number): boolean {
    const other = this.squared[at]!;
    return squaredDistance < other ||
      (squaredDistance === other && index < this.indices[at]!);
  }

  finish(): Neighbors {
    return { k: this.k, distances: this.squared.map(Math.sqrt), indices: this.indices };
  }
}

/**
 * Squared Euclidean distance between row i of `a` and row j of `b`, or, once the sum has passed
 * `limit`, any number above `limit`. Terms are added in the order of the columns, as in the kernel.
 */
function squaredDistance(a: Matrix, i: number, b: Matrix, j: number, limit: number): number {
  const columnCount = a.columnCount;
  const x = a.values;
  const y = b.values;
  const end = (i + 1) * columnCount;
  const shift = (j - i) * columnCount;
  let sum = 0;
  for (let at = i * columnCount; at < end;) {
    for (const stop = Math.min(at + STRIDE, end); at < stop; at++) {
      const difference = x[at]! - y[at + shift]!;
      sum += difference * difference;
    }
    if (sum > limit) return sum;
  }
  return sum;
}

/** As `neighborsAmong` of neighbors.ts. */
export function plainNeighborsAmong(points: Matrix, k: number): Neighbors {
  const lists = new CandidateLists(points.rowCount, k);
  forEachBlockPair(points.rowCount, (firstStart, firstEnd, secondStart, secondEnd) => {
    for (let i = firstStart; i < firstEnd; i++) {
      for (let j = Math.max(secondStart, i + 1); j < secondEnd; j++) {
        const limitI = lists.limit(i);
        const limitJ = lists.limit(j);
        const squared = squaredDistance(points, i, points, j, Math.max(limitI, limitJ));
        if (squared <= limitI) lists.offer(i, squared, j);
        if (squared <= limitJ) lists.offer(j, squared, i);
      }
    }
  });
  return lists.finish();
}

/** Visits every pair of blocks of rows once, the first block never after the second. */
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

/** As `neighborsOf` of neighbors.ts. */
export function plainNeighborsOf(queries: Matrix, points: Matrix, k: number): Neighbors {
  const lists = new CandidateLists(queries.rowCount, k);
  for (let start = 0; start < queries.rowCount; start += BLOCK) {
    const end = Math.min(start + BLOCK, queries.rowCount);
    for (let pointStart = 0; pointStart < points.rowCount; pointStart += BLOCK) {
      const pointEnd = Math.min(pointStart + BLOCK, points.rowCount);
      for (let i = start; i < end; i++) {
        for (let j = pointStart; j < pointEnd; j++) {
          const limit = lists.limit(i);
          const squared = squaredDistance(queries, i, points, j, limit);
          if (squared <= limit) lists.offer(i, squared, j);
        }
      }
    }
  }
  return lists.finish();
}
