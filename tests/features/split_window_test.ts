// How much history a dataset takes, and how long it is still to wait.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { hoursMissing, type SplitParams } from "../../src/features/split.ts";
import { splitWindow } from "../../src/features/split_window.ts";
import { at, range } from "./snapshots.ts";

const DEFAULTS: SplitParams = {
  maxHistoryHours: 168,
  holdoutHours: 24,
  embargoHours: 0,
  minSnapshotsPerCoin: 6,
};

function missing(hours: number[], now: number, params: Partial<SplitParams> = {}): number {
  return hoursMissing(hours.map(at), at(now), { ...DEFAULTS, ...params });
}

Deno.test("splitWindow() puts the instant now - holdout into training, and the next one after", () => {
  assertEquals(splitWindow(at(200), { ...DEFAULTS, embargoHours: 24 }), {
    training: { fromMs: at(32), toMs: at(152) },
    holdout: { fromMs: at(176) + 1, toMs: at(200) },
  });
  assertStrictEquals(splitWindow(at(200), DEFAULTS).training.toMs, at(176));
});

Deno.test("30 hourly snapshots suffice for a holdout of 24 h and 6 to train on; 29 do not", () => {
  assertStrictEquals(missing(range(0, 29), 29), 0);
  assertStrictEquals(missing(range(1, 29), 29), 1);
});

Deno.test("an empty history misses all 30 hours", () => {
  assertStrictEquals(missing([], 0), 30);
  assertStrictEquals(missing([], 0, { embargoHours: 24 }), 54);
});

Deno.test("hours fall by one with every snapshot", () => {
  for (const last of range(0, 29)) assertStrictEquals(missing(range(0, last), last), 29 - last);
});

Deno.test("a hole in the training part costs its hours, and one in the holdout none", () => {
  // Hours 2 to 4 of the first six are missing: three more have to leave the holdout.
  assertStrictEquals(missing([0, 1, ...range(5, 29)], 29), 3);
  assertStrictEquals(missing([...range(0, 5), ...range(20, 29)], 29), 0);
  assertStrictEquals(missing([...range(0, 5), 29], 29), 0);
});

Deno.test("snapshots before a long hole count again as training once the holdout has one", () => {
  // All six lie before the cut, but nothing came since.
  assertStrictEquals(missing(range(0, 5), 40), 1);
});

Deno.test("an old history does not count once it has left the window", () => {
  assertStrictEquals(missing(range(0, 5), 400), 30);
  // At hour 172 the window begins at 4, and loses the last two before new ones come of age.
  assertStrictEquals(missing(range(0, 5), 172), 30);
});

Deno.test("the embargo's hours are waited for too", () => {
  assertStrictEquals(missing(range(0, 29), 29, { embargoHours: 24 }), 24);
});

Deno.test("repeated times count once, and times after now not at all", () => {
  assertStrictEquals(missing([...range(1, 29), 1, 2, 3], 29), 1);
  assertStrictEquals(missing([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], 0), 30);
});

Deno.test("a clock between two snapshots waits for the next full step", () => {
  assertStrictEquals(missing(range(0, 28), 28.5), 1);
});

Deno.test("hoursMissing() says when a pair is possible: then, and not an hour before", () => {
  const history = fc.uniqueArray(fc.nat(200), { maxLength: 60 });
  fc.assert(
    fc.property(history, fc.nat(30), fc.integer({ min: 1, max: 8 }), (hours, embargo, min) => {
      const params = { ...DEFAULTS, embargoHours: embargo, minSnapshotsPerCoin: min };
      const wait = hoursMissing(hours.map(at), at(200), params);
      for (const waited of range(0, wait)) {
        const times = [...hours, ...range(1, waited).map((hour) => 200 + hour)].map(at);
        const now = at(200) + waited * HOUR_MS;
        assertStrictEquals(hoursMissing(times, now, params), wait - waited);
      }
    }),
    { numRuns: 50, seed: 7 },
  );
});

Deno.test("hoursMissing() refuses parameters that no history could satisfy", () => {
  const error = assertThrows(
    () => missing([], 0, { maxHistoryHours: 28 }),
    AppError,
    "max_history_hours is 28, expected at least 29",
  );
  assertStrictEquals(error.code, "invalid");
  assertStrictEquals(missing(range(0, 29), 29, { maxHistoryHours: 29 }), 0);
  assertThrows(() => missing([], 0, { holdoutHours: 0 }), AppError, "holdout_hours is 0");
  assertThrows(() => missing([], 0, { embargoHours: -1 }), AppError, "embargo_hours is -1");
  assertThrows(() => missing([], 0, { minSnapshotsPerCoin: 1.5 }), AppError, "is 1.5");
  assertThrows(() => missing([], 0, { maxHistoryHours: NaN }), AppError, "is NaN");
});
