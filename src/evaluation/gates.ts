// Gates: what a candidate must reach before it may be promoted. Metrics come in, numbers held against
// thresholds come out; the evaluate flow records them and the registry's promotion asks for them.

import type { EvaluationConfig } from "../domain/config.ts";
import { AppError } from "../domain/errors.ts";
import type { GateName, GateResult, ModelMetrics } from "../domain/evaluation.ts";

/** What there is to compare the candidate with. */
export type ChampionState = "none" | "compared" | "not_applicable";

export interface Comparison {
  candidate: ModelMetrics;
  /**
   * Metrics of the champion on the same rows, its silhouette in the candidate's space; present
   * exactly where `championState` is "compared".
   */
  champion: ModelMetrics | null;
  /** "not_applicable": there is a champion, and it cannot score these rows. */
  championState: ChampionState;
  /** Why the champion cannot be compared; null otherwise. */
  note: string | null;
}

export interface Judgement {
  gates: GateResult[];
  /** No hard gate failed. */
  passed: boolean;
  /** A champion could not be compared: promotion is for a person to decide. */
  needsPerson: boolean;
}

/** A gate before it is held to its threshold. */
interface GateCheck {
  name: GateName;
  value: number | null;
  comparison: GateResult["comparison"];
  threshold: number;
  /** Why `value` is null. */
  note: string | null;
}

/**
 * Values are held to 12 decimals: 0.05 − 0.03 is 0.020000000000000004 in floating point, and must not
 * miss a limit of 0.02 by that.
 */
function roundValue(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e12) / 1e12;
}

/**
 * Holds a candidate to its gates. A metric that cannot be computed fails its gate; a champion that
 * cannot be compared makes its gates `not_applicable`, which fails nothing but needs a person; without
 * a champion its gates are absent. Gates under `soft_gates` are recorded and do not decide.
 */
export function judge(comparison: Comparison, config: EvaluationConfig): Judgement {
  const checks = [
    ...ownChecks(comparison.candidate, config),
    ...championChecks(comparison, config),
  ];
  const notApplicable = comparison.championState === "not_applicable";
  const gates = checks.map((check): GateResult => {
    const hard = !config.soft_gates.includes(check.name);
    const value = roundValue(check.value);
    if (notApplicable && isChampionGate(check.name)) {
      return { ...check, value, hard, status: "not_applicable" };
    }
    return { ...check, value, hard, status: holds({ ...check, value }) ? "passed" : "failed" };
  });
  const passed = !gates.some((gate) => gate.hard && gate.status === "failed");
  return { gates, passed, needsPerson: notApplicable };
}

function isChampionGate(name: GateName): boolean {
  return name === "champion_rate_diff" || name === "champion_silhouette";
}

function holds({ value, comparison, threshold }: GateCheck): boolean {
  if (value === null) return false;
  return comparison === "<=" ? value <= threshold : value >= threshold;
}

/** The gates that a candidate is held to by itself. */
function ownChecks(candidate: ModelMetrics, config: EvaluationConfig): GateCheck[] {
  const { anomalyRate, rateDiff, silhouette, scoreGap } = candidate;
  const undefinedNote = (value: number | null) =>
    value === null
      ? `not defined: ${candidate.anomalyCount} of ${candidate.rowCount} rows are anomalies`
      : null;
  return [
    {
      name: "max_anomaly_rate",
      value: anomalyRate,
      comparison: "<=",
      threshold: config.max_anomaly_rate,
      note: null,
    },
    {
      name: "min_anomaly_rate",
      value: anomalyRate,
      comparison: ">=",
      threshold: config.min_anomaly_rate,
      note: null,
    },
    {
      name: "max_rate_diff",
      value: rateDiff,
      comparison: "<=",
      threshold: config.max_rate_diff,
      note: null,
    },
    {
      name: "min_silhouette",
      value: silhouette,
      comparison: ">=",
      threshold: config.min_silhouette,
      note: undefinedNote(silhouette),
    },
    {
      name: "min_score_gap",
      value: scoreGap,
      comparison: ">=",
      threshold: config.min_score_gap,
      note: undefinedNote(scoreGap),
    },
  ];
}

/** The gates against the champion: no worse than it by more than the tolerance. */
function championChecks(comparison: Comparison, config: EvaluationConfig): GateCheck[] {
  const { candidate, champion, championState, note } = comparison;
  if ((championState === "compared") !== (champion !== null)) {
    throw new AppError(
      "internal",
      `Cannot judge the model: champion is "${championState}" and its metrics are ` +
        `${champion === null ? "absent" : "present"}, expected metrics exactly when compared`,
    );
  }
  if (championState === "none") return [];
  const silhouettes = champion && silhouetteDifference(candidate, champion);
  return [
    {
      name: "champion_rate_diff",
      value: champion && candidate.rateDiff - champion.rateDiff,
      comparison: "<=",
      threshold: config.champion_tolerance,
      note,
    },
    {
      name: "champion_silhouette",
      value: silhouettes && silhouettes.value,
      comparison: ">=",
      threshold: 0 - config.champion_tolerance,
      note: silhouettes?.note ?? note,
    },
  ];
}

function silhouetteDifference(
  candidate: ModelMetrics,
  champion: ModelMetrics,
): { value: number | null; note: string | null } {
  if (candidate.silhouette === null) {
    return { value: null, note: "the candidate's silhouette is not defined" };
  }
  if (champion.silhouette === null) {
    return { value: null, note: "the champion's silhouette is not defined" };
  }
  return { value: candidate.silhouette - champion.silhouette, note: null };
}
