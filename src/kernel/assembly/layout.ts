// Sizes on which the kernel and its callers agree. Untyped literals only: this file is compiled twice,
// to WebAssembly (as i32) and by Deno (as number).

/** Rows of a forest's block. One bit a row: a block's rows fill one row mask. */
export const BLOCK_ROWS = 512;
/** Bytes of one row mask. */
export const MASK_BYTES = 64;
/** Most bits of a leaf code: a tree has at most 256 different leaf values. */
export const MAX_CODE_BITS = 8;
/** Most bits of a rank: a column has fewer than 65536 different thresholds. */
export const MAX_RANK_BITS = 16;
/** Trees whose leaf codes are held at once: their values are added in one pass over the sums. */
export const TREES_A_PASS = 8;
/** Most thresholds in a cell of a column's grid. */
export const MAX_CELL_STEPS = 8;

/** Bytes of the records of records.ts. */
export const FOREST_BYTES = 28;
export const COLUMN_BYTES = 40;
export const SPLIT_BYTES = 24;
export const TREE_BYTES = 52;

/** Points of a block in which nearest neighbours are searched. */
export const BLOCK_POINTS = 8;
/** Blocks in a leaf of the KD-tree. */
export const LEAF_BLOCKS = 4;
/** Queries that look at the same few points before the next points are fetched. */
export const QUERIES_A_PASS = 64;
/** Bytes of the record of search.ts. */
export const SEARCH_BYTES = 60;

/** Rows that the silhouette keeps side by side. */
export const QUAD_ROWS = 4;
/** Bytes of the record of silhouette.ts. */
export const GROUPS_BYTES = 28;
