// A CoinGecko source for tests: asks a scripted server, with a clock that only waiting moves.

import { assertEquals, assertRejects } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { CoinGecko } from "../../src/market/coingecko.ts";
import { coin } from "../support/coingecko_server.ts";

export const NOW_MS = Date.UTC(2026, 0, 2, 12);
export const REQUEST = { numCoins: 1, afterMs: null };
export const ONE_COIN = JSON.stringify([coin(1)]);

export interface Market {
  source: CoinGecko;
  /** The waits that the source asked for, in ms. */
  waits: number[];
  nowMs: () => number;
}

export function openMarket(
  baseUrl: string,
  { env = {}, timeoutMs = 5_000 }: { env?: Record<string, string>; timeoutMs?: number } = {},
): Market {
  const waits: number[] = [];
  const variables: Record<string, string> = { COINGECKO_BASE_URL: baseUrl, ...env };
  const nowMs = () => NOW_MS + waits.reduce((sum, ms) => sum + ms, 0);
  const source = new CoinGecko({
    env: (name) => variables[name],
    nowMs,
    sleep: (ms) => Promise.resolve(void waits.push(ms)),
    random: () => 0.5,
    timeoutMs,
  });
  return { source, waits, nowMs };
}

/** What a fetch fails with, which has to be `unavailable`. */
export async function fetchError(source: CoinGecko, request = REQUEST): Promise<AppError> {
  const error = await assertRejects(() => source.fetch(request), AppError);
  assertEquals(error.code, "unavailable");
  return error;
}
