// The k nearest points of every query by a KD-tree, which says at which blocks of points to look. Finds
// what scan_search.ts finds, bit for bit. See docs/kernel.md.

import { clearLists, finishLists, limit, offer, query, useQuery } from "./candidates";
import { growTree, leafCount, leftLeafCount } from "./kd_tree";
import { BLOCK_POINTS, LEAF_BLOCKS } from "./layout";
import { blockCount, fillBlocks, indexAt, orderByIndex, Search } from "./search";

/** Bytes from a column of a block to the next. */
const COLUMN_STEP: usize = 8 * BLOCK_POINTS;
/** Columns between two looks at whether any point of a block may still be near enough. */
const COLUMNS_A_LOOK: usize = 8;
/** Lowers a distance to a box by more than rounding may have raised it. */
const ROUNDING: f64 = 1 - 1e-12;

const squares: usize = memory.data(8 * BLOCK_POINTS, 16);

let order: usize = 0;
let blocks: usize = 0;
let blockBytes: usize = 0;

function square(x: v128): v128 {
  return f64x2.mul(x, x);
}

/** Offers the points of a block whose squared distances are in `squares` and whose bit is in `near`. */
function offerPoints(near: i32, indices: usize): void {
  for (; near != 0; near &= near - 1) {
    const lane = usize(ctz(near));
    const index = load<i32>(indices + (lane << 2));
    if (index >= 0) offer(load<f64>(squares + (lane << 3)), index);
  }
}

/** Eight points at a time; their columns are added in order, as anyone would who adds one by one. */
function scanBlock(block: usize, indices: usize): void {
  const atLimit = f64x2.splat(limit);
  const end = block + blockBytes;
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  let at = query;
  let column = block;
  let near0: v128, near1: v128, near2: v128, near3: v128;
  do {
    const stop = min(column + COLUMNS_A_LOOK * COLUMN_STEP, end);
    for (; column < stop; column += COLUMN_STEP, at += 8) {
      const x = v128.load_splat<f64>(at);
      s0 = f64x2.add(s0, square(f64x2.sub(x, v128.load(column, 0))));
      s1 = f64x2.add(s1, square(f64x2.sub(x, v128.load(column, 16))));
      s2 = f64x2.add(s2, square(f64x2.sub(x, v128.load(column, 32))));
      s3 = f64x2.add(s3, square(f64x2.sub(x, v128.load(column, 48))));
    }
    near0 = f64x2.le(s0, atLimit);
    near1 = f64x2.le(s1, atLimit);
    near2 = f64x2.le(s2, atLimit);
    near3 = f64x2.le(s3, atLimit);
    if (!v128.any_true(v128.or(v128.or(near0, near1), v128.or(near2, near3)))) return;
  } while (column < end);
  v128.store(squares, s0, 0);
  v128.store(squares, s1, 16);
  v128.store(squares, s2, 32);
  v128.store(squares, s3, 48);
  const low = i64x2.bitmask(near0) | (i64x2.bitmask(near1) << 2);
  const high = i64x2.bitmask(near2) | (i64x2.bitmask(near3) << 2);
  offerPoints(low | (high << 4), indices);
}

function scanBlocks(first: u32, end: u32): void {
  let block = blocks + usize(first) * blockBytes;
  let indices = order + usize(first) * (4 * BLOCK_POINTS);
  for (let left = end - first; left > 0; left--) {
    scanBlock(block, indices);
    block += blockBytes;
    indices += 4 * BLOCK_POINTS;
  }
}

/**
 * Looks into a node's box, of `leaves` leaves from `leaf` on, and first into its half that the query is in.
 *
 * @param boxDistance squared distance of the query to the box; `offsets` has it by column
 */
function visit(search: Search, node: u32, leaf: u32, leaves: u32, boxDistance: f64): void {
  if (leaves == 1) {
    scanBlocks(leaf * LEAF_BLOCKS, min((leaf + 1) * LEAF_BLOCKS, blockCount(search)));
    return;
  }
  const column = usize(load<u32>(search.splitColumns + (usize(node) << 2)));
  const offset = load<f64>(query + column) - load<f64>(search.splitValues + (usize(node) << 3));
  const left = leftLeafCount(leaves);
  if (offset < 0) visit(search, node + 1, leaf, left, boxDistance);
  else visit(search, node + left, leaf + left, leaves - left, boxDistance);
  const at = search.offsets + column;
  const before = load<f64>(at);
  const otherDistance = boxDistance - before * before + offset * offset;
  // As a negation, so that the half is visited where the distance has overflowed to NaN.
  if (otherDistance * ROUNDING > limit) return;
  store<f64>(at, offset);
  if (offset < 0) visit(search, node + left, leaf + left, leaves - left, otherDistance);
  else visit(search, node + 1, leaf, left, otherDistance);
  store<f64>(at, before);
}

/** @param search address of a Search */
export function searchByTree(search: usize): void {
  const all = changetype<Search>(search);
  order = all.order;
  blocks = all.blocks;
  blockBytes = usize(all.columnCount) * COLUMN_STEP;
  orderByIndex(all);
  growTree(all);
  fillBlocks(all);
  clearLists(all);
  memory.fill(all.offsets, 0, usize(all.columnCount) << 3);
  const leaves = leafCount(all.pointCount);
  for (let i: u32 = 0; i < all.queryCount; i++) {
    // Points look around in the order of the tree: one leaf's find what they need in the cache.
    useQuery(all, all.exceptSelf ? indexAt(order, i) : i);
    visit(all, 0, 0, leaves, 0);
  }
  finishLists(all);
}
