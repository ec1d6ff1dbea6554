// A value's rank among its column's thresholds: how many of them it is above. With ranks, the split
// `x ≤ t` of floats is a comparison of small integers.

import { BLOCK_ROWS } from "./layout";
import { Column } from "./records";

/** Ranks of the block's rows in the column at hand, one byte a row: bits 0 … 7, and bits 8 … 15. */
export const lowBytes: usize = memory.data(BLOCK_ROWS, 64);
export const highBytes: usize = memory.data(BLOCK_ROWS, 64);

/** The cell of the grid that each row's value falls into, i32 a row. */
const cells: usize = memory.data(4 * BLOCK_ROWS, 64);

function put(row: usize, rank: u32, bits: u32): void {
  store<u8>(lowBytes + row, rank);
  if (bits > 8) store<u8>(highBytes + row, rank >> 8);
}

/** Values beyond the ends of the grid fall into its first or last cell. */
function findCells(values: usize, column: Column): void {
  const origin = f32x4.splat(column.gridOrigin);
  const scale = f32x4.splat(column.gridScale);
  const last = f32x4.splat(column.lastCell);
  const first = f32x4.splat(0);
  for (let at: usize = 0; at < usize(4 * BLOCK_ROWS); at += 16) {
    const place = f32x4.mul(f32x4.sub(v128.load(values + at), origin), scale);
    // pmin and pmax are one instruction each; they differ from min and max for NaN alone.
    const inside = f32x4.pmin(f32x4.pmax(place, first), last);
    v128.store(cells + at, i32x4.trunc_sat_f32x4_s(inside));
  }
}

/** How many of the four thresholds are below the value. */
function countBelow(thresholds: usize, value: v128): u32 {
  return i32.popcnt(i32x4.bitmask(f32x4.gt(value, v128.load(thresholds))));
}

/**
 * A jump into a cell of the grid, then a look at the next four thresholds, or eight, which are all that
 * a cell holds. Those beyond the cell are above the value and so count for nothing.
 */
export function rankByGrid(values: usize, column: Column): void {
  findCells(values, column);
  const thresholds = column.thresholds;
  const cellRanks = column.cellRanks;
  const bits = column.rankBits;
  const looksTwice = column.cellSteps > 4;
  for (let row: usize = 0; row < usize(BLOCK_ROWS); row++) {
    const value = v128.load_splat<f32>(values + (row << 2));
    const before: u32 = load<u16>(cellRanks + (load<u32>(cells + (row << 2)) << 1));
    const next = thresholds + (before << 2);
    let rank = before + countBelow(next, value);
    if (looksTwice) rank += countBelow(next + 16, value);
    put(row, rank, bits);
  }
}

/** Goes 2^bit ranks on if the value is above all the thresholds that are jumped. */
function descend(rank: u32, value: f32, probes: usize, bit: i32): u32 {
  return rank + (u32(value > load<f32>(probes + (usize(rank) << 2))) << bit);
}

/**
 * Binary search without branches, for columns whose thresholds are too uneven for a grid. Four rows go
 * side by side, so that the waits for their loads overlap.
 */
export function rankBySearch(values: usize, column: Column): void {
  const thresholds = column.thresholds;
  const bits = column.rankBits;
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
    for (let bit = i32(bits) - 1; bit >= 0; bit--) {
      const probes = thresholds + (((usize(1) << bit) - 1) << 2);
      r0 = descend(r0, x0, probes, bit);
      r1 = descend(r1, x1, probes, bit);
      r2 = descend(r2, x2, probes, bit);
      r3 = descend(r3, x3, probes, bit);
    }
    put(row, r0, bits);
    put(row + 1, r1, bits);
    put(row + 2, r2, bits);
    put(row + 3, r3, bits);
  }
}
