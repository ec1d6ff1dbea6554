// Scores of a holdout and of the training rows in the same bins, so that one can lie over the other. What
// was stored with the model has bins of its own.

import { binLike, type Bins, binValues } from "../../src/cards/histogram.ts";
import type { Counts } from "../../src/domain/histograms.ts";

const BINS = 60;

export interface ScoreShape {
  bins: Bins;
  /** In the same bins; null where the training scores are not stored. */
  training: Bins | null;
}

/** Null without any score. */
export function scoreShape(scores: Float64Array, training: Counts | null): ScoreShape | null {
  const own = binValues(scores, BINS);
  if (own === null) return null;
  if (training === null) return { bins: own, training: null };
  const range = {
    from: Math.min(own.from, training.from),
    to: Math.max(own.to, training.to),
    counts: new Array<number>(BINS).fill(0),
  };
  return { bins: binLike(range, scores), training: rebin(training, range) };
}

/** Counts in other bins, as if a bin's values were spread evenly over it. */
export function rebin(given: Counts, like: Counts): Counts {
  const counts = new Array<number>(like.counts.length).fill(0);
  const width = (given.to - given.from) / given.counts.length;
  const step = (like.to - like.from) / counts.length;
  for (const [i, n] of given.counts.entries()) {
    if (n === 0) continue;
    const left = given.from + i * width;
    const first = clampBin(Math.floor((left - like.from) / step), counts.length);
    const last = clampBin(Math.floor((left + width - like.from) / step), counts.length);
    for (let bin = first; bin <= last; bin++) {
      const from = bin === first ? -Infinity : like.from + bin * step;
      const to = bin === last ? Infinity : like.from + (bin + 1) * step;
      counts[bin]! += n * (Math.min(to, left + width) - Math.max(from, left)) / width;
    }
  }
  return { from: like.from, to: like.to, counts };
}

function clampBin(bin: number, count: number): number {
  return Math.min(count - 1, Math.max(0, bin));
}
