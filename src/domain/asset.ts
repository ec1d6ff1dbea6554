// Assets and their versions: what the registry keeps. A version is immutable; whatever changes
// about it later (aliases, evaluations, revocation) lives under keys of its own.

export type AssetKind = "data" | "model";

/** Names of the assets that the flows produce. */
export const ASSET = {
  snapshot: "market_snapshot",
  trainingDataset: "training_dataset",
  evalHoldout: "eval_holdout",
  evaluationResults: "evaluation_results",
  detector: "anomaly_detector",
} as const;

/** The data assets, in the order of the data path. */
export const DATA_ASSETS = [
  ASSET.snapshot,
  ASSET.trainingDataset,
  ASSET.evalHoldout,
  ASSET.evaluationResults,
] as const;

/** A value that survives JSON unchanged. Keys in snake_case. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Bytes in the blob store, addressed by the SHA-256 of their uncompressed form. */
export type BlobRef = {
  sha256: string;
  byteLength: number;
};

/** A blob with a role in its version: "table", "raw", "model", "members". */
export type AssetFile = BlobRef & {
  mediaType: string;
};

/** A version of an asset, from any branch. */
export type VersionRef = {
  branch: string;
  kind: AssetKind;
  name: string;
  version: number;
};

/** An input of a version: one version, or a contiguous range of them (a dataset's snapshots). */
export type LineageInput = {
  /** What it was used as: "members", "training_dataset", "model", "holdout", "champion". */
  role: string;
  ref: VersionRef;
  /** First version of the range; equals `ref.version` for a single input. */
  firstVersion: number;
  /** Hash of the input's main file, so that lineage can be proven and not only followed. */
  sha256: string;
};

export interface VersionRecord {
  kind: AssetKind;
  name: string;
  version: number;
  branch: string;
  recordedAt: string;
  marketAt: string | null;
  /** The run that produced it, on the same branch. */
  runId: number;
  flow: string;
  description: string;
  tags: string[];
  annotations: JsonObject;
  files: Record<string, AssetFile>;
  inputs: LineageInput[];
}

/** Where a model stands. Derived from evaluations, aliases and revocation; never stored. */
export const MODEL_STATUSES = ["candidate", "evaluated", "champion", "revoked"] as const;
export type ModelStatus = (typeof MODEL_STATUSES)[number];

export type AliasAction = "promote" | "rollback";

/** The present holder of an alias. */
export type AliasRecord = {
  model: string;
  alias: string;
  version: number;
  /** The run that trained the version; it carries the alias as a tag. */
  runId: number;
  /** Sequence number of the history entry that set it. */
  seq: number;
  setAt: string;
  marketAt: string | null;
};

/** One line of an alias's history. Entries are never changed or removed. */
export interface AliasEntry {
  /** One sequence for all aliases of a model, so that entries of one alias may skip numbers. */
  seq: number;
  action: AliasAction;
  version: number;
  runId: number;
  /** The promote run that did it; null for a rollback by command. */
  actingRunId: number | null;
  /** The evaluation that allowed it, by its number within the version; null where forced without. */
  evaluationId: number | null;
  /** Version that held the alias before; null for the first. */
  previousVersion: number | null;
  /** Entry that a rollback from here returns to; null when there is none. */
  beneathSeq: number | null;
  actor: string;
  reason: string;
  forced: boolean;
  /** Gates or conditions that were overridden by force. */
  overridden: string[];
  recordedAt: string;
  marketAt: string | null;
}

export interface RevocationRecord {
  model: string;
  version: number;
  actor: string;
  reason: string;
  recordedAt: string;
}

/** One line of the audit log: an act of authority, successful. */
export interface AuditRecord {
  id: number;
  action: string;
  actor: string;
  subject: string;
  reason: string;
  recordedAt: string;
  details: JsonObject;
}
