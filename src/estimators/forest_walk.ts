// Path lengths by walking every row down every tree, in plain code. Serves few rows, forests that are too
// large for the kernel's tables, and runtimes without vector instructions; the kernel's twin.

import type { Matrix } from "../domain/table.ts";
import { type Forest, NO_CHILD, type Tree } from "./tree.ts";

/** Rows that go down a tree before the next tree's turn: their values and the tree stay in cache. */
const BLOCK_ROWS = 256;

/** Adds to each row's sum the path length of the leaf that it reaches. */
function addPathLengths(
  tree: Tree,
  lengths: Float64Array,
  values: Float32Array,
  columnCount: number,
  sums: Float64Array,
): void {
  const { feature, threshold, leftChild, rightChild } = tree;
  for (let i = 0; i < sums.length; i++) {
    const rowStart = i * columnCount;
    let node = 0;
    let left = leftChild[0]!;
    while (left !== NO_CHILD) {
      node = values[rowStart + feature[node]!]! <= threshold[node]! ? left : rightChild[node]!;
      left = leftChild[node]!;
    }
    sums[i]! += lengths[node]!;
  }
}

/**
 * Path lengths of all trees together, by row: shape (n,). Values are compared as float32.
 *
 * @param lengths for every tree, of its nodes; see path_length.ts
 * @param X all finite as float32
 */
export function walkForest(
  forest: Forest,
  lengths: readonly Float64Array[],
  X: Matrix,
): Float64Array {
  const { rowCount, columnCount } = X;
  const sums = new Float64Array(rowCount);
  for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
    const end = Math.min(start + BLOCK_ROWS, rowCount);
    const values = new Float32Array(X.values.subarray(start * columnCount, end * columnCount));
    const blockSums = sums.subarray(start, end);
    forest.trees.forEach((tree, t) =>
      addPathLengths(tree, lengths[t]!, values, columnCount, blockSums)
    );
  }
  return sums;
}
