// Versions of data: their lists, what is in one, its files and its lineage.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileName } from "../../../dashboard/files.ts";
import { ASSET } from "../../../src/domain/asset.ts";
import { latestVersion } from "../../../src/registry/assets.ts";
import { sha256Hex } from "../../../src/store/blobs.ts";
import { dumpBranch, memoryRegistry } from "../../support/registry.ts";
import { dashboardOn } from "../dashboard.ts";
import { buildPair, ingestHours, runOf } from "./flow_runs.ts";
import { headOf, textOf } from "./text.ts";
import { snapshotAt } from "./snapshots.ts";

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
