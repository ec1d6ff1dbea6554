// Metrics and configs that the evaluation tests start from.

import { type EvaluationConfig, evaluationConfigSchema } from "../../src/domain/config.ts";
import type { ModelMetrics } from "../../src/domain/evaluation.ts";

/** Metrics that pass every gate of the default config. */
export function soundMetrics(changes: Partial<ModelMetrics> = {}): ModelMetrics {
  return {
    rowCount: 100,
    anomalyCount: 10,
    anomalyRate: 0.1,
    trainingRate: 0.1,
    rateDiff: 0,
    silhouette: 0.3,
    scoreGap: 2,
    scoreMean: -0.45,
    scoreStd: 0.05,
    ...changes,
  };
}

export function evaluationConfig(changes: Partial<EvaluationConfig> = {}): EvaluationConfig {
  return evaluationConfigSchema.parse(changes);
}
