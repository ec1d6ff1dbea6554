// The dataset pair: where it is cut, which coins are in it, and that the holdout stays apart.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import { numbers, type Table, texts } from "../../src/domain/table.ts";
import type { Snapshot } from "../../src/features/history.ts";
import { buildDatasetPair, type DatasetPairRequest } from "../../src/features/split.ts";
import { bulkFeatures, FEATURE_NAMES } from "../../src/features/temporal.ts";
import { at, firstDifference, hourly, range, rowOf, snapshotAt } from "./snapshots.ts";

function request(
  snapshots: Snapshot[],
  now: number,
  given: Partial<DatasetPairRequest> = {},
): DatasetPairRequest {
  return {
    snapshots,
    nowMs: at(now),
    maxHistoryHours: 168,
    holdoutHours: 24,
    embargoHours: 0,
    minSnapshotsPerCoin: 6,
    addTargets: false,
    ...given,
  };
}

/** The hours of a table's rows, of one coin or of all. */
function hoursOf(table: Table, coinId?: string): number[] {
  const coinIds = texts(table, "coin_id");
  return [...numbers(table, "market_at")].filter((_, i) =>
    coinId === undefined || coinIds[i] === coinId
  )
    .map((timeMs) => (timeMs - at(0)) / 3_600_000);
}

Deno.test("buildDatasetPair() cuts the window into training and holdout", () => {
  const pair = buildDatasetPair(request(hourly(range(0, 60)), 60, { maxHistoryHours: 48 }));
  assertEquals(hoursOf(pair.training), range(12, 36));
  assertEquals(hoursOf(pair.holdout), range(37, 60));
  assertEquals(pair.featureNames, FEATURE_NAMES);
});

Deno.test("buildDatasetPair() reads the warm-up before the window before it trims", () => {
  const pair = buildDatasetPair(request(
    hourly(range(0, 60), (hour) => ({ priceChangePct24h: hour })),
    60,
    { maxHistoryHours: 36 },
  ));
  assertStrictEquals(hoursOf(pair.training)[0], 24);
  assertStrictEquals(numbers(pair.training, "price_change_pct_24h_lag_24h")[0], 0);
  assertStrictEquals(pair.report.warmUpSnapshotCount, 24);
  assertStrictEquals(pair.report.snapshotCount, 37);
});

Deno.test("buildDatasetPair() leaves the embargo out of both parts and counts it", () => {
  const pair = buildDatasetPair(request(hourly(range(0, 60)), 60, { embargoHours: 5 }));
  assertEquals(hoursOf(pair.training), range(0, 31));
  assertEquals(hoursOf(pair.holdout), range(37, 60));
  assertStrictEquals(pair.report.embargoedRowCount, 5);
});

Deno.test("buildDatasetPair() ignores what lies after its clock", () => {
  const upToNow = hourly(range(0, 60));
  const later = hourly(range(61, 90), () => ({ currentPrice: 1 }));
  const ask = { embargoHours: 24, addTargets: true };
  const pair = buildDatasetPair(request([...upToNow, ...later], 60, ask));
  assertEquals(pair, buildDatasetPair(request(upToNow, 60, ask)));
});

Deno.test("a coin with too few training snapshots is in neither part, however often it is later", () => {
  const snapshots = range(0, 60).map((hour) =>
    snapshotAt(hour, {
      bitcoin: {},
      ...(hour <= 5 ? { early: {} } : {}),
      ...(hour >= 32 ? { late: {} } : {}),
      ...(hour >= 31 && hour <= 50 ? { just: {} } : {}),
    })
  );
  const { training, holdout, report } = buildDatasetPair(request(snapshots, 60));
  assertEquals(hoursOf(training, "early"), range(0, 5));
  assertEquals(hoursOf(training, "just"), range(31, 36));
  assertEquals(hoursOf(holdout, "just"), range(37, 50));
  assertEquals(hoursOf(training, "late"), []);
  assertEquals(hoursOf(holdout, "late"), []);
  assertEquals(report.droppedCoins, ["late"]);
  assertStrictEquals(report.droppedRowCount, 29);
});

Deno.test("every row of the window is training, holdout, embargoed or dropped", () => {
  const snapshots = range(0, 80).map((hour) =>
    snapshotAt(hour, { bitcoin: {}, ...(hour >= 48 ? { late: {} } : {}) })
  );
  const { report } = buildDatasetPair(request(snapshots, 80, { embargoHours: 7 }));
  const all = bulkFeatures(snapshots, { fromMs: -Infinity, toMs: Infinity }).rowCount;
  assertStrictEquals(
    report.training.rowCount + report.holdout.rowCount + report.embargoedRowCount +
      report.droppedRowCount,
    all,
  );
});

Deno.test("a 24 h lag that falls into a hole of 20 hours is null", () => {
  const hours = [...range(0, 40), ...range(61, 90)];
  const { training, holdout } = buildDatasetPair(
    request(hourly(hours, (hour) => ({ priceChangePct24h: hour })), 90),
  );
  assertEquals(hoursOf(training), [...range(0, 40), ...range(61, 66)]);
  const lag = "price_change_pct_24h_lag_24h";
  assertEquals([...numbers(training, lag)].slice(-6), [37, 38, 39, 40, NaN, NaN]);
  // Hours 67 to 84 look back into the hole, which ends at 61.
  assertEquals([...numbers(holdout, lag)], [...new Array(18).fill(NaN), ...range(61, 66)]);
});

Deno.test("the report tells rows, coins, ranges, gaps and missing rates", () => {
  const hours = [...range(0, 40), ...range(61, 90)];
  const snapshots = hours.map((hour) =>
    snapshotAt(hour, { bitcoin: {}, ethereum: { athChangePct: hour < 41 ? null : -1 } })
  );
  const { report } = buildDatasetPair(request(snapshots, 90));
  assertStrictEquals(report.training.rowCount, 94);
  assertStrictEquals(report.training.coinCount, 2);
  assertStrictEquals(report.training.snapshotCount, 47);
  assertStrictEquals(report.training.firstAt, new Date(at(0)).toISOString());
  assertStrictEquals(report.training.lastAt, new Date(at(66)).toISOString());
  assertStrictEquals(report.holdout.rowCount, 48);
  assertStrictEquals(report.holdout.firstAt, new Date(at(67)).toISOString());
  assertStrictEquals(report.training.missingRate["ath_change_pct"], 41 / 94);
  assertStrictEquals(report.holdout.missingRate["ath_change_pct"], 0);
  assertEquals(Object.keys(report.training.missingRate), FEATURE_NAMES);
  assertEquals(report.gaps, [{
    fromAt: new Date(at(40)).toISOString(),
    toAt: new Date(at(61)).toISOString(),
    hours: 20,
  }]);
  assertStrictEquals(report.hoursWithoutSnapshot, 20);
});

Deno.test("buildDatasetPair() says how many hours are missing", () => {
  const error = assertThrows(
    () => buildDatasetPair(request(hourly(range(0, 11)), 11)),
    AppError,
    "18 more hours of hourly snapshots are missing",
  );
  assertStrictEquals(error.code, "too_little_data");
  assertStrictEquals(error.exitCode, 1);
  assertEquals(error.details, {
    missing_hours: 18,
    training_snapshots: 0,
    holdout_snapshots: 12,
    min_snapshots_per_coin: 6,
  });
  const empty = assertThrows(() => buildDatasetPair(request([], 0)), AppError);
  assertStrictEquals(empty.details["missing_hours"], 30);
  assertStrictEquals(buildDatasetPair(request(hourly(range(0, 29)), 29)).training.rowCount, 6);
});

Deno.test("buildDatasetPair() says how long the luckiest coin still needs", () => {
  // Every snapshot lists another coin, but for one that has come to stay.
  const snapshots = range(0, 40).map((hour) =>
    snapshotAt(hour, { [`coin-${hour}`]: {}, ...(hour >= 14 ? { steady: {} } : {}) })
  );
  const error = assertThrows(
    () => buildDatasetPair(request(snapshots, 40)),
    AppError,
    "found no coin in 6 snapshots of the training part",
  );
  assertStrictEquals(error.code, "too_little_data");
  // Hours 14 to 16 are training already, 17 to 19 have to follow.
  assertStrictEquals(error.details["missing_hours"], 3);
});

Deno.test("targets are null in training where only the holdout would know them", () => {
  const snapshots = hourly(range(0, 80), (hour) => ({ currentPrice: 100 + hour }));
  const known = (table: Table) =>
    hoursOf(table).filter((_, i) => !Number.isNaN(numbers(table, "change_pct_at_24h")[i]!));
  const without = buildDatasetPair(request(snapshots, 80, { addTargets: true }));
  assertEquals(hoursOf(without.training), range(0, 56));
  assertEquals(known(without.training), range(0, 32));
  assertEquals(known(without.holdout), []);
  // With the horizon as embargo, every training row has its target.
  const pair = buildDatasetPair(request(snapshots, 80, { addTargets: true, embargoHours: 24 }));
  assertEquals(known(pair.training), range(0, 32));
  assertEquals(hoursOf(pair.training), range(0, 32));
  assertEquals(pair.featureNames, FEATURE_NAMES);
});

Deno.test("a training target is not taken from the first minutes of the holdout", () => {
  // Hour 32 is the last training row; its horizon's price comes at 56.5, and the holdout began at 56.
  const hours = [...range(0, 55), 56.5, ...range(57, 80)];
  const snapshots = hourly(hours, () => ({ currentPrice: 100 }));
  const { training } = buildDatasetPair(
    request(snapshots, 80, { addTargets: true, embargoHours: 24 }),
  );
  const last = rowOf(training, training.rowCount - 1);
  assertStrictEquals(last["market_at"], at(32));
  assertStrictEquals(last["change_pct_at_24h"], null);
});

const anyHours = fc.uniqueArray(fc.nat(99), { minLength: 60, maxLength: 100 });

/** Two histories that are equal up to the holdout and have nothing in common after. */
const twoFutures = fc.record({
  hours: anyHours,
  otherHours: anyHours,
  embargoHours: fc.constantFrom(0, 3, 24),
  prices: fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 9, maxLength: 9 }),
});

Deno.test("nothing that happens in the holdout changes a bit of training", () => {
  fc.assert(
    fc.property(twoFutures, ({ hours, otherHours, embargoHours, prices }) => {
      const make = (hour: number, future: number) => {
        const currentPrice = prices[(hour * 5 + future) % prices.length]!;
        const given = {
          currentPrice,
          priceChangePct24h: currentPrice % 7,
          marketCap: currentPrice,
        };
        const coins = { bitcoin: given, ...(hour % 3 === future % 3 ? { rare: given } : {}) };
        return snapshotAt(hour, coins);
      };
      const past = hours.filter((hour) => hour <= 76).map((hour) => make(hour, 0));
      const ask = { embargoHours, addTargets: true };
      const futures = [hours, otherHours].map((ofFuture, future) =>
        ofFuture.filter((hour) => hour > 76).map((hour) => make(hour, future))
      );
      fc.pre(futures.every((snapshots) => snapshots.length > 0));
      const [one, other] = futures.map((snapshots) =>
        buildDatasetPair(request([...past, ...snapshots], 100, ask))
      );
      assertStrictEquals(firstDifference(one!.training, other!.training), null);
      assertEquals(texts(one!.training, "coin_id"), texts(other!.training, "coin_id"));
      assert(one!.training.rowCount > 0);
    }),
    { numRuns: 40, seed: 11 },
  );
});
