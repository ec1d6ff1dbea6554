// What the local outlier factor says at the edges: the value that scikit-learn gives, or an error where it
// gives one.

import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import type { Matrix } from "../../src/domain/table.ts";
import {
  fitLocalOutlierFactor,
  type LocalOutlierFactorConfig,
} from "../../src/estimators/local_outlier_factor.ts";
import { NEIGHBOR_DATA } from "../oracle/data_sets.ts";
import { rows } from "./samples.ts";

const ROOT = new URL("../../", import.meta.url);
const CONFIG: LocalOutlierFactorConfig = {
  algorithm: "local_outlier_factor",
  n_neighbors: 2,
  contamination: 0.1,
};
/** i^1.5 by rows of two. */
const X = rows(...Array.from({ length: 6 }, (_, i) => [(2 * i) ** 1.5, (2 * i + 1) ** 1.5]));

function fit(rows: Matrix, config: Partial<LocalOutlierFactorConfig> = {}) {
  return fitLocalOutlierFactor(rows, { ...CONFIG, ...config });
}

Deno.test("fitting and scoring refuse values that are not finite, and say where they are", () => {
  const { estimator } = fit(X);
  for (const value of [NaN, Infinity, -Infinity]) {
    const bad = rows([0, 1], [2, value], [3, 4]);
    const found = `${value} found in row 1, column 1`;
    assertThrows(() => fit(bad), AppError, `Cannot fit the local outlier factor: ${found}`);
    assertThrows(() => estimator.scoreSamples(bad), AppError, `Cannot score rows: ${found}`);
  }
});

Deno.test("fitting refuses no rows, one row, and rows without columns", () => {
  assertThrows(() => fit({ rowCount: 0, columnCount: 2, values: new Float64Array() }), AppError);
  assertThrows(() => fit(rows([1, 2])), AppError, "found 1 rows, expected at least 2");
  assertThrows(() => fit(rows([], [])), AppError);
});

Deno.test("scoring refuses another number of columns and no rows, and scores one row", () => {
  const { estimator } = fit(X);
  for (const other of [rows([1]), rows([1, 2, 3])]) {
    const found = `the rows have ${other.columnCount} columns, expected 2`;
    assertThrows(() => estimator.scoreSamples(other), AppError, found);
  }
  const none = { rowCount: 0, columnCount: 2, values: new Float64Array() };
  assertThrows(() => estimator.scoreSamples(none), AppError, "found 0 rows");
  const [score] = estimator.scoreSamples(rows([0, 1]));
  assertAlmostEquals(score!, -0.95571594, 5e-9);
});

Deno.test("rows of one column score as scikit-learn's", () => {
  const column = rows(...Array.from({ length: 6 }, (_, i) => [(2 * i) ** 1.5]));
  const expected = [-0.95075908, -1.11876772, -0.86320842, -0.91450906, -1.27145023, -1.34734176];
  const scores = fit(column).trainingScores;
  expected.forEach((score, i) => assertAlmostEquals(scores[i]!, score, 5e-9));
});

Deno.test("rows that are all equal are all inliers, and any other row is far outside", () => {
  const equal = rows(...Array.from({ length: 6 }, () => [7.25, 7.25]));
  const { estimator, trainingScores } = fit(equal);
  assertEquals(trainingScores, new Float64Array(6).fill(-1));
  assertEquals(estimator.offset, -1);
  const [same, other] = estimator.scoreSamples(rows([7.25, 7.25], [0, 1]));
  assertEquals(same, -1);
  assertAlmostEquals(other! / -9.57209486e10, 1, 1e-9);
});

Deno.test("distances that are no number are refused in training, and infinitely abnormal after it", () => {
  const far = rows(...Array.from({ length: 6 }, (_, i) => [i * 1e160, 0]));
  assertThrows(() => fit(far), AppError, "row 0 of 6 is too far from the others");
  assertEquals(fit(X).estimator.scoreSamples(rows([1e200, 0])), Float64Array.of(-Infinity));
});

Deno.test("few rows are searched in another way than many, and score the same to the bit", () => {
  for (const data of ["6 columns", "33 columns"]) {
    const many = NEIGHBOR_DATA[data]!();
    const { estimator } = fit(many, { n_neighbors: 20 });
    const double = Float64Array.from([...many.values, ...many.values]);
    const all = estimator.scoreSamples({ ...many, rowCount: 2 * many.rowCount, values: double });
    for (const count of [1, 100, 250]) {
      const values = many.values.slice(0, count * many.columnCount);
      const scores = estimator.scoreSamples({ ...many, rowCount: count, values });
      assertEquals(scores, all.slice(0, count));
    }
  }
});

/** The training scores of "6 columns" and their silhouette, as a program of its own would print them. */
const PRINT_SCORES = `
  const { fitLocalOutlierFactor } = await import("./src/estimators/local_outlier_factor.ts");
  const { silhouetteScore } = await import("./src/evaluation/silhouette.ts");
  const { withKernel } = await import("./src/kernel/kernel.ts");
  const { NEIGHBOR_DATA } = await import("./tests/oracle/data_sets.ts");
  const X = NEIGHBOR_DATA["6 columns"]();
  const { trainingScores } = fitLocalOutlierFactor(X, ${JSON.stringify(CONFIG)});
  const labels = Int8Array.from(trainingScores, (score) => score < -1.1 ? -1 : 1);
  console.log(JSON.stringify([[...trainingScores], silhouetteScore(X, labels), withKernel(() => 1)]));`;

async function printed(
  script: string,
): Promise<[scores: number[], silhouette: number, lent: 1 | null]> {
  const command = new Deno.Command(Deno.execPath(), { args: ["eval", script], cwd: ROOT });
  const { stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

Deno.test("without vector instructions the scores are the same to the bit, the silhouette all but", async () => {
  const [scores, silhouette, lent] = await printed(PRINT_SCORES);
  const plain = await printed(`WebAssembly.validate = () => false; ${PRINT_SCORES}`);
  assertEquals([lent, plain[2]], [1, null]);
  assertEquals(plain[0], scores);
  assertAlmostEquals(plain[1], silhouette, 1e-13);
});
