// A forest as the kernel wants it: records, thresholds and leaf values in one piece of memory, with one
// another's addresses (src/kernel/assembly/records.ts). docs/kernel.md draws what is done with them.

import {
  BLOCK_ROWS,
  COLUMN_BYTES,
  FOREST_BYTES,
  MASK_BYTES,
  MAX_CELL_STEPS,
  SPLIT_BYTES,
  TREE_BYTES,
  TREES_A_PASS,
} from "../kernel/assembly/layout.ts";
import { maskBytes, planColumns } from "./column_plans.ts";
import type { Forest, Tree } from "./tree.ts";
import {
  codeMembers,
  type ColumnPlace,
  type LeafPlan,
  type NodeMasks,
  planLeaves,
  splitRecords,
  WAITING_MASKS,
} from "./tree_tables.ts";

/** Bytes to be placed at `address` of the kernel's memory, after which comes nothing that is taken. */
export interface ForestTables {
  address: number;
  bytes: Uint8Array;
}

/** What the kernel writes for every block anew. */
interface Rooms extends NodeMasks {
  values: number;
  codes: number;
}

/** Hands out addresses, each a multiple of 64. */
class Layout {
  constructor(public end: number) {}

  take(byteLength: number): number {
    const address = this.end;
    this.end = Math.ceil((address + byteLength) / MASK_BYTES) * MASK_BYTES;
    return address;
  }
}

/**
 * The tables of a forest for memory from `start` on; null where the forest does not fit in tables.
 *
 * @param lengths for every tree, the path lengths of its nodes
 */
export function forestTables(
  forest: Forest,
  lengths: readonly Float64Array[],
  start: number,
): ForestTables | null {
  const columnPlans = planColumns(forest);
  const leafPlans = forest.trees.map((tree, t) => planLeaves(tree, lengths[t]!));
  if (columnPlans === null || !leafPlans.every((plan) => plan !== null)) return null;
  const layout = new Layout(start);
  const columns = columnPlans.map((plan): ColumnPlace => ({
    ...plan,
    highMasks: layout.take(maskBytes(plan.rankBits - plan.lowBits)),
    lowMasks: layout.take(maskBytes(plan.lowBits)),
  }));
  const rooms = takeRooms(layout, forest.columnCount, leafPlans);
  return new TableWriter(layout, columns, rooms).write(forest.trees, leafPlans);
}

function takeRooms(layout: Layout, columnCount: number, leafPlans: readonly LeafPlan[]): Rooms {
  const mostLeaves = leafPlans.reduce((most, { codes }) => Math.max(most, codes.length), 0);
  return {
    allRows: layout.take(MASK_BYTES),
    waiting: layout.take(WAITING_MASKS * MASK_BYTES),
    leaves: layout.take(mostLeaves * MASK_BYTES),
    values: layout.take(4 * BLOCK_ROWS * columnCount),
    codes: layout.take(TREES_A_PASS * BLOCK_ROWS),
  };
}

/** Writes what the kernel reads and does not change. */
class TableWriter {
  readonly #layout: Layout;
  readonly #columns: readonly ColumnPlace[];
  readonly #rooms: Rooms;
  readonly #start: number;
  readonly #placed: { address: number; data: Uint8Array }[] = [];

  constructor(layout: Layout, columns: readonly ColumnPlace[], rooms: Rooms) {
    this.#layout = layout;
    this.#columns = columns;
    this.#rooms = rooms;
    this.#start = layout.end;
  }

  write(trees: readonly Tree[], leafPlans: readonly LeafPlan[]): ForestTables | null {
    const forest = new Uint32Array(FOREST_BYTES / 4);
    const address = this.#place(forest);
    const columns = this.#placeColumns();
    const treeRecords = new Uint32Array(trees.length * TREE_BYTES / 4);
    const treesAt = this.#place(treeRecords);
    for (const [t, tree] of trees.entries()) {
      const record = this.#treeRecord(tree, leafPlans[t]!);
      if (record === null) return null;
      treeRecords.set(record, t * TREE_BYTES / 4);
    }
    const { values, codes, allRows } = this.#rooms;
    const columnCount = this.#columns.length;
    forest.set([columnCount, columns, trees.length, treesAt, values, codes, allRows]);
    return { address, bytes: this.#join() };
  }

  /** The address that the data will have; it may still be changed until `#join`. */
  #place(data: Uint16Array | Uint32Array | Float32Array | Float64Array): number {
    const address = this.#layout.take(data.byteLength);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#placed.push({ address, data: bytes });
    return address;
  }

  #join(): Uint8Array {
    const bytes = new Uint8Array(this.#layout.end - this.#start);
    for (const { address, data } of this.#placed) bytes.set(data, address - this.#start);
    return bytes;
  }

  #placeColumns(): number {
    const records = new Uint32Array(this.#columns.length * COLUMN_BYTES / 4);
    const floats = new Float32Array(records.buffer);
    this.#columns.forEach(({ thresholds, grid, rankBits, lowBits, highMasks, lowMasks }, j) => {
      const at = j * COLUMN_BYTES / 4;
      // A rank's threshold, where all are below the value, is +∞, which nothing finite is above.
      const padded = new Float32Array((1 << rankBits) + MAX_CELL_STEPS).fill(Infinity);
      padded.set(thresholds);
      records.set([rankBits, lowBits, highMasks, lowMasks, this.#place(padded)], at);
      if (grid === null) return;
      records.set([grid.steps, this.#place(grid.ranks)], at + 5);
      floats.set([grid.origin, grid.scale, grid.ranks.length - 1], at + 7);
    });
    return this.#place(records);
  }

  /** null where the tree does not fit in tables. */
  #treeRecord(tree: Tree, leaves: LeafPlan): number[] | null {
    const splits = splitRecords(tree, leaves, this.#columns, this.#rooms);
    if (splits === null) return null;
    const { members, counts } = codeMembers(leaves, this.#rooms);
    return [
      this.#place(splits),
      splits.byteLength / SPLIT_BYTES,
      leaves.bits,
      this.#place(members),
      this.#place(leaves.values),
      ...counts,
    ];
  }
}
