// The isolation forest against two versions of scikit-learn at once, on data of every kind: 260 forests,
// of which every array of every tree has to be the same.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { modelConfigSchema } from "../../src/domain/config.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { Matrix } from "../../src/domain/table.ts";
import { fitIsolationForest, IsolationForest } from "../../src/estimators/isolation_forest.ts";
import type { Tree } from "../../src/estimators/tree.ts";
import { bell, FOREST_DATA } from "../oracle/data_sets.ts";
import {
  assertClose,
  digest,
  type FixtureArray,
  float64,
  hexFloat,
  readAgreed,
  someOf,
} from "../oracle/fixtures.ts";

interface RefusedForest {
  params: Record<string, unknown>;
  refused: true;
}

interface AgreedForest {
  params: Record<string, unknown>;
  refused?: never;
  max_samples_: number;
  /** A digest a tree. */
  trees: string[];
  /** What each of the versions has. */
  offset: string[];
  mean_score: string;
  scores: FixtureArray;
  fresh_scores: FixtureArray;
}

interface AgreedForests {
  data: string;
  sha256: string;
  forests: (AgreedForest | RefusedForest)[];
}

const SCORE_TOLERANCE = 1e-12;
const OFFSET_TOLERANCE = 1e-15;

function fit(X: Matrix, params: Record<string, unknown>) {
  const config = modelConfigSchema.parse({ algorithm: "isolation_forest", ...params });
  if (config.algorithm !== "isolation_forest") throw new Error("not a forest");
  const fitted = fitIsolationForest(X, config);
  if (!(fitted.estimator instanceof IsolationForest)) throw new Error("not a forest");
  return { ...fitted, estimator: fitted.estimator };
}

function treeDigest(tree: Tree): Promise<string> {
  return digest(
    Int32Array.of(tree.feature.length),
    tree.feature,
    tree.threshold,
    tree.leftChild,
    tree.rightChild,
    tree.nodeSamples,
  );
}

async function assertAgrees(X: Matrix, fresh: Matrix, expected: AgreedForest): Promise<void> {
  const what = JSON.stringify(expected.params);
  const { estimator, trainingScores } = fit(X, expected.params);
  const { trees, maxSamples } = estimator.forest;
  assertEquals(maxSamples, expected.max_samples_, what);
  assertEquals(await Promise.all(trees.map(treeDigest)), expected.trees, what);
  for (const offset of expected.offset) {
    assertClose([estimator.offset], [hexFloat(offset)], OFFSET_TOLERANCE, `${what} offset`);
  }
  const mean = trainingScores.reduce((sum, score) => sum + score, 0) / trainingScores.length;
  assertClose([mean], [hexFloat(expected.mean_score)], SCORE_TOLERANCE, `${what} mean`);
  const scores = float64(expected.scores);
  assertClose(someOf(trainingScores), scores, SCORE_TOLERANCE, `${what} scores`);
  const freshScores = someOf(estimator.scoreSamples(fresh));
  assertClose(freshScores, float64(expected.fresh_scores), SCORE_TOLERANCE, `${what} fresh scores`);
}

const cases = readAgreed<AgreedForests>("forests");

for (const { data, sha256, forests } of cases) {
  Deno.test(`fitIsolationForest() grows the trees of two versions of scikit-learn: ${data}`, async () => {
    const X = FOREST_DATA[data]!();
    assertEquals(await digest(X.values), sha256, "other data than the fixture's");
    const fresh = bell(998, 40, X.columnCount);
    for (const forest of forests) {
      if (forest.refused) assertThrows(() => fit(X, forest.params), AppError);
      else await assertAgrees(X, fresh, forest);
    }
  });
}

Deno.test("at least 200 forests over at least 10 data sets are compared", () => {
  const forests = cases.flatMap(({ forests }) => forests).filter(({ refused }) => !refused);
  assertEquals(new Set(cases.map(({ data }) => data)), new Set(Object.keys(FOREST_DATA)));
  assert(forests.length >= 200 && cases.length >= 10, `${forests.length}, ${cases.length}`);
});
