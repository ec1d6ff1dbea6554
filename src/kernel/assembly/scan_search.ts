// The k nearest points of every query where all points have to be looked at: in so many columns that a tree
// leaves nothing out, or for so few queries that growing one does not pay. The look is at sketches; what
// they cannot rule out is measured exactly. Finds what tree_search.ts finds, bit for bit.

import { clearLists, finishLists, limit, offer, query, useQuery } from "./candidates";
import { BLOCK_POINTS, QUERIES_A_PASS } from "./layout";
import { blockCount, Search } from "./search";
import { sketchPoints, sketchQuery, thresholdFor } from "./sketch";

/** Bytes from a column of a block to the next. */
const COLUMN_STEP: usize = 4 * BLOCK_POINTS;
/** Queries that look at a block side by side. */
const QUERIES_A_LOOK: u32 = 4;
/** Bytes of points that are looked at by all queries of a pass, so that they stay in the nearest cache. */
const PASS_BYTES: u32 = 16384;

/** Of the queries of a pass: the squares of their sketches' lengths, and the nearness that they ask for. */
const squaredLengths: usize = memory.data(8 * QUERIES_A_PASS, 16);
const thresholds: usize = memory.data(4 * QUERIES_A_PASS, 16);

let sketches: usize = 0;
let sketchBytes: usize = 0;
let blockBytes: usize = 0;

/** The squared distance of the query to a point; columns are added in order. */
function squaredDistance(search: Search, index: u32): f64 {
  const rowBytes = usize(search.columnCount) << 3;
  let point = search.points + usize(index) * rowBytes;
  let squared: f64 = 0;
  for (let at = query, end = at + rowBytes; at < end; at += 8, point += 8) {
    const difference = load<f64>(at) - load<f64>(point);
    squared += difference * difference;
  }
  return squared;
}

/** Multiply-add, rounded once or twice: the sketches' slack is enough for either. */
function addProduct(sum: v128, x: v128, y: v128): v128 {
  return f32x4.relaxed_madd(x, y, sum);
}

/** The nearnesses that are below a threshold, which one that is no number is not. */
function below(nearness: v128, threshold: v128): v128 {
  return f32x4.lt(nearness, threshold);
}

/** Measures the points of a block that are not ruled out for a query, as bits of `low` and `high` say. */
function measure(search: Search, i: u32, place: usize, block: u32, low: v128, high: v128): void {
  let near = (i32x4.bitmask(low) | (i32x4.bitmask(high) << 4)) ^ 0xff;
  if (near == 0 || i >= search.queryCount) return;
  useQuery(search, i);
  for (; near != 0; near &= near - 1) {
    const index = block * BLOCK_POINTS + ctz(near);
    if (index < search.pointCount) offer(squaredDistance(search, index), index);
  }
  const squaredLength = load<f64>(squaredLengths + (place << 3));
  store<f32>(thresholds + (place << 2), thresholdFor(squaredLength, limit));
}

/**
 * Four queries look at blocks first … end − 1.
 *
 * @param i number of the first query, whose place in its pass is `place`
 */
function look(search: Search, i: u32, place: usize, first: u32, end: u32): void {
  const queriesAt = sketches + place * sketchBytes;
  const queriesEnd = queriesAt + QUERIES_A_LOOK * sketchBytes;
  const threshold = thresholds + (place << 2);
  let column = search.blocks + usize(first) * blockBytes;
  for (let block = first; block < end; block++) {
    let a0 = v128.load(column, 0);
    let a1 = v128.load(column, 16);
    let b0 = a0;
    let b1 = a1;
    let c0 = a0;
    let c1 = a1;
    let d0 = a0;
    let d1 = a1;
    column += COLUMN_STEP;
    for (let at = queriesAt; at < queriesEnd; at += 16, column += COLUMN_STEP) {
      const low = v128.load(column, 0);
      const high = v128.load(column, 16);
      const a = v128.load_splat<f32>(at, 0);
      const b = v128.load_splat<f32>(at, 4);
      const c = v128.load_splat<f32>(at, 8);
      const d = v128.load_splat<f32>(at, 12);
      a0 = addProduct(a0, a, low);
      a1 = addProduct(a1, a, high);
      b0 = addProduct(b0, b, low);
      b1 = addProduct(b1, b, high);
      c0 = addProduct(c0, c, low);
      c1 = addProduct(c1, c, high);
      d0 = addProduct(d0, d, low);
      d1 = addProduct(d1, d, high);
    }
    const a = v128.load_splat<f32>(threshold, 0);
    const b = v128.load_splat<f32>(threshold, 4);
    const c = v128.load_splat<f32>(threshold, 8);
    const d = v128.load_splat<f32>(threshold, 12);
    a0 = below(a0, a);
    a1 = below(a1, a);
    b0 = below(b0, b);
    b1 = below(b1, b);
    c0 = below(c0, c);
    c1 = below(c1, c);
    d0 = below(d0, d);
    d1 = below(d1, d);
    const ab = v128.and(v128.and(a0, a1), v128.and(b0, b1));
    const cd = v128.and(v128.and(c0, c1), v128.and(d0, d1));
    if (i32x4.all_true(v128.and(ab, cd))) continue;
    measure(search, i, place, block, a0, a1);
    measure(search, i + 1, place + 1, block, b0, b1);
    measure(search, i + 2, place + 2, block, c0, c1);
    measure(search, i + 3, place + 3, block, d0, d1);
  }
}

/** Sketches the queries of a pass; those beyond the last are copies of it that find nothing. */
function beginPass(search: Search, first: u32): void {
  for (let place: u32 = 0; place < u32(QUERIES_A_PASS); place++) {
    const i = min(first + place, search.queryCount - 1);
    const group = sketches + usize(place - place % QUERIES_A_LOOK) * sketchBytes;
    const squaredLength = sketchQuery(search, i, group + (usize(place % QUERIES_A_LOOK) << 2));
    store<f64>(squaredLengths + (usize(place) << 3), squaredLength);
    store<f32>(thresholds + (usize(place) << 2), thresholdFor(squaredLength, Infinity));
  }
}

/** @param search address of a Search, of which the rooms for the order and the tree are not used */
export function searchByScan(search: usize): void {
  const all = changetype<Search>(search);
  sketches = all.querySketches;
  sketchBytes = usize(all.columnCount) << 2;
  blockBytes = COLUMN_STEP + COLUMN_STEP * usize(all.columnCount);
  clearLists(all);
  sketchPoints(all);
  const count = blockCount(all);
  const blocksAPass = max(1, PASS_BYTES / u32(blockBytes));
  for (let first: u32 = 0; first < all.queryCount; first += QUERIES_A_PASS) {
    beginPass(all, first);
    const queries = min(u32(QUERIES_A_PASS), all.queryCount - first);
    for (let block: u32 = 0; block < count; block += blocksAPass) {
      const end = min(block + blocksAPass, count);
      for (let place: u32 = 0; place < queries; place += QUERIES_A_LOOK) {
        look(all, first + place, place, block, end);
      }
    }
  }
  finishLists(all);
}
