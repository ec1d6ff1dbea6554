// Local Outlier Factor against scikit-learn 1.2.1 with novelty=True.

import { assertEquals } from "@std/assert";
import { modelConfigSchema } from "../../src/domain/config.ts";
import { labelsOf } from "../../src/estimators/detector.ts";
import { fitLocalOutlierFactor } from "../../src/estimators/local_outlier_factor.ts";
import {
  assertClose,
  type FixtureArray,
  float64,
  hexFloat,
  int8,
  matrix,
  readFixture,
} from "../oracle/fixtures.ts";

interface LofCase {
  name: string;
  params: Record<string, unknown>;
  tolerance: number;
  X: FixtureArray;
  fresh: FixtureArray;
  n_neighbors_: number;
  offset: string;
  training_scores: FixtureArray;
  fresh_scores: FixtureArray;
  fresh_labels: FixtureArray;
}

for (const expected of readFixture<LofCase>("local_outlier_factor")) {
  Deno.test(`fitLocalOutlierFactor() scores as scikit-learn: ${expected.name}`, () => {
    const config = modelConfigSchema.parse({
      algorithm: "local_outlier_factor",
      ...expected.params,
    });
    if (config.algorithm !== "local_outlier_factor") throw new Error("not a local outlier factor");
    const { estimator, trainingScores } = fitLocalOutlierFactor(matrix(expected.X), config);
    const { tolerance } = expected;

    const metadata = estimator.toTensors().metadata;
    assertEquals(metadata["n_neighbors_"], String(expected.n_neighbors_));
    assertClose([estimator.offset], [hexFloat(expected.offset)], tolerance, "offset");
    assertClose(trainingScores, float64(expected.training_scores), tolerance, "training scores");
    const fresh = estimator.scoreSamples(matrix(expected.fresh));
    assertClose(fresh, float64(expected.fresh_scores), tolerance, "fresh scores");
    assertEquals(labelsOf(fresh, estimator.offset), int8(expected.fresh_labels));
  });
}
