// A value's rank among its column's thresholds: how many of them it is above. The split `x ≤ t` of
// floats becomes a comparison of small integers. Four rows are ranked side by side, so that the waits for
// their loads overlap.

import { BLOCK_ROWS } from "./layout";
import { Column } from "./records";

/** High and low parts of the block's ranks in the column at hand, one byte a row. */
export const highParts: usize = memory.data(BLOCK_ROWS, 64);
export const lowParts: usize = memory.data(BLOCK_ROWS, 64);

function thresholdAt(thresholds: usize, rank: u32): f32 {
  return load<f32>(thresholds + (usize(rank) << 2));
}

function put(row: usize, r0: u32, r1: u32, r2: u32, r3: u32, lowBits: u32): void {
  const ranks = i32x4.replace_lane(
    i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(r0), 1, r1), 2, r2),
    3,
    r3,
  );
  const high = i32x4.shr_u(ranks, lowBits);
  const low = v128.and(ranks, i32x4.splat((1 << lowBits) - 1));
  v128.store32_lane(highParts + row, bytesOf(high), 0);
  v128.store32_lane(lowParts + row, bytesOf(low), 0);
}

/** The lowest byte of each of the four lanes, in lane 0. */
function bytesOf(lanes: v128): v128 {
  return i8x16.shuffle(lanes, lanes, 0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/** The cell of a uniform grid that each value falls into; beyond the ends, the first and the last. */
function cellsOf(values: v128, origin: v128, scale: v128, last: v128): v128 {
  const place = f32x4.mul(f32x4.sub(values, origin), scale);
  return i32x4.trunc_sat_f32x4_s(f32x4.min(f32x4.max(place, f32x4.splat(0)), last));
}

function cellRank(cellRanks: usize, cell: i32): u32 {
  return load<u16>(cellRanks + (usize(cell) << 1));
}

/** One more if the value is above the threshold of this rank, which is +∞ after the last one. */
function advance(rank: u32, value: f32, thresholds: usize): u32 {
  return rank + u32(value > thresholdAt(thresholds, rank));
}

/** A jump into a cell of the grid, then no more steps than the fullest cell has thresholds. */
export function rankByGrid(values: usize, column: Column): void {
  const thresholds = column.thresholds;
  const cellRanks = column.cellRanks;
  const lowBits = column.lowBits;
  const steps = column.cellSteps;
  const origin = f32x4.splat(column.gridOrigin);
  const scale = f32x4.splat(column.gridScale);
  const last = f32x4.splat(column.lastCell);
  for (let row: usize = 0; row < usize(BLOCK_ROWS); row += 4) {
    const x = v128.load(values + (row << 2));
    const cells = cellsOf(x, origin, scale, last);
    const x0 = f32x4.extract_lane(x, 0);
    const x1 = f32x4.extract_lane(x, 1);
    const x2 = f32x4.extract_lane(x, 2);
    const x3 = f32x4.extract_lane(x, 3);
    let r0 = cellRank(cellRanks, i32x4.extract_lane(cells, 0));
    let r1 = cellRank(cellRanks, i32x4.extract_lane(cells, 1));
    let r2 = cellRank(cellRanks, i32x4.extract_lane(cells, 2));
    let r3 = cellRank(cellRanks, i32x4.extract_lane(cells, 3));
    for (let step: u32 = 0; step < steps; step++) {
      r0 = advance(r0, x0, thresholds);
      r1 = advance(r1, x1, thresholds);
      r2 = advance(r2, x2, thresholds);
      r3 = advance(r3, x3, thresholds);
    }
    put(row, r0, r1, r2, r3, lowBits);
  }
}

/** Goes 2^bit ranks on if the value is above all the thresholds that are jumped. */
function descend(rank: u32, value: f32, probes: usize, bit: i32): u32 {
  return rank + (u32(value > thresholdAt(probes, rank)) << bit);
}

/** Binary search without branches, for columns whose thresholds are too uneven for a grid. */
export function rankBySearch(values: usize, column: Column): void {
  const thresholds = column.thresholds;
  const lowBits = column.lowBits;
  const highestBit = i32(column.rankBits) - 1;
  for (let row: usize = 0; row < usize(BLOCK_ROWS); row += 4) {
    const at = values + (row << 2);
    const x0 = load<f32>(at, 0);
    const x1 = load<f32>(at, 4);
    const x2 = load<f32>(at, 8);
    const x3 = load<f32>(at, 12);
    let r0: u32 = 0;
    let r1: u32 = 0;
    let r2: u32 = 0;
    let r3: u32 = 0;
    for (let bit = highestBit; bit >= 0; bit--) {
      const probes = thresholds + (((usize(1) << bit) - 1) << 2);
      r0 = descend(r0, x0, probes, bit);
      r1 = descend(r1, x1, probes, bit);
      r2 = descend(r2, x2, probes, bit);
      r3 = descend(r3, x3, probes, bit);
    }
    put(row, r0, r1, r2, r3, lowBits);
  }
}
