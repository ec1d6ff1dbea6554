// The sum of distances from every row to all rows of each of two groups, each pair measured once. Rows are
// stored a second time in fours, by column, and measured two against four: see docs/kernel.md.

import { GROUPS_BYTES, QUAD_ROWS } from "./layout";

/** Two groups of rows, written by src/evaluation/distance_sums.ts: a struct as in records.ts. */
@unmanaged
export class Groups {
  columnCount: u32;
  rowCount: u32;
  /** Rows of the first group, which stand before those of the second. */
  firstCount: u32;
  /** f64[rowCount][columnCount]. */
  rows: usize;
  /** Room for the fours of the first group, then those of the second: f64[…][columnCount][4]. */
  quads: usize;
  /** f64[rowCount], written: sums of distances to the first group. */
  toFirst: usize;
  /** f64[rowCount], written. */
  toSecond: usize;
}

if (offsetof<Groups>() != GROUPS_BYTES) ERROR("GROUPS_BYTES is not the size of a Groups");

/** Bytes from a column of a four to the next, and from the sums of a four to those of the next. */
const COLUMN_STEP: usize = 8 * QUAD_ROWS;
/** Fours that all rows are measured against before the next: as many as the nearest cache holds. */
const TILE_BYTES: u32 = 16384;

let columnBytes: usize = 0;
let quadBytes: usize = 0;

function square(x: v128): v128 {
  return f64x2.mul(x, x);
}

/**
 * sum + x², rounded once where the processor can and else twice: last bits differ from one to another.
 * Nothing but sums of distances may use it, whose order is another one in plain code anyway.
 */
function addSquare(x: v128, sum: v128): v128 {
  return f64x2.relaxed_madd(x, x, sum);
}

function add(at: usize, value: f64): void {
  store<f64>(at, load<f64>(at) + value);
}

function addVector(at: usize, value: v128): void {
  v128.store(at, f64x2.add(v128.load(at), value));
}

/**
 * Measures two rows against the fours from `quad` to `end`. Both rows are in a four themselves, side by
 * side, so that their columns are as far apart as those of `quad`.
 *
 * @param pair address of the first of the two rows' values
 * @param sumsOfQuads sums of the rows in the fours, to the group of the pair
 * @param sumsOfPair sums of the pair, to the group of the fours
 */
function addPair(pair: usize, quad: usize, end: usize, sumsOfQuads: usize, sumsOfPair: usize): void {
  let totalA = f64x2.splat(0);
  let totalB = f64x2.splat(0);
  for (; quad < end; sumsOfQuads += COLUMN_STEP) {
    let a = v128.load_splat<f64>(pair);
    let b = v128.load_splat<f64>(pair, 8);
    let low = v128.load(quad);
    let high = v128.load(quad, 16);
    let lowA = square(f64x2.sub(low, a));
    let lowB = square(f64x2.sub(low, b));
    let highA = square(f64x2.sub(high, a));
    let highB = square(f64x2.sub(high, b));
    const next = quad + quadBytes;
    quad += COLUMN_STEP;
    for (let at = pair + COLUMN_STEP; quad < next; quad += COLUMN_STEP, at += COLUMN_STEP) {
      a = v128.load_splat<f64>(at);
      b = v128.load_splat<f64>(at, 8);
      low = v128.load(quad);
      high = v128.load(quad, 16);
      lowA = addSquare(f64x2.sub(low, a), lowA);
      lowB = addSquare(f64x2.sub(low, b), lowB);
      highA = addSquare(f64x2.sub(high, a), highA);
      highB = addSquare(f64x2.sub(high, b), highB);
    }
    lowA = f64x2.sqrt(lowA);
    lowB = f64x2.sqrt(lowB);
    highA = f64x2.sqrt(highA);
    highB = f64x2.sqrt(highB);
    totalA = f64x2.add(totalA, f64x2.add(lowA, highA));
    totalB = f64x2.add(totalB, f64x2.add(lowB, highB));
    addVector(sumsOfQuads, f64x2.add(lowA, lowB));
    addVector(sumsOfQuads + 16, f64x2.add(highA, highB));
  }
  add(sumsOfPair, f64x2.extract_lane(totalA, 0) + f64x2.extract_lane(totalA, 1));
  add(sumsOfPair + 8, f64x2.extract_lane(totalB, 0) + f64x2.extract_lane(totalB, 1));
}

/**
 * Measures the fours of one group against those of another or, where both are one group, each against
 * those after it.
 *
 * @param sumsA sums of the rows in `quadsA`, to the group of `quadsB`
 */
function addQuads(
  quadsA: usize,
  countA: u32,
  sumsA: usize,
  quadsB: usize,
  countB: u32,
  sumsB: usize,
  isOneGroup: bool,
): void {
  const tileQuads = max(1, TILE_BYTES / u32(quadBytes));
  for (let tile: u32 = 0; tile < countB; tile += tileQuads) {
    const end = min(tile + tileQuads, countB);
    const endA = isOneGroup ? end : countA;
    for (let i: u32 = 0; i < endA; i++) {
      const first = isOneGroup ? max(i + 1, tile) : tile;
      const pair = quadsA + usize(i) * quadBytes;
      const quad = quadsB + usize(first) * quadBytes;
      const quadEnd = quadsB + usize(end) * quadBytes;
      const sumsOfQuads = sumsB + usize(first) * COLUMN_STEP;
      const sumsOfPair = sumsA + usize(i) * COLUMN_STEP;
      addPair(pair, quad, quadEnd, sumsOfQuads, sumsOfPair);
      addPair(pair + 16, quad, quadEnd, sumsOfQuads, sumsOfPair + 16);
    }
  }
}

function addOne(groups: Groups, i: u32, j: u32): void {
  let a = groups.rows + usize(i) * columnBytes;
  let b = groups.rows + usize(j) * columnBytes;
  let squared: f64 = 0;
  for (const end = a + columnBytes; a < end; a += 8, b += 8) {
    const difference = load<f64>(a) - load<f64>(b);
    squared += difference * difference;
  }
  const distance = sqrt(squared);
  add((j < groups.firstCount ? groups.toFirst : groups.toSecond) + (usize(i) << 3), distance);
  add((i < groups.firstCount ? groups.toFirst : groups.toSecond) + (usize(j) << 3), distance);
}

/** Measures the rows of each four from `first` up to `end` against one another. */
function addWithinQuads(groups: Groups, first: u32, end: u32): void {
  for (let quad = first; quad < end; quad += QUAD_ROWS) {
    for (let i = quad; i < quad + QUAD_ROWS; i++) {
      for (let j = i + 1; j < quad + QUAD_ROWS; j++) addOne(groups, i, j);
    }
  }
}

/** Measures a row that is in no four against all rows but those in no four that come after it. */
function addLoose(groups: Groups, i: u32, firstLoose: u32, secondLoose: u32): void {
  for (let j: u32 = 0; j < groups.rowCount; j++) {
    const isLoose = j >= secondLoose || (j >= firstLoose && j < groups.firstCount);
    if (j < i || (j > i && !isLoose)) addOne(groups, i, j);
  }
}

/** Writes rows from `row` on as fours. */
function writeQuads(row: usize, quad: usize, count: u32): void {
  for (const end = quad + usize(count) * quadBytes; quad < end; quad += quadBytes) {
    for (let lane = quad; lane < quad + COLUMN_STEP; lane += 8, row += columnBytes) {
      for (let at: usize = 0; at < columnBytes; at += 8) {
        store<f64>(lane + at * QUAD_ROWS, load<f64>(row + at));
      }
    }
  }
}

/** @param groups address of a Groups */
export function sumDistances(groups: usize): void {
  const all = changetype<Groups>(groups);
  columnBytes = usize(all.columnCount) << 3;
  quadBytes = usize(all.columnCount) * COLUMN_STEP;
  memory.fill(all.toFirst, 0, usize(all.rowCount) << 3);
  memory.fill(all.toSecond, 0, usize(all.rowCount) << 3);
  const firstQuads = all.firstCount / QUAD_ROWS;
  const secondQuads = (all.rowCount - all.firstCount) / QUAD_ROWS;
  const second = usize(all.firstCount) << 3;
  const quadsOfSecond = all.quads + usize(firstQuads) * quadBytes;
  writeQuads(all.rows, all.quads, firstQuads);
  writeQuads(all.rows + usize(all.firstCount) * columnBytes, quadsOfSecond, secondQuads);

  const ofFirst = all.toFirst;
  const ofSecond = all.toSecond + second;
  addQuads(all.quads, firstQuads, ofFirst, all.quads, firstQuads, ofFirst, true);
  addQuads(quadsOfSecond, secondQuads, ofSecond, quadsOfSecond, secondQuads, ofSecond, true);
  const acrossSecond = all.toFirst + second;
  addQuads(all.quads, firstQuads, all.toSecond, quadsOfSecond, secondQuads, acrossSecond, false);

  const firstLoose = firstQuads * QUAD_ROWS;
  const secondLoose = all.firstCount + secondQuads * QUAD_ROWS;
  addWithinQuads(all, 0, firstLoose);
  addWithinQuads(all, all.firstCount, secondLoose);
  for (let i = firstLoose; i < all.firstCount; i++) addLoose(all, i, firstLoose, secondLoose);
  for (let i = secondLoose; i < all.rowCount; i++) addLoose(all, i, firstLoose, secondLoose);
}
