// Rows that someone hands in, scored by one stored version: the API's way to a model.

import { ASSET } from "../src/domain/asset.ts";
import { AppError } from "../src/domain/errors.ts";
import type { Matrix } from "../src/domain/table.ts";
import { ANOMALY, labelsOf } from "../src/estimators/detector.ts";
import { getVersion } from "../src/registry/assets.ts";
import type { RegistryContext } from "../src/registry/context.ts";
import { recentDetector } from "./detectors.ts";

/** A row by the names of its features; null is a missing value. */
export type NamedRow = Readonly<Record<string, number | null>>;

/**
 * Scores, each row by itself; what a row has beyond the version's features is not looked at.
 * Throws `not_found` for a version that is not there, `invalid` for rows without one of its features.
 */
export async function scoreRows(
  registry: RegistryContext,
  version: number,
  rows: readonly NamedRow[],
) {
  const { write } = registry.scopes;
  const record = await getVersion(registry, write, "model", ASSET.detector, version);
  if (record === null) {
    throw new AppError(
      "not_found",
      `Cannot score with ${ASSET.detector} v${version}: there is no such version on branch ` +
        `${write.branch}. See: anomaly models list`,
    );
  }
  const detector = await recentDetector(registry, record);
  const scores = detector.scoreSamples(matrixOf(rows, detector.featureNames, version));
  const labels = labelsOf(scores, detector.offset);
  return {
    version,
    threshold: detector.offset,
    feature_names: [...detector.featureNames],
    rows: Array.from(scores, (score, i) => ({
      score,
      decision: score - detector.offset,
      flagged: labels[i] === ANOMALY,
    })),
  };
}

function matrixOf(rows: readonly NamedRow[], names: readonly string[], version: number): Matrix {
  const values = new Float64Array(rows.length * names.length);
  rows.forEach((row, i) => {
    const missing = names.filter((name) => row[name] === undefined);
    if (missing.length > 0) throw lacking(i, missing, names, version);
    names.forEach((name, j) => values[i * names.length + j] = row[name] ?? NaN);
  });
  return { rowCount: rows.length, columnCount: names.length, values };
}

function lacking(
  row: number,
  missing: readonly string[],
  names: readonly string[],
  version: number,
): AppError {
  return new AppError(
    "invalid",
    `Cannot score row ${row + 1} with ${ASSET.detector} v${version}: it lacks ${
      missing.join(", ")
    }, expected each of ${names.join(", ")}, null for a missing value.`,
    { details: { row, missing, expected: names } },
  );
}
