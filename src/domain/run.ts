// Runs, their steps, and the events that they publish.

import type { AssetKind, JsonObject } from "./asset.ts";
import type { ErrorCode } from "./errors.ts";

/** `interrupted`: it was stopped, or its process died; what it finished stands, and it can be resumed. */
export const RUN_STATUSES = ["running", "completed", "failed", "interrupted"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export interface ProducedVersion {
  kind: AssetKind;
  name: string;
  version: number;
}

export interface RunRecord {
  id: number;
  flow: string;
  status: RunStatus;
  branch: string;
  readBranch: string;
  user: string;
  codeVersion: string;
  /** Validated parameters, defaults included. */
  params: JsonObject;
  /** The configs as they were when the run started: { model_config, training_config, eval_config, … }. */
  configs: JsonObject;
  /** The event that it handles; null for a run by hand or by schedule that no event waited for. */
  triggeredBy: number | null;
  /** 1, and one more with each run that resumes the one before. */
  attempt: number;
  /** The run whose finished steps it adopted. */
  resumes: number | null;
  /** The run that went on with it; a run is resumed once. */
  resumedBy: number | null;
  startedAt: string;
  finishedAt: string | null;
  marketAt: string | null;
  produced: ProducedVersion[];
  events: number[];
  /** What the run found, in a few numbers. */
  summary: JsonObject;
  error: { code: ErrorCode; message: string; step: string | null } | null;
}

export type StepStatus = "running" | "completed" | "failed";

export interface StepRecord {
  runId: number;
  index: number;
  name: string;
  status: StepStatus;
  startedAt: string;
  finishedAt: string | null;
  /** How often it was tried within this run. */
  tries: number;
  /** The run that finished it, where this one has only taken it over. */
  adoptedFrom: number | null;
  /** What the step hands to the following ones: JSON, with blob references for what is large. */
  artifacts: JsonObject;
}

export interface LogLine {
  at: string;
  step: string;
  level: "info" | "warn" | "error";
  message: string;
}

export const EVENT_NAMES = [
  "snapshot_ready",
  "anomalies_detected",
  "dataset_ready",
  "model_registered",
  "evaluation_passed",
  "evaluation_failed",
  "model_promoted",
  "model_rolled_back",
  "model_revoked",
  "outcomes_validated",
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

export interface EventRecord {
  id: number;
  name: EventName;
  branch: string;
  /** The run that published it; null for an act outside a run (rollback, revoke). */
  runId: number | null;
  recordedAt: string;
  marketAt: string | null;
  /** What the event names, by version: { dataset_version: 3, … }. */
  payload: JsonObject;
}

/** A flow's names: its own, and the one of the original project. Both are accepted everywhere. */
export interface FlowName {
  name: string;
  originalName: string;
}
