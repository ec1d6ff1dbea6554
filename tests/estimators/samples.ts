// Small data sets and configs that the estimator tests share.

import { type ModelConfig, modelConfigSchema } from "../../src/domain/config.ts";
import type { Matrix } from "../../src/domain/table.ts";
import { Mt19937 } from "../../src/random.ts";

/** A matrix of its rows. */
export function rows(...values: number[][]): Matrix {
  return {
    rowCount: values.length,
    columnCount: values[0]?.length ?? 0,
    values: Float64Array.from(values.flat()),
  };
}

/** Standard normal values; every twentieth row is moved far out, some values are missing. */
export function sampleRows(rowCount: number, columnCount: number, seed = 1): Matrix {
  const random = new Mt19937(seed);
  const values = Float64Array.from({ length: rowCount * columnCount }, (_, at) => {
    const isOutlier = Math.floor(at / columnCount) % 20 === 0;
    const value = random.normal() + (isOutlier ? 12 * random.random() - 6 : 0);
    return random.random() < 0.03 ? NaN : value;
  });
  return { rowCount, columnCount, values };
}

export function names(count: number): string[] {
  return Array.from({ length: count }, (_, j) => `feature_${j}`);
}

/** A model config with its defaults; few trees, for speed. */
export function modelConfig(
  algorithm: ModelConfig["algorithm"],
  hyperparameters: Record<string, unknown> = {},
): ModelConfig {
  const fast = algorithm === "isolation_forest" ? { n_estimators: 10 } : {};
  return modelConfigSchema.parse({ algorithm, ...fast, ...hyperparameters });
}

/** The rows at `indices`, in that order. */
export function takeRows(X: Matrix, indices: readonly number[]): Matrix {
  return rows(
    ...indices.map((i) => [...X.values.subarray(i * X.columnCount, (i + 1) * X.columnCount)]),
  );
}
