// A fortnight of an imperfect market: holes, late coins, coins that vanish, snapshots off the hour,
// duplicate deliveries, missing values. Bulk and incremental must agree on every bit of it.

import { assert, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { numbers } from "../../src/domain/table.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { type Snapshot } from "../../src/features/history.ts";
import {
  bulkFeatures,
  FEATURE_NAMES,
  snapshotFeatures,
  WARM_UP_HOURS,
} from "../../src/features/temporal.ts";
import { cells, snapshotAt } from "./snapshots.ts";

const FORTNIGHT_HOURS = 14 * 24;
const COINS = ["bitcoin", "ethereum", "terra-luna", "late-coin"];

const percent = fc.option(fc.double({ min: -95, max: 1200, noNaN: true }), { freq: 8 });

const given = fc.record({
  currentPrice: fc.double({ min: 1e-9, max: 1e5, noNaN: true }),
  priceChangePct1h: percent,
  priceChangePct24h: percent,
  priceChangePct7d: percent,
  athChangePct: percent,
  marketCap: fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }), { freq: 5 }),
  totalVolume: fc.option(fc.double({ min: 0, max: 1e10, noNaN: true }), { freq: 5 }),
  sparkline: fc.option(
    fc.array(fc.double({ min: 1e-9, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 4 }),
    { freq: 5 },
  ),
});

/** The rows of the market are drawn from a small pool, which keeps a fortnight cheap to generate. */
const fortnight: fc.Arbitrary<Snapshot[]> = fc.record({
  pool: fc.array(given, { minLength: 20, maxLength: 20 }),
  holes: fc.array(
    fc.record({ first: fc.nat(FORTNIGHT_HOURS), length: fc.integer({ min: 1, max: 40 }) }),
    { maxLength: 5 },
  ),
  /** Per coin, the hours in which it is listed. */
  listed: fc.tuple(
    ...COINS.map(() =>
      fc.record({ from: fc.nat(150), to: fc.integer({ min: 150, max: FORTNIGHT_HOURS }) })
    ),
  ),
  minutesOff: fc.array(fc.integer({ min: -35, max: 35 }), { minLength: 13, maxLength: 13 }),
  duplicates: fc.array(fc.nat(FORTNIGHT_HOURS), { maxLength: 12 }),
  salt: fc.nat(1000),
}).map(({ pool, holes, listed, minutesOff, duplicates, salt }) => {
  const isHole = (hour: number) =>
    holes.some(({ first, length }) => hour >= first && hour < first + length);
  const make = (hour: number, shift: number) => {
    const coins = COINS.flatMap((coinId, c) => {
      const { from, to } = listed[c]!;
      if (hour < from || hour > to) return [];
      return [[coinId, pool[(hour * 7 + c * 3 + salt + shift) % pool.length]!] as const];
    });
    return snapshotAt(hour + minutesOff[hour % minutesOff.length]! / 60, Object.fromEntries(coins));
  };
  const hours = Array.from({ length: FORTNIGHT_HOURS }, (_, hour) => hour);
  const snapshots = hours.filter((hour) => !isHole(hour)).map((hour) => make(hour, 0));
  // A second delivery has the same market time and other values; it must not count.
  const again = duplicates.filter((hour) => hour < FORTNIGHT_HOURS && !isHole(hour));
  return [...snapshots, ...again.map((hour) => make(hour, 1))];
});

/** What the store would hand over for a snapshot: the warm-up before it, and earlier deliveries. */
function historyFor(snapshots: Snapshot[], index: number): Snapshot[] {
  const { marketAtMs } = snapshots[index]!;
  return snapshots.filter((other, k) =>
    other.marketAtMs >= marketAtMs - WARM_UP_HOURS * HOUR_MS &&
    (other.marketAtMs < marketAtMs || (other.marketAtMs === marketAtMs && k < index))
  );
}

Deno.test("incremental features are those of the bulk build, bit for bit, over a bad fortnight", () => {
  fc.assert(
    fc.property(fortnight, (snapshots) => {
      const bulk = cells(bulkFeatures(snapshots, { fromMs: -Infinity, toMs: Infinity }));
      const seen = new Set<string>();
      snapshots.forEach((snapshot, k) => {
        const rows = cells(snapshotFeatures(historyFor(snapshots, k), snapshot));
        for (const [key, value] of rows) {
          if (!Object.is(bulk.get(key), value)) {
            throw new Error(`${key}: incremental ${value}, bulk ${bulk.get(key)}`);
          }
          seen.add(key);
        }
      });
      assertStrictEquals(seen.size, bulk.size);
    }),
    { numRuns: 15, seed: 2024 },
  );
});

Deno.test("no feature of the fortnight is infinite, and flags are 0 or 1", () => {
  fc.assert(
    fc.property(fortnight, (snapshots) => {
      const table = bulkFeatures(snapshots, { fromMs: -Infinity, toMs: Infinity });
      for (const name of FEATURE_NAMES) {
        const values = numbers(table, name);
        assert(values.every((value) => Number.isNaN(value) || Number.isFinite(value)), name);
      }
      assert(numbers(table, "has_gap_in_history").every((flag) => flag === 0 || flag === 1));
    }),
    { numRuns: 10, seed: 2024 },
  );
});
