// Sketches: points and queries in float32, moved and scaled so that they fill its range, from which nearly
// all points are ruled out for a query at a sixth of the cost. With rows a and b, moved and scaled,
//
//   nearness = a·b − |b|² / 2 = (|a|² − |a − b|²) / 2
//
// is the larger the nearer b is, and takes one multiply-add a column. A point whose nearness is below a
// query's threshold is beyond its limit for certain: what rounding may have taken from nearness is added to
// it beforehand.

import { BLOCK_POINTS } from "./layout";
import { Search } from "./search";

/** Half a unit in the last place of a float32 in [1, 2). */
const ROUNDING: f64 = 5.9604644775390625e-8; // 2⁻²⁴
/** More than the smallest numbers of float32 lose in a column, where rows that fill [−2, 2] are so near. */
const SMALLEST: f64 = 7.52316384526264e-37; // 2⁻¹²⁰
/** Beyond 2⁴⁷⁰ a scale would make much of what squares of tiny differences lose in float64. */
const MAX_SCALE_EXPONENT: i32 = 470;

let rowBytes: usize = 0;
let middle: usize = 0;
let scale: f64 = 1;
/** Roundings that nearness goes through, with some to spare. */
let roundings: f64 = 0;
/** The share of |a|² + |b|² by which nearness may be wrong. */
let slack: f64 = 0;

/** Writes the mean of each column to `search.offsets`. */
function findMiddle(search: Search): void {
  const end = search.points + usize(search.pointCount) * rowBytes;
  for (let column: usize = 0; column < rowBytes; column += 8) {
    let sum: f64 = 0;
    for (let at = search.points + column; at < end; at += rowBytes) sum += load<f64>(at);
    store<f64>(middle + column, sum / f64(search.pointCount));
  }
}

/** A power of two, which rounds nothing: it takes the points' largest distance to the middle to [1, 2). */
function findScale(search: Search): void {
  let largest: f64 = 0;
  const end = search.points + usize(search.pointCount) * rowBytes;
  for (let point = search.points; point < end; point += rowBytes) {
    for (let column: usize = 0; column < rowBytes; column += 8) {
      largest = max(largest, abs(load<f64>(point + column) - load<f64>(middle + column)));
    }
  }
  const exponent = 1023 - i32(reinterpret<u64>(largest) >> 52);
  scale = reinterpret<f64>(u64(1023 + min(MAX_SCALE_EXPONENT, max(-1022, exponent))) << 52);
}

/** Writes a row in float32, its columns `step` bytes apart; returns the square of its length. */
function sketch(row: usize, out: usize, step: usize): f64 {
  let squared: f64 = 0;
  for (let column: usize = 0; column < rowBytes; column += 8, out += step) {
    const value = f32((load<f64>(row + column) - load<f64>(middle + column)) * scale);
    store<f32>(out, value);
    squared += f64(value) * f64(value);
  }
  return squared;
}

/**
 * Chooses middle and scale, and writes the points' sketches to `search.blocks`: for eight points what their
 * nearness starts with, and then their columns, f32[blockCount][1 + columnCount][8]. Beyond the last point
 * there is whatever was there.
 */
export function sketchPoints(search: Search): void {
  rowBytes = usize(search.columnCount) << 3;
  middle = search.offsets;
  findMiddle(search);
  findScale(search);
  roundings = 1.01 * f64(search.columnCount + 12);
  slack = roundings * ROUNDING;
  const step: usize = 4 * BLOCK_POINTS;
  const blockBytes = step * usize(1 + search.columnCount);
  for (let i: u32 = 0; i < search.pointCount; i++) {
    const block = search.blocks + usize(i / BLOCK_POINTS) * blockBytes;
    const lane = block + (usize(i % BLOCK_POINTS) << 2);
    const squaredLength = sketch(search.points + usize(i) * rowBytes, lane + step, step);
    store<f32>(lane, f32(slack * squaredLength - squaredLength / 2));
  }
}

/** Writes a query's sketch side by side with those of three more; returns the square of its length. */
export function sketchQuery(search: Search, i: u32, out: usize): f64 {
  return sketch(search.queries + usize(i) * rowBytes, out, 16);
}

/**
 * A point of lower nearness is farther from the query than `limit`, a squared distance. No number, or −∞,
 * where nothing can be ruled out.
 */
export function thresholdFor(squaredLength: f64, limit: f64): f32 {
  const scaled = limit * scale * scale;
  return f32((squaredLength - scaled) / 2 - slack * squaredLength - roundings * SMALLEST);
}
