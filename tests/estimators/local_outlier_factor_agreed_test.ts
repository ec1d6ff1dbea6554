// The local outlier factor against two versions of scikit-learn at once, each with the search that it
// chooses by itself: a KD-tree up to 15 columns, beyond that distances from an expanded square.

import { assert, assertEquals } from "@std/assert";
import { modelConfigSchema } from "../../src/domain/config.ts";
import type { Matrix } from "../../src/domain/table.ts";
import { fitLocalOutlierFactor } from "../../src/estimators/local_outlier_factor.ts";
import { bell, firstRows, NEIGHBOR_DATA, stacked } from "../oracle/data_sets.ts";
import {
  assertClose,
  digest,
  type FixtureArray,
  float64,
  hexFloat,
  readAgreed,
  someOf,
} from "../oracle/fixtures.ts";

interface AgreedModel {
  params: Record<string, unknown>;
  /** Whether scikit-learn's KD-tree and its brute force differ by more than 1e-6. */
  searches_disagree: boolean;
  k_distance: FixtureArray;
  n_neighbors_: number;
  offset: string;
  mean_score: string;
  training_scores: FixtureArray;
  fresh_scores: FixtureArray;
}

interface AgreedModels {
  data: string;
  sha256: string;
  models: AgreedModel[];
}

/** Rows that are equal: equally far from any other, but each with the same neighbours. */
const EQUAL_ROWS = ["pairs of equal rows", "more equal rows than neighbours", "all rows equal"];
/**
 * Integers: for the last place among the neighbours many rows are equally far, and which of them is taken
 * changes the score. scikit-learn's own two searches take others, so only the distances can be compared.
 */
const TIED = "integers";
const MAX_TREE_COLUMNS = 15;

/** For scores up to 1; of larger ones it is the share that may differ. */
function toleranceFor(data: string, X: Matrix): number {
  return EQUAL_ROWS.includes(data) || X.columnCount > MAX_TREE_COLUMNS ? 1e-6 : 1e-12;
}

function assertScoresClose(
  actual: Float64Array,
  expected: Float64Array,
  tolerance: number,
  what: string,
): void {
  const relative = (values: Float64Array) =>
    values.map((value, i) => value / Math.max(1, Math.abs(expected[i]!)));
  assertClose(relative(actual), relative(expected), tolerance, what);
}

function assertAgrees(data: string, X: Matrix, fresh: Matrix, expected: AgreedModel): void {
  const tolerance = toleranceFor(data, X);
  const what = JSON.stringify(expected.params);
  const config = modelConfigSchema.parse({
    algorithm: "local_outlier_factor",
    ...expected.params,
  });
  if (config.algorithm !== "local_outlier_factor") throw new Error("not a local outlier factor");
  const { estimator, trainingScores } = fitLocalOutlierFactor(X, config);
  const { tensors, metadata } = estimator.toTensors();
  assertEquals(metadata["n_neighbors_"], String(expected.n_neighbors_), what);
  const kDistance = Float64Array.from(tensors["lof.k_distance"]!.data);
  assertClose(someOf(kDistance), float64(expected.k_distance), tolerance, `${what} k-distance`);
  if (data === TIED && expected.searches_disagree) return;
  const offset = Float64Array.of(hexFloat(expected.offset));
  assertScoresClose(Float64Array.of(estimator.offset), offset, tolerance, `${what} offset`);
  const training = float64(expected.training_scores);
  assertScoresClose(someOf(trainingScores), training, tolerance, `${what} training scores`);
  const mean = trainingScores.reduce((sum, score) => sum + score, 0) / trainingScores.length;
  const expectedMean = Float64Array.of(hexFloat(expected.mean_score));
  assertScoresClose(Float64Array.of(mean), expectedMean, tolerance, `${what} mean`);
  const scores = someOf(estimator.scoreSamples(fresh));
  assertScoresClose(scores, float64(expected.fresh_scores), tolerance, `${what} fresh scores`);
}

const cases = readAgreed<AgreedModels>("neighbors");

for (const { data, sha256, models } of cases) {
  Deno.test(`fitLocalOutlierFactor() scores as two versions of scikit-learn: ${data}`, async () => {
    const X = NEIGHBOR_DATA[data]!();
    assertEquals(await digest(X.values), sha256, "other data than the fixture's");
    const fresh = stacked(bell(997, 25, X.columnCount), firstRows(X, 5));
    for (const model of models) assertAgrees(data, X, fresh, model);
  });
}

Deno.test("local outlier factors are compared on every data set", () => {
  assertEquals(cases.map(({ data }) => data), Object.keys(NEIGHBOR_DATA));
  const tied = cases.find(({ data }) => data === TIED)!.models;
  assert(tied.filter((model) => model.searches_disagree).length > 1, "the ties are not ambiguous");
});
