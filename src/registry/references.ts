// What every kind of record refers to, and which index entries follow from it: one line a kind, in the
// words of docs/kv.md. `verify` holds the store to it in both directions, `gc` marks blobs by it.

import type {
  AliasEntry,
  AliasRecord,
  AssetKind,
  BlobRef,
  VersionRecord,
} from "../domain/asset.ts";
import { ASSET } from "../domain/asset.ts";
import type {
  DeliveryRecord,
  LeaseRecord,
  ScheduleRecord,
  SlotRecord,
} from "../domain/durability.ts";
import type { EvaluationRecord } from "../domain/evaluation.ts";
import type { OutcomeRecord, PredictionBatch } from "../domain/prediction.ts";
import type { EventRecord, RunRecord, StepRecord } from "../domain/run.ts";
import type { CounterName, ForgottenName, KeyMap, ReadKey } from "../store/keys.ts";
import { IMPORTED } from "./archive_lineage.ts";
import { blobRefsIn } from "./blob_refs.ts";
import { isOpen } from "./deliveries.ts";
import {
  eventPointer,
  inputPointers,
  modelPointer,
  optional,
  type Place,
  type Pointer,
  runPointer,
  versionPointer,
} from "./pointers.ts";

export interface IndexEntry {
  key: ReadKey<unknown>;
  value: unknown;
}

/** A number that a commit allocated, so that none below it is missing. */
export interface Counted {
  counter: CounterName;
  number: number;
  /** Where numbers may have been forgotten; null where they never are. */
  forgotten: ForgottenName | null;
}

export interface RecordKind<T> {
  blobs?(record: T): BlobRef[];
  pointers?(record: T, place: Place): Pointer[];
  /** Entries that have to be there, with these values. */
  indexes?(record: T, place: Place): IndexEntry[] | Promise<IndexEntry[]>;
  /** Of an index entry: the record that it follows from. */
  follows?(value: T, place: Place): ReadKey<unknown>;
  counted?(place: Pick<Place, "rest">): Counted;
}

function kind<T>(line: RecordKind<T>): RecordKind<unknown> {
  return line as RecordKind<unknown>;
}

/** Kind (first part of a key after the branch) → what holds for its records. */
export const RECORD_KINDS: Readonly<Record<string, RecordKind<unknown>>> = {
  branch: {},
  revision: {},
  counter: {},
  forgotten: {},
  audit: kind({ counted: ({ rest }) => counted("audit", rest, null) }),
  gap: {},

  version: kind<VersionRecord>({
    blobs: (version) => Object.values(version.files),
    pointers: (version, place) => [
      runPointer(place, version.runId),
      ...version.inputs.flatMap((input) => inputPointers(place, input)),
    ],
    indexes: (version, { keys }) => [...edgesOf(version, keys), ...snapshotEntry(version, keys)],
    counted: ({ rest: [asset, name, number] }) => {
      const sequence = `version/${asset as AssetKind}/${String(name)}` as const;
      return { counter: sequence, number: Number(number), forgotten: sequence };
    },
  }),
  snapshot_at: kind<number>({
    follows: (version, { keys }) => keys.version("data", ASSET.snapshot, version),
  }),
  used_by: kind<unknown>({
    follows: (_, { keys, rest }) => {
      const [, , , asset, name, version] = rest;
      return keys.version(asset as AssetKind, String(name), Number(version));
    },
  }),

  alias: kind<AliasRecord>({
    pointers: ({ model, version, runId, alias, seq }, place) => [
      modelPointer(place, model, version),
      {
        as: `entry ${seq} of its history`,
        key: place.keys.aliasEntry(model, alias, seq),
        forgotten: null,
      },
      {
        as: `tag ${alias} of run ${runId}`,
        key: place.keys.tagOfRun(runId, alias),
        forgotten: null,
      },
    ],
  }),
  alias_entry: kind<AliasEntry>({
    pointers: (entry, place) => {
      const model = String(place.rest[0]);
      const { version, runId, actingRunId, evaluationId } = entry;
      return [
        modelPointer(place, model, version),
        runPointer(place, runId),
        ...optional(actingRunId, (id) => runPointer(place, id)),
        ...optional(evaluationId, (id) => ({
          as: `evaluation ${id} of v${version}`,
          key: place.keys.evaluation(model, version, id),
          forgotten: null,
        })),
      ];
    },
    indexes: aliasIndexes,
  }),
  alias_at: kind<number>({
    follows: (seq, { keys, rest: [model, alias] }) =>
      keys.aliasEntry(String(model), String(alias), seq),
  }),

  evaluation: kind<EvaluationRecord>({
    pointers: (evaluation, place) => [
      modelPointer(place, evaluation.model, evaluation.version),
      runPointer(place, evaluation.runId),
      versionPointer(place, {
        kind: "data",
        name: ASSET.evaluationResults,
        branch: place.scope.branch,
        version: evaluation.resultVersion,
      }),
      ...optional(evaluation.comparedTo, (ref) => versionPointer(place, ref)),
    ],
    counted: ({ rest: [model, version, id] }) => ({
      counter: `evaluation/${String(model)}/${Number(version)}`,
      number: Number(id),
      forgotten: null,
    }),
  }),
  revocation: kind<{ model: string; version: number }>({
    pointers: ({ model, version }, place) => [modelPointer(place, model, version)],
  }),

  prediction: kind<PredictionBatch>({
    blobs: ({ table }) => [table],
    pointers: (batch, place) => [
      modelPointer(place, batch.model, batch.version),
      runPointer(place, batch.runId),
      versionPointer(place, { kind: "data", name: ASSET.snapshot, ...batch.snapshot }),
    ],
    indexes: dueEntry,
  }),
  due: kind<true>({
    follows: (_, { keys, rest: [, marketAtMs, model, version] }) =>
      keys.prediction(Number(marketAtMs), String(model), Number(version)),
  }),
  // Which coins of a batch are in which bucket is in the batch's table: verify_coins.ts holds them to it.
  coin_scores: {},
  outcome: kind<OutcomeRecord>({
    blobs: ({ lookUps }) => lookUps.map(({ answer }) => answer),
    pointers: ({ marketAtMs, model, version, runId }, place) => [
      {
        as: "prediction",
        key: place.keys.prediction(marketAtMs, model, version),
        forgotten: null,
      },
      runPointer(place, runId),
    ],
  }),

  run: kind<RunRecord>({
    pointers: (run, place) => [
      ...optional(run.triggeredBy, (id) => eventPointer(place, id)),
      ...run.events.map((id) => eventPointer(place, id)),
      ...run.produced.map((made) => versionPointer(place, { ...made, branch: place.scope.branch })),
      ...optional(run.resumes, (id) => runPointer(place, id)),
      ...optional(run.resumedBy, (id) => runPointer(place, id)),
    ],
    indexes: ({ flow, id }, { keys }) => [{ key: keys.runOfFlow(flow, id), value: true }],
    counted: ({ rest }) => counted("run", rest, "run"),
  }),
  run_of_flow: kind<true>({ follows: (_, { keys, rest }) => keys.run(Number(rest[1])) }),
  lease: kind<LeaseRecord>({
    pointers: (_, place) => [{ ...runPointer(place, Number(place.rest[0])), forgotten: null }],
  }),
  step: kind<StepRecord>({
    blobs: ({ artifacts }) => blobRefsIn(artifacts),
    pointers: (step, place) => [
      { ...runPointer(place, step.runId), forgotten: null },
      ...optional(step.adoptedFrom, (id) => runPointer(place, id)),
    ],
  }),
  log: kind<unknown>({
    pointers: (_, place) => [{ ...runPointer(place, Number(place.rest[0])), forgotten: null }],
  }),
  tag_of_run: kind<unknown>({
    pointers: (_, place) => [{ ...runPointer(place, Number(place.rest[0])), forgotten: null }],
    indexes: async (_, { reader, keys, rest: [runId, tag] }) => {
      const run = await reader.get(keys.run(Number(runId)));
      if (run === null) return [];
      return [{ key: keys.runWithTag(run.flow, String(tag), run.id), value: true }];
    },
  }),
  run_with_tag: kind<true>({
    follows: (_, { keys, rest: [, tag, runId] }) => keys.tagOfRun(Number(runId), String(tag)),
  }),

  event: kind<EventRecord>({
    pointers: ({ runId }, place) => optional(runId, (id) => runPointer(place, id)),
    counted: ({ rest }) => counted("event", rest, "event"),
  }),
  delivery: kind<DeliveryRecord>({
    pointers: ({ eventId, runId }, place) => [
      { ...eventPointer(place, eventId), forgotten: null },
      ...optional(runId, (id) => runPointer(place, id)),
    ],
    indexes: ({ eventId, consumer, state }, { keys }) => [
      ...(isOpen(state) ? [{ key: keys.openDelivery(consumer, eventId), value: true }] : []),
      ...(state === "parked" ? [{ key: keys.parkedDelivery(eventId, consumer), value: true }] : []),
    ],
  }),
  open_delivery: kind<true>({
    follows: (_, { keys, rest: [consumer, id] }) => keys.delivery(Number(id), String(consumer)),
  }),
  parked_delivery: kind<true>({
    follows: (_, { keys, rest: [id, consumer] }) => keys.delivery(Number(id), String(consumer)),
  }),
  schedule: kind<ScheduleRecord>({
    pointers: ({ runId }, place) => optional(runId, (id) => runPointer(place, id)),
  }),
  slot: kind<SlotRecord>({ pointers: ({ runId }, place) => [runPointer(place, runId)] }),
};

function counted(
  counter: "run" | "event" | "audit",
  [number]: Deno.KvKeyPart[],
  forgotten: ForgottenName | null,
): Counted {
  return { counter, number: Number(number), forgotten };
}

/** The reverse edges of a version's inputs on its own branch; of two inputs with one key the last counts. */
function edgesOf(version: VersionRecord, keys: KeyMap): IndexEntry[] {
  const { kind, name, version: number } = version;
  const entries = new Map<string, IndexEntry>();
  for (const { ref, role, firstVersion } of version.inputs) {
    if (ref.branch !== version.branch) continue;
    const key = keys.usedBy(ref.kind, ref.name, ref.version, kind, name, number);
    entries.set(JSON.stringify(key.parts), { key, value: { role, firstVersion } });
  }
  return [...entries.values()];
}

/** An imported snapshot is of another market than the branch's own, and so not in its order of time. */
function snapshotEntry(version: VersionRecord, keys: KeyMap): IndexEntry[] {
  if (
    version.name !== ASSET.snapshot || version.marketAt === null ||
    Object.hasOwn(version.annotations, IMPORTED)
  ) {
    return [];
  }
  return [{ key: keys.snapshotAt(Date.parse(version.marketAt)), value: version.version }];
}

/** Its place in the history by time; and, of the newest entry alone, the present holder. */
async function aliasIndexes(entry: AliasEntry, place: Place): Promise<IndexEntry[]> {
  const [model, alias] = place.rest.map(String) as [string, string];
  const { keys, reader, store } = place;
  const { seq, version, runId, recordedAt: setAt, marketAt } = entry;
  const entries: IndexEntry[] = marketAt === null
    ? []
    : [{ key: keys.aliasAt(model, alias, Date.parse(marketAt), seq), value: seq }];
  // Every change of a holder moves this counter: what is read beside it cannot grow old unseen.
  await reader.get(keys.counter(`alias/${model}`));
  const [newest] = await store.list(keys.aliasEntries(model, alias), { limit: 1, reverse: true });
  if (newest?.value.seq !== seq) return entries;
  const holder: AliasRecord = { model, alias, version, runId, seq, setAt, marketAt };
  return [...entries, { key: keys.alias(model, alias), value: holder }];
}

/** A batch is due until its outcome is there. */
async function dueEntry(batch: PredictionBatch, { reader, keys }: Place): Promise<IndexEntry[]> {
  const { dueAtMs, marketAtMs, model, version } = batch;
  if (await reader.get(keys.outcome(model, version, marketAtMs)) !== null) return [];
  return [{ key: keys.due(dueAtMs, marketAtMs, model, version), value: true }];
}
