// A column's thresholds made ready for ranking: sorted, without repetition, and under a uniform grid by
// which a value's rank is found with a jump and a few steps.

import { MAX_CELL_STEPS } from "../kernel/assembly/layout.ts";

/** The most cells of a grid: 16 KiB of ranks a column. */
const MAX_CELLS = 8192;
/** No finer grid is tried once no cell has more thresholds than the kernel looks at together. */
const GOOD_STEPS = 4;
/** Fewer thresholds are searched as fast as looked up. */
const MIN_THRESHOLDS = 8;

/** Cells of equal width over a column's thresholds. */
export interface ThresholdGrid {
  /** Thresholds in the fullest cell. */
  steps: number;
  /** Thresholds in the cells before each cell. */
  ranks: Uint16Array;
  /** float32; a value's cell is (value − origin) · scale in float32, cut to [0, last cell]. */
  origin: number;
  /** float32 */
  scale: number;
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/**
 * The largest float32 that is not above the threshold. float32 values are at or below one exactly when
 * they are at or below the other.
 */
export function floorToFloat32(threshold: number): number {
  const nearest = Math.fround(threshold);
  if (nearest <= threshold) return nearest;
  float[0] = nearest;
  // The bit patterns of floats ascend with their distance from zero, −0 being the least of its side.
  bits[0]! += nearest > 0 ? -1 : 1;
  return float[0]!;
}

/** Sorts the thresholds in place and returns those that differ. */
export function sortDistinct(thresholds: Float32Array): Float32Array {
  thresholds.sort();
  let count = 0;
  for (let i = 0; i < thresholds.length; i++) {
    if (count > 0 && thresholds[i] === thresholds[count - 1]) continue;
    thresholds[count++] = thresholds[i]!;
  }
  return thresholds.subarray(0, count);
}

/** How many of the ascending thresholds are below the value. */
export function rankOf(thresholds: Float32Array, value: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (thresholds[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The coarsest grid that is good, or else the finest; null where a binary search is better. */
export function gridOver(thresholds: Float32Array): ThresholdGrid | null {
  const count = thresholds.length;
  if (count < MIN_THRESHOLDS) return null;
  let found: ThresholdGrid | null = null;
  let cells = 2 << Math.ceil(Math.log2(count));
  for (; cells <= MAX_CELLS && (found === null || found.steps > GOOD_STEPS); cells *= 2) {
    found = gridOf(thresholds, cells);
  }
  return found !== null && found.steps <= MAX_CELL_STEPS ? found : null;
}

function gridOf(thresholds: Float32Array, cells: number): ThresholdGrid | null {
  const origin = thresholds[0]!;
  const scale = Math.fround((cells - 1) / (thresholds.at(-1)! - origin));
  if (!Number.isFinite(scale) || scale <= 0) return null;
  const counts = new Uint16Array(cells);
  let steps = 0;
  for (const threshold of thresholds) {
    // The kernel's float32 arithmetic: monotone, so that a value's cell is never before a threshold's
    // that is below it.
    const place = Math.fround(Math.fround(threshold - origin) * scale);
    const cell = Math.trunc(Math.min(Math.max(place, 0), cells - 1));
    steps = Math.max(steps, ++counts[cell]!);
  }
  let before = 0;
  for (let cell = 0; cell < cells; cell++) {
    const inCell = counts[cell]!;
    counts[cell] = before;
    before += inCell;
  }
  return { steps, ranks: counts, origin, scale };
}
