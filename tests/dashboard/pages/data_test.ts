// Data: is it fresh and complete, its versions, their files and lineage.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileName } from "../../../dashboard/files.ts";
import { coverageOf, gapWords } from "../../../dashboard/reading/coverage.ts";
import { snapshotLines } from "../../../dashboard/reading/data_assets.ts";
import { ASSET } from "../../../src/domain/asset.ts";
import { indexSnapshot, latestVersion, registerVersion } from "../../../src/registry/assets.ts";
import { advanceMarket } from "../../../src/registry/context.ts";
import { putBlob, sha256Hex, stageBlob } from "../../../src/store/blobs.ts";
import { encodeTable } from "../../../src/store/tables.ts";
import {
  dumpBranch,
  HOUR_MS,
  memoryRegistry,
  START_MS,
  type TestRegistry,
} from "../../support/registry.ts";
import { dashboardOn } from "../dashboard.ts";
import { buildPair, ingestHours, runOf } from "./flow_runs.ts";
import { headOf, textOf } from "./text.ts";

/** A snapshot of one coin of an hour, with what is given about it. */
async function snapshotAt(
  registry: TestRegistry,
  hour: number,
  { coin = "luna", source = "coingecko" as const, refused = [] as unknown[] } = {},
): Promise<void> {
  const marketAtMs = START_MS + hour * HOUR_MS;
  const marketAt = new Date(marketAtMs).toISOString();
  const number = (value: number) => ({ type: "number" as const, values: Float64Array.of(value) });
  const text = (value: string) => ({ type: "text" as const, values: [value] });
  const table = encodeTable({
    rowCount: 1,
    columns: {
      coin_id: text(coin),
      symbol: text(coin),
      name: text(coin),
      current_price: number(1),
      market_cap: number(2),
      market_cap_rank: number(1),
      total_volume: number(3),
      high_24h: number(1),
      low_24h: number(1),
      price_change_pct_30d: number(NaN),
      last_updated: { type: "time", values: Float64Array.of(marketAtMs) },
      price_change_pct_24h: number(-71.3),
    },
  });
  const reject = new TextEncoder().encode(JSON.stringify(refused));
  const blobs = [
    await stageBlob(table, { compress: false }),
    await stageBlob(reject, { compress: true }),
  ];
  const { store, scopes } = registry;
  await store.commit(scopes.write, async (tx) => {
    for (const blob of blobs) await putBlob(tx, blob, marketAt);
    const { version } = await registerVersion(registry, tx, {
      kind: "data",
      name: ASSET.snapshot,
      marketAt,
      runId: 1,
      flow: "ingest",
      description: "by hand",
      tags: [],
      annotations: {
        rows: 1,
        refused: refused.length,
        refused_reasons: refused.length > 0 ? { "price is null": refused.length } : {},
        notes: { "stale quote": 1 },
        source,
      },
      files: {
        table: { ...blobs[0]!.ref, mediaType: "application/vnd.apache.parquet" },
        ...(refused.length > 0
          ? { refused: { ...blobs[1]!.ref, mediaType: "application/json" } }
          : {}),
      },
      inputs: [],
    });
    await indexSnapshot(registry, tx, marketAtMs, version);
    await advanceMarket(registry, tx, { kind: source, key: "" }, marketAtMs);
  });
  registry.clockMs = Math.max(registry.clockMs, marketAtMs + 60_000);
}

async function htmlOf(registry: TestRegistry, path: string): Promise<string> {
  return await (await (await dashboardOn(registry)).page(path)).text();
}

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

Deno.test("versions of an asset are listed newest first, a page at a time", async () => {
  using registry = await memoryRegistry();
  for (let hour = 0; hour < 53; hour++) await snapshotAt(registry, hour);
  const dashboard = await dashboardOn(registry);
  interface Twin {
    versions: { version: number }[];
    older_before: number | null;
  }
  const first = await dashboard.json<Twin>("/data/market_snapshot.json");
  assertEquals([first.versions.length, first.versions[0]!.version, first.older_before], [
    50,
    53,
    4,
  ]);
  const next = await dashboard.json<Twin>("/data/market_snapshot.json?before=4");
  assertEquals(next.versions.map(({ version }) => version), [3, 2, 1]);
  const html = await (await dashboard.page("/data/market_snapshot")).text();
  assertStringIncludes(headOf(html), "53 versions of market_snapshot, up to 2024-01-03 04:00 UTC");
  const empty = await (await dashboard.page("/data/training_dataset")).text();
  assertStringIncludes(headOf(empty), "There is no training_dataset yet");
  assertStringIncludes(empty, "./anomaly build_dataset --branch main");
});

Deno.test("a version is found by the forms that the command line takes; what is no asset is not found", async () => {
  using registry = await memoryRegistry();
  for (const hour of [0, 1]) await snapshotAt(registry, hour);
  const dashboard = await dashboardOn(registry);
  const table: [path: string, status: number][] = [
    ["/data/market_snapshot/2", 200],
    ["/data/market_snapshot/v1", 200],
    ["/data/market_snapshot/latest", 200],
    ["/data/market_snapshot/latest-1", 200],
    ["/data/market_snapshot/3", 404],
    ["/data/market_snapshot/a b", 400],
    ["/data/market_snapshot/2?sort=change", 200],
    ["/data/market_snapshot/2?sort=color", 400],
    ["/data/anomaly_detector", 404],
    ["/data/anomaly_detector/1", 404],
    ["/data/mine", 404],
    ["/data/market_snapshot/2/files/table", 200],
    ["/data/market_snapshot/2/files/labels", 404],
    ["/data/market_snapshot/2/files/constructor", 404],
    ["/data/market_snapshot/9/files/table", 404],
    ["/data/mine/1/files/table", 404],
  ];
  for (const [path, status] of table) {
    const response = await dashboard.page(path);
    await response.body?.cancel();
    assertEquals(response.status, status, path);
  }
});

Deno.test("the coins of a snapshot are in the order that the URL asks for, those without a value last", async () => {
  using registry = await memoryRegistry();
  await ingestHours(registry, 1);
  const dashboard = await dashboardOn(registry);
  const { snapshot } = await dashboard.json<
    { snapshot: { rows: { coin_id: string; price: number | null; symbol: string }[] } }
  >("/data/market_snapshot/1.json");
  const order = async (sort: string) => {
    const html = await (await dashboard.page(`/data/market_snapshot/1?sort=${sort}`)).text();
    return [...html.matchAll(/class="coin" href="\/coins\/([^"?]+)/g)].map(([, id]) => id);
  };
  const by = (key: (row: (typeof snapshot.rows)[number]) => number | string) =>
    snapshot.rows.toSorted((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)
      .map(({ coin_id }) => coin_id);
  assertEquals(await order("price"), by((row) => -(row.price ?? -1)));
  assertEquals(await order("name"), by((row) => row.symbol));
});

Deno.test("a dataset shows how its halves differ, most first, and lineage both ways", async () => {
  using registry = await memoryRegistry();
  await ingestHours(registry, 12);
  await buildPair(registry);
  await runOf(registry, "train");
  const dashboard = await dashboardOn(registry);
  const html = await (await dashboard.page("/data/training_dataset/1")).text();
  const { dataset } = await dashboard.json<
    { dataset: { features: { shift: number | null; bins: object | null }[] } }
  >("/data/training_dataset/1.json");
  const shifts = dataset.features.map(({ shift }) => shift ?? -1);
  assertEquals(shifts, shifts.toSorted((a, b) => b - a));
  assertEquals(html.match(/<figure>/g)?.length, 12);
  const all = await (await dashboard.page("/data/training_dataset/1?features=all")).text();
  assertEquals(
    all.match(/<figure>/g)?.length,
    dataset.features.filter(({ bins }) => bins !== null).length,
  );
  const text = textOf(html);
  assertStringIncludes(text, "members: v1 to market_snapshot v12");
  assertStringIncludes(text, "training_dataset anomaly_detector v1");
  assertStringIncludes(html, '<a href="/data/eval_holdout/1">eval_holdout v1</a>');
  const first = textOf(await (await dashboard.page("/data/market_snapshot/1")).text());
  assertStringIncludes(first, "members training_dataset v1");
});

Deno.test("a file is handed out as it is stored, with its type, a name and its hash", async () => {
  using registry = await memoryRegistry();
  await ingestHours(registry, 1);
  const dashboard = await dashboardOn(registry);
  const version = (await latestVersion(
    registry,
    registry.scopes.read,
    "data",
    ASSET.snapshot,
  ))!;
  const response = await dashboard.page("/data/market_snapshot/latest/files/table");
  const { headers } = response;
  assertEquals(headers.get("content-type"), "application/vnd.apache.parquet");
  assertEquals(
    headers.get("content-disposition"),
    'attachment; filename="market_snapshot_v1_table.parquet"',
  );
  assertEquals(headers.get("x-content-type-options"), "nosniff");
  assertEquals(
    await sha256Hex(new Uint8Array(await response.arrayBuffer())),
    version.files.table!.sha256,
  );
  assertEquals(fileName(version, "raw"), "market_snapshot_v1_raw.json");
  assertEquals(fileName(version, '"\n../x'), "market_snapshot_v1______x.bin");
});

Deno.test("looking at data writes nothing", async () => {
  using registry = await memoryRegistry();
  await ingestHours(registry, 2);
  const before = await dumpBranch(registry.store, "main");
  for (const path of ["/data", "/data/market_snapshot", "/data/market_snapshot/1"]) {
    await (await (await dashboardOn(registry)).page(path)).text();
  }
  assertEquals(await dumpBranch(registry.store, "main"), before);
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
