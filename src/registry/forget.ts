// Forgetting records: each with everything that stands or falls with it, in one commit that also moves the
// mark by which what is missing is known as forgotten. Whether one goes is decided again inside the commit.

import type { VersionRecord } from "../domain/asset.ts";
import { ASSET } from "../domain/asset.ts";
import { toAppError } from "../domain/errors.ts";
import { COIN_BUCKETS, type PredictionBatch } from "../domain/prediction.ts";
import type { EventRecord, RunRecord, StepRecord } from "../domain/run.ts";
import type { WriteScope } from "../domain/scope.ts";
import { iso } from "../domain/time.ts";
import { type ForgottenName, keysOf } from "../store/keys.ts";
import type { Store } from "../store/kv.ts";
import { Transaction } from "../store/transaction.ts";
import type { Gone } from "./gone.ts";
import { isOpen, MAX_LISTENERS } from "./deliveries.ts";
import { isResumable } from "./retention.ts";

const MAX_STEPS = 100;
const MAX_LOG_PARTS = 500;
const MAX_TAGS = 100;
const MAX_EVALUATIONS = 500;
/** Of one dataset, gone ones included where nothing is written. */
const MAX_MODELS = 1000;

/** Where something is forgotten, and when. */
export interface Forgetting {
  store: Store;
  scope: WriteScope;
  nowMs: number;
  /** What went before, or would have. */
  gone: Gone;
  /** Decides everything, and writes nothing. */
  dryRun: boolean;
}

/** What went: nothing where it stays after all. Its steps are those of the run that made it. */
export interface Forgot {
  gone: boolean;
  steps: StepRecord[];
}

const STAYS: Forgot = { gone: false, steps: [] };

/** One kind of record: what its forgetting stages. */
export type Forget<T> = (at: Forgetting, tx: Transaction, record: T) => Promise<Forgot>;

/**
 * Forgets records some at a time, in one commit each time; one by one where together they are more than a
 * commit can carry.
 */
export async function forgetTogether<T>(
  at: Forgetting,
  records: readonly T[],
  forget: Forget<T>,
): Promise<Forgot[]> {
  const { store, scope } = at;
  const stage = async (tx: Transaction) => {
    const forgot: Forgot[] = [];
    for (const record of records) forgot.push(await forget(at, tx, record));
    return forgot;
  };
  if (at.dryRun) return await stage(new Transaction(store, scope));
  try {
    return await store.commit(scope, stage);
  } catch (error) {
    if (records.length === 1 || toAppError(error).code !== "internal") throw error;
  }
  const forgot: Forgot[] = [];
  for (const record of records) forgot.push(...await forgetTogether(at, [record], forget));
  return forgot;
}

/** Moves the mark on. Whoever finds something missing up to it knows that it is no longer kept. */
async function mark(
  { scope, nowMs }: Forgetting,
  tx: Transaction,
  name: ForgottenName,
  number: number,
): Promise<void> {
  const key = keysOf(scope).forgotten(name);
  const present = await tx.get(key);
  tx.set(key, {
    through: Math.max(number, present?.through ?? number),
    count: (present?.count ?? 0) + 1,
    at: iso(nowMs),
  });
}

/** A version with its edges, its place in time, its judgements, and the steps that made it. */
export async function forgetVersion(
  at: Forgetting,
  tx: Transaction,
  version: VersionRecord,
): Promise<Forgot> {
  const { scope } = at;
  const keys = keysOf(scope);
  const { kind, name, version: number } = version;
  const record = await tx.get(keys.version(kind, name, number));
  if (record === null || await isUsedByModel(at, tx, record)) return STAYS;
  tx.delete(keys.version(kind, name, number));
  for (const { ref } of record.inputs) {
    if (ref.branch !== scope.branch) continue;
    tx.delete(keys.usedBy(ref.kind, ref.name, ref.version, kind, name, number));
  }
  if (name === ASSET.snapshot && record.marketAt !== null) {
    const place = keys.snapshotAt(Date.parse(record.marketAt));
    if (await tx.get(place) === number) tx.delete(place);
  }
  if (kind === "model") await forgetJudgements(at, tx, name, number);
  await mark(at, tx, `version/${kind}/${name}`, number);
  return { gone: true, steps: await forgetSteps(at, tx, record.runId) };
}

/** Whether a model was made of a dataset since it was decided what stays. */
async function isUsedByModel(
  { store, scope, gone }: Forgetting,
  tx: Transaction,
  record: VersionRecord,
): Promise<boolean> {
  if (record.name !== ASSET.trainingDataset) return false;
  // Checked, so that none is made of it meanwhile.
  await tx.get(keysOf(scope).counter(`version/model/${ASSET.detector}`));
  // Models alone: whatever judgements there are of the dataset, none of its models is behind a limit.
  const [from, before] = [[record.version, "model"], [record.version + 1]];
  const edges = keysOf(scope).usersOf(record.kind, record.name);
  const users = await store.list(edges, { from, before, limit: MAX_MODELS });
  return users.some(({ rest: [, , name, version] }) => {
    const user = { kind: "model" as const, name: String(name), version: Number(version) };
    return !gone.hasVersion({ ...user, branch: scope.branch });
  });
}

async function forgetJudgements(
  { store, scope }: Forgetting,
  tx: Transaction,
  model: string,
  version: number,
): Promise<void> {
  const keys = keysOf(scope);
  const counter = keys.counter(`evaluation/${model}/${version}`);
  // Checked: a judgement that comes meanwhile is not to be left behind.
  if (await tx.get(counter) !== null) tx.delete(counter);
  const evaluations = await store.list(keys.evaluations(model, version), {
    limit: MAX_EVALUATIONS,
  });
  for (const { value } of evaluations) tx.delete(keys.evaluation(model, version, value.id));
  if (await tx.get(keys.revocation(model, version))) tx.delete(keys.revocation(model, version));
}

/** The steps of a run that has ended for good: what they hand on is gone, and they would hold its bytes. */
async function forgetSteps(
  { store, scope }: Forgetting,
  tx: Transaction,
  runId: number,
): Promise<StepRecord[]> {
  const keys = keysOf(scope);
  const run = await tx.get(keys.run(runId));
  if (run === null || (run.status !== "completed" && run.resumedBy === null)) return [];
  const steps = await store.list(keys.steps(runId), { limit: MAX_STEPS });
  for (const { value } of steps) tx.delete(keys.step(runId, value.index));
  return steps.map(({ value }) => value);
}

/** A batch with its coins and its outcome; not one that still waits for its outcome. */
export async function forgetPrediction(
  at: Forgetting,
  tx: Transaction,
  batch: PredictionBatch,
): Promise<Forgot> {
  const { scope } = at;
  const keys = keysOf(scope);
  const { marketAtMs, dueAtMs, model, version } = batch;
  if (await tx.get(keys.due(dueAtMs, marketAtMs, model, version)) !== null) return STAYS;
  if (await tx.get(keys.prediction(marketAtMs, model, version)) === null) return STAYS;
  tx.delete(keys.prediction(marketAtMs, model, version));
  tx.delete(keys.outcome(model, version, marketAtMs));
  for (let bucket = 0; bucket < COIN_BUCKETS; bucket++) {
    tx.delete(keys.coinScores(bucket, marketAtMs, model, version));
  }
  await mark(at, tx, "prediction", marketAtMs);
  return { gone: true, steps: await forgetSteps(at, tx, batch.runId) };
}

/** A run with its steps, logs and tags; not one that may be gone on with, or that somebody has to end. */
export async function forgetRun(
  at: Forgetting,
  tx: Transaction,
  { id, flow }: RunRecord,
): Promise<Forgot> {
  const { store, scope } = at;
  const keys = keysOf(scope);
  const run = await tx.get(keys.run(id));
  if (run === null || isResumable(run) || await tx.get(keys.lease(id)) !== null) return STAYS;
  const [steps, logs, tags] = await Promise.all([
    store.list(keys.steps(id), { limit: MAX_STEPS }),
    store.list(keys.logs(id), { limit: MAX_LOG_PARTS }),
    store.list(keys.tagsOfRun(id), { limit: MAX_TAGS }),
  ]);
  tx.delete(keys.run(id));
  tx.delete(keys.runOfFlow(flow, id));
  for (const { value } of steps) tx.delete(keys.step(id, value.index));
  for (const { rest: [index, part] } of logs) tx.delete(keys.log(id, Number(index), Number(part)));
  for (const { rest: [tag] } of tags) {
    tx.delete(keys.tagOfRun(id, String(tag)));
    tx.delete(keys.runWithTag(flow, String(tag), id));
  }
  await mark(at, tx, "run", id);
  return { gone: true, steps: steps.map(({ value }) => value) };
}

/** A slot, or a gap: nothing stands or falls with it. */
export function forgetKey(_: Forgetting, tx: Transaction, key: Deno.KvKey): Promise<Forgot> {
  tx.delete({ parts: key, writable: true });
  return Promise.resolve({ gone: true, steps: [] });
}

/** An event with its deliveries; not one that somebody still has to handle. */
export async function forgetEvent(
  at: Forgetting,
  tx: Transaction,
  { id }: EventRecord,
): Promise<Forgot> {
  const { store, scope } = at;
  const keys = keysOf(scope);
  if (await tx.get(keys.event(id)) === null) return STAYS;
  const deliveries = await store.list(keys.deliveriesOf(id), { limit: MAX_LISTENERS });
  for (const { rest: [consumer] } of deliveries) {
    const key = keys.delivery(id, String(consumer));
    const delivery = await tx.get(key);
    if (delivery && (isOpen(delivery.state) || delivery.state === "parked")) return STAYS;
    tx.delete(key);
  }
  tx.delete(keys.event(id));
  await mark(at, tx, "event", id);
  return { gone: true, steps: [] };
}
