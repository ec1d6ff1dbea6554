// The data sets of data_sets.py, bit for bit: uniform draws and arithmetic that is rounded in one way only.
// A SHA-256 in the fixtures tells whether both sides made the same.

import type { Matrix } from "../../src/domain/table.ts";
import { Mt19937 } from "../../src/random.ts";

const LARGEST_SPREAD = 6e38;

/** A matrix of `value(row, column)`. */
function matrixOf(
  rowCount: number,
  columnCount: number,
  value: (row: number, column: number) => number,
): Matrix {
  const values = new Float64Array(rowCount * columnCount);
  for (let at = 0; at < values.length; at++) {
    values[at] = value(Math.floor(at / columnCount), at % columnCount);
  }
  return { rowCount, columnCount, values };
}

function draws(random: Mt19937, count: number): Float64Array {
  return new Float64Array(count).map(() => random.random());
}

/** About normal; the first twentieth of the rows is stretched fourfold. */
export function bell(seed: number, rowCount: number, columnCount: number): Matrix {
  const random = new Mt19937(seed);
  const count = rowCount * columnCount;
  const [a, b, c] = [draws(random, count), draws(random, count), draws(random, count)];
  const stretchedEnd = Math.floor(rowCount / 20) * columnCount;
  const values = a.map((value, i) => (value + b[i]! + c[i]! - 1.5) * (i < stretchedEnd ? 4 : 1));
  return { rowCount, columnCount, values };
}

function integers(seed: number, high: number, rowCount: number, columnCount: number): Matrix {
  const random = new Mt19937(seed);
  return matrixOf(rowCount, columnCount, () => random.randint(high));
}

export function uniform(seed: number, rowCount: number, columnCount: number): Matrix {
  return { rowCount, columnCount, values: draws(new Mt19937(seed), rowCount * columnCount) };
}

function constant(rowCount: number, columnCount: number): Matrix {
  return matrixOf(rowCount, columnCount, () => 7.25);
}

function map(X: Matrix, value: (value: number, row: number, column: number) => number): Matrix {
  const { rowCount, columnCount, values } = X;
  return matrixOf(rowCount, columnCount, (i, j) => value(values[i * columnCount + j]!, i, j));
}

function scaled(X: Matrix, factors: number[]): Matrix {
  return map(X, (value, _, j) => value * factors[j]!);
}

/** Every row as often as `times`, one after the other. */
function repeated({ rowCount, columnCount, values }: Matrix, times: number): Matrix {
  return matrixOf(
    rowCount * times,
    columnCount,
    (i, j) => values[Math.floor(i / times) * columnCount + j]!,
  );
}

function heavyTails(): Matrix {
  const divisors = uniform(18, 300, 4).values;
  return map(uniform(17, 300, 4), (value, i, j) => (value - 0.5) / (divisors[i * 4 + j]! + 1e-6));
}

export const FOREST_DATA: Readonly<Record<string, () => Matrix>> = {
  "bell": () => bell(1, 300, 6),
  "few of many": () => bell(2, 30_000, 6),
  "just above a sample": () => bell(3, 258, 4),
  "integers": () => integers(4, 3, 500, 8),
  "binary": () => integers(5, 2, 400, 10),
  "duplicates": () => repeated(bell(6, 40, 5), 20),
  "constant": () => constant(50, 3),
  "partly constant": () => map(bell(7, 80, 5), (value, _, j) => j === 1 || j === 3 ? 7.25 : value),
  "one row": () => bell(9, 1, 3),
  "two rows": () => bell(10, 2, 2),
  "three rows": () => bell(11, 3, 2),
  "nine rows": () => bell(12, 9, 4),
  "one column": () => bell(13, 200, 1),
  "wide": () => bell(14, 120, 33),
  "hardly varying": () => scaled(bell(15, 80, 4), [1e-8, 1, 1e-7, 3e-8]),
  "scales": () => scaled(bell(16, 250, 6), [1e-30, 1e-3, 1, 1e3, 1e9, 1e30]),
  "heavy tails": heavyTails,
  "signed zeros": () => map(integers(8, 3, 120, 4), (value) => value === 0 ? -0 : value - 1),
  "largest and smallest": () =>
    scaled(map(uniform(19, 150, 3), (value) => value - 0.5), [LARGEST_SPREAD, 1e-40, 1]),
  "ramp": () => matrixOf(400, 3, (i, j) => [i, -i, i % 7][j]!),
};

const NEIGHBOR_COLUMNS = [1, 2, 3, 6, 7, 8, 9, 15, 16, 17, 33];

/** Without ties but for the last four: then the k nearest rows are the same ones for everybody. */
export const NEIGHBOR_DATA: Readonly<Record<string, () => Matrix>> = {
  ...Object.fromEntries(
    NEIGHBOR_COLUMNS.map((count) => [`${count} columns`, () => bell(100 + count, 250, count)]),
  ),
  "many rows": () => bell(200, 3000, 6),
  "many rows, wide": () => bell(201, 1200, 20),
  "two rows": () => bell(202, 2, 2),
  "fewer rows than neighbours": () => bell(203, 12, 3),
  "scales": () => scaled(bell(204, 300, 4), [1e-6, 1, 1e3, 1e6]),
  "pairs of equal rows": () => repeated(bell(205, 150, 4), 2),
  "more equal rows than neighbours": () => repeated(bell(206, 10, 3), 30),
  "all rows equal": () => constant(40, 3),
  "integers": () => integers(207, 4, 300, 3),
};

/** Rows on top of one another, as `numpy.vstack`. */
export function stacked(...parts: [Matrix, ...Matrix[]]): Matrix {
  return {
    rowCount: parts.reduce((sum, { rowCount }) => sum + rowCount, 0),
    columnCount: parts[0].columnCount,
    values: Float64Array.from(parts.flatMap(({ values }) => [...values])),
  };
}

/** The first `count` rows, or all if there are fewer. */
export function firstRows({ rowCount, columnCount, values }: Matrix, count: number): Matrix {
  const kept = Math.min(count, rowCount);
  return { rowCount: kept, columnCount, values: values.slice(0, kept * columnCount) };
}
