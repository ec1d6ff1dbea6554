// Adds up the leaf values of a block's rows, tree by tree in f64, so that a sum has the bits that adding
// in any other way, but in the same order, would give it.

import { BLOCK_ROWS, MAX_CODE_BITS, TREE_BYTES, TREES_A_PASS } from "./layout";
import { Tree } from "./records";

/** Leaf values of a tree, f64 for every code that there can be. */
const TABLE_BYTES: usize = 8 << MAX_CODE_BITS;
/** Those of the trees of a pass, copied to where the compiler knows them to be. */
const tables: usize = memory.data((8 << MAX_CODE_BITS) * TREES_A_PASS, 64);

function copyTable(tree: usize, table: usize): void {
  const record = changetype<Tree>(tree);
  memory.copy(table, record.leafValues, 8 << record.codeBits);
}

/**
 * A pass: a sum is loaded and stored once for its trees, which are written out one by one.
 *
 * @param codes u8[TREES_A_PASS][BLOCK_ROWS], of the trees from `tree` on
 */
export function addEight(tree: usize, codes: usize, sums: usize): void {
  for (let i: usize = 0; i < usize(TREES_A_PASS); i++) {
    copyTable(tree + i * TREE_BYTES, tables + i * TABLE_BYTES);
  }
  for (let code = codes, end = codes + BLOCK_ROWS; code < end; code++, sums += 8) {
    let sum = load<f64>(sums);
    sum += load<f64>(usize(load<u8>(code)) << 3, tables);
    sum += load<f64>(usize(load<u8>(code, BLOCK_ROWS)) << 3, tables + TABLE_BYTES);
    sum += load<f64>(usize(load<u8>(code, 2 * BLOCK_ROWS)) << 3, tables + 2 * TABLE_BYTES);
    sum += load<f64>(usize(load<u8>(code, 3 * BLOCK_ROWS)) << 3, tables + 3 * TABLE_BYTES);
    sum += load<f64>(usize(load<u8>(code, 4 * BLOCK_ROWS)) << 3, tables + 4 * TABLE_BYTES);
    sum += load<f64>(usize(load<u8>(code, 5 * BLOCK_ROWS)) << 3, tables + 5 * TABLE_BYTES);
    sum += load<f64>(usize(load<u8>(code, 6 * BLOCK_ROWS)) << 3, tables + 6 * TABLE_BYTES);
    sum += load<f64>(usize(load<u8>(code, 7 * BLOCK_ROWS)) << 3, tables + 7 * TABLE_BYTES);
    store<f64>(sums, sum);
  }
}

/** For the last trees, where their number is no multiple of TREES_A_PASS. */
export function addOne(tree: usize, codes: usize, sums: usize): void {
  copyTable(tree, tables);
  for (let code = codes, end = codes + BLOCK_ROWS; code < end; code++, sums += 8) {
    store<f64>(sums, load<f64>(sums) + load<f64>(usize(load<u8>(code)) << 3, tables));
  }
}
