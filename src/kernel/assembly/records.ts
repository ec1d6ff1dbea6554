// The tables of a forest as they lie in memory, written by src/estimators/forest_tables.ts. An @unmanaged
// class is a struct: a field is one load at a fixed distance, in the order given here. What names a place
// is an address.

import { COLUMN_BYTES, FOREST_BYTES, MAX_CODE_BITS, SPLIT_BYTES, TREE_BYTES } from "./layout";

@unmanaged
export class Forest {
  columnCount: u32;
  /** Column[columnCount]. */
  columns: usize;
  treeCount: u32;
  /** Tree[treeCount]. */
  trees: usize;
  /** Room for the block's values, column after column: f32[columnCount][BLOCK_ROWS]. */
  values: usize;
  /** Room for the leaf codes of a pass: u8[TREES_A_PASS][BLOCK_ROWS]. */
  codes: usize;
  /** The mask of all rows, from which every tree starts. */
  allRows: usize;
}

/** How a column's values become ranks among the forest's thresholds, and where its masks are. */
@unmanaged
export class Column {
  /** Bits of a rank; 0 where no tree splits on this column. */
  rankBits: u32;
  /** How many of them the low masks cover; the high masks cover the rest. */
  lowBits: u32;
  /** Masks "high part of the rank ≥ k", k = 0 … 2^(rankBits − lowBits). */
  highMasks: usize;
  /** Masks "low part of the rank ≥ k", k = 0 … 2^lowBits. */
  lowMasks: usize;
  /** f32, ascending, then +∞: 2^rankBits + MAX_CELL_STEPS of both. */
  thresholds: usize;
  /** Most thresholds in a cell of the grid, at most MAX_CELL_STEPS; 0 where the column has no grid. */
  cellSteps: u32;
  /** u16 for every cell: how many thresholds are in the cells before it. */
  cellRanks: usize;
  gridOrigin: f32;
  gridScale: f32;
  /** Number of the last cell. */
  lastCell: f32;
}

/** An inner node: the rows of mask `source` go on to mask `left` or to mask `right`. */
@unmanaged
export class Split {
  /** Rows whose high part is above that of the split's rank. */
  highAbove: usize;
  /** Rows whose high part is at least that. */
  highReached: usize;
  /** Rows whose low part is at least the split's. */
  lowReached: usize;
  source: usize;
  left: usize;
  right: usize;
}

@unmanaged
export class Tree {
  /** Split[splitCount], parents before children. */
  splits: usize;
  splitCount: u32;
  /** Bits of a leaf code; 0 where all leaves have one value. */
  codeBits: u32;
  /** Addresses of the leaves' masks, those with bit 0 in their code first, then bit 1, … */
  members: usize;
  /** f64 for every code. */
  leafValues: usize;
  // Then u32[MAX_CODE_BITS]: how many members each code bit has.
}

/** Where, in a Tree, the member counts begin. */
export const MEMBER_COUNTS: usize = offsetof<Tree>();

// Checked while compiling: the caller lays records out by these sizes.
if (offsetof<Forest>() != FOREST_BYTES) ERROR("FOREST_BYTES is not the size of a Forest");
if (offsetof<Column>() != COLUMN_BYTES) ERROR("COLUMN_BYTES is not the size of a Column");
if (offsetof<Split>() != SPLIT_BYTES) ERROR("SPLIT_BYTES is not the size of a Split");
if (offsetof<Tree>() + 4 * MAX_CODE_BITS != TREE_BYTES) ERROR("TREE_BYTES is not a Tree's size");
