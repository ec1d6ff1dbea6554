// What the coins of a snapshot cost at its horizon: by the first snapshot from then on that quotes them,
// else by a look-up, and never by a price from outside the tolerance.

import type { AssetFile } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { MarketSource } from "../../src/domain/market.ts";
import { DECIDED_BY } from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { numbers, texts } from "../../src/domain/table.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import type { StepContext } from "../../src/engine/flow.ts";
import { type Snapshot } from "../../src/features/history.ts";
import { jsonBytes } from "../market_data.ts";
import { recentSnapshots } from "../snapshots.ts";

/** How long after the tolerance a snapshot of before may still be on its way into the store. */
const SETTLE_MS = 5 * MINUTE_MS;

/** How long a market that was not seen since, or does not answer, is waited for, from the horizon on. */
const GIVE_UP_MS = 24 * HOUR_MS;

/** A price with its own instant, and how it was found. */
export interface HorizonPrice {
  price: number;
  atMs: number;
  by: typeof DECIDED_BY.snapshot | typeof DECIDED_BY.lookUp;
}

/** All that can be known of a snapshot's coins at the horizon. A coin without a price has none there. */
export interface HorizonPrices {
  prices: Map<string, HorizonPrice>;
  lookUps: { coinIds: string[]; answer: AssetFile }[];
}

export interface HorizonRequest {
  /** Where the snapshots are. */
  scope: ReadScope;
  dueAtMs: number;
  toleranceMs: number;
  /** The branch's market clock. */
  clockMs: number;
  /** Market time of the branch's newest data. */
  seenMs: number;
  coinIds: readonly string[];
}

/**
 * The prices, once they are settled: as soon as the first snapshot has all coins, else when the
 * tolerance has passed. Null while they are not. So the answer does not depend on when it is asked for.
 *
 * @param openSource opens the market for look-ups; called only where one is needed
 */
export async function horizonPrices(
  ctx: StepContext<unknown>,
  request: HorizonRequest,
  openSource: () => Promise<MarketSource>,
): Promise<HorizonPrices | null> {
  const { dueAtMs, toleranceMs, clockMs, seenMs, coinIds } = request;
  const endMs = dueAtMs + toleranceMs;
  const range = { fromMs: dueAtMs, toMs: Math.min(endMs, clockMs) };
  const prices = new Map<string, HorizonPrice>();
  for (const snapshot of await recentSnapshots(ctx.registry, request.scope, range)) {
    addQuotes(prices, snapshot, dueAtMs - toleranceMs);
    if (coinIds.every((id) => prices.has(id))) return { prices, lookUps: [] };
  }
  if (clockMs <= endMs + SETTLE_MS) return null;
  // A live market's clock is this computer's. Until the market itself was seen after the horizon, it may be
  // a wrong one that says so, and a price that cannot be found yet must not count as none.
  if (seenMs <= endMs && clockMs <= endMs + GIVE_UP_MS) return null;
  const missing = coinIds.filter((id) => !prices.has(id));
  const answers: Record<string, string> = {};
  try {
    const source = await openSource();
    for (const coinId of missing) {
      const { body, found } = await source.lookUp({
        coinId,
        fromMs: dueAtMs,
        toMs: endMs,
        signal: ctx.signal,
        onWait: (message) => ctx.log(message, "warn"),
      });
      if (found) prices.set(coinId, { ...found, by: DECIDED_BY.lookUp });
      answers[coinId] = new TextDecoder().decode(body);
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "unavailable") throw error;
    ctx.log(`${missing.length} coins could not be looked up: ${error.message}`, "warn");
    if (clockMs <= endMs + GIVE_UP_MS) return null;
  }
  return { prices, lookUps: await keepAnswers(ctx, answers) };
}

/** One file for all: a market that was not seen for an hour is looked up coin by coin, by the hundred. */
async function keepAnswers(
  ctx: StepContext<unknown>,
  answers: Record<string, string>,
): Promise<HorizonPrices["lookUps"]> {
  const coinIds = Object.keys(answers);
  if (coinIds.length === 0) return [];
  const answer = await ctx.putBlob(jsonBytes(answers), "application/json");
  return [{ coinIds, answer }];
}

/**
 * Takes the quotes of a snapshot for coins that have none yet. A quote that was made before
 * `notBeforeMs` is an old price in a new snapshot, and is passed over.
 */
function addQuotes(
  prices: Map<string, HorizonPrice>,
  { marketAtMs, table }: Snapshot,
  notBeforeMs: number,
): void {
  const coinIds = texts(table, "coin_id");
  const quotes = numbers(table, "current_price");
  const updated = numbers(table, "last_updated");
  for (let row = 0; row < table.rowCount; row++) {
    const coinId = coinIds[row]!;
    if (prices.has(coinId) || updated[row]! < notBeforeMs) continue;
    prices.set(coinId, { price: quotes[row]!, atMs: marketAtMs, by: DECIDED_BY.snapshot });
  }
}
