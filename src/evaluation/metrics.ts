// What is measured of a model on rows that it has not seen. The evaluate flow measures candidate and
// champion on the same rows; gates.ts holds the numbers to their thresholds.

import { AppError } from "../domain/errors.ts";
import type { ModelMetrics } from "../domain/evaluation.ts";
import type { Matrix } from "../domain/table.ts";
import { silhouetteScore } from "./silhouette.ts";

/** A model's answers on n rows, and the space that they are judged in. */
export interface ModelAnswers {
  /** `score_samples`, shape (n,); lower is more abnormal. */
  scores: Float64Array;
  /** −1 for an anomaly, else 1, shape (n,). */
  labels: Int8Array;
  /** The rows in the *candidate's* scaled space, shape (n, d), also where a champion is measured. */
  space: Matrix;
  /** Share of its own training rows that the model flags, in [0, 1]. */
  trainingRate: number;
}

/** Mean and standard deviation (ddof 0). */
function meanAndStd(values: Float64Array): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / values.length) };
}

/**
 * Mean score of the normal rows minus that of the anomalies, in standard deviations (ddof 0) of all
 * scores; about 2 to 4 for a clear separation.
 *
 * @param scores shape (n,)
 * @param labels shape (n,); negative is an anomaly
 * @returns null where no row, or every row, is an anomaly, or all scores are equal
 */
export function scoreGap(scores: Float64Array, labels: Int8Array): number | null {
  const anomalous = scores.filter((_, i) => labels[i]! < 0);
  const normal = scores.filter((_, i) => labels[i]! >= 0);
  if (anomalous.length === 0 || normal.length === 0) return null;
  // By value: the deviation of equal scores may come out as rounding error instead of 0.
  if (scores.every((score) => score === scores[0])) return null;
  return (meanAndStd(normal).mean - meanAndStd(anomalous).mean) / meanAndStd(scores).std;
}

/**
 * All metrics of a model.
 *
 * @throws AppError `too_little_data` without any row, `invalid` where lengths differ
 */
export function measureModel(answers: ModelAnswers): ModelMetrics {
  const { scores, labels, space, trainingRate } = answers;
  const rowCount = scores.length;
  if (rowCount === 0) {
    throw new AppError(
      "too_little_data",
      "Cannot measure the model: found 0 rows, expected at least 1. Evaluate on a dataset with rows.",
    );
  }
  if (labels.length !== rowCount || space.rowCount !== rowCount) {
    throw new AppError(
      "invalid",
      `Cannot measure the model: found ${rowCount} scores, ${labels.length} labels and ` +
        `${space.rowCount} rows, expected as many of each`,
    );
  }
  const anomalyCount = labels.filter((label) => label < 0).length;
  const anomalyRate = anomalyCount / rowCount;
  const { mean, std } = meanAndStd(scores);
  return {
    rowCount,
    anomalyCount,
    anomalyRate,
    trainingRate,
    rateDiff: Math.abs(anomalyRate - trainingRate),
    silhouette: silhouetteScore(space, labels),
    scoreGap: scoreGap(scores, labels),
    scoreMean: mean,
    scoreStd: std,
  };
}
