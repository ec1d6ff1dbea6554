// Path lengths of all trees together, by row: in the kernel where rows are many, else by walking the trees.
// Both compare values as float32 and add in the order of the trees, so that they give the same bits.

import type { Matrix } from "../domain/table.ts";
import { BLOCK_ROWS } from "../kernel/assembly/layout.ts";
import { type Kernel, withKernel } from "../kernel/kernel.ts";
import { requireFiniteFloat32 } from "./estimator.ts";
import { type ForestTables, forestTables } from "./forest_tables.ts";
import { walkForest } from "./forest_walk.ts";
import { pathLengths } from "./path_length.ts";
import type { Forest } from "./tree.ts";

/** A block costs as much as walking this many rows, however many it holds. */
const MIN_KERNEL_ROWS = 64;
/** Making the tables costs as much as walking this many rows. */
const MIN_ROWS_FOR_TABLES = 1000;

const ACTION = "score rows";

/**
 * Sums the paths of rows through a forest. X has the forest's columns; AppError `invalid` for a value
 * that is not finite as float32.
 */
export class ForestSums {
  readonly lengths: readonly Float64Array[];
  readonly #forest: Forest;
  /** undefined before they are needed; null where there can be none. */
  #tables: ForestTables | null | undefined;

  constructor(forest: Forest) {
    this.#forest = forest;
    this.lengths = forest.trees.map(pathLengths);
  }

  /** Shape (n,), by whichever way is faster. */
  of(X: Matrix): Float64Array {
    const minRows = this.#tables === undefined ? MIN_ROWS_FOR_TABLES : MIN_KERNEL_ROWS;
    return (X.rowCount >= minRows ? this.byKernel(X) : null) ?? this.byWalking(X);
  }

  byWalking(X: Matrix): Float64Array {
    requireFiniteFloat32(ACTION, X);
    return walkForest(this.#forest, this.lengths, X);
  }

  /** null where the forest is too large for tables, or the runtime cannot run the kernel. */
  byKernel(X: Matrix): Float64Array | null {
    if (this.#tables === null) return null;
    return withKernel((kernel) => {
      this.#tables ??= forestTables(this.#forest, this.lengths, kernel.allocate(0));
      return this.#tables && sumBlocks(kernel, this.#tables, X);
    });
  }
}

function sumBlocks(kernel: Kernel, tables: ForestTables, X: Matrix): Float64Array {
  const { rowCount, columnCount } = X;
  const start = kernel.allocate(0);
  kernel.allocate(tables.address + tables.bytes.length - start);
  const blockValues = BLOCK_ROWS * columnCount;
  const rowsAt = kernel.allocate(8 * blockValues);
  const sumsAt = kernel.allocate(8 * BLOCK_ROWS);
  kernel.bytes(tables.address, tables.bytes.length).set(tables.bytes);
  const block = kernel.float64(rowsAt, blockValues);
  const blockSums = kernel.float64(sumsAt, BLOCK_ROWS);
  const sums = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row += BLOCK_ROWS) {
    const values = X.values.subarray(row * columnCount, (row + BLOCK_ROWS) * columnCount);
    block.set(values);
    block.fill(0, values.length);
    if (kernel.functions.sumLeafValues(tables.address, rowsAt, sumsAt) === 0) {
      requireFiniteFloat32(ACTION, X);
    }
    sums.set(blockSums.subarray(0, rowCount - row), row);
  }
  return sums;
}
