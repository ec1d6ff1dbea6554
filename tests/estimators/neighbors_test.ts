// The neighbour search against the obvious way: sort everything. Each way of searching has to find the
// same neighbours at the same distances, to the last bit.

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import type { Matrix } from "../../src/domain/table.ts";
import { type Neighbors, neighborsAmong, neighborsOf } from "../../src/estimators/neighbors.ts";
import { kernelNeighbors } from "../../src/estimators/neighbors_kernel.ts";
import { plainNeighborsAmong, plainNeighborsOf } from "../../src/estimators/neighbors_plain.ts";
import { Mt19937 } from "../../src/random.ts";
import { rows } from "./samples.ts";

/** All distances of a query, sorted by (distance, index), cut at k. */
function sortedNeighbors(
  query: Matrix,
  points: Matrix,
  k: number,
  excludeSelf: boolean,
): Neighbors {
  const distances: number[] = [];
  const indices: number[] = [];
  for (let i = 0; i < query.rowCount; i++) {
    const candidates = Array.from({ length: points.rowCount }, (_, index) => {
      let squared = 0;
      for (let f = 0; f < points.columnCount; f++) {
        const a = query.values[i * points.columnCount + f]!;
        squared += (a - points.values[index * points.columnCount + f]!) ** 2;
      }
      return { squared, index };
    }).filter(({ index }) => !(excludeSelf && index === i));
    // Not by the difference alone: that of two infinities is no number, and so neither is their order.
    candidates.sort((a, b) => a.squared === b.squared ? a.index - b.index : a.squared - b.squared);
    for (const { squared, index } of candidates.slice(0, k)) {
      distances.push(Math.sqrt(squared));
      indices.push(index);
    }
  }
  return { k, distances: Float64Array.from(distances), indices: Int32Array.from(indices) };
}

/** Small integers: distances are exact, and ties and duplicates are frequent. */
function integerRows(rowCount: number, columnCount: number, seed: number): Matrix {
  const random = new Mt19937(seed);
  const values = Float64Array.from({ length: rowCount * columnCount }, () => random.randint(4));
  return { rowCount, columnCount, values };
}

/** Rows that may lie anywhere: some equal, some so far apart that squares overflow. */
const anyRows = fc.record({
  columnCount: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 15, max: 35 })),
  rowCount: fc.oneof(
    fc.integer({ min: 2, max: 40 }),
    // Around one block of the kernel and one leaf of its tree, and many leaves.
    fc.constantFrom(7, 8, 9, 31, 32, 33, 63, 64, 65, 97, 500),
  ),
  seed: fc.nat(1000),
  distinctCount: fc.constantFrom(1, 3, 1000),
  scale: fc.constantFrom(1, 1e-200, 1e200),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
}).map(({ columnCount, rowCount, seed, distinctCount, scale, share }) => {
  const random = new Mt19937(seed);
  const distinct = Array.from(
    { length: distinctCount },
    () => Array.from({ length: columnCount }, () => (random.random() - 0.5) * scale),
  );
  const draw = (count: number) =>
    rows(...Array.from({ length: count }, () => distinct[random.randint(distinctCount)]!));
  const k = 1 + Math.floor(share * Math.min(rowCount - 2, 40));
  return { points: draw(rowCount), queries: draw(1 + random.randint(70)), k };
});

Deno.test("every way of searching finds the same neighbours, bit for bit", () => {
  fc.assert(
    fc.property(anyRows, ({ points, queries, k }) => {
      const among = sortedNeighbors(points, points, k, true);
      assertEquals(plainNeighborsAmong(points, k), among);
      assertEquals(kernelNeighbors(null, points, k, "tree"), among);
      assertEquals(kernelNeighbors(null, points, k, "scan"), among);
      const of = sortedNeighbors(queries, points, k, false);
      assertEquals(plainNeighborsOf(queries, points, k), of);
      assertEquals(kernelNeighbors(queries, points, k, "tree"), of);
      assertEquals(kernelNeighbors(queries, points, k, "scan"), of);
    }),
    { seed: 42, numRuns: 150 },
  );
});

/** Multiples of 0.1, which is no binary fraction: distances that should be equal differ by rounding. */
function latticeRows(columnCount: number, levelCount: number, seed: number): Matrix {
  const random = new Mt19937(seed);
  const rowCount = 1500;
  const values = Float64Array.from(
    { length: rowCount * columnCount },
    () => random.randint(levelCount) * 0.1,
  );
  return { rowCount, columnCount, values };
}

Deno.test("the tree leaves nothing out where distances to its boxes are rounded up, or overflow", () => {
  const far = Float64Array.from({ length: 500 }, (_, i) => ((i * 7) % 500) * 1e200);
  const cases = [
    // Found by trying: with these a box seems farther away than a point at its corner is.
    latticeRows(4, 7, 36),
    latticeRows(4, 7, 47),
    latticeRows(3, 15, 36),
    { rowCount: 500, columnCount: 1, values: far },
  ];
  for (const points of cases) {
    const scanned = kernelNeighbors(null, points, 30, "scan");
    assertEquals(kernelNeighbors(null, points, 30, "tree"), scanned);
  }
});

/** Rows in two heaps that lie far apart: of rows that are long, the differences are small. */
function heaps(columnCount: number, distance: number, seed: number): Matrix {
  const random = new Mt19937(seed);
  const rowCount = 600;
  const values = Float64Array.from(
    { length: rowCount * columnCount },
    (_, at) => random.random() + (at % (2 * columnCount) < columnCount ? distance : 0),
  );
  return { rowCount, columnCount, values };
}

/** As `heaps`, but rows differ in their first column alone: products all round to the same side. */
function alikeHeaps(columnCount: number, distance: number, seed: number): Matrix {
  const points = heaps(columnCount, 0, seed);
  const isFirst = (at: number) => at % columnCount === 0;
  const values = points.values.map((value, at) =>
    (isFirst(at) ? value : 0) + (at % (2 * columnCount) < columnCount ? distance : 0)
  );
  return { ...points, values };
}

/** Pairs of opposite rows around 0, of about this size, and a pair of size 1. */
function specks(columnCount: number, size: number): Matrix {
  const random = new Mt19937(5);
  const pairs = Array.from({ length: 200 }, () => {
    const row = Array.from({ length: columnCount }, () => (random.random() - 0.5) * size);
    return [row, row.map((value) => -value)];
  });
  const ones = new Array<number>(columnCount).fill(1);
  return rows(...pairs.flat(), ones, ones.map((value) => -value));
}

Deno.test("the scan rules nothing out that is near, however little of it float32 can tell", () => {
  const random = new Mt19937(1);
  const cases: Matrix[] = [];
  for (const columnCount of [1, 2, 7, 16, 33, 100]) {
    for (const distance of [0, 10, 100, 1e3, 1e5, 1e9]) {
      cases.push(heaps(columnCount, distance, columnCount));
    }
    for (let seed = 0; seed < 5; seed++) {
      cases.push(alikeHeaps(columnCount, 10 ** (2 + 7 * random.random()), seed));
    }
  }
  for (let exponent = -60; exponent >= -80; exponent -= 2) cases.push(specks(20, 2 ** exponent));
  for (const points of cases) {
    assertEquals(kernelNeighbors(null, points, 10, "scan"), plainNeighborsAmong(points, 10));
  }
});

Deno.test("the scan finds the nearest of few points that any power of two has scaled", () => {
  const points = heaps(20, 3, 1);
  for (const exponent of [-1060, -600, -541, -538, -535, -470, -30, 30, 480, 505, 1015]) {
    const values = points.values.map((value) => value * 2 ** exponent);
    const scaled = { ...points, values };
    assertEquals(kernelNeighbors(null, scaled, 20, "scan"), plainNeighborsAmong(scaled, 20));
  }
});

Deno.test("neighborsAmong() finds what sorting finds, ties by index, across block borders", () => {
  // 300 rows make three blocks; 1 to 20 columns reach both loops of the distance.
  for (const columnCount of [1, 2, 7, 8, 9, 20]) {
    const points = integerRows(300, columnCount, columnCount);
    assertEquals(neighborsAmong(points, 5), sortedNeighbors(points, points, 5, true));
  }
});

Deno.test("neighborsOf() finds what sorting finds, and counts a point equal to the query", () => {
  const points = integerRows(300, 3, 1);
  const queries = integerRows(140, 3, 2);
  assertEquals(neighborsOf(queries, points, 7), sortedNeighbors(queries, points, 7, false));
  assertEquals(neighborsOf(points, points, 1).distances, new Float64Array(300));
});

Deno.test("a neighbour search agrees with sorting for any k and shape", () => {
  const shape = fc.record({
    rowCount: fc.integer({ min: 2, max: 40 }),
    columnCount: fc.integer({ min: 1, max: 12 }),
    seed: fc.nat(1000),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(shape, ({ rowCount, columnCount, seed, share }) => {
      const k = 1 + Math.floor(share * (rowCount - 2));
      const points = integerRows(rowCount, columnCount, seed);
      assertEquals(neighborsAmong(points, k), sortedNeighbors(points, points, k, true));
    }),
    { seed: 42 },
  );
});

Deno.test("neighborsOf() answers for no query", () => {
  const none = { rowCount: 0, columnCount: 1, values: new Float64Array(0) };
  const found = neighborsOf(none, rows([1], [2]), 2);
  assertEquals(found.distances.length, 0);
});

Deno.test("more neighbours than there is memory for are refused before any is searched", () => {
  const points = { rowCount: 100_000, columnCount: 1, values: new Float64Array(100_000) };
  assertThrows(
    () => neighborsAmong(points, 5000),
    AppError,
    "5000 for each of 100000 rows are 500000000, expected at most 268435456. Lower n_neighbors",
  );
});
