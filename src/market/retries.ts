// When a failed request is tried again, and when it is given up: exponential waits with jitter, within
// a budget of time. Pure; the waiting itself is done by the source that asks.

export interface RetryLimits {
  maxTries: number;
  /** Wait after the first failure; doubled after each further one. */
  firstWaitMs: number;
  maxWaitMs: number;
  /** No wait begins that would end later than this after the start of the first try. */
  budgetMs: number;
}

export interface FailedTries {
  /** Tries so far, at least 1. */
  tries: number;
  /** Since the start of the first one. */
  elapsedMs: number;
  /** What the server asked to wait; null where it did not ask. */
  retryAfterMs: number | null;
}

/**
 * The wait before the next try in ms, or null to give up. Half of a wait is random, so that clients
 * that failed together do not come back together; what the server asked for is never cut short.
 *
 * @param random uniform in [0, 1)
 */
export function nextWaitMs(
  { tries, elapsedMs, retryAfterMs }: FailedTries,
  { maxTries, firstWaitMs, maxWaitMs, budgetMs }: RetryLimits,
  random: number,
): number | null {
  if (tries >= maxTries) return null;
  const backoffMs = Math.min(firstWaitMs * 2 ** (tries - 1), maxWaitMs);
  const jitteredMs = backoffMs * (0.5 + random / 2);
  const waitMs = Math.max(jitteredMs, retryAfterMs ?? 0);
  return elapsedMs + waitMs > budgetMs ? null : waitMs;
}

/**
 * A `Retry-After` header (RFC 9110, 10.2.3: seconds, or an HTTP date) in ms from now; null where it
 * is absent, neither of the two, or not ahead.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? "";
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}
