// A small made-up market, written as recordings into a temporary folder, so that whole flows can be run
// through `--source replay:<folder>`. The same seed gives the same bytes.

import { Mt19937 } from "../../src/random.ts";
import { HOUR_MS, START_MS } from "./registry.ts";

export interface RecordingOptions {
  hours: number;
  coins?: number;
  seed?: number;
  firstHour?: number;
  /** From this hour on every change is larger by so many standard deviations. */
  shift?: { fromHour: number; standardDeviations: number };
}

/** Writes one recording an hour into the folder. */
export async function writeRecordings(folder: string, options: RecordingOptions): Promise<void> {
  const { hours, coins = 21, seed = 7, firstHour = 0, shift } = options;
  const random = new Mt19937(seed);
  for (let hour = 0; hour < hours; hour++) {
    const marketAtMs = START_MS + (firstHour + hour) * HOUR_MS;
    const deviations = shift && hour >= shift.fromHour ? shift.standardDeviations : 0;
    const rows = Array.from({ length: coins }, (_, coin) => {
      return coinAt(random, coin, marketAtMs, deviations);
    });
    await Deno.writeTextFile(`${folder}/${fileTime(marketAtMs)}.json`, JSON.stringify(rows));
  }
}

/** Runs `work` on a temporary folder that is gone afterwards. */
export async function withFolder<R>(work: (folder: string) => Promise<R>): Promise<R> {
  const folder = await Deno.makeTempDir({ prefix: "anomaly_test_" });
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function fileTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** One coin as the market's JSON has it; every seventh is restless at all times. */
function coinAt(random: Mt19937, coin: number, marketAtMs: number, shift: number) {
  const spread = coin % 7 === 6 ? 6 : 1;
  const draw = (std: number) => std * (spread * random.normal() + shift);
  const currentPrice = 100 * (coin + 1) * Math.exp(draw(0.01));
  return {
    id: `coin-${coin}`,
    symbol: `c${coin}`,
    name: `Coin ${coin}`,
    current_price: currentPrice,
    market_cap: 1e9 * Math.exp(draw(0.2)),
    market_cap_rank: coin + 1,
    total_volume: 1e7 * Math.exp(draw(0.2)),
    high_24h: currentPrice * 1.1,
    low_24h: currentPrice * 0.9,
    price_change_percentage_1h_in_currency: draw(0.5),
    price_change_percentage_24h: draw(2),
    price_change_percentage_7d_in_currency: draw(5),
    price_change_percentage_30d_in_currency: draw(10),
    ath_change_percentage: -50 + draw(3),
    last_updated: new Date(marketAtMs).toISOString(),
    sparkline_in_7d: {
      price: Array.from({ length: 24 }, () => currentPrice * (1 + draw(0.01) / 2)),
    },
  };
}
