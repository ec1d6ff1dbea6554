// A made-up market in which prices go where a test sends them, and short ways to a champion on it: for
// tests of scoring and of what becomes of predictions.

import { flows } from "../../flows/mod.ts";
import type { JsonObject } from "../../src/domain/asset.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { findFlow } from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { Mt19937 } from "../../src/random.ts";
import { HOUR_MS, START_MS, testRunner } from "../support/registry.ts";

export interface Quote {
  /** USD; 100 unless a test says otherwise. */
  price?: number;
  /** The coin is not in the response. */
  isAbsent?: boolean;
  /** When the quote was made, if not now. */
  updatedMs?: number;
}

export interface MarketStory {
  hours: number;
  coins?: number;
  /** What a coin does at an hour, where it is not as usual. */
  quote?: (coin: number, hour: number) => Quote | undefined;
  /** Hours without a recording. */
  missingHours?: readonly number[];
}

export const hourMs = (hour: number) => START_MS + hour * HOUR_MS;

/** Writes the story's recordings, one an hour; the same story gives the same bytes. */
export async function writeStory(folder: string, story: MarketStory): Promise<void> {
  const random = new Mt19937(3);
  for (let hour = 0; hour < story.hours; hour++) {
    const rows = Array.from({ length: story.coins ?? 20 }, (_, coin) => {
      const { isAbsent = false, ...quote } = story.quote?.(coin, hour) ?? {};
      const row = rowOf(random, coin, hour, quote);
      return isAbsent ? [] : [row];
    }).flat();
    if (story.missingHours?.includes(hour)) continue;
    const name = new Date(hourMs(hour)).toISOString().replace(/[-:]|\.\d+/g, "");
    await Deno.writeTextFile(`${folder}/${name}.json`, JSON.stringify(rows));
  }
}

function rowOf(random: Mt19937, coin: number, hour: number, { price = 100, updatedMs }: Quote) {
  const spread = coin % 7 === 6 ? 5 : 1;
  const draw = (std: number) => std * spread * random.normal();
  return {
    id: `coin-${coin}`,
    symbol: `c${coin}`,
    name: `Coin ${coin}`,
    current_price: price,
    market_cap: 1e9 * Math.exp(draw(0.2)),
    market_cap_rank: coin + 1,
    total_volume: 1e7 * Math.exp(draw(0.2)),
    price_change_percentage_1h_in_currency: draw(0.5),
    price_change_percentage_24h: draw(2),
    price_change_percentage_7d_in_currency: draw(5),
    ath_change_percentage: -50 + draw(3),
    last_updated: new Date(updatedMs ?? hourMs(hour)).toISOString(),
    sparkline_in_7d: { price: Array.from({ length: 24 }, () => 100 * Math.exp(draw(0.01))) },
  };
}

/** Hours that are learned from; the champion scores from the next one on. */
export const LEARN_HOURS = 16;

export interface MarketRuns {
  run(flow: string, params?: JsonObject): Promise<RunRecord>;
  /** Ingests so many recordings, and scores each where asked to. */
  goOn(hours: number, options?: { isScored?: boolean }): Promise<void>;
  /** A detector learned from what is there, judged and given the alias. */
  newHolder(alias?: string): Promise<number>;
}

/** Flows on a registry in front of a folder of recordings. */
export function marketRuns(registry: RegistryContext, folder: string): MarketRuns {
  const runner = {
    ...testRunner(registry),
    env: (name: string) => name === "ANOMALY_SOURCE" ? `replay:${folder}` : undefined,
  };
  const run = (name: string, params: JsonObject = {}) => {
    const flow = findFlow(flows, name);
    return runFlow(runner, flow, { params, tags: [], triggeredBy: null });
  };
  return {
    run,
    goOn: async (hours, { isScored = true } = {}) => {
      for (let i = 0; i < hours; i++) {
        await run("ingest");
        if (isScored) await run("score");
      }
    },
    newHolder: async (alias = "champion") => {
      await run("build_dataset", { holdout_hours: 4 });
      const { summary } = await run("train");
      await run("evaluate");
      const version = String(summary.version);
      await run("promote", { version, alias, force: true, reason: "for the test" });
      return Number(version);
    },
  };
}
