// What is measured of the detectors: algorithms by the sizes of their matrices. The rows of a size are made
// once and read by every process that measures, scikit-learn's included.

import type { Matrix } from "../../src/domain/table.ts";
import { Mt19937 } from "../../src/random.ts";

export type Work = "forest_fit" | "forest_score" | "lof_fit" | "silhouette";

export interface Case {
  work: Work;
  rowCount: number;
  columnCount: number;
}

export const WORK_NAMES: Record<Work, string> = {
  forest_fit: "Isolation Forest, fit",
  forest_score: "Isolation Forest, score",
  lof_fit: "Local Outlier Factor, fit",
  silhouette: "silhouette",
};

const SIZES: Record<Work, [rowCount: number, columnCount: number][]> = {
  forest_fit: [[100, 6], [10_000, 6], [42_000, 34], [1_000_000, 6]],
  forest_score: [[100, 6], [10_000, 6], [200_000, 6], [42_000, 34], [1_000_000, 6]],
  lof_fit: [[100, 6], [10_000, 6], [20_000, 6], [100_000, 6]],
  silhouette: [[100, 6], [10_000, 6]],
};

/** Of the same algorithms, what takes minutes. */
const LONG_SIZES: Partial<typeof SIZES> = {
  lof_fit: [[42_000, 34], [1_000_000, 6]],
  silhouette: [[42_000, 34]],
};

export function casesOf(isLong: boolean): Case[] {
  const works = Object.keys(SIZES) as Work[];
  return works.flatMap((work) =>
    [...SIZES[work], ...isLong ? LONG_SIZES[work] ?? [] : []]
      .map(([rowCount, columnCount]) => ({ work, rowCount, columnCount }))
  );
}

/** Standard normal values; the first twentieth of the rows is strewn wide. */
export function makeRows(rowCount: number, columnCount: number): Matrix {
  const random = new Mt19937(0);
  const values = new Float64Array(rowCount * columnCount);
  for (let at = 0; at < values.length; at++) {
    const isStrewn = at < outlierCount(rowCount) * columnCount;
    values[at] = random.normal() + (isStrewn ? 12 * random.random() - 6 : 0);
  }
  return { rowCount, columnCount, values };
}

/** How many rows, from the first on, are strewn wide. */
export function outlierCount(rowCount: number): number {
  return Math.floor(rowCount / 20);
}
