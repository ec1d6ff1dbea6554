// A coin's prices along time, as `/coins/{id}/market_chart/range` answers: pairs of instant and price.
// What a look-up by id is decided by.

import type { PriceAnswer } from "../domain/market.ts";
import { describeBody, unreadable } from "./response_body.ts";

/** What the service says of an id that it does not know; any other error is no answer. */
const UNKNOWN_COIN = /coin not found|could not find coin/i;

/**
 * The first usable price with fromMs <= instant <= toMs; null where there is none, or where the body
 * is the service's word that it does not know the coin.
 *
 * @throws AppError `unavailable` for any other body
 */
export function firstPrice(
  body: Uint8Array,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  origin: string,
): PriceAnswer["found"] {
  const text = new TextDecoder().decode(body);
  const chart = parsed(text);
  if (chart === null || !Array.isArray(chart.prices)) {
    if (typeof chart?.error === "string" && UNKNOWN_COIN.test(chart.error)) return null;
    throw unreadable(describeBody(text.trim()), {
      subject: `the answer of ${origin}`,
      advice: "try again later",
    });
  }
  const points = chart.prices.flatMap((point: unknown) => {
    const [atMs, price] = Array.isArray(point) ? point : [];
    const isUsable = Number.isFinite(atMs) && Number.isFinite(price) && price > 0;
    return isUsable && atMs >= fromMs && atMs <= toMs ? [{ atMs: atMs as number, price }] : [];
  });
  points.sort((a, b) => a.atMs - b.atMs);
  return points[0] ?? null;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
