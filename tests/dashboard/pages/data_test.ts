// The page of data: is it fresh and complete?

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { coverageOf, gapWords } from "../../../dashboard/reading/coverage.ts";
import { snapshotLines } from "../../../dashboard/reading/data_assets.ts";
import { ASSET } from "../../../src/domain/asset.ts";
import { latestVersion } from "../../../src/registry/assets.ts";
import { HOUR_MS, memoryRegistry, START_MS } from "../../support/registry.ts";
import { dashboardOn } from "../dashboard.ts";
import { buildPair, ingestHours, runOf } from "./flow_runs.ts";
import { headOf, textOf } from "./text.ts";
import { htmlOf, snapshotAt } from "./snapshots.ts";

Deno.test("where nothing was ingested, /data says so, keeps its panels and names the command", async () => {
  using registry = await memoryRegistry();
  const html = await htmlOf(registry, "/data");
  assertStringIncludes(headOf(html), "There is no snapshot yet");
  assertStringIncludes(html, "./anomaly ingest --branch main");
  for (const id of ["snapshots", "ingest", "datasets", "assets", "evaluations", "branches"]) {
    assertStringIncludes(html, `id="${id}"`);
  }
});

Deno.test("the finding of /data is how many hours have a snapshot, and where the gaps are", async () => {
  using registry = await memoryRegistry();
  const table: [hours: number[], finding: string][] = [
    [[0], "The first hour has its snapshot"],
    [[1, 2], "All 3 hours have a snapshot"],
    [[4], "4 of 5 hours have a snapshot; one gap on 01-01 03:00"],
    [[8], "5 of 9 hours have a snapshot; 2 gaps, the last of 3 h from 01-01 05:00"],
  ];
  for (const [hours, finding] of table) {
    for (const hour of hours) await snapshotAt(registry, hour);
    assertStringIncludes(headOf(await htmlOf(registry, "/data")), finding);
  }
  const html = await htmlOf(registry, "/data");
  assertStringIncludes(html, '<a href="/data/market_snapshot/1" aria-label=');
  assertStringIncludes(textOf(html), "2 gaps, 4 h");
});

Deno.test("a market that is late is the finding, with the command; what is missing counts up to now", async () => {
  using registry = await memoryRegistry();
  for (const hour of [0, 1]) await snapshotAt(registry, hour);
  registry.clockMs = START_MS + 7 * HOUR_MS;
  const html = await htmlOf(registry, "/data");
  assertStringIncludes(headOf(html), "No new snapshot for 6 h");
  assertStringIncludes(headOf(html), "2 of 8 hours have a snapshot.");
  assertStringIncludes(headOf(html), "Take a snapshot now");
  assertStringIncludes(textOf(html), "stale");
});

Deno.test("rows that were refused are counted by reason, and listed with their snapshot", async () => {
  using registry = await memoryRegistry();
  await snapshotAt(registry, 0);
  await snapshotAt(registry, 1, {
    coin: "<b>ust</b>",
    refused: [{ index: 4, coinId: "<i>x</i>", reason: "price is null" }],
  });
  const overview = await htmlOf(registry, "/data");
  assertStringIncludes(textOf(overview), "1 of 3 rows were refused");
  assertStringIncludes(textOf(overview), "Refused rows, and why 1 price is null");
  const html = await htmlOf(registry, "/data/market_snapshot/2");
  assertStringIncludes(headOf(html), "1 coin at 2024-01-01 01:00 UTC, 1 refused");
  assertStringIncludes(html, "<bdi>&lt;i&gt;x&lt;/i&gt;</bdi>");
  assert(!html.includes("<b>ust"), "names come from outside");
  assert(html.indexOf('id="refused"') < html.indexOf('id="coins"'), "what is wrong stands first");
  assertStringIncludes(textOf(html), "Odd, and used 1 stale quote");
  const complete = await htmlOf(registry, "/data/market_snapshot/1");
  assertEquals([html, complete].map((page) => page.match(/id="refused"/g)?.length), [1, 1]);
});

Deno.test("coverage counts hours once, however many snapshots they have", () => {
  const at = (...hours: number[]) => hours.map((hour) => ({ atMs: hour * HOUR_MS }));
  const span = (from: number, to: number) => ({ fromMs: from * HOUR_MS, toMs: to * HOUR_MS });
  const of = (hours: number[], from: number, to: number) => {
    const { expected, present, gaps } = coverageOf(at(...hours), span(from, to));
    return [expected, present, gaps.map((gap) => [gap.fromMs / HOUR_MS, gap.hours])];
  };
  assertEquals(of([0, 1, 2], 0, 2), [3, 3, []]);
  assertEquals(of([0, 0.5, 2], 0, 2.9), [3, 2, [[1, 1]]]);
  assertEquals(of([3], 0, 5), [6, 1, [[0, 3], [4, 2]]]);
  assertEquals(coverageOf([], null).expected, 0);
  assertEquals(gapWords({ fromMs: START_MS, hours: 2 }), "of 2\u00a0h from 01-01 00:00");
});

Deno.test("a snapshot that comes in late is seen on a day that was already kept", async () => {
  using registry = await memoryRegistry();
  for (const hour of [0, 2, 30]) await snapshotAt(registry, hour);
  const span = { fromMs: START_MS, toMs: START_MS + 30 * HOUR_MS };
  const hours = async () =>
    (await snapshotLines(registry, registry.scopes.read, span)).map(({ atMs }) =>
      (atMs - START_MS) / HOUR_MS
    );
  assertEquals(await hours(), [0, 2, 30]);
  await snapshotAt(registry, 1);
  registry.clockMs += 61_000;
  assertEquals(await hours(), [0, 1, 2, 30]);
});

Deno.test("datasets stand as pairs with their windows, and evaluation results with their gates", async () => {
  using registry = await memoryRegistry();
  await ingestHours(registry, 12);
  await buildPair(registry);
  await runOf(registry, "train");
  await runOf(registry, "evaluate", { params: { compare_to: "none" } });
  const text = textOf(await htmlOf(registry, "/data"));
  const { runId, annotations } = (await latestVersion(
    registry,
    registry.scopes.read,
    "data",
    ASSET.trainingDataset,
  ))!;
  assertStringIncludes(text, `${annotations.row_count} ${annotations.coin_count} v1`);
  assertStringIncludes(text, `0 h run ${runId}`);
  assert(/v1 v1 eval_holdout v1 (passed|\d of \d failed)/.test(text), text);
  assertStringIncludes(text, "market_snapshot 12");
  const twin = await (await dashboardOn(registry)).json<{
    datasets: { training: { version: number }; holdout: { version: number } }[];
    assets: { name: string; latest: { version: number } }[];
  }>("/data.json");
  assertEquals(twin.datasets.map((pair) => [pair.training.version, pair.holdout.version]), [[
    1,
    1,
  ]]);
  assertEquals(twin.assets.map(({ latest }) => latest.version), [12, 1, 1, 1]);
});

Deno.test("what other branches hold is said beside this one’s", async () => {
  using registry = await memoryRegistry();
  await snapshotAt(registry, 0);
  using other = await memoryRegistry({ branch: "trial", store: registry.store });
  await snapshotAt(other, 3, {});
  await snapshotAt(other, 4, {});
  const html = await htmlOf(registry, "/data");
  assertStringIncludes(html, '<a href="/data?branch=trial"><bdi>trial</bdi></a>');
  assertStringIncludes(textOf(html), "trial coingecko 2 04:00 0");
  assertStringIncludes(headOf(html), "The first hour has its snapshot");
});

Deno.test("the calendar shows a week, and more where the URL asks for it", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  for (let day = 0; day < 10; day++) await snapshotAt(registry, day * 24);
  const week = await dashboard.json<{ snapshots: unknown[] }>("/data.json");
  const more = await dashboard.json<{ snapshots: unknown[] }>("/data.json?days=14");
  assertEquals([week.snapshots.length, more.snapshots.length], [7, 10]);
  const html = await (await dashboard.page("/data?days=14")).text();
  assertStringIncludes(html, '<a href="/data?days=14" aria-current="true">14 days</a>');
  assertStringIncludes(html, "In the last 14 days");
});
