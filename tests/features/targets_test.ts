// Targets: what a day later is known, and null where it is not.

import { assertAlmostEquals, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import type { Snapshot } from "../../src/features/history.ts";
import { addTargets, TARGET_NAMES } from "../../src/features/targets.ts";
import { bulkFeatures } from "../../src/features/temporal.ts";
import { at, hourly, rowOf, snapshotAt } from "./snapshots.ts";

/** Targets of the first row of a coin with these prices at these hours. */
function targets(prices: [hour: number, price: number][]): (number | null)[] {
  const snapshots = prices.map(([hour, currentPrice]) =>
    snapshotAt(hour, { bitcoin: { currentPrice } })
  );
  return targetsOf(snapshots);
}

function targetsOf(snapshots: Snapshot[]): (number | null)[] {
  const table = bulkFeatures(snapshots, { fromMs: at(0), toMs: at(0) });
  const row = rowOf(addTargets(table, snapshots), 0);
  return TARGET_NAMES.map((name) => row[name] as number | null);
}

const UNKNOWN = [null, null, null, null];

Deno.test("addTargets() puts the four targets behind the features", () => {
  const table = bulkFeatures([snapshotAt(0)], { fromMs: at(0), toMs: at(0) });
  assertEquals(Object.keys(addTargets(table, [snapshotAt(0)]).columns), [
    ...Object.keys(table.columns),
    "change_pct_at_24h",
    "crash_at_horizon",
    "crash_within_horizon",
    "pump_at_horizon",
  ]);
});

Deno.test("a fall of 15 % at the horizon is a crash, and one of 14.99 % is not", () => {
  assertEquals(targets([[0, 100], [24, 85]]), [-15, 1, 1, 0]);
  assertEquals(targets([[0, 100], [24, 85.01]]).slice(1), [0, 0, 0]);
});

Deno.test("a rise of 15 % at the horizon is a pump, and one of 14.99 % is not", () => {
  assertEquals(targets([[0, 100], [24, 115]]), [15, 0, 0, 1]);
  assertEquals(targets([[0, 100], [24, 114.99]]).slice(1), [0, 0, 0]);
});

Deno.test("a fall that was made good by the horizon is a crash within it only", () => {
  assertEquals(targets([[0, 100], [7, 80], [8, 99], [24, 100]]), [0, 0, 1, 0]);
});

Deno.test("the row's own hour and what follows the horizon are not within it", () => {
  assertEquals(targets([[-1, 10], [0, 100], [24, 100], [25, 10]]), [0, 0, 0, 0]);
});

Deno.test("the horizon's price is the first within 45 minutes after it, never one before", () => {
  assertStrictEquals(targets([[0, 100], [24.75, 90], [24.8, 50]])[0], -10);
  assertEquals(targets([[0, 100], [24.76, 90]]), UNKNOWN);
  assertEquals(targets([[0, 100], [23.9, 90]]), UNKNOWN);
});

Deno.test("a crash seen at a late horizon is a crash within it too", () => {
  assertEquals(targets([[0, 100], [24.5, 50]]), [-50, 1, 1, 0]);
});

Deno.test("an unknown future is null, although a crash was seen on the way", () => {
  assertEquals(targets([[0, 100], [7, 10]]), UNKNOWN);
  assertEquals(targets([[0, 100]]), UNKNOWN);
});

Deno.test("a coin that is gone at the horizon is unknown, whatever the other coins did", () => {
  const snapshots = [
    snapshotAt(0, { bitcoin: {}, ethereum: {} }),
    snapshotAt(24, { ethereum: { currentPrice: 50 } }),
  ];
  assertEquals(targetsOf(snapshots), UNKNOWN);
});

Deno.test("a row without a usable price has no targets", () => {
  assertEquals(targets([[0, NaN], [24, 50]]), UNKNOWN);
  assertEquals(targets([[0, 0], [24, 50]]), UNKNOWN);
  assertEquals(targets([[0, 100], [24, NaN]]), UNKNOWN);
});

Deno.test("addTargets() looks at nothing but the snapshots that it is given", () => {
  const snapshots = hourly([0, 24], (hour) => ({ currentPrice: hour === 0 ? 100 : 70 }));
  const table = bulkFeatures(snapshots, { fromMs: at(0), toMs: at(0) });
  const unknown = rowOf(addTargets(table, snapshots.slice(0, 1)), 0);
  assertStrictEquals(unknown["change_pct_at_24h"], null);
  const known = rowOf(addTargets(table, snapshots), 0);
  assertAlmostEquals(known["change_pct_at_24h"] as number, -30);
});

Deno.test("addTargets() refuses a table of coins that the snapshots do not know", () => {
  const table = bulkFeatures([snapshotAt(0)], { fromMs: at(0), toMs: at(0) });
  const error = assertThrows(() => addTargets(table, []), AppError, 'coin "bitcoin"');
  assertStrictEquals(error.code, "invalid");
});
