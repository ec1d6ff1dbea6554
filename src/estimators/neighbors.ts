// Exact nearest neighbours: everything that Local Outlier Factor knows of geometry. Which way is taken
// changes the time and nothing else: all find the same neighbours at the same distances, bit for bit.

import type { Matrix } from "../domain/table.ts";
import { kernelNeighbors } from "./neighbors_kernel.ts";
import { type Neighbors, plainNeighborsAmong, plainNeighborsOf } from "./neighbors_plain.ts";

export type { Neighbors } from "./neighbors_plain.ts";

/** In more columns a tree leaves almost nothing out; scikit-learn draws the line at the same place. */
const MAX_TREE_COLUMNS = 15;
/** Growing a tree costs as much as that many queries of all points. */
const MIN_QUERIES_FOR_TREE = 400;

/**
 * The k nearest other rows of every row; a row is not its own neighbour, its duplicates are.
 *
 * @param points shape (n, d), n > k ≥ 1, d ≥ 1, all finite
 */
export function neighborsAmong(points: Matrix, k: number): Neighbors {
  return kernelNeighbors(null, points, k, methodFor(points.rowCount, points.columnCount)) ??
    plainNeighborsAmong(points, k);
}

/**
 * The k nearest points of every query; a point equal to the query counts.
 *
 * @param queries shape (m, d), m ≥ 0, all finite
 * @param points shape (n, d), n ≥ k ≥ 1, d ≥ 1, all finite
 */
export function neighborsOf(queries: Matrix, points: Matrix, k: number): Neighbors {
  const method = methodFor(queries.rowCount, queries.columnCount);
  return kernelNeighbors(queries, points, k, method) ?? plainNeighborsOf(queries, points, k);
}

function methodFor(queryCount: number, columnCount: number): "tree" | "scan" {
  return columnCount <= MAX_TREE_COLUMNS && queryCount >= MIN_QUERIES_FOR_TREE ? "tree" : "scan";
}
