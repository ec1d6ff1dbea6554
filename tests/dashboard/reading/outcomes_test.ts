import { assertEquals, assertStrictEquals } from "@std/assert";
import { CHAMPIONS } from "../../../dashboard/reading/batches.ts";
import { type EpisodeQuery, recentEpisodes } from "../../../dashboard/reading/episodes.ts";
import { outcomeDays } from "../../../dashboard/reading/outcomes.ts";
import { outcomeMetrics } from "../../../src/evaluation/outcomes.ts";
import { countEpisodes } from "../../../src/evaluation/episodes.ts";
import { Mt19937 } from "../../../src/random.ts";
import { outcome, type Row } from "../../evaluation/outcome_records.ts";
import { memoryRegistry, setMarketTime, type TestRegistry } from "../../support/registry.ts";
import { decideHour, hourMs, scoreHour } from "./scored_market.ts";

const RULE = { crashThresholdPct: -15 };

/** Hours of some coins with flags and crashes at random. */
function hoursOfRows(hours: number): Row[][] {
  const random = new Mt19937(11);
  return Array.from({ length: hours }, () =>
    ["a", "b", "c", "d", "e", "f"].map((coin): Row => [
      coin,
      random.normal() > 0.6,
      random.normal() > 1 ? -20 : 1,
      -0.5 + random.normal() / 10,
    ]));
}

/** Everything scored up to `hours`, and decided up to `decided`. */
async function fill(registry: TestRegistry, rows: Row[][], decided: number): Promise<void> {
  await setMarketTime(registry, hourMs(rows.length - 1));
  for (const [hour, of] of rows.entries()) await scoreHour(registry, hour, of);
  for (let hour = 0; hour < decided; hour++) await decideHour(registry, hour, rows[hour]!);
}

const hourOf = (ms: number) => (ms - hourMs(0)) / 3_600_000;

Deno.test("the days and their total are the numbers of a report over the same outcomes", async () => {
  using registry = await memoryRegistry();
  const rows = hoursOfRows(80);
  await fill(registry, rows, 56);
  const { days, total } = await outcomeDays(registry, registry.scopes.read, {
    whose: CHAMPIONS,
    rule: RULE,
    fromMs: hourMs(3),
    toMs: hourMs(79),
  });
  const outcomes = rows.slice(0, 56).map((of, hour) => outcome(hour, of));
  assertEquals(days.map(({ dayMs, versions }) => [dayMs, versions]), [
    [hourMs(0), [1]],
    [hourMs(24), [1]],
    [hourMs(48), [1]],
  ]);
  assertEquals(days[0]!.metrics, outcomeMetrics(outcomes.slice(3, 24), RULE, "given"));
  assertEquals(days[2]!.metrics, outcomeMetrics(outcomes.slice(48), RULE, "given"));
  assertEquals(JSON.stringify(total), JSON.stringify(outcomeMetrics(outcomes.slice(3), RULE)));
});

Deno.test("a day that is over is counted once, and one that goes on again when it has", async () => {
  using registry = await memoryRegistry();
  const rows = hoursOfRows(80);
  await fill(registry, rows, 55);
  const read = () =>
    outcomeDays(registry, registry.scopes.read, {
      whose: CHAMPIONS,
      rule: RULE,
      fromMs: hourMs(0),
      toMs: hourMs(79),
    });
  const before = await read();
  assertStrictEquals((await read()).total, before.total);
  await decideHour(registry, 55, rows[55]!);
  const after = await read();
  assertStrictEquals(after.days[0]!.metrics, before.days[0]!.metrics);
  assertEquals([before.days[2]!.metrics.snapshots, after.days[2]!.metrics.snapshots], [7, 8]);
  assertEquals(after.total.snapshots, 56);
});

Deno.test("a prediction of a past day that was left undecided is counted once it is decided", async () => {
  using registry = await memoryRegistry();
  const rows = hoursOfRows(80);
  await fill(registry, rows, 0);
  for (const hour of [0, 1, 3]) await decideHour(registry, hour, rows[hour]!);
  const snapshots = async () =>
    (await outcomeDays(registry, registry.scopes.read, {
      whose: CHAMPIONS,
      rule: RULE,
      fromMs: hourMs(0),
      toMs: hourMs(23),
    })).total.snapshots;
  assertEquals(await snapshots(), 3);
  await decideHour(registry, 2, rows[2]!);
  assertEquals(await snapshots(), 4);
});

Deno.test("metrics are of the champions, or of one version in whatever role", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(40));
  const scorers = [
    { version: 1, role: "champion" as const, hour: 0 },
    { version: 2, role: "challenger" as const, hour: 0 },
    { version: 2, role: "champion" as const, hour: 1 },
  ];
  for (const { hour, ...scorer } of scorers) {
    await scoreHour(registry, hour, [["a", true, null]], scorer);
    await decideHour(registry, hour, [["a", true, -20]], scorer);
  }
  const span = { fromMs: hourMs(0), toMs: hourMs(40), rule: RULE };
  const count = async (whose: Parameters<typeof outcomeDays>[2]["whose"]) =>
    (await outcomeDays(registry, registry.scopes.read, { whose, ...span })).total.predictions;
  assertEquals(await count(CHAMPIONS), 2);
  assertEquals([await count({ version: 1 }), await count({ version: 2 })], [1, 2]);
  assertEquals(await count({ version: 3 }), 0);
});

Deno.test("an episode has its first flag's price and fate, and what drove its strongest", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(30));
  const flags: [hour: number, Row[]][] = [
    [1, [["a", true, -20, -0.6], ["b", false, 0]]],
    [2, [["a", true, -40, -0.9], ["b", true, null, -0.55]]],
    [3, [["a", false, 0], ["b", false, 0]]],
    [29, [["b", true, null, -0.7]]],
    [30, [["b", true, null, -0.6]]],
  ];
  for (const [hour, rows] of flags) await scoreHour(registry, hour, rows);
  await scoreHour(registry, 30, [["a", true, null]], { version: 2, role: "challenger" });
  for (const [hour, rows] of flags.slice(0, 3)) await decideHour(registry, hour, rows);
  const query = { fromMs: hourMs(0), toMs: hourMs(30), rule: RULE, limit: 10 };
  const { read } = registry.scopes;
  const { episodes, total } = await recentEpisodes(registry, read, query);
  assertEquals(total, 3);
  assertEquals(
    episodes.map(({ coinId, fromMs, flags, lowestScore, price, isOpen }) => [
      coinId,
      fromMs,
      flags,
      lowestScore,
      price,
      isOpen,
    ]),
    [
      ["b", hourMs(29), 2, -0.7, 129, true],
      ["b", hourMs(2), 1, -0.55, 102, false],
      ["a", hourMs(1), 2, -0.9, 101, false],
    ],
  );
  const [open, unresolved, fallen] = episodes;
  assertEquals(open!.first, { dueAt: new Date(hourMs(53)).toISOString() });
  assertEquals(unresolved!.first, { verdict: "unresolved", returnPct: null });
  assertEquals(fallen!.first, { verdict: "hit", returnPct: -20 });
  assertEquals(fallen!.worst, { verdict: "hit", returnPct: -40 });
  assertEquals([fallen!.name, fallen!.strongestMs], ["The a", hourMs(2)]);
  const lowest = await recentEpisodes(registry, read, { ...query, order: "lowest", limit: 2 });
  assertEquals(lowest.episodes.map(({ lowestScore }) => lowestScore), [-0.9, -0.7]);
});

Deno.test("episodes come page by page, of those that are asked for", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(30));
  for (const hour of [1, 11, 21, 30]) {
    await scoreHour(registry, hour, [["a", true, null], ["b", hour > 20, null]]);
  }
  const { read } = registry.scopes;
  const query = { fromMs: hourMs(0), toMs: hourMs(30), rule: RULE, limit: 2 };
  const hoursOf = async (given: Partial<EpisodeQuery>) => {
    const { episodes, total, open } = await recentEpisodes(registry, read, { ...query, ...given });
    return [episodes.map(({ coinId, fromMs }) => [coinId, hourOf(fromMs)]), total, open];
  };
  assertEquals(await hoursOf({ skip: 2 }), [[["a", 21], ["b", 21]], 6, 2]);
  assertEquals(await hoursOf({ include: ({ coinId }) => coinId === "b", skip: 1 }), [
    [["b", 21]],
    2,
    1,
  ]);
});

Deno.test("challengers that score the same hours have episodes of their own", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(30));
  for (const hour of [1, 2, 3]) {
    await scoreHour(registry, hour, [["a", true, null]], { version: 2, role: "challenger" });
    await scoreHour(registry, hour, [["a", hour !== 2, null]], { version: 3, role: "challenger" });
  }
  const query = { fromMs: hourMs(0), toMs: hourMs(30), rule: RULE, limit: 9 };
  const { episodes } = await recentEpisodes(registry, registry.scopes.read, {
    ...query,
    whose: { role: "challenger" },
  });
  assertEquals(
    episodes.map(({ version, fromMs, flags }) => [version, hourOf(fromMs), flags]),
    [[3, 3, 1], [2, 1, 3], [3, 1, 1]],
  );
});

Deno.test("episodes are as many as a report counts", async () => {
  using registry = await memoryRegistry();
  const rows = hoursOfRows(60);
  await fill(registry, rows, 30);
  const { total } = await recentEpisodes(registry, registry.scopes.read, {
    fromMs: hourMs(0),
    toMs: hourMs(59),
    rule: RULE,
    limit: 1,
  });
  const counted = countEpisodes(rows.map((of, hour) => outcome(hour, of)), RULE);
  assertEquals(total, counted.episodes);
});
