// The arithmetic of waiting: pure functions, so properties hold for all inputs and not for a few.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { nextWaitMs, retryAfterMs, type RetryLimits } from "../../src/market/retries.ts";

const LIMITS: RetryLimits = {
  maxTries: 5,
  firstWaitMs: 2_000,
  maxWaitMs: 16_000,
  budgetMs: 60_000,
};
const NOW_MS = Date.UTC(2026, 0, 1);

Deno.test("nextWaitMs() doubles the wait up to its maximum", () => {
  const limits = { ...LIMITS, maxTries: 9, budgetMs: Infinity };
  const waits = [1, 2, 3, 4, 5, 6].map((tries) =>
    nextWaitMs({ tries, elapsedMs: 0, retryAfterMs: null }, limits, 1)
  );
  assertEquals(waits, [2_000, 4_000, 8_000, 16_000, 16_000, 16_000]);
});

Deno.test("nextWaitMs() keeps to the budget, to the tries and to what the server asked for", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 10 }),
    fc.nat(80_000),
    fc.option(fc.nat(200_000)),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    (tries, elapsedMs, askedMs, random) => {
      const failed = { tries, elapsedMs, retryAfterMs: askedMs };
      const waitMs = nextWaitMs(failed, LIMITS, random);
      if (waitMs === null) {
        const longestMs = Math.max(askedMs ?? 0, LIMITS.maxWaitMs);
        assert(tries >= LIMITS.maxTries || elapsedMs + longestMs > LIMITS.budgetMs);
        return;
      }
      assert(tries < LIMITS.maxTries);
      assert(waitMs >= LIMITS.firstWaitMs / 2 && waitMs >= (askedMs ?? 0));
      assert(elapsedMs + waitMs <= LIMITS.budgetMs);
    },
  ));
});

Deno.test("retryAfterMs() reads seconds and HTTP dates, and nothing else", () => {
  const cases: [string | null, number | null][] = [
    ["119", 119_000],
    [" 0.5 ", 500],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Wed, 31 Dec 2025 23:59:00 GMT", null],
    ["0", null],
    ["-3", null],
    ["soon", null],
    ["", null],
    [null, null],
  ];
  for (const [header, expected] of cases) {
    assertEquals(retryAfterMs(header, NOW_MS), expected, `${header}`);
  }
});
