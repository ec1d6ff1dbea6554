// Isolation forest, bit-sliced: a block of 512 rows is one bit a row, so that a split of a tree moves
// 128 rows with each instruction. See docs/kernel.md.

import { COLUMN_SIZE, takeColumns } from "./columns";
import { BLOCK_ROWS, COLUMN_BYTES, TREE_BYTES, TREES_A_PASS } from "./layout";
import { ALL_ROWS, fillMask } from "./mask";
import { rankByGrid, rankBySearch } from "./ranks";
import { Column, Forest, Tree } from "./records";
import { addEight, addOne } from "./sums";
import { writePlanes, writeThermometer } from "./thermometer";
import { writeLeafCodes } from "./tree";

/** Writes the masks of every column that a tree splits on. */
function writeMasks(forest: Forest): void {
  let values = forest.values;
  let at = forest.columns;
  for (let end = at + forest.columnCount * COLUMN_BYTES; at < end; at += COLUMN_BYTES) {
    const column = changetype<Column>(at);
    if (column.rankBits > 0) {
      if (column.cellSteps > 0) rankByGrid(values, column);
      else rankBySearch(values, column);
      writePlanes(column.rankBits);
      writeThermometer(column.lowBits, column.rankBits - column.lowBits, column.highMasks);
      writeThermometer(0, column.lowBits, column.lowMasks);
    }
    values += COLUMN_SIZE;
  }
}

function addTrees(forest: Forest, sums: usize): void {
  let tree = forest.trees;
  let left = i32(forest.treeCount);
  for (; left >= TREES_A_PASS; left -= TREES_A_PASS) {
    const first = tree;
    const end = forest.codes + TREES_A_PASS * BLOCK_ROWS;
    for (let codes = forest.codes; codes < end; codes += BLOCK_ROWS, tree += TREE_BYTES) {
      writeLeafCodes(changetype<Tree>(tree), codes);
    }
    addEight(first, forest.codes, sums);
  }
  for (; left > 0; left--, tree += TREE_BYTES) {
    writeLeafCodes(changetype<Tree>(tree), forest.codes);
    addOne(tree, forest.codes, sums);
  }
}

/**
 * Writes the sum of the leaf values that each row of a block reaches, over all trees. Where a value is
 * not finite as f32 it writes nothing and returns false.
 *
 * @param forest address of a Forest
 * @param rows f64[BLOCK_ROWS][columnCount]
 * @param sums f64[BLOCK_ROWS], written
 */
export function sumLeafValues(forest: usize, rows: usize, sums: usize): bool {
  const tables = changetype<Forest>(forest);
  if (!takeColumns(rows, tables.columnCount, tables.values)) return false;
  writeMasks(tables);
  fillMask(tables.allRows, ALL_ROWS);
  memory.fill(sums, 0, 8 * BLOCK_ROWS);
  addTrees(tables, sums);
  return true;
}
