// Gates as numbers, and the record of a judgement.

import type { VersionRef } from "./asset.ts";

/** The names of all gates, in the order in which they are reported. */
export const GATE_NAMES = [
  "max_anomaly_rate",
  "min_anomaly_rate",
  "max_rate_diff",
  "min_silhouette",
  "min_score_gap",
  "champion_rate_diff",
  "champion_silhouette",
] as const;

export type GateName = typeof GATE_NAMES[number];

export type GateStatus = "passed" | "failed" | "not_applicable";

/** One gate: the value that was measured, the threshold it was held to, and the verdict. */
export type GateResult = {
  name: string;
  /** null when the metric could not be computed; such a gate fails. */
  value: number | null;
  comparison: "<=" | ">=";
  threshold: number;
  status: GateStatus;
  /** Hard gates decide; soft ones are recorded. */
  hard: boolean;
  /** Why it failed or is not applicable, when the numbers do not say it. */
  note: string | null;
};

/** What was measured of one model on one set of rows. Rates in [0, 1]; null: not computable. */
export type ModelMetrics = {
  rowCount: number;
  anomalyCount: number;
  anomalyRate: number;
  /** Share flagged on its own training rows. */
  trainingRate: number;
  rateDiff: number;
  silhouette: number | null;
  scoreGap: number | null;
  scoreMean: number;
  scoreStd: number;
};

/** A judgement of a model on rows that it did not see. Immutable; the latest one counts. */
export interface EvaluationRecord {
  /** Counts the evaluations of this version, from 1. */
  id: number;
  model: string;
  version: number;
  runId: number;
  recordedAt: string;
  marketAt: string | null;
  passed: boolean;
  /** True where a champion could not be compared: promotion then needs a person. */
  needsPerson: boolean;
  gates: GateResult[];
  candidate: ModelMetrics;
  champion: ModelMetrics | null;
  /** The model compared with; null when compared with none. */
  comparedTo: VersionRef | null;
  evalSource: string;
  /** Hashes of what was judged, on which rows, by which thresholds. */
  modelSha256: string;
  dataSha256: string;
  configSha256: string;
  resultVersion: number;
}
