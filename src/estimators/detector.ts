// A detector: imputation → clipping → scaling → algorithm, fitted on training rows as one model. It is
// what the train flow registers and what evaluate and score apply to rows that it has not seen.

import type { ModelConfig } from "../domain/config.ts";
import { AppError } from "../domain/errors.ts";
import type { Matrix } from "../domain/table.ts";
import { clip, type Clipper, fitClipper } from "./clipper.ts";
import { asMatrix, type FittedEstimator, type OutlierEstimator } from "./estimator.ts";
import type { Explanation } from "./explanation.ts";
import { fitImputer, impute, type Imputer, isEmptyColumn, requireNoInfinity } from "./imputer.ts";
import { fitIsolationForest } from "./isolation_forest.ts";
import { fitLocalOutlierFactor } from "./local_outlier_factor.ts";
import { fitScaler, scale, type Scaler } from "./scaler.ts";

/** scikit-learn's labels. */
export const ANOMALY = -1;
export const NORMAL = 1;

/** The fitted steps before the algorithm; every array has one element a feature. */
export interface Preprocessing {
  imputer: Imputer;
  clipper: Clipper;
  scaler: Scaler;
}

/** Everything that is stored of a detector. */
export interface DetectorParts {
  config: ModelConfig;
  featureNames: readonly string[];
  droppedFeatures: readonly string[];
  trainingRowCount: number;
  trainingRate: number;
  preprocessing: Preprocessing;
  estimator: OutlierEstimator;
}

/** A fitted detector. Rows given to it have exactly the columns `featureNames`, in order. */
export class Detector {
  readonly config: ModelConfig;
  /** The input schema: names of the columns, in order. */
  readonly featureNames: readonly string[];
  /** Columns that were null throughout training and are not part of the schema. */
  readonly droppedFeatures: readonly string[];
  readonly trainingRowCount: number;
  /** Share of training rows labelled an anomaly, in [0, 1]. */
  readonly trainingRate: number;
  readonly preprocessing: Preprocessing;
  readonly estimator: OutlierEstimator;
  /** Scores of the training rows, shape (n,); null for a detector that was loaded. */
  readonly trainingScores: Float64Array | null;
  /** Sentences about hyperparameters that fitting adapted; empty for a detector that was loaded. */
  readonly warnings: readonly string[];

  /** @param fitted what is known only right after fitting, and not stored */
  constructor(
    parts: DetectorParts,
    fitted?: Pick<FittedEstimator, "trainingScores" | "warnings">,
  ) {
    this.config = parts.config;
    this.featureNames = parts.featureNames;
    this.droppedFeatures = parts.droppedFeatures;
    this.trainingRowCount = parts.trainingRowCount;
    this.trainingRate = parts.trainingRate;
    this.preprocessing = parts.preprocessing;
    this.estimator = parts.estimator;
    this.trainingScores = fitted?.trainingScores ?? null;
    this.warnings = fitted?.warnings ?? [];
  }

  /** `offset_`: the score below which a row is an anomaly. */
  get offset(): number {
    return this.estimator.offset;
  }

  /**
   * The rows as the algorithm sees them: imputed, clipped, scaled; shape (n, featureNames.length).
   * Throws AppError `invalid` for another number of columns or an infinite value.
   */
  transform(X: Matrix): Matrix {
    if (X.columnCount !== this.featureNames.length) {
      throw new AppError(
        "invalid",
        `Cannot apply the detector: the rows have ${X.columnCount} columns, expected its ` +
          `${this.featureNames.length} features: ${this.featureNames.join(", ")}`,
      );
    }
    requireNoInfinity(X, this.featureNames);
    return preprocess(this.preprocessing, X);
  }

  /**
   * `score_samples`: shape (n,), lower is more abnormal. X: shape (n, d), n ≥ 0, NaN is missing. A
   * snapshot may have no row to score; only an algorithm by itself refuses that, as scikit-learn's do.
   */
  scoreSamples(X: Matrix): Float64Array {
    const rows = this.transform(X);
    return X.rowCount === 0 ? new Float64Array() : this.estimator.scoreSamples(rows);
  }

  /** `decision_function`: score − offset, shape (n,); below zero is an anomaly. */
  decisionFunction(X: Matrix): Float64Array {
    return this.scoreSamples(X).map((score) => score - this.offset);
  }

  /**
   * How much each feature moves each row's score away from the expected one, which is that of a row
   * with every feature at its training median. A missing value is that median, and moves nothing.
   * X: as for `scoreSamples`.
   */
  explain(X: Matrix): Explanation {
    const typical = this.transform(asMatrix(this.preprocessing.imputer.median));
    const rows = this.transform(X);
    const contributions = X.rowCount === 0
      ? rows
      : this.estimator.contributions(rows, typical.values);
    const [expectedScore] = this.estimator.scoreSamples(typical);
    return { expectedScore: expectedScore!, contributions };
  }

  /** `predict`: −1 for an anomaly, else 1, shape (n,). */
  predict(X: Matrix): Int8Array {
    return labelsOf(this.scoreSamples(X), this.offset);
  }
}

/** The label of every score: −1 where its decision function is below zero, else 1. */
export function labelsOf(scores: Float64Array, offset: number): Int8Array {
  return Int8Array.from(scores, (score) => score - offset < 0 ? ANOMALY : NORMAL);
}

function preprocess({ imputer, clipper, scaler }: Preprocessing, X: Matrix): Matrix {
  return scale(scaler, clip(clipper, impute(imputer, X)));
}

function fitPreprocessing(X: Matrix): Preprocessing {
  const imputer = fitImputer(X);
  const imputed = impute(imputer, X);
  const clipper = fitClipper(imputed);
  const scaler = fitScaler(clip(clipper, imputed));
  return { imputer, clipper, scaler };
}

function fitEstimator(X: Matrix, config: ModelConfig): FittedEstimator {
  switch (config.algorithm) {
    case "isolation_forest":
      return fitIsolationForest(X, config);
    case "local_outlier_factor":
      return fitLocalOutlierFactor(X, config);
  }
}

/**
 * Fits a detector. A column without any value is dropped and listed in `droppedFeatures`.
 *
 * @param X training rows, shape (n, d), n ≥ 1 (2 for local_outlier_factor); NaN is missing
 * @param featureNames d distinct names
 * @throws AppError `too_little_data` without enough rows; `invalid` for an infinite value, names that
 *   do not fit, a matrix without any value, or hyperparameters that do not fit the rows
 */
export function fitDetector(
  X: Matrix,
  featureNames: readonly string[],
  config: ModelConfig,
): Detector {
  requireFittable(X, featureNames);
  const kept: number[] = [];
  for (let j = 0; j < X.columnCount; j++) if (!isEmptyColumn(X, j)) kept.push(j);
  if (kept.length === 0) {
    throw new AppError(
      "invalid",
      `Cannot fit a detector: every column is null in all ${X.rowCount} rows, expected at least one ` +
        `feature with values. Inspect the dataset: anomaly data inspect`,
    );
  }
  const rows = takeColumns(X, kept);
  const preprocessing = fitPreprocessing(rows);
  const fitted = fitEstimator(preprocess(preprocessing, rows), config);
  const { estimator, trainingScores } = fitted;
  const labels = labelsOf(trainingScores, estimator.offset);
  return new Detector({
    config,
    featureNames: kept.map((j) => featureNames[j]!),
    droppedFeatures: featureNames.filter((_, j) => !kept.includes(j)),
    trainingRowCount: X.rowCount,
    trainingRate: labels.filter((label) => label === ANOMALY).length / X.rowCount,
    preprocessing,
    estimator,
  }, fitted);
}

function requireFittable(X: Matrix, featureNames: readonly string[]): void {
  if (featureNames.length !== X.columnCount || new Set(featureNames).size !== X.columnCount) {
    throw new AppError(
      "invalid",
      `Cannot fit a detector: the rows have ${X.columnCount} columns, expected as many distinct ` +
        `feature names, found: ${featureNames.join(", ")}`,
    );
  }
  if (X.rowCount === 0) {
    throw new AppError(
      "too_little_data",
      "Cannot fit a detector: found 0 training rows, expected at least 1. " +
        "Build a dataset over more hours.",
    );
  }
  requireNoInfinity(X, featureNames);
}

function takeColumns(X: Matrix, columns: readonly number[]): Matrix {
  if (columns.length === X.columnCount) return X;
  const values = new Float64Array(X.rowCount * columns.length);
  for (let i = 0, at = 0; i < X.rowCount; i++) {
    for (const column of columns) values[at++] = X.values[i * X.columnCount + column]!;
  }
  return { rowCount: X.rowCount, columnCount: columns.length, values };
}
