import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { memoryRegistry, setMarketTime, type TestRegistry } from "../../support/registry.ts";
import type { Row } from "../../evaluation/outcome_records.ts";
import { dashboardOn, type TestDashboard } from "../dashboard.ts";
import { decideHour, hourMs, scoreHour } from "../reading/scored_market.ts";
import { headOf, textOf } from "./text.ts";

/** Scores and, where they are given, outcomes of hours; the market is at `now`. */
async function judged(
  registry: TestRegistry,
  hours: readonly [hour: number, rows: Row[]][],
  now: number,
): Promise<TestDashboard> {
  await setMarketTime(registry, hourMs(now));
  for (const [hour, rows] of hours) {
    await scoreHour(registry, hour, rows);
    if (hour + 24 <= now) await decideHour(registry, hour, rows);
  }
  return await dashboardOn(registry);
}

async function find(dashboard: TestDashboard, path = "/predictions"): Promise<string> {
  return headOf(await (await dashboard.page(path)).text());
}

Deno.test("before anything is scored, /predictions says so and names the command", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const html = await (await dashboard.page("/predictions")).text();
  assertStringIncludes(headOf(html), "Nothing was scored yet");
  assertStringIncludes(html, "./anomaly score --branch main");
  for (const panel of ["course", "outcomes", "days", "episodes"]) {
    assertStringIncludes(html, `id="${panel}"`);
  }
});

Deno.test("before anything is judged, /predictions says what was flagged and when it is due", async () => {
  using registry = await memoryRegistry();
  const dashboard = await judged(registry, [[1, [["a", true, 0], ["b", false, 0]]]], 3);
  const head = await find(dashboard);
  assertStringIncludes(head, "1 flag so far, none judged yet");
  assertStringIncludes(head, "1 of 2 scores is a flag, in one snapshot.");
  assertStringIncludes(head, "The first can be judged at 2024-01-02 01:00 UTC.");
  assert(!head.includes("validate_outcomes"), "it is not due yet");
});

Deno.test("where outcomes are due and nobody has judged, /predictions names the command", async () => {
  using registry = await memoryRegistry();
  await scoreHour(registry, 1, [["a", true, null]]);
  await setMarketTime(registry, hourMs(30));
  const head = await find(await dashboardOn(registry));
  assertStringIncludes(head, "The first could be judged since 2024-01-02 01:00 UTC.");
  assertStringIncludes(head, "./anomaly validate_outcomes --branch main");
});

Deno.test("the finding of /predictions is what a flag was worth, beside chance", async () => {
  using registry = await memoryRegistry();
  // Of 10 flags one came before a crash; of 20 scores four did.
  const flags = Array.from({ length: 10 }, (_, i): Row => [`f${i}`, true, i === 0 ? -20 : 3]);
  const quiet = Array.from({ length: 10 }, (_, i): Row => [`q${i}`, false, i < 3 ? -16 : 1]);
  const dashboard = await judged(registry, [[1, [...flags, ...quiet]]], 30);
  const head = await find(dashboard);
  assertStringIncludes(head, "One flag in 10 came before a crash");
  assertStringIncludes(head, "Chance would be one in 5.");
  assertStringIncludes(head, "caught 1 of 4 falls of 15 % or more and missed 3.");
  assertStringIncludes(
    await find(dashboard, "/predictions?crash=-30"),
    "None of 10 flags came before a crash",
  );
});

Deno.test("flags that are right more often than not are told as a share", async () => {
  using registry = await memoryRegistry();
  const rows: Row[] = [["a", true, -20], ["b", true, -30], ["c", true, 1], ["d", false, 0]];
  const head = await find(await judged(registry, [[1, rows]], 30));
  assertStringIncludes(head, "66.7 % of flags came before a crash");
  assertStringIncludes(head, "Chance would be 50.0 %.");
});

Deno.test("the table of outcomes adds up, and its twin has the same numbers", async () => {
  using registry = await memoryRegistry();
  const rows: Row[] = [
    ["a", true, -20],
    ["b", true, 2],
    ["c", false, -40],
    ["d", false, 0],
    ["e", false, null],
  ];
  const dashboard = await judged(registry, [[1, rows], [2, rows]], 30);
  const text = textOf(await (await dashboard.page("/predictions")).text());
  assertStringIncludes(text, "Flagged 2 hits 2 false alarms 4 flags");
  assertStringIncludes(text, "Not flagged 2 missed 2 quiet, right 4 not flagged");
  assertStringIncludes(text, "Unresolved 2 of 10 (20.0 %), none flagged");
  const { outcomes: { total } } = await dashboard.json<
    { outcomes: { total: Record<string, number> } }
  >("/predictions.json");
  assertEquals(
    [total.hits, total.false_alarms, total.missed, total.quiet, total.unresolved],
    [2, 2, 2, 2, 2],
  );
});

/** Three episodes: a hit, a false alarm, and one that is not due. */
const EPISODES: [number, Row[]][] = [
  [1, [["hit", true, -20, -0.9], ["calm", true, 5, -0.6], ["open", false, 0]]],
  [2, [["hit", false, 0], ["calm", false, 0], ["open", false, 0]]],
  [29, [["hit", false, 0], ["calm", false, 0], ["open", true, 0, -0.7]]],
];

interface Twin {
  episodes: { rows: { episode: { coin_id: string } }[]; total: number; open: number };
  course: { coin_id: string } | null;
}

async function episodesOf(dashboard: TestDashboard, query: string): Promise<string[]> {
  const { episodes } = await dashboard.json<Twin>(`/predictions.json${query}`);
  return episodes.rows.map(({ episode }) => episode.coin_id);
}

Deno.test("episodes are filtered by outcome and sorted, as the URL says", async () => {
  using registry = await memoryRegistry();
  const dashboard = await judged(registry, EPISODES, 29);
  assertEquals(await episodesOf(dashboard, ""), ["open", "hit", "calm"]);
  assertEquals(await episodesOf(dashboard, "?sort=lowest"), ["hit", "open", "calm"]);
  assertEquals(await episodesOf(dashboard, "?outcome=hit"), ["hit"]);
  assertEquals(await episodesOf(dashboard, "?outcome=false_alarm"), ["calm"]);
  assertEquals(await episodesOf(dashboard, "?outcome=not_due"), ["open"]);
  assertEquals(await episodesOf(dashboard, "?outcome=hit&crash=-25"), []);
  assertEquals(await episodesOf(dashboard, "?to=2024-01-01 05:00"), ["hit", "calm"]);
});

Deno.test("the coin that is drawn is the strongest open one, or the one that the URL names", async () => {
  using registry = await memoryRegistry();
  const dashboard = await judged(registry, [
    ...EPISODES.slice(0, 2),
    [28, [["open", true, 0, -0.7]]],
    [29, [["calm", false, 0], ["mild", true, 0, -0.6], ["open", true, 0, -0.55]]],
  ], 29);
  const drawn = async (path: string) => (await dashboard.json<Twin>(path)).course?.coin_id;
  assertEquals(await drawn("/predictions.json"), "open");
  assertEquals(await drawn("/predictions.json?coin=calm"), "calm");
  assertEquals(await drawn("/predictions.json?coin=nobody"), undefined);
  const html = await (await dashboard.page("/predictions?coin=calm")).text();
  assertEquals(html.match(/<tr class="sel">/g)?.length, 1);
});

Deno.test("episodes come 20 at a time", async () => {
  using registry = await memoryRegistry();
  const rows = Array.from({ length: 25 }, (_, i): Row => [`c${i}`, true, 0, -0.9 + i / 100]);
  const dashboard = await judged(registry, [[1, rows]], 3);
  assertEquals((await episodesOf(dashboard, "")).length, 20);
  assertEquals(await episodesOf(dashboard, "?page=2"), ["c20", "c21", "c22", "c23", "c24"]);
  const html = await (await dashboard.page("/predictions?page=2&sort=lowest")).text();
  assertStringIncludes(textOf(html), "21 to 25 of 25 Previous");
  assertStringIncludes(html, 'href="/predictions?sort=lowest"');
});

Deno.test("scores of challengers and of single versions can be judged by themselves", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(30));
  const mine: Row[] = [["a", true, -20], ["b", false, 0]];
  const theirs: Row[] = [["a", false, -20], ["b", true, 0]];
  await scoreHour(registry, 1, mine);
  await decideHour(registry, 1, mine);
  await scoreHour(registry, 1, theirs, { version: 2, role: "challenger" });
  await decideHour(registry, 1, theirs, { version: 2, role: "challenger" });
  const dashboard = await dashboardOn(registry);
  assertStringIncludes(await find(dashboard), "The one flag came before a crash");
  for (const query of ["?role=challenger", "?version=2"]) {
    assertStringIncludes(
      await find(dashboard, `/predictions${query}`),
      "The one flag came before no crash",
    );
  }
});

Deno.test("a change of the champion is named beside the metrics by day", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(60));
  for (const [hour, version] of [[1, 1], [2, 1], [25, 2]] as const) {
    await scoreHour(registry, hour, [["a", true, -20]], { version });
    await decideHour(registry, hour, [["a", true, -20]], { version });
  }
  const text = textOf(await (await (await dashboardOn(registry)).page("/predictions")).text());
  assertStringIncludes(text, "v1 until 01-02 01:00, then v2");
  assertStringIncludes(text, "v1 2 1.000, 2 of 2 flags 1.000, 2 of 2 crashes");
  assertStringIncludes(text, "v2 1 1.000, 1 of 1 flags");
});

Deno.test("a parameter that is wrong is refused with what was expected", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  for (
    const [query, expected] of [
      ["days=400", "days"],
      ["from=yesterday", "from is no time, expected ISO 8601"],
      ["crash=5", "crash"],
      ["outcome=nice", "outcome"],
    ] as const
  ) {
    const response = await dashboard.page(`/predictions?${query}`);
    assertEquals(response.status, 400, query);
    assertStringIncludes(await response.text(), expected);
  }
});
