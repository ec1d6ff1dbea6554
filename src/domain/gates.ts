// Gates in a person's words, and as rows beside the champion's values. What a gate is, is in evaluation.ts;
// how it is judged, in evaluation/gates.ts.

import type {
  EvaluationRecord,
  GateName,
  GateResult,
  GateStatus,
  ModelMetrics,
} from "./evaluation.ts";

const LABELS: Record<GateName, string> = {
  max_anomaly_rate: "Anomaly rate, at most",
  min_anomaly_rate: "Anomaly rate, at least",
  max_rate_diff: "Distance from training rate",
  min_silhouette: "Silhouette",
  min_score_gap: "Score gap, in sd",
  champion_rate_diff: "Rate distance",
  champion_silhouette: "Silhouette",
};

type Measure = "anomalyRate" | "rateDiff" | "silhouette" | "scoreGap";

const MEASURES: Record<GateName, Measure> = {
  max_anomaly_rate: "anomalyRate",
  min_anomaly_rate: "anomalyRate",
  max_rate_diff: "rateDiff",
  min_silhouette: "silhouette",
  min_score_gap: "scoreGap",
  champion_rate_diff: "rateDiff",
  champion_silhouette: "silhouette",
};

/** The gate for a person: "Distance from training rate", "Rate distance, against v7". */
export function gateLabel(name: string, championVersion: number | null = null): string {
  if (!isGateName(name)) return name;
  if (!isAgainstChampion(name)) return LABELS[name];
  return `${LABELS[name]}, against ${
    championVersion === null ? "the champion" : `v${championVersion}`
  }`;
}

function isGateName(name: string): name is GateName {
  return Object.hasOwn(LABELS, name);
}

/** Whether the gate holds a candidate to the champion, and not to a limit of its own. */
export function isAgainstChampion(name: string): boolean {
  return name === "champion_rate_diff" || name === "champion_silhouette";
}

/** "2 of 7 failed" is made of it. */
export interface GateCount {
  total: number;
  passed: number;
  /** Hard and soft ones. */
  failed: number;
  hardFailed: number;
}

export function countGates(gates: readonly Pick<GateResult, "status" | "hard">[]): GateCount {
  const failed = gates.filter((gate) => gate.status === "failed");
  return {
    total: gates.length,
    passed: gates.filter((gate) => gate.status === "passed").length,
    failed: failed.length,
    hardFailed: failed.filter((gate) => gate.hard).length,
  };
}

/** A gate as a row: the value, what was expected, and the champion's value on the same rows. */
export interface GateRow {
  name: string;
  label: string;
  value: number | null;
  comparison: "<=" | ">=";
  threshold: number;
  /** null where no champion scored these rows. */
  champion: number | null;
  status: GateStatus;
  hard: boolean;
  note: string | null;
}

/**
 * The gates of an evaluation. A gate against the champion is recorded as a difference; here it is the
 * candidate's value, held to the champion's with the tolerance, so that all three are of one scale.
 */
export function gateRows({ gates, candidate, champion, comparedTo }: EvaluationRecord): GateRow[] {
  return gates.map(({ name, value, comparison, threshold, status, hard, note }) => {
    const label = gateLabel(name, comparedTo?.version ?? null);
    const measured = championValue(name, champion);
    const fixed = { name, label, comparison, champion: measured, status, hard, note };
    if (!isAgainstChampion(name) || measured === null || value === null) {
      return { ...fixed, value, threshold };
    }
    return {
      ...fixed,
      value: isGateName(name) ? candidate[MEASURES[name]] : value,
      threshold: measured + threshold,
    };
  });
}

function championValue(name: string, champion: ModelMetrics | null): number | null {
  return champion !== null && isGateName(name) ? champion[MEASURES[name]] : null;
}
