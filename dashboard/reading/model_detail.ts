// One version with all that it rests on: its judgement, its scores, what became of its flags, who holds
// which alias. Read by the version's page and by the comparison of two.

import {
  type AliasRecord,
  ASSET,
  type JsonObject,
  type ModelStatus,
  type RevocationRecord,
  type VersionRecord,
} from "../../src/domain/asset.ts";
import type { EvaluationRecord } from "../../src/domain/evaluation.ts";
import { type GateRow, gateRows } from "../../src/domain/gates.ts";
import { isJsonObject } from "../../src/domain/json.ts";
import { DEFAULT_CRASH_PCT, type OutcomeMetrics } from "../../src/domain/outcomes.ts";
import { readScope } from "../../src/domain/scope.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { revocationOf } from "../../src/registry/aliases.ts";
import { fileOf, getVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listEvaluations, modelStatus } from "../../src/registry/evaluations.ts";
import { listOutcomes } from "../../src/registry/predictions.ts";
import { type Blocker, promotionBlockers } from "../../src/registry/promotion.ts";
import { namesOf, numberOf, textOf, timeOf } from "./annotations.ts";
import { trainingScoresOf } from "./datasets.ts";
import { evaluationScores } from "./evaluations.ts";
import { type LearnedFrom, learnedFrom } from "./models.ts";
import { outcomeDays } from "./outcomes.ts";
import { type ScoreShape, scoreShape } from "./score_shape.ts";

const model = ASSET.detector;
const SHOWN_EVALUATIONS = 10;
/** How far back outcomes are counted, from the last that is decided. */
const OUTCOME_DAYS = 30;

export interface ModelDetail {
  version: number;
  branch: string;
  status: ModelStatus;
  aliases: string[];
  revocation: RevocationRecord | null;
  recordedAt: string;
  marketAt: string | null;
  runId: number;
  settings: Settings;
  learnedFrom: LearnedFrom & {
    coins: number | null;
    snapshots: number | null;
    firstAt: string | null;
    lastAt: string | null;
  };
  /** Newest first. */
  evaluations: EvaluationRecord[];
  /** Of the latest evaluation. */
  gates: GateRow[];
  blockers: Blocker[];
}

export interface Settings {
  algorithm: string;
  /** Hyperparameters by scikit-learn's names. */
  config: JsonObject;
  features: number | null;
  dropped: string[];
  warnings: string[];
  trainingRate: number | null;
  /** Scores below it are flagged. */
  threshold: number | null;
  sha256: string;
  byteLength: number;
}

export async function modelDetail(
  registry: RegistryContext,
  record: VersionRecord,
  aliases: readonly AliasRecord[],
): Promise<ModelDetail> {
  const scope = registry.scopes.write;
  const { version } = record;
  const from = learnedFrom(record);
  const [status, revocation, evaluations, blockers, dataset] = await Promise.all([
    modelStatus(registry, scope, model, version),
    revocationOf(registry, scope, model, version),
    listEvaluations(registry, scope, model, version, SHOWN_EVALUATIONS),
    promotionBlockers(registry, registry.store, model, version),
    datasetOf(registry, from),
  ]);
  return {
    version,
    branch: record.branch,
    status,
    aliases: aliases.filter((one) => one.version === version).map(({ alias }) => alias),
    revocation,
    recordedAt: record.recordedAt,
    marketAt: record.marketAt,
    runId: record.runId,
    settings: settingsOf(record),
    learnedFrom: {
      ...from,
      coins: dataset && numberOf(dataset, "coin_count"),
      snapshots: dataset && numberOf(dataset, "snapshots"),
      firstAt: dataset && timeOf(dataset, "first_at"),
      lastAt: dataset && timeOf(dataset, "last_at"),
    },
    evaluations,
    gates: evaluations[0] === undefined ? [] : gateRows(evaluations[0]),
    blockers,
  };
}

async function datasetOf(
  registry: RegistryContext,
  { dataset }: LearnedFrom,
): Promise<VersionRecord | null> {
  if (dataset === null) return null;
  const scope = readScope(registry.scopes.read.project, dataset.branch);
  return await getVersion(registry, scope, "data", dataset.name, dataset.version);
}

function settingsOf(record: VersionRecord): Settings {
  const { annotations } = record;
  const { sha256, byteLength } = fileOf(record, "model");
  const config = annotations.model_config;
  const { algorithm: _, ...rest } = isJsonObject(config) ? config : {};
  return {
    algorithm: textOf(record, "algorithm"),
    config: rest,
    features: Array.isArray(annotations.feature_names) ? annotations.feature_names.length : null,
    dropped: namesOf(record, "dropped_features"),
    warnings: namesOf(record, "warnings"),
    trainingRate: numberOf(record, "training_rate"),
    threshold: numberOf(record, "offset"),
    sha256,
    byteLength,
  };
}

/** The scores of a judgement's rows, the training rows' in the same bins, and who flagged what. */
export interface JudgedScores {
  rows: number;
  flagged: number;
  /** null where nothing was scored. */
  shape: ScoreShape | null;
  champion: {
    flagged: number;
    both: number;
    onlyCandidate: number;
    onlyChampion: number;
    neither: number;
  } | null;
}

/** Null where there is no judgement, or retention has taken its rows. */
export async function judgedScores(
  registry: RegistryContext,
  record: VersionRecord,
  evaluation: EvaluationRecord | undefined,
): Promise<JudgedScores | null> {
  if (evaluation === undefined) return null;
  const [found, training] = await Promise.all([
    evaluationScores(registry, registry.scopes.write, evaluation),
    trainingScoresOf(registry, record),
  ]);
  if (found === null) return null;
  const { rows, flagged, scores, champion } = found;
  return {
    rows,
    flagged,
    shape: scoreShape(scores, training),
    champion: champion && {
      flagged: champion.flagged,
      both: champion.agreement.both,
      onlyCandidate: champion.agreement.only_challenger,
      onlyChampion: champion.agreement.only_champion,
      neither: champion.agreement.neither,
    },
  };
}

/** What the version's flags were worth; null where none of its predictions is decided. */
export async function modelOutcomes(
  registry: RegistryContext,
  version: number,
): Promise<OutcomeMetrics | null> {
  const scope = registry.scopes.write;
  const range = { limit: 1, reverse: true };
  const [newest] = await listOutcomes(registry, scope, model, version, range);
  if (newest === undefined) return null;
  const { total } = await outcomeDays(registry, scope, {
    whose: { version },
    rule: { crashThresholdPct: DEFAULT_CRASH_PCT },
    fromMs: newest.marketAtMs - OUTCOME_DAYS * DAY_MS,
    toMs: newest.marketAtMs,
  });
  return total.snapshots === 0 ? null : total;
}
