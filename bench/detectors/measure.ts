// One case of cases.ts in this process, as JSON on stdout. Started afresh for every measurement by
// ../detectors_bench.ts, so that a first call is a first call.
//
// Usage: deno run --allow-all bench/detectors/measure.ts <case as JSON> <file of rows> <file of the forest>

import type { Matrix } from "../../src/domain/table.ts";
import { forestFromTensors } from "../../src/estimators/forest_tensors.ts";
import { fitIsolationForest, IsolationForest } from "../../src/estimators/isolation_forest.ts";
import { fitLocalOutlierFactor } from "../../src/estimators/local_outlier_factor.ts";
import { TensorReader } from "../../src/estimators/tensor_reader.ts";
import { silhouetteScore } from "../../src/evaluation/silhouette.ts";
import { decodeSafetensors } from "../../src/store/safetensors.ts";
import { peakSoFar } from "../peak_memory.ts";
import { type Case, outlierCount } from "./cases.ts";
import { FOREST, LOF } from "./configs.ts";
import { time } from "./timing.ts";

function workOf(one: Case, X: Matrix, forestFile: string): () => unknown {
  switch (one.work) {
    case "forest_fit":
      return () => fitIsolationForest(X, FOREST);
    case "forest_score": {
      const reader = new TensorReader(decodeSafetensors(Deno.readFileSync(forestFile)));
      const forest = forestFromTensors(reader, FOREST.n_estimators, X.columnCount);
      const estimator = new IsolationForest(forest, 0);
      return () => estimator.scoreSamples(X);
    }
    case "lof_fit":
      return () => fitLocalOutlierFactor(X, LOF);
    case "silhouette": {
      const labels = new Int8Array(X.rowCount).fill(1).fill(-1, 0, outlierCount(X.rowCount));
      return () => silhouetteScore(X, labels);
    }
  }
}

const [caseText = "", rowsFile = "", forestFile = ""] = Deno.args;
const one: Case = JSON.parse(caseText);
const values = new Float64Array(Deno.readFileSync(rowsFile).buffer);
const work = workOf(
  one,
  { rowCount: one.rowCount, columnCount: one.columnCount, values },
  forestFile,
);
const timing = time(work, () => peakSoFar(Deno.pid));
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(timing)));
