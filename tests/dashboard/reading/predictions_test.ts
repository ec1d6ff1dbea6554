import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  batchByCoin,
  batchesIn,
  batchRows,
  CHAMPIONS,
  newestBatches,
} from "../../../dashboard/reading/batches.ts";
import { coinHistory, coinSeries } from "../../../dashboard/reading/predictions.ts";
import { memoryRegistry, setMarketTime } from "../../support/registry.ts";
import { decideHour, hourMs, scoreHour } from "./scored_market.ts";

Deno.test("the rows of a batch are decoded once, however often they are asked for", async () => {
  using registry = await memoryRegistry();
  const batch = await scoreHour(registry, 0, [["a", true, null], ["b", false, null]]);
  const rows = await batchRows(registry, batch);
  assertEquals(rows.map((row) => [row.coinId, row.name, row.flagged]), [
    ["a", "The a", true],
    ["b", "The b", false],
  ]);
  assertStrictEquals(await batchRows(registry, batch), rows);
  assertStrictEquals((await batchByCoin(registry, batch)).get("b"), rows[1]);
});

Deno.test("stores that are open in one process do not see each other's batches", async () => {
  using one = await memoryRegistry();
  using other = await memoryRegistry();
  for (const registry of [one, other]) await setMarketTime(registry, hourMs(48));
  await scoreHour(one, 0, [["a", true, null]]);
  const span = { fromMs: hourMs(0), toMs: hourMs(48) };
  assertEquals((await batchesIn(one, one.scopes.read, CHAMPIONS, span)).length, 1);
  assertEquals((await batchesIn(other, other.scopes.read, CHAMPIONS, span)).length, 0);
});

Deno.test("the batches of a span are the champions', in order, with both ends", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(60));
  for (const hour of [0, 1, 23, 24, 47, 60]) {
    await scoreHour(registry, hour, [["a", false, null]], { version: hour < 24 ? 1 : 2 });
    await scoreHour(registry, hour, [["a", false, null]], { version: 3, role: "challenger" });
  }
  const { read } = registry.scopes;
  const span = { fromMs: hourMs(1), toMs: hourMs(47) };
  const hoursOf = (batches: readonly { marketAtMs: number; version: number }[]) =>
    batches.map(({ marketAtMs, version }) => [(marketAtMs - hourMs(0)) / 3_600_000, version]);
  const champions = await batchesIn(registry, read, CHAMPIONS, span);
  assertEquals(hoursOf(champions), [[1, 1], [23, 1], [24, 2], [47, 2]]);
  const third = await batchesIn(registry, read, { version: 3 }, span);
  assertEquals(hoursOf(third), [[1, 3], [23, 3], [24, 3], [47, 3]]);
  const newest = await newestBatches(registry, read, { limit: 2 });
  assertEquals(hoursOf(newest), [[60, 2], [47, 2]]);
  const next = await newestBatches(registry, read, { limit: 2, beforeMs: hourMs(47) });
  assertEquals(hoursOf(next), [[24, 2], [23, 1]]);
});

Deno.test("a snapshot of a past day that is scored late is seen within a minute", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(60));
  await scoreHour(registry, 0, [["a", false, null]]);
  const count = async () =>
    (await batchesIn(registry, registry.scopes.read, CHAMPIONS, {
      fromMs: hourMs(0),
      toMs: hourMs(10),
    })).length;
  assertEquals(await count(), 1);
  await scoreHour(registry, 1, [["a", false, null]]);
  registry.clockMs += 60_000;
  assertEquals(await count(), 2);
});

Deno.test("a new batch of the present day is seen at once", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(10));
  const span = { fromMs: hourMs(0), toMs: hourMs(10) };
  const count = async () =>
    (await batchesIn(registry, registry.scopes.read, CHAMPIONS, span)).length;
  await scoreHour(registry, 9, [["a", false, null]]);
  assertEquals(await count(), 1);
  await scoreHour(registry, 10, [["a", false, null]]);
  assertEquals(await count(), 2);
});

Deno.test("a coin's series has the hours that it was scored in, oldest first", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(4));
  await scoreHour(registry, 1, [["a", false, null], ["b", true, null]]);
  await scoreHour(registry, 2, [["b", false, null]], { version: 2 });
  await scoreHour(registry, 2, [["b", true, null]], { version: 9, role: "challenger" });
  await scoreHour(registry, 3, [["a", true, null, -0.6], ["b", true, null, -0.8]], { version: 2 });
  const { read } = registry.scopes;
  const last = { toMs: hourMs(3), hours: 3 };
  const series = await coinSeries(registry, read, ["a", "unheard-of"], last);
  assertEquals([...series.keys()], ["a"]);
  assertEquals(
    series.get("a")!.map(({ price, flagged, version, threshold }) => ({
      price,
      flagged,
      version,
      threshold,
    })),
    [
      { price: 101, flagged: false, version: 1, threshold: -0.5 },
      { price: 103, flagged: true, version: 2, threshold: -0.5 },
    ],
  );
  // The most abnormal first.
  assertEquals([...(await coinSeries(registry, read, "flagged", last)).keys()], ["b", "a"]);
  const short = await coinSeries(registry, read, ["b"], { toMs: hourMs(3), hours: 1 });
  assertEquals(short.get("b")!.map(({ price }) => price), [103]);
});

Deno.test("a coin's history says what became of each score, or when that can be known", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(26));
  for (const hour of [0, 1, 26]) {
    await scoreHour(registry, hour, [["x", false, null], ["a", true, null]]);
  }
  await scoreHour(registry, 1, [["a", true, null]], { version: 2, role: "challenger" });
  await decideHour(registry, 0, [["x", false, 0], ["a", true, -20]]);
  await decideHour(registry, 1, [["a", true, 5]], { version: 2, role: "challenger" });
  const span = { fromMs: hourMs(0), toMs: hourMs(26), rule: { crashThresholdPct: -15 } };
  const { read } = registry.scopes;
  const scores = await coinHistory(registry, read, "a", span);
  assertEquals(scores.map(({ outcome }) => outcome), [
    { verdict: "hit", returnPct: -20 },
    { dueAt: new Date(hourMs(25)).toISOString() },
    { dueAt: new Date(hourMs(50)).toISOString() },
  ]);
  await decideHour(registry, 1, [["x", false, 0], ["a", true, -1]]);
  const [, second] = await coinHistory(registry, read, "a", span);
  assertEquals(second!.outcome, { verdict: "false_alarm", returnPct: -1 });
  const [shadow] = await coinHistory(registry, read, "a", { ...span, whose: { version: 2 } });
  assertEquals(shadow!.outcome, { verdict: "false_alarm", returnPct: 5 });
  assert((await coinHistory(registry, read, "nobody", span)).length === 0);
});
