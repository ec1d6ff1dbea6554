// The neighbour search against the obvious way: sort everything.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Matrix } from "../../src/domain/table.ts";
import { type Neighbors, neighborsAmong, neighborsOf } from "../../src/estimators/neighbors.ts";
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
    candidates.sort((a, b) => a.squared - b.squared || a.index - b.index);
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
