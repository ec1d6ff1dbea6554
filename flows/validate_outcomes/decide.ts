// Deciding what is due: one commit a snapshot, for all models that scored it. The first step of
// validate_outcomes; what a commit decided is never decided again.

import type { JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { MarketSource } from "../../src/domain/market.ts";
import {
  DECIDED_BY,
  type OutcomeRecord,
  type PredictionBatch,
} from "../../src/domain/prediction.ts";
import { type ReadScope, readScope } from "../../src/domain/scope.ts";
import { numbers, texts } from "../../src/domain/table.ts";
import { MINUTE_MS } from "../../src/domain/time.ts";
import type { StepContext } from "../../src/engine/flow.ts";
import { clockOf, readBranch, type RegistryContext, wallTime } from "../../src/registry/context.ts";
import { type DueBatch, getBatch, listDue, stageOutcome } from "../../src/registry/predictions.ts";
import { readBlob } from "../../src/store/blobs.ts";
import { decodeTable } from "../../src/store/tables.ts";
import { openBranchSource } from "../market_data.ts";
import { type HorizonPrices, horizonPrices } from "./horizon_prices.ts";

/** Batches that are read ahead at once. */
const PAGE = 256;

/** What one run decided, and what is due and still open; counts are of predictions, but for `batches`. */
export type Decided = JsonObject & {
  batches: number;
  predictions: number;
  resolved: number;
  looked_up: number;
  unresolved: number;
  /** Batches that are due, and wait for the tolerance to pass or for the market to answer. */
  waiting: number;
};

export type DecideParams = { source?: string | undefined; tolerance_minutes: number };

/** Decides all that is due, oldest first. */
export async function decide(ctx: StepContext<DecideParams>): Promise<Decided> {
  const { registry, params } = ctx;
  const decided: Decided = {
    batches: 0,
    predictions: 0,
    resolved: 0,
    looked_up: 0,
    unresolved: 0,
    waiting: 0,
  };
  const markets = new Map<string, Market>();
  for await (const due of dueSnapshots(registry)) {
    ctx.signal.throwIfAborted();
    const scored = await Promise.all(due.map((key) => readScores(registry, key)));
    const { branch } = scored[0]!.batch.snapshot;
    const market = markets.get(branch) ?? await openMarket(ctx, branch);
    markets.set(branch, market);
    const prices = await horizonPrices(ctx, {
      scope: market.scope,
      clockMs: market.clockMs,
      seenMs: market.seenMs,
      dueAtMs: due[0]!.dueAtMs,
      toleranceMs: params.tolerance_minutes * MINUTE_MS,
      coinIds: [...new Set(scored.flatMap(({ coinIds }) => coinIds))],
    }, market.open);
    if (prices === null) decided.waiting += due.length;
    else await record(ctx, scored.map((one) => outcomeOf(ctx, one, prices)), decided);
  }
  return decided;
}

/** What is due on the write branch, grouped by snapshot: a group has the batches of all its models. */
async function* dueSnapshots(registry: RegistryContext): AsyncGenerator<DueBatch[]> {
  const { write, read } = registry.scopes;
  // Predictions go by the clock of the branch that the snapshots are on.
  const branch = await readBranch(registry, write) ?? await readBranch(registry, read);
  if (branch === null) return;
  const untilMs = clockOf(registry, branch);
  for (let afterMs = -1;;) {
    const page = await listDue(registry, write, { afterMs, untilMs, limit: PAGE });
    const groups = Map.groupBy(page, (due) => due.dueAtMs);
    // The last group of a full page may go on in the next one.
    if (page.length === PAGE && groups.size > 1) groups.delete(page.at(-1)!.dueAtMs);
    yield* groups.values();
    if (page.length < PAGE) return;
    afterMs = [...groups.keys()].at(-1)!;
  }
}

/** A branch whose snapshots decide: its clock, and its source for look-ups, opened once if at all. */
interface Market {
  scope: ReadScope;
  clockMs: number;
  /** Of its newest data. */
  seenMs: number;
  open: () => Promise<MarketSource>;
}

async function openMarket(ctx: StepContext<DecideParams>, branch: string): Promise<Market> {
  const { registry } = ctx;
  const scope = readScope(registry.scopes.write.project, branch);
  const record = await readBranch(registry, scope);
  let source: Promise<MarketSource> | null = null;
  return {
    scope,
    clockMs: record ? clockOf(registry, record) : registry.nowMs(),
    seenMs: record?.marketAtMs ?? -Infinity,
    open: () => source ??= openBranchSource(ctx, branch, record),
  };
}

interface Scores {
  batch: PredictionBatch;
  coinIds: string[];
  prices: Float64Array;
  scores: Float64Array;
  labels: Float64Array;
}

async function readScores(registry: RegistryContext, key: DueBatch): Promise<Scores> {
  const batch = await getBatch(registry, registry.scopes.write, key);
  if (batch === null) {
    throw new AppError(
      "internal",
      `Cannot decide the predictions of ${
        new Date(key.marketAtMs).toISOString()
      } by ${key.model} ` +
        `v${key.version}: they are due, but there are none. The store is damaged: restore it from a ` +
        `backup.`,
    );
  }
  const table = await decodeTable(await readBlob(registry.store, batch.table));
  return {
    batch,
    coinIds: texts(table, "coin_id").map((id) => id!),
    prices: numbers(table, "current_price"),
    scores: numbers(table, "score"),
    labels: numbers(table, "label"),
  };
}

function outcomeOf(
  ctx: StepContext<DecideParams>,
  { batch, coinIds, prices, scores, labels }: Scores,
  horizon: HorizonPrices,
): OutcomeRecord {
  const { model, version, role, marketAtMs, dueAtMs } = batch;
  const found = coinIds.map((id) => horizon.prices.get(id));
  return {
    model,
    version,
    role,
    marketAtMs,
    dueAtMs,
    toleranceMinutes: ctx.params.tolerance_minutes,
    coinIds,
    scores: scores.slice(),
    flagged: Uint8Array.from(labels, (label) => label < 0 ? 1 : 0),
    returnsPct: Float64Array.from(found, (at, i) => at ? changePct(prices[i]!, at.price) : NaN),
    decidedBy: Uint8Array.from(found, (at) => at?.by ?? DECIDED_BY.nothing),
    pricedAfterMs: Int32Array.from(found, (at) => at ? at.atMs - dueAtMs : 0),
    lookUps: horizon.lookUps,
    runId: ctx.run.id,
    recordedAt: wallTime(ctx.registry),
  };
}

/** Subtracted first and divided then: 85 after 100 is −15 to the last bit, which is a crash. */
function changePct(before: number, after: number): number {
  return (after - before) / before * 100;
}

/** One commit: the outcomes of a snapshot, the end of their being due, and the event. */
async function record(
  ctx: StepContext<DecideParams>,
  outcomes: readonly OutcomeRecord[],
  decided: Decided,
): Promise<void> {
  let staged: OutcomeRecord[] = [];
  await ctx.checkpoint(async ({ tx, publish }) => {
    staged = [];
    for (const outcome of outcomes) {
      // Where another process was first, its outcome stands.
      if (await stageOutcome(ctx.registry, tx, outcome)) staged.push(outcome);
    }
    if (staged.length === 0) return;
    const { model, marketAtMs, dueAtMs } = staged[0]!;
    await publish("outcomes_validated", new Date(dueAtMs).toISOString(), {
      model,
      versions: staged.map((outcome) => outcome.version),
      predicted_at: new Date(marketAtMs).toISOString(),
      ...countsOf(staged),
    });
  });
  decided.batches += staged.length;
  for (const [name, count] of Object.entries(countsOf(staged))) {
    decided[name as keyof ReturnType<typeof countsOf>] += count;
  }
}

function countsOf(outcomes: readonly OutcomeRecord[]) {
  const counts = { predictions: 0, resolved: 0, looked_up: 0, unresolved: 0 };
  for (const { decidedBy } of outcomes) {
    for (const by of decidedBy) {
      counts.predictions++;
      if (by === DECIDED_BY.nothing) counts.unresolved++;
      else counts.resolved++;
      if (by === DECIDED_BY.lookUp) counts.looked_up++;
    }
  }
  return counts;
}
