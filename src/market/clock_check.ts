// Whether this computer's clock can be right, by what the market's own answer says. A live answer is dated by
// the clock: a wrong one would put prices of now where those of tomorrow belong, for good.

import { AppError } from "../domain/errors.ts";
import { HOUR_MS, iso, MINUTE_MS } from "../domain/time.ts";

/** The service renews its larger coins within minutes; one of a whole answer is never as old as this. */
const OLDEST_MS = 6 * HOUR_MS;
/** Clocks differ a little. */
const AHEAD_MS = 10 * MINUTE_MS;

/**
 * Throws `unavailable` where the answer is live and the newest quote in it is not of about now. Live is an
 * answer whose server was as close to its quotes by its own clock; a stand-in that serves recordings is not,
 * and says nothing. Nor does an answer without dates.
 *
 * @param clocks.answeredMs when the server says that it answered, ms
 */
export function assertClockAgrees(
  coins: readonly unknown[],
  { answeredMs, nowMs }: { answeredMs: number | null; nowMs: number },
): void {
  const newestMs = coins.reduce<number>(
    (newest, coin) => Math.max(newest, quotedMs(coin)),
    -Infinity,
  );
  const isAbout = (clockMs: number) =>
    newestMs <= clockMs + AHEAD_MS && newestMs >= clockMs - OLDEST_MS;
  if (answeredMs === null || !isAbout(answeredMs) || isAbout(nowMs)) return;
  throw new AppError(
    "unavailable",
    `Cannot date the market's answer: its newest quote is of ${
      iso(newestMs)
    }, and this computer's ` +
      `clock says ${iso(nowMs)}, expected a quote of the last ${
        OLDEST_MS / HOUR_MS
      } hours. Next: set the clock right.`,
    { details: { quoted_at: iso(newestMs), clock: iso(nowMs) } },
  );
}

function quotedMs(coin: unknown): number {
  const text = typeof coin === "object" && coin !== null && "last_updated" in coin
    ? coin.last_updated
    : null;
  const ms = typeof text === "string" ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? -Infinity : ms;
}
