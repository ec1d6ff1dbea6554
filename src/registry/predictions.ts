// Predictions and their outcomes in the registry. A batch, its place in the order of what is due, and
// the look-up by coin are one commit; an outcome and the end of its being due are another.

import type { ReadScope } from "../domain/scope.ts";
import { type CrashRule, type Standing, standingOf } from "../domain/outcomes.ts";
import {
  coinBucket,
  type CoinScore,
  type CoinScores,
  type Driver,
  HORIZON_HOURS,
  type OutcomeRecord,
  type PredictionBatch,
} from "../domain/prediction.ts";
import { numbers, texts } from "../domain/table.ts";
import { HOUR_MS } from "../domain/time.ts";
import { readBlob, requireBlob } from "../store/blobs.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import type { RegistryContext } from "./context.ts";

/** A span of market time, ms, both ends inclusive; and how many records at most. */
export interface TimeRange {
  fromMs?: number;
  toMs?: number;
  limit: number;
  /** Newest first. */
  reverse?: boolean;
}

/**
 * Stages a batch with its coins. False, and nothing staged, where this version has scored this
 * snapshot already: a prediction is made once.
 */
export async function stageBatch(
  ctx: RegistryContext,
  tx: Transaction,
  batch: PredictionBatch,
  coins: readonly CoinScore[],
): Promise<boolean> {
  const keys = keysOf(ctx.scopes.write);
  const { marketAtMs, dueAtMs, model, version, role, threshold } = batch;
  const key = keys.prediction(marketAtMs, model, version);
  if (await tx.get(key) !== null) return false;
  await requireBlob(tx, batch.table);
  tx.set(key, batch);
  tx.set(keys.due(dueAtMs, marketAtMs, model, version), true);
  for (const [bucket, scores] of coinBuckets({ role, threshold }, coins)) {
    tx.set(keys.coinScores(bucket, marketAtMs, model, version), scores);
  }
  return true;
}

/** A batch's coins as the look-up by coin has them: bucket → those whose ids fall into it, in their order. */
export function coinBuckets(
  { role, threshold }: Pick<PredictionBatch, "role" | "threshold">,
  coins: readonly CoinScore[],
): Map<number, CoinScores> {
  const buckets = new Map<number, CoinScores>();
  for (const { coinId, price, score, flagged } of coins) {
    const bucket = coinBucket(coinId);
    const scores = buckets.get(bucket) ?? { role, threshold, coins: [] };
    scores.coins.push({ coinId, price, score, flagged });
    buckets.set(bucket, scores);
  }
  return buckets;
}

export function getBatch(
  ctx: RegistryContext,
  scope: ReadScope,
  key: Pick<PredictionBatch, "marketAtMs" | "model" | "version">,
): Promise<PredictionBatch | null> {
  return ctx.store.get(keysOf(scope).prediction(key.marketAtMs, key.model, key.version));
}

/** Batches of all models in the order of market time. */
export async function listBatches(
  ctx: RegistryContext,
  scope: ReadScope,
  range: TimeRange,
): Promise<PredictionBatch[]> {
  const entries = await ctx.store.list(keysOf(scope).predictions(), listOptions(range));
  return entries.map((entry) => entry.value);
}

/** A batch that waits for its outcome. */
export interface DueBatch {
  dueAtMs: number;
  marketAtMs: number;
  model: string;
  version: number;
}

/** What is due after `afterMs` and until `untilMs` (both in market time), oldest first. */
export async function listDue(
  ctx: RegistryContext,
  scope: ReadScope,
  range: { afterMs: number; untilMs: number; limit: number },
): Promise<DueBatch[]> {
  const entries = await ctx.store.list(keysOf(scope).dues(), {
    limit: range.limit,
    from: [range.afterMs + 1],
    before: [range.untilMs + 1],
  });
  return entries.map(({ rest }) => {
    const [dueAtMs, marketAtMs, model, version] = rest as [number, number, string, number];
    return { dueAtMs, marketAtMs, model, version };
  });
}

/**
 * Stages what became of a batch, and takes it off what is due. False, and nothing staged, where someone
 * else has decided it.
 */
export async function stageOutcome(
  ctx: RegistryContext,
  tx: Transaction,
  outcome: OutcomeRecord,
): Promise<boolean> {
  const keys = keysOf(ctx.scopes.write);
  const { model, version, marketAtMs, dueAtMs } = outcome;
  const due = keys.due(dueAtMs, marketAtMs, model, version);
  if (await tx.get(due) === null) return false;
  for (const { answer } of outcome.lookUps) await requireBlob(tx, answer);
  tx.delete(due);
  tx.set(keys.outcome(model, version, marketAtMs), outcome);
  return true;
}

export function getOutcome(
  ctx: RegistryContext,
  scope: ReadScope,
  key: Pick<PredictionBatch, "marketAtMs" | "model" | "version">,
): Promise<OutcomeRecord | null> {
  return ctx.store.get(keysOf(scope).outcome(key.model, key.version, key.marketAtMs));
}

/** Outcomes of one version in the order of the predictions' market time. */
export async function listOutcomes(
  ctx: RegistryContext,
  scope: ReadScope,
  model: string,
  version: number,
  range: TimeRange,
): Promise<OutcomeRecord[]> {
  const entries = await ctx.store.list(
    keysOf(scope).outcomes(model, version),
    listOptions(range),
  );
  return entries.map((entry) => entry.value);
}

/** What one model said of one coin at one time. */
export interface CoinPrediction extends CoinScore {
  marketAtMs: number;
  model: string;
  version: number;
  role: CoinScores["role"];
  threshold: number;
}

/** Every score of a coin in a span of market time, oldest first or newest first. */
export async function listCoinScores(
  ctx: RegistryContext,
  scope: ReadScope,
  coinId: string,
  range: TimeRange,
): Promise<CoinPrediction[]> {
  const prefix = keysOf(scope).coinScoresOf(coinBucket(coinId));
  const entries = await ctx.store.list(prefix, listOptions(range));
  return entries.flatMap(({ rest, value }) => {
    const coin = value.coins.find((coin) => coin.coinId === coinId);
    if (coin === undefined) return [];
    const [marketAtMs, model, version] = rest as [number, string, number];
    const { role, threshold } = value;
    return [{ ...coin, marketAtMs, model, version, role, threshold }];
  });
}

/** A score of a coin, and what became of it. */
export type ScoredCoin = CoinPrediction & { outcome: Standing };

/** What became of a coin's score, or when that can be known. */
export async function withOutcome(
  ctx: RegistryContext,
  scope: ReadScope,
  score: CoinPrediction,
  { crashThresholdPct }: CrashRule,
): Promise<ScoredCoin> {
  const outcome = await getOutcome(ctx, scope, score);
  const at = outcome?.coinIds.indexOf(score.coinId) ?? -1;
  const dueAtMs = score.marketAtMs + HORIZON_HOURS * HOUR_MS;
  return { ...score, outcome: standingOf(outcome, at, { dueAtMs, crashThresholdPct }) };
}

/** What drove a score; empty where it was no flag. */
export async function driversOf(
  ctx: RegistryContext,
  scope: ReadScope,
  score: CoinPrediction,
): Promise<Driver[]> {
  const batch = await getBatch(ctx, scope, score);
  const rows = batch ? await readBatch(ctx, batch) : [];
  return rows.find((row) => row.coinId === score.coinId)?.drivers ?? [];
}

function listOptions({ fromMs, toMs, limit, reverse = false }: TimeRange) {
  return {
    limit,
    reverse,
    ...(fromMs === undefined ? {} : { from: [fromMs] }),
    ...(toMs === undefined ? {} : { before: [toMs + 1] }),
  };
}

/** One row of a batch's table. */
export interface PredictionRow extends CoinScore {
  symbol: string;
  name: string;
  /** Strongest first; empty for a coin that was not flagged. */
  drivers: Driver[];
}

/** The rows of a batch, in the market's order. */
export async function readBatch(
  ctx: Pick<RegistryContext, "store">,
  batch: PredictionBatch,
): Promise<PredictionRow[]> {
  // Imported on demand: most commands read no table, and should start at once.
  const { decodeTable } = await import("../store/tables.ts");
  const table = await decodeTable(await readBlob(ctx.store, batch.table));
  const drivers = texts(table, "drivers");
  const names = texts(table, "name");
  const symbols = texts(table, "symbol");
  const prices = numbers(table, "current_price");
  const scores = numbers(table, "score");
  return texts(table, "coin_id").map((coinId, i) => ({
    coinId: coinId!,
    symbol: symbols[i] ?? "",
    name: names[i] ?? coinId!,
    price: prices[i]!,
    score: scores[i]!,
    flagged: drivers[i] !== null,
    drivers: JSON.parse(drivers[i] ?? "[]"),
  }));
}
