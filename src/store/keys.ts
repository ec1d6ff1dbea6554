// The key map: the only place that builds a KV key. docs/kv.md lists every key with its value, and a
// test compares the two. A key carries the type of its value, and whether it may be written: keys
// made from a ReadScope cannot be handed to a transaction's set.

import type {
  AliasEntry,
  AliasRecord,
  AssetKind,
  AuditRecord,
  RevocationRecord,
  VersionRecord,
} from "../domain/asset.ts";
import type {
  DeliveryRecord,
  GapRecord,
  LeaseRecord,
  ScheduleRecord,
  SlotRecord,
} from "../domain/durability.ts";
import type { EvaluationRecord } from "../domain/evaluation.ts";
import type { CoinScores, OutcomeRecord, PredictionBatch } from "../domain/prediction.ts";
import type { EventRecord, LogLine, RunRecord, StepRecord } from "../domain/run.ts";
import type { ReadScope, WriteScope } from "../domain/scope.ts";
import type {
  BlobMeta,
  BranchRecord,
  EdgeRecord,
  ForgottenRecord,
  LeftOverRecord,
  SchemaRecord,
  TagRecord,
} from "./records.ts";

/** A key whose value is a T. */
export interface ReadKey<T> {
  readonly parts: Deno.KvKey;
  /** Never set; it only carries the value's type. */
  readonly value?: T;
}

/** A key that may also be written. */
export interface WriteKey<T> extends ReadKey<T> {
  readonly writable: true;
}

/** The names of the integer sequences of a branch. */
export type CounterName =
  | "run"
  | "event"
  | "audit"
  | `version/${AssetKind}/${string}`
  | `evaluation/${string}/${number}`
  | `alias/${string}`
  | `tag/${string}`;

/** What retention may take, each with numbers of its own; of predictions these are market times, ms. */
export type ForgottenName = "run" | "event" | "prediction" | `version/${AssetKind}/${string}`;

/**
 * Every key of one branch. Functions in the singular give one key, those in the plural the prefix
 * of a range of them.
 */
export interface KeyMap {
  branch(): ReadKey<BranchRecord>;
  revision(): ReadKey<true>;
  counter(name: CounterName): ReadKey<number>;
  forgotten(name: ForgottenName): ReadKey<ForgottenRecord>;
  version(kind: AssetKind, name: string, version: number): ReadKey<VersionRecord>;
  versions(kind: AssetKind, name: string): ReadKey<VersionRecord>;
  snapshotAt(marketAtMs: number): ReadKey<number>;
  snapshotsAt(): ReadKey<number>;
  usedBy(
    input: AssetKind,
    inputName: string,
    lastVersion: number,
    user: AssetKind,
    userName: string,
    userVersion: number,
  ): ReadKey<EdgeRecord>;
  usersOf(input: AssetKind, inputName: string): ReadKey<EdgeRecord>;
  alias(model: string, alias: string): ReadKey<AliasRecord>;
  aliases(model: string): ReadKey<AliasRecord>;
  aliasEntry(model: string, alias: string, seq: number): ReadKey<AliasEntry>;
  aliasEntries(model: string, alias: string): ReadKey<AliasEntry>;
  aliasAt(model: string, alias: string, marketAtMs: number, seq: number): ReadKey<number>;
  aliasesAt(model: string, alias: string): ReadKey<number>;
  evaluation(model: string, version: number, id: number): ReadKey<EvaluationRecord>;
  evaluations(model: string, version: number): ReadKey<EvaluationRecord>;
  evaluationsOfAll(model: string): ReadKey<EvaluationRecord>;
  revocations(model: string): ReadKey<RevocationRecord>;
  revocation(model: string, version: number): ReadKey<RevocationRecord>;
  prediction(marketAtMs: number, model: string, version: number): ReadKey<PredictionBatch>;
  predictions(): ReadKey<PredictionBatch>;
  due(dueAtMs: number, marketAtMs: number, model: string, version: number): ReadKey<true>;
  dues(): ReadKey<true>;
  coinScores(
    bucket: number,
    marketAtMs: number,
    model: string,
    version: number,
  ): ReadKey<CoinScores>;
  coinScoresOf(bucket: number): ReadKey<CoinScores>;
  outcome(model: string, version: number, marketAtMs: number): ReadKey<OutcomeRecord>;
  outcomes(model: string, version: number): ReadKey<OutcomeRecord>;
  run(id: number): ReadKey<RunRecord>;
  runs(): ReadKey<RunRecord>;
  runOfFlow(flow: string, id: number): ReadKey<true>;
  runsOfFlow(flow: string): ReadKey<true>;
  lease(runId: number): ReadKey<LeaseRecord>;
  leases(): ReadKey<LeaseRecord>;
  step(runId: number, index: number): ReadKey<StepRecord>;
  steps(runId: number): ReadKey<StepRecord>;
  log(runId: number, index: number, part: number): ReadKey<LogLine[]>;
  logs(runId: number): ReadKey<LogLine[]>;
  tagOfRun(runId: number, tag: string): ReadKey<TagRecord>;
  tagsOfRun(runId: number): ReadKey<TagRecord>;
  runWithTag(flow: string, tag: string, runId: number): ReadKey<true>;
  runsWithTag(flow: string, tag: string): ReadKey<true>;
  event(id: number): ReadKey<EventRecord>;
  events(): ReadKey<EventRecord>;
  delivery(eventId: number, consumer: string): ReadKey<DeliveryRecord>;
  deliveriesOf(eventId: number): ReadKey<DeliveryRecord>;
  deliveries(): ReadKey<DeliveryRecord>;
  openDelivery(consumer: string, eventId: number): ReadKey<true>;
  openDeliveries(): ReadKey<true>;
  openDeliveriesOf(consumer: string): ReadKey<true>;
  parkedDelivery(eventId: number, consumer: string): ReadKey<true>;
  parkedDeliveries(): ReadKey<true>;
  schedule(flow: string): ReadKey<ScheduleRecord>;
  slot(flow: string, slotMs: number): ReadKey<SlotRecord>;
  slots(flow: string): ReadKey<SlotRecord>;
  gap(flow: string, fromSlotMs: number): ReadKey<GapRecord>;
  gaps(flow: string): ReadKey<GapRecord>;
  audit(id: number): ReadKey<AuditRecord>;
  audits(): ReadKey<AuditRecord>;
}

/** The same map where every key may be written. */
export type WritableKeyMap = {
  [K in keyof KeyMap]: (
    ...parts: Parameters<KeyMap[K]>
  ) => ReturnType<KeyMap[K]> extends ReadKey<infer T> ? WriteKey<T> : never;
};

export const SCHEMA_VERSION = "v1";

/** The keys of a branch: writable ones only for a WriteScope. */
export function keysOf(scope: WriteScope): WritableKeyMap;
export function keysOf(scope: ReadScope): KeyMap;
export function keysOf(scope: ReadScope): KeyMap {
  const key = (...parts: Deno.KvKeyPart[]) => branchKey(scope, parts);
  return {
    branch: () => key("branch"),
    revision: () => key("revision"),
    counter: (name) => key("counter", name),
    forgotten: (name) => key("forgotten", name),
    version: (kind, name, version) => key("version", kind, name, version),
    versions: (kind, name) => key("version", kind, name),
    snapshotAt: (marketAtMs) => key("snapshot_at", marketAtMs),
    snapshotsAt: () => key("snapshot_at"),
    usedBy: (input, inputName, lastVersion, user, userName, userVersion) =>
      key("used_by", input, inputName, lastVersion, user, userName, userVersion),
    usersOf: (input, inputName) => key("used_by", input, inputName),
    alias: (model, alias) => key("alias", model, alias),
    aliases: (model) => key("alias", model),
    aliasEntry: (model, alias, seq) => key("alias_entry", model, alias, seq),
    aliasEntries: (model, alias) => key("alias_entry", model, alias),
    aliasAt: (model, alias, marketAtMs, seq) => key("alias_at", model, alias, marketAtMs, seq),
    aliasesAt: (model, alias) => key("alias_at", model, alias),
    evaluation: (model, version, id) => key("evaluation", model, version, id),
    evaluations: (model, version) => key("evaluation", model, version),
    evaluationsOfAll: (model) => key("evaluation", model),
    revocations: (model) => key("revocation", model),
    revocation: (model, version) => key("revocation", model, version),
    prediction: (marketAtMs, model, version) => key("prediction", marketAtMs, model, version),
    predictions: () => key("prediction"),
    due: (dueAtMs, marketAtMs, model, version) => key("due", dueAtMs, marketAtMs, model, version),
    dues: () => key("due"),
    coinScores: (bucket, marketAtMs, model, version) =>
      key("coin_scores", bucket, marketAtMs, model, version),
    coinScoresOf: (bucket) => key("coin_scores", bucket),
    outcome: (model, version, marketAtMs) => key("outcome", model, version, marketAtMs),
    outcomes: (model, version) => key("outcome", model, version),
    run: (id) => key("run", id),
    runs: () => key("run"),
    runOfFlow: (flow, id) => key("run_of_flow", flow, id),
    runsOfFlow: (flow) => key("run_of_flow", flow),
    lease: (runId) => key("lease", runId),
    leases: () => key("lease"),
    step: (runId, index) => key("step", runId, index),
    steps: (runId) => key("step", runId),
    log: (runId, index, part) => key("log", runId, index, part),
    logs: (runId) => key("log", runId),
    tagOfRun: (runId, tag) => key("tag_of_run", runId, tag),
    tagsOfRun: (runId) => key("tag_of_run", runId),
    runWithTag: (flow, tag, runId) => key("run_with_tag", flow, tag, runId),
    runsWithTag: (flow, tag) => key("run_with_tag", flow, tag),
    event: (id) => key("event", id),
    events: () => key("event"),
    delivery: (eventId, consumer) => key("delivery", eventId, consumer),
    deliveriesOf: (eventId) => key("delivery", eventId),
    deliveries: () => key("delivery"),
    openDelivery: (consumer, eventId) => key("open_delivery", consumer, eventId),
    openDeliveries: () => key("open_delivery"),
    openDeliveriesOf: (consumer) => key("open_delivery", consumer),
    parkedDelivery: (eventId, consumer) => key("parked_delivery", eventId, consumer),
    parkedDeliveries: () => key("parked_delivery"),
    schedule: (flow) => key("schedule", flow),
    slot: (flow, slotMs) => key("slot", flow, slotMs),
    slots: (flow) => key("slot", flow),
    gap: (flow, fromSlotMs) => key("gap", flow, fromSlotMs),
    gaps: (flow) => key("gap", flow),
    audit: (id) => key("audit", id),
    audits: () => key("audit"),
  };
}

function branchKey(scope: ReadScope, parts: Deno.KvKeyPart[]): WriteKey<never> {
  return { parts: [SCHEMA_VERSION, scope.project, scope.branch, ...parts], writable: true };
}

/** The records of a kind on a branch, or one of them, whatever their values are: for migrations. */
export function recordsOfKind(
  scope: WriteScope,
  kind: string,
  rest?: Deno.KvKeyPart[],
): WriteKey<unknown>;
export function recordsOfKind(
  scope: ReadScope,
  kind: string,
  rest?: Deno.KvKeyPart[],
): ReadKey<unknown>;
export function recordsOfKind(
  scope: ReadScope,
  kind: string,
  rest: Deno.KvKeyPart[] = [],
): WriteKey<unknown> {
  return branchKey(scope, [kind, ...rest]);
}

/** Whether a key belongs to any branch: the parts after it begin with the fourth. */
export function isBranchKey(parts: Deno.KvKey): boolean {
  return parts[0] === SCHEMA_VERSION;
}

/** Whether a key belongs to a branch; a transaction refuses keys of any other. */
export function belongsTo(scope: WriteScope, parts: Deno.KvKey): boolean {
  return parts[0] === SCHEMA_VERSION && parts[1] === scope.project && parts[2] === scope.branch;
}

/** Keys of the store as a whole, outside of all branches. */
export const storeKeys = {
  schema: (): WriteKey<SchemaRecord> => ({ parts: ["schema"], writable: true }),
};

export const BLOBS_PREFIX = "blob_v1";

/** Blobs stand outside the branches: the same bytes are stored once for all of them. */
export const blobKeys = {
  meta: (sha256: string): WriteKey<BlobMeta> => ({
    parts: [BLOBS_PREFIX, sha256, "meta"],
    writable: true,
  }),
  chunk: (sha256: string, index: number): WriteKey<Uint8Array<ArrayBuffer>> => ({
    parts: [BLOBS_PREFIX, sha256, "chunk", index],
    writable: true,
  }),
  leftOver: (sha256: string): WriteKey<LeftOverRecord> => ({
    parts: [BLOBS_PREFIX, sha256, "left_over"],
    writable: true,
  }),
};

export function isBlobKey(parts: Deno.KvKey): boolean {
  return parts[0] === BLOBS_PREFIX;
}

/**
 * The keys of a project from the first one behind a branch on, or all of them for null:
 * `branchNames` jumps from branch to branch with it.
 */
export function branchRange(project: string, afterBranch: string | null): Deno.KvListSelector {
  const prefix = [SCHEMA_VERSION, project];
  return afterBranch === null ? { prefix } : { prefix, start: [...prefix, afterBranch + "\0"] };
}
