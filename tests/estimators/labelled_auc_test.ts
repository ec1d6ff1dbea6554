// How well forests find what people have labelled, on five public tables, where a folder of them lies
// beside the repository: with the same seeds the mean ROC-AUC is scikit-learn's.

import { assertEquals } from "@std/assert";
import { modelConfigSchema } from "../../src/domain/config.ts";
import type { Matrix } from "../../src/domain/table.ts";
import { fitIsolationForest } from "../../src/estimators/isolation_forest.ts";
import {
  assertClose,
  digest,
  type FixtureArray,
  float64,
  hexFloat,
  readAgreed,
} from "../oracle/fixtures.ts";

const LABELLED = new URL("../../../shared/data/labelled/", import.meta.url);
const TOLERANCE = 1e-12;

interface AucCase {
  table: string;
  rows: number;
  columns: number;
  sha256: string;
  mean_auc: string;
  /** One of each seed from 0. */
  aucs: FixtureArray;
}

interface LabelledTable {
  X: Matrix;
  /** 1 for an anomaly, else 0. */
  labels: Float64Array;
}

function isThere(url: URL): boolean {
  try {
    return Deno.statSync(url).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Comma-separated numbers under a heading; the last column is the label. */
async function readTable(url: URL): Promise<LabelledTable> {
  const lines = (await Deno.readTextFile(url)).trim().split("\n").slice(1);
  const rows = lines.map((line) => line.split(",").map(Number));
  const values = Float64Array.from(rows.flatMap((row) => row.slice(0, -1)));
  const columnCount = rows[0]!.length - 1;
  return {
    X: { rowCount: rows.length, columnCount, values },
    labels: Float64Array.from(rows, (row) => row[columnCount]!),
  };
}

/**
 * The share of pairs of an anomaly and a normal row in which the anomaly has the lower score; equal
 * scores count half. Counted in integers, so exact but for the last division.
 */
function rocAuc(scores: Float64Array, labels: Float64Array): number {
  const order = Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  let anomaliesBelow = 0;
  let normalCount = 0;
  let halfPairs = 0;
  for (let start = 0, end = 0; start < order.length; start = end) {
    let anomalies = 0;
    for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++) {
      anomalies += labels[order[end]!]!;
    }
    const normals = end - start - anomalies;
    halfPairs += normals * (2 * anomaliesBelow + anomalies);
    anomaliesBelow += anomalies;
    normalCount += normals;
  }
  return halfPairs / (2 * anomaliesBelow * normalCount);
}

Deno.test("rocAuc() is the share of pairs in the right order, ties half", () => {
  assertEquals(rocAuc(Float64Array.of(1, 2, 3, 4), Float64Array.of(1, 1, 0, 0)), 1);
  assertEquals(rocAuc(Float64Array.of(4, 3, 2, 1), Float64Array.of(1, 1, 0, 0)), 0);
  assertEquals(rocAuc(Float64Array.of(1, 2, 2, 3), Float64Array.of(0, 1, 0, 1)), 0.125);
  assertEquals(rocAuc(Float64Array.of(5, 5, 5), Float64Array.of(1, 0, 0)), 0.5);
});

for (const expected of readAgreed<AucCase>("auc")) {
  const url = new URL(expected.table, LABELLED);
  if (!isThere(url)) continue;
  Deno.test(`forests find the anomalies of ${expected.table} as well as scikit-learn's`, async () => {
    const { X, labels } = await readTable(url);
    assertEquals(await digest(X.values, labels), expected.sha256, "another table than it was");
    const aucs = Array.from(float64(expected.aucs).keys(), (seed) => {
      const config = modelConfigSchema.parse({
        algorithm: "isolation_forest",
        contamination: "auto",
        random_state: seed,
      });
      if (config.algorithm !== "isolation_forest") throw new Error("not a forest");
      return rocAuc(fitIsolationForest(X, config).trainingScores, labels);
    });
    assertClose(aucs, float64(expected.aucs), TOLERANCE, "AUC by seed");
    const mean = aucs.reduce((sum, auc) => sum + auc, 0) / aucs.length;
    assertClose([mean], [hexFloat(expected.mean_auc)], TOLERANCE, "mean AUC");
  });
}
