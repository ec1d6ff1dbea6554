// The part of a forest's tables that there is for every tree: which masks its splits combine and write, and
// which masks of leaves make up each bit of the leaf codes.

import { MASK_BYTES, MAX_CODE_BITS, SPLIT_BYTES } from "../kernel/assembly/layout.ts";
import type { ColumnPlan } from "./column_plans.ts";
import { codeLeaves, type LeafCodes } from "./leaf_codes.ts";
import { NO_CHILD, type Tree } from "./tree.ts";
import { floorToFloat32, rankOf } from "./threshold_grid.ts";

/** The masks of more leaves would not stay in the cache. */
const MAX_LEAVES = 4096;
/** Masks of inner nodes that wait; trees that need more are no trees of a forest that was grown. */
export const WAITING_MASKS = 64;
/** 32-bit words of a split's record. */
const SPLIT_WORDS = SPLIT_BYTES / 4;

/** A tree's leaves, numbered in the order of its nodes. */
export interface LeafPlan extends LeafCodes {
  /** For a leaf's node its number among the leaves. */
  leafNumber: Int32Array;
}

/** A column with the addresses of its masks. */
export interface ColumnPlace extends ColumnPlan {
  highMasks: number;
  lowMasks: number;
}

/** Addresses of the masks that a tree writes to. */
export interface NodeMasks {
  /** That of all rows, which is read only. */
  allRows: number;
  /** WAITING_MASKS of them, one after the other. */
  waiting: number;
  /** As many as the tree has leaves, one after the other. */
  leaves: number;
}

/** null where the tree has too many leaves, or their values are too many for codes. */
export function planLeaves(tree: Tree, lengths: Float64Array): LeafPlan | null {
  const leafValues: number[] = [];
  const leafNumber = new Int32Array(tree.feature.length);
  for (let node = 0; node < leafNumber.length; node++) {
    if (tree.leftChild[node] !== NO_CHILD) continue;
    leafNumber[node] = leafValues.push(lengths[node]!) - 1;
  }
  const codes = leafValues.length > MAX_LEAVES ? null : codeLeaves(leafValues);
  return codes && { ...codes, leafNumber };
}

/**
 * The records of the tree's inner nodes from the root down, as many words; null where more masks would
 * have to wait for their turn than there are.
 */
export function splitRecords(
  tree: Tree,
  { codes, leafNumber }: LeafPlan,
  columns: readonly ColumnPlace[],
  { allRows, waiting, leaves }: NodeMasks,
): Uint32Array | null {
  const nodeCount = leafNumber.length;
  const records = new Uint32Array((nodeCount - codes.length) * SPLIT_WORDS);
  const free = Array.from({ length: WAITING_MASKS }, (_, i) => waiting + i * MASK_BYTES);
  const maskOf = new Uint32Array(nodeCount);
  const pending = new Int32Array(nodeCount);
  let pendingCount = 0;
  /** Gives a node its mask; false where none is free. */
  const enter = (node: number): boolean => {
    if (tree.leftChild[node] === NO_CHILD) {
      maskOf[node] = leaves + leafNumber[node]! * MASK_BYTES;
      return true;
    }
    maskOf[node] = node === 0 ? allRows : free.pop() ?? 0;
    pending[pendingCount++] = node;
    return maskOf[node] !== 0;
  };
  enter(0);
  for (let at = 0; pendingCount > 0; at += SPLIT_WORDS) {
    const node = pending[--pendingCount]!;
    const right = tree.rightChild[node]!;
    const left = tree.leftChild[node]!;
    // The kernel has read a node's mask before it writes those of its children.
    if (node !== 0) free.push(maskOf[node]!);
    if (!enter(right) || !enter(left)) return null;
    writeRankMasks(tree, node, columns, records, at);
    records[at + 3] = maskOf[node]!;
    records[at + 4] = maskOf[left]!;
    records[at + 5] = maskOf[right]!;
  }
  return records;
}

/** The masks that together tell which rows of a block go right: those of ranks above the split's. */
function writeRankMasks(
  tree: Tree,
  node: number,
  columns: readonly ColumnPlace[],
  records: Uint32Array,
  at: number,
): void {
  const { thresholds, lowBits, highMasks, lowMasks } = columns[tree.feature[node]!]!;
  const rank = rankOf(thresholds, floorToFloat32(tree.threshold[node]!)) + 1;
  const highReached = highMasks + (rank >> lowBits) * MASK_BYTES;
  records[at] = highReached + MASK_BYTES;
  records[at + 1] = highReached;
  records[at + 2] = lowMasks + (rank & ((1 << lowBits) - 1)) * MASK_BYTES;
}

/** For each bit of the code, how many leaves have it; and their masks, one bit's after the other's. */
export function codeMembers(
  { bits, codes }: LeafPlan,
  { leaves }: NodeMasks,
): { members: Uint32Array; counts: number[] } {
  const members = new Uint32Array(bits * codes.length);
  const counts = new Array<number>(MAX_CODE_BITS).fill(0);
  let at = 0;
  for (let bit = 0; bit < bits; bit++) {
    const start = at;
    for (let leaf = 0; leaf < codes.length; leaf++) {
      if ((codes[leaf]! >> bit & 1) === 1) members[at++] = leaves + leaf * MASK_BYTES;
    }
    counts[bit] = at - start;
  }
  return { members: members.subarray(0, at), counts };
}
