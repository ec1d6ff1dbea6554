// The silhouette against two versions of scikit-learn, its two ways of adding distances against each
// other, and what it says of rows that have none.

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import type { Matrix } from "../../src/domain/table.ts";
import {
  type DistanceSums,
  type GroupedRows,
  kernelDistanceSums,
  plainDistanceSums,
} from "../../src/evaluation/distance_sums.ts";
import { silhouetteScore } from "../../src/evaluation/silhouette.ts";
import { Mt19937 } from "../../src/random.ts";
import { rows } from "../estimators/samples.ts";
import { NEIGHBOR_DATA, uniform } from "../oracle/data_sets.ts";
import { hexFloat, readAgreed } from "../oracle/fixtures.ts";

interface AgreedSilhouette {
  data: string;
  /** About how many of the rows are flagged. */
  share: number;
  /** null for two rows, of which scikit-learn knows none. */
  expected: string | null;
}

function flaggedShare(X: Matrix, share: number): Int8Array {
  const labels = Int8Array.from(uniform(300, X.rowCount, 1).values, (u) => u < share ? -1 : 1);
  labels[0] = -1;
  labels[labels.length - 1] = 1;
  return labels;
}

for (const { data, share, expected } of readAgreed<AgreedSilhouette>("silhouette")) {
  Deno.test(`silhouetteScore() equals that of two scikit-learns: ${data}, ${share} flagged`, () => {
    const X = NEIGHBOR_DATA[data]!();
    const score = silhouetteScore(X, flaggedShare(X, share));
    if (expected === null) assertEquals(score, null);
    else assertAlmostEquals(score ?? NaN, hexFloat(expected), 1e-12);
  });
}

const groupedRows = fc.record({
  rowCount: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 300, max: 700 })),
  columnCount: fc.integer({ min: 1, max: 40 }),
  firstShare: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.nat(1000),
}).map(({ rowCount, columnCount, firstShare, seed }): GroupedRows => {
  const random = new Mt19937(seed);
  const values = Float64Array.from({ length: rowCount * columnCount }, () => random.random());
  return { values, rowCount, columnCount, firstCount: Math.round(firstShare * rowCount) };
});

Deno.test("the kernel adds up the same distances as plain code, whatever the sizes of the groups", () => {
  const all = ({ toFirst, toSecond }: DistanceSums) => [...toFirst, ...toSecond];
  fc.assert(
    fc.property(groupedRows, (rows) => {
      const sums = all(kernelDistanceSums(rows)!);
      all(plainDistanceSums(rows)).forEach((expected, i) => {
        assertAlmostEquals(sums[i]!, expected, 1e-14 * rows.rowCount * expected);
      });
    }),
    { seed: 42, numRuns: 60 },
  );
});

Deno.test("silhouetteScore() refuses what has no distance, and says where it is", () => {
  const labels = Int8Array.of(-1, 1, 1);
  for (const value of [NaN, Infinity, -Infinity]) {
    const X = rows([0, 1], [2, value], [3, 4]);
    const found = `found ${value} in row 1, column 1`;
    assertThrows(() => silhouetteScore(X, labels), AppError, found);
  }
  const short = "found 2 labels for 3 rows, expected one a row";
  assertThrows(() => silhouetteScore(rows([0], [1], [2]), Int8Array.of(-1, 1)), AppError, short);
  assertThrows(() => silhouetteScore(rows([], [], []), labels), AppError, "without columns");
});

Deno.test("silhouetteScore() is 0, as scikit-learn's, where rows coincide or are infinitely far", () => {
  const labels = Int8Array.from({ length: 200 }, (_, i) => i % 3 === 0 ? -1 : 1);
  for (const count of [9, 200]) {
    const equal = rows(...Array.from({ length: count }, () => [7.25, 7.25]));
    assertEquals(silhouetteScore(equal, labels.slice(0, count)), 0);
    const far = rows(...Array.from({ length: count }, (_, i) => [i * 1e160]));
    assertEquals(silhouetteScore(far, labels.slice(0, count)), 0);
  }
});

Deno.test("silhouetteScore() is not defined where scikit-learn refuses: no rows, one, two, one group", () => {
  assertEquals(silhouetteScore(rows(), Int8Array.of()), null);
  assertEquals(silhouetteScore(rows([1]), Int8Array.of(1)), null);
  assertEquals(silhouetteScore(rows([1], [2]), Int8Array.of(-1, 1)), null);
  assertEquals(silhouetteScore(rows([1], [2], [3]), Int8Array.of(1, 1, 1)), null);
  const oneColumn = silhouetteScore(rows([0], [1], [10], [11]), Int8Array.of(-1, -1, 1, 1));
  assert(oneColumn !== null && oneColumn > 0.8);
});
