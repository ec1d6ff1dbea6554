// What the kernel needs to know of each column of a forest: the thresholds at which its trees split it, and
// where the row masks "rank ≥ k" of a block are to be. A rank is masked in two parts, high and low, so
// that the masks are some dozens and not as many as there are thresholds.

import { MASK_BYTES, MAX_RANK_BITS } from "../kernel/assembly/layout.ts";
import type { Forest } from "./tree.ts";
import { floorToFloat32, gridOver, sortDistinct, type ThresholdGrid } from "./threshold_grid.ts";

export interface ColumnPlan {
  /** Ascending, distinct; none where no tree splits on the column. */
  thresholds: Float32Array;
  grid: ThresholdGrid | null;
  /** Bits of a rank, which is at most the number of thresholds. */
  rankBits: number;
  lowBits: number;
}

/** Thresholds of all splits of all trees, by column and in float32. */
function thresholdsByColumn({ trees, columnCount }: Forest): Float32Array[] {
  const counts = new Int32Array(columnCount);
  for (const { feature } of trees) for (const column of feature) if (column >= 0) counts[column]!++;
  const columns = Array.from(counts, (count) => new Float32Array(count));
  for (const { feature, threshold } of trees) {
    for (let node = 0; node < feature.length; node++) {
      const column = feature[node]!;
      if (column < 0) continue;
      columns[column]![--counts[column]!] = floorToFloat32(threshold[node]!);
    }
  }
  return columns;
}

/** null where a column has more thresholds than there are ranks. */
export function planColumns(forest: Forest): ColumnPlan[] | null {
  const plans = thresholdsByColumn(forest).map((all) => {
    const thresholds = sortDistinct(all);
    const rankBits = Math.ceil(Math.log2(thresholds.length + 1));
    return { thresholds, grid: null, rankBits, lowBits: rankBits >> 1 };
  });
  if (plans.some(({ rankBits }) => rankBits > MAX_RANK_BITS)) return null;
  return plans.map((plan) => ({ ...plan, grid: gridOver(plan.thresholds) }));
}

/** Bytes of the masks k = 0 … 2^bits. */
export function maskBytes(bits: number): number {
  return ((1 << bits) + 1) * MASK_BYTES;
}
