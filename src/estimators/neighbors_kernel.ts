// Nearest neighbours in the kernel: lays out what src/kernel/assembly/search.ts describes, and takes the
// answer out.

import { AppError } from "../domain/errors.ts";
import type { Matrix } from "../domain/table.ts";
import {
  BLOCK_POINTS,
  LEAF_BLOCKS,
  QUERIES_A_PASS,
  SEARCH_BYTES,
} from "../kernel/assembly/layout.ts";
import { type Kernel, withKernel } from "../kernel/kernel.ts";
import type { Neighbors } from "./neighbors_plain.ts";

/** Neighbours of all queries together, twelve bytes each: WebAssembly has 4 GiB for these and the points. */
const MAX_NEIGHBORS = 2 ** 28;

/** How the kernel searches; both find the same, bit for bit. */
export type SearchMethod = "tree" | "scan";

/**
 * The k nearest points of every query. null where this runtime cannot run the kernel; AppError
 * `invalid` where there are more neighbours than its memory holds.
 *
 * @param queries shape (m, d), or null: every point looks for the other points
 * @param points shape (n, d), n ≥ k ≥ 1, and n > k without queries
 */
export function kernelNeighbors(
  queries: Matrix | null,
  points: Matrix,
  k: number,
  method: SearchMethod,
): Neighbors | null {
  const queryCount = (queries ?? points).rowCount;
  const count = queryCount * k;
  if (count > MAX_NEIGHBORS) {
    throw new AppError(
      "invalid",
      `Cannot search neighbours: ${k} for each of ${queryCount} rows are ${count}, expected at most ` +
        `${MAX_NEIGHBORS}. Lower n_neighbors, or take fewer rows.`,
    );
  }
  return withKernel((kernel) => {
    const { rowCount, columnCount } = points;
    const blockCount = Math.ceil(rowCount / BLOCK_POINTS);
    const splitCount = Math.ceil(blockCount / LEAF_BLOCKS) - 1;
    const search = kernel.allocate(SEARCH_BYTES);
    const pointsAt = allocateFloat64(kernel, rowCount * columnCount);
    const order = kernel.allocate(4 * blockCount * BLOCK_POINTS);
    const blocks = allocateFloat64(kernel, blockCount * BLOCK_POINTS * columnCount);
    const splitColumns = kernel.allocate(4 * splitCount);
    const splitValues = allocateFloat64(kernel, splitCount);
    const offsets = allocateFloat64(kernel, columnCount);
    const querySketches = kernel.allocate(4 * QUERIES_A_PASS * columnCount);
    const queriesAt = queries === null
      ? pointsAt
      : allocateFloat64(kernel, queries.rowCount * columnCount);
    const distances = allocateFloat64(kernel, count);
    const indices = kernel.allocate(4 * count);

    putRows(kernel, pointsAt, points);
    if (queries !== null) putRows(kernel, queriesAt, queries);
    kernel.int32(search, SEARCH_BYTES / 4).set([
      columnCount,
      rowCount,
      pointsAt,
      order,
      blocks,
      splitColumns,
      splitValues,
      offsets,
      querySketches,
      queryCount,
      queriesAt,
      queries === null ? 1 : 0,
      k,
      distances,
      indices,
    ]);
    if (method === "tree") kernel.functions.searchByTree(search);
    else kernel.functions.searchByScan(search);
    return {
      k,
      distances: kernel.float64(distances, count).slice(),
      indices: kernel.int32(indices, count).slice(),
    };
  });
}

function allocateFloat64(kernel: Kernel, count: number): number {
  return kernel.allocate(8 * count);
}

function putRows(kernel: Kernel, address: number, { values }: Matrix): void {
  kernel.float64(address, values.length).set(values);
}
