// Counting values into bins for a chart.

// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";

/** Bins of equal width; `counts` has one element a bin. */
export interface Bins {
  from: number;
  to: number;
  counts: number[];
}

/**
 * Bins of known values; NaN is left out. The ends are round, and take in every value but the outermost
 * two in a thousand of a long series, which fall into the first or last bin.
 */
export function binValues(values: Iterable<number>, binCount: number): Bins | null {
  const known = Float64Array.from(values).filter((value) => Number.isFinite(value)).sort();
  if (known.length === 0) return null;
  const cut = Math.floor(known.length / 1000);
  const low = known[cut]!;
  const high = known[known.length - 1 - cut]!;
  const [from, to] = scaleLinear().domain(low === high ? [low - 0.5, high + 0.5] : [low, high])
    .nice(binCount).domain() as [number, number];
  return { from, to, counts: countInto(known, from, to, binCount) };
}

/** The same bins over other values. */
export function binLike({ from, to, counts }: Bins, values: Iterable<number>): Bins {
  const known = Float64Array.from(values).filter((value) => Number.isFinite(value));
  return { from, to, counts: countInto(known, from, to, counts.length) };
}

function countInto(values: Float64Array, from: number, to: number, binCount: number): number[] {
  const counts = new Array<number>(binCount).fill(0);
  for (const value of values) {
    const bin = Math.floor((value - from) / (to - from) * binCount);
    counts[Math.min(binCount - 1, Math.max(0, bin))]!++;
  }
  return counts;
}

/** Half the summed difference of the shares: how much of the one would have to move to be the other. */
export function shiftOf(a: Bins, b: Bins): number {
  const sum = ({ counts }: Bins) => counts.reduce((total, n) => total + n, 0) || 1;
  const [sumA, sumB] = [sum(a), sum(b)];
  return a.counts.reduce((total, n, i) => total + Math.abs(n / sumA - b.counts[i]! / sumB) / 2, 0);
}
