// Adds up the leaf values of a block's rows, tree by tree in f64, so that a sum has the bits that adding
// in any other way, but in the same order, would give it.

import { BLOCK_ROWS, TREE_BYTES } from "./layout";
import { Tree } from "./records";

/** Trees whose values are added in one pass: a sum is loaded and stored once for all of them. */
export const TREES_A_PASS: u32 = 8;

function leafValuesOf(tree: usize): usize {
  return changetype<Tree>(tree).leafValues;
}

function leafValue(leafValues: usize, code: u32): f64 {
  return load<f64>(leafValues + (usize(code) << 3));
}

/** @param codes u8[8][BLOCK_ROWS], of eight trees from `tree` on */
export function addEight(tree: usize, codes: usize, sums: usize): void {
  const v0 = leafValuesOf(tree);
  const v1 = leafValuesOf(tree + TREE_BYTES);
  const v2 = leafValuesOf(tree + 2 * TREE_BYTES);
  const v3 = leafValuesOf(tree + 3 * TREE_BYTES);
  const v4 = leafValuesOf(tree + 4 * TREE_BYTES);
  const v5 = leafValuesOf(tree + 5 * TREE_BYTES);
  const v6 = leafValuesOf(tree + 6 * TREE_BYTES);
  const v7 = leafValuesOf(tree + 7 * TREE_BYTES);
  for (let code = codes, end = codes + BLOCK_ROWS; code < end; code++, sums += 8) {
    let sum = load<f64>(sums);
    sum += leafValue(v0, load<u8>(code));
    sum += leafValue(v1, load<u8>(code, BLOCK_ROWS));
    sum += leafValue(v2, load<u8>(code, 2 * BLOCK_ROWS));
    sum += leafValue(v3, load<u8>(code, 3 * BLOCK_ROWS));
    sum += leafValue(v4, load<u8>(code, 4 * BLOCK_ROWS));
    sum += leafValue(v5, load<u8>(code, 5 * BLOCK_ROWS));
    sum += leafValue(v6, load<u8>(code, 6 * BLOCK_ROWS));
    sum += leafValue(v7, load<u8>(code, 7 * BLOCK_ROWS));
    store<f64>(sums, sum);
  }
}

/** For the last trees, where their number is no multiple of eight. */
export function addOne(tree: usize, codes: usize, sums: usize): void {
  const leafValues = leafValuesOf(tree);
  for (let code = codes, end = codes + BLOCK_ROWS; code < end; code++, sums += 8) {
    store<f64>(sums, load<f64>(sums) + leafValue(leafValues, load<u8>(code)));
  }
}
