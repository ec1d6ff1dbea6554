// The list of runs: what it finds first, its filters, its pages, and who started what.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { defineFlow } from "../../../src/engine/flow.ts";
import { runFlow } from "../../../src/engine/runner.ts";
import { HOUR_MS, memoryRegistry, testRunner, trainModel } from "../../support/registry.ts";
import { dashboardOn } from "../dashboard.ts";
import { failedRun, ingestHours, runOf } from "./flow_runs.ts";
import { headOf, textOf } from "./text.ts";

interface Twin {
  runs: { id: number; flow: string; status: string; is_scheduled: boolean }[];
  older_before: number | null;
  looked_at: number | null;
  recent: { total: number; failed: number };
}

Deno.test("where nothing has run, /runs says so and names the first command", async () => {
  using registry = await memoryRegistry();
  const html = await (await (await dashboardOn(registry)).page("/runs")).text();
  assertStringIncludes(headOf(html), "Nothing has run yet");
  assertStringIncludes(html, "./anomaly ingest --branch main");
  assertStringIncludes(html, 'id="runs"');
});

Deno.test("the finding of /runs counts the failures of the last 24 hours, and the row says the error", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  const dashboard = await dashboardOn(registry);
  const page = async () => await (await dashboard.page("/runs")).text();
  assertStringIncludes(headOf(await page()), "The last 24 hours’ one run did not fail");
  await failedRun(registry);
  const html = await page();
  assertStringIncludes(headOf(html), "1 of the last 24 hours’ 2 runs failed");
  assertStringIncludes(headOf(html), "build_dataset has not completed since.");
  // The next step is what the error advises.
  assertStringIncludes(headOf(html), "Run 2 failed");
  assertStringIncludes(html, 'data-copy="./anomaly ingest --branch main"');
  const [, row] = /<tr class="bad">(.*?)<\/tr>/s.exec(html) ?? [];
  assertStringIncludes(
    textOf(row!),
    "select: Cannot build a dataset: branch main has no snapshots",
  );
  assert(!textOf(row!).includes("Next:"), "the command stands beside the cause, not in it");
});

Deno.test("a failure that a later run has made good asks for nothing", async () => {
  using registry = await memoryRegistry();
  await failedRun(registry);
  await ingestHours(registry, 12);
  await runOf(registry, "build_dataset", {
    params: { max_history_hours: 10, holdout_hours: 3, min_snapshots_per_coin: 2 },
  });
  const dashboard = await dashboardOn(registry);
  const html = await (await dashboard.page("/runs")).text();
  assertStringIncludes(headOf(html), "build_dataset has completed since.");
  assert(!html.includes('class="next"'));
  // What was good before it does not make it good.
  await failedRun(registry, { params: { max_history_hours: 400, min_snapshots_per_coin: 300 } });
  const again = await (await dashboard.page("/runs")).text();
  assertStringIncludes(headOf(again), "build_dataset has not completed since.");
});

Deno.test("a day later the finding is when the last run was", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  registry.clockMs += 30 * HOUR_MS;
  const html = await (await (await dashboardOn(registry)).page("/runs")).text();
  assertStringIncludes(headOf(html), "Last run 1 d 6 h ago, none since");
});

Deno.test("/runs is filtered by flow, state and tag, each alone and together", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  await failedRun(registry, { tags: ["try"] });
  await runOf(registry, "ingest", { params: { source: "simulated" }, tags: ["try"] });
  await trainModel(registry);
  const dashboard = await dashboardOn(registry);
  const table: [query: string, ids: number[], lookedAt: number | null][] = [
    ["", [4, 3, 2, 1], null],
    ["flow=train", [4, 1], null],
    ["flow=TrainDetectorFlow", [4, 1], null],
    ["flow=train&before=4", [1], null],
    ["tag=try", [3, 2], null],
    ["tag=try&flow=ingest", [3], null],
    ["tag=try&status=failed", [2], 2],
    ["status=failed", [2], 4],
    ["status=completed&flow=train", [4, 1], 4],
    ["status=completed&before=4", [3, 1], 3],
    ["status=running", [], 4],
    ["tag=nothing", [], null],
  ];
  for (const [query, ids, lookedAt] of table) {
    const twin = await dashboard.json<Twin>(`/runs.json?${query}`);
    const found = [twin.runs.map(({ id }) => id), twin.looked_at, twin.older_before];
    assertEquals(found, [ids, lookedAt, null], query);
    const html = await (await dashboard.page(`/runs?${query}`)).text();
    for (const id of ids) assertStringIncludes(html, `href="/runs/${id}">${id}</a>`);
  }
  assertEquals((await dashboard.page("/runs?flow=mine")).status, 400);
});

Deno.test("a filter that found nothing says how many runs it looked at", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  const html = await (await (await dashboardOn(registry)).page("/runs?status=running")).text();
  assertStringIncludes(textOf(html), "No such run among the 1 looked at. All runs");
});

Deno.test("a look back for a state ends somewhere, and the next page goes on from there", async () => {
  using registry = await memoryRegistry();
  const quick = defineFlow({
    name: "score",
    originalName: "ScoreSnapshotFlow",
    summary: "Does nothing.",
    examples: [],
    consumes: "nothing",
    produces: "nothing",
    publishes: [],
    params: z.strictObject({}),
  }).step("nothing", () => Promise.resolve({})).build();
  for (let i = 0; i < 205; i++) {
    await runFlow(testRunner(registry), quick, { params: {}, tags: ["many"], triggeredBy: null });
  }
  const dashboard = await dashboardOn(registry);
  const first = await dashboard.json<Twin>("/runs.json?tag=many&status=failed");
  assertEquals([first.runs, first.looked_at, first.older_before], [[], 200, 6]);
  const html = await (await dashboard.page("/runs?tag=many&status=failed")).text();
  assertStringIncludes(textOf(html), "No such run among the 200 looked at.");
  assertStringIncludes(html, 'href="/runs?tag=many&amp;status=failed&amp;before=6">Older</a>');
  const rest = await dashboard.json<Twin>("/runs.json?tag=many&status=failed&before=6");
  assertEquals([rest.looked_at, rest.older_before], [5, null]);
});

Deno.test("a page of runs goes on where the one before it ended, whatever has come since", async () => {
  using registry = await memoryRegistry();
  for (let i = 0; i < 53; i++) await trainModel(registry);
  const dashboard = await dashboardOn(registry);
  const first = await dashboard.json<Twin>("/runs.json");
  assertEquals([first.runs.length, first.older_before], [50, 4]);
  await trainModel(registry);
  const next = await dashboard.json<Twin>("/runs.json?before=4");
  assertEquals([next.runs.map(({ id }) => id), next.older_before], [[3, 2, 1], null]);
  const html = await (await dashboard.page("/runs?before=4")).text();
  assertStringIncludes(html, '<a href="/runs">Newest</a>');
  assertStringIncludes(html, "Runs 1 to 3.");
});

Deno.test("a run was started by an event, by the schedule or by a person, with a link to the event", async () => {
  using registry = await memoryRegistry();
  const params = { source: "simulated" };
  await runOf(registry, "ingest", { params });
  await runOf(registry, "ingest", { params, tags: ["scheduled"] });
  await runOf(registry, "score", { triggeredBy: 2, params: { snapshot_version: "2" } });
  const html = await (await (await dashboardOn(registry)).page("/runs")).text();
  const rows = [...html.matchAll(/<tr class="">(.*?)<\/tr>/gs)].map(([, row]) => row!);
  assertStringIncludes(rows[0]!, '<a href="/events?before=3">event 2</a>');
  assertStringIncludes(textOf(rows[1]!), "schedule");
  assertStringIncludes(textOf(rows[2]!), "tester");
});

Deno.test("a run that was going on when it was first read is seen to end, however old it is", async () => {
  using registry = await memoryRegistry();
  const gate = Promise.withResolvers<void>();
  const slow = defineFlow({
    name: "score",
    originalName: "ScoreSnapshotFlow",
    summary: "Waits.",
    examples: [],
    consumes: "nothing",
    produces: "nothing",
    publishes: [],
    params: z.strictObject({}),
  }).step("wait", async () => {
    await gate.promise;
    return {};
  }).build();
  const started = Promise.withResolvers<unknown>();
  const run = runFlow(testRunner(registry), slow, {
    params: {},
    tags: [],
    triggeredBy: null,
    onStarted: started.resolve,
  });
  await started.promise;
  for (let i = 0; i < 45; i++) await trainModel(registry);
  const dashboard = await dashboardOn(registry);
  const running = () => dashboard.json<Twin>("/runs.json?status=running");
  assertEquals((await running()).runs.map(({ id }) => id), [1]);
  const flow = () => dashboard.json<Twin>("/runs.json?flow=score");
  assertEquals((await flow()).runs.map(({ status }) => status), ["running"]);
  gate.resolve();
  await run;
  assertEquals((await running()).runs, []);
  assertEquals((await flow()).runs.map(({ status }) => status), ["completed"]);
});

Deno.test("a page of runs reads no more of a larger store", async () => {
  using registry = await memoryRegistry();
  const { store } = registry;
  let read = 0;
  const [list, getMany] = [store.list.bind(store), store.getMany.bind(store)];
  store.list = async (...given) => {
    const entries = await list(...given);
    read += entries.length;
    return entries as never;
  };
  store.getMany = (keys) => {
    read += keys.length;
    return getMany(keys);
  };
  const readBy = async (query: string) => {
    const dashboard = await dashboardOn(registry);
    // Once to keep what is kept; the second time is what every further one costs.
    await (await dashboard.page(`/runs?${query}&x=1`)).text();
    read = 0;
    await (await dashboard.page(`/runs?${query}&x=2`)).text();
    return read;
  };
  const queries = ["", "flow=train", "status=failed", "before=101"];
  for (let i = 0; i < 110; i++) await trainModel(registry);
  const small = [];
  for (const query of queries) small.push(await readBy(query));
  for (let i = 0; i < 200; i++) await trainModel(registry);
  for (const [i, query] of queries.entries()) {
    const large = await readBy(query);
    assert(large <= small[i]! + 10, `${query}: ${large} entries, and ${small[i]} of a small store`);
    assert(large < 100, `${query}: ${large} entries`);
  }
});

Deno.test("what a URL says of tags is text on /runs", async () => {
  using registry = await memoryRegistry();
  const hostile = encodeURIComponent('"><script>alert(1)</script>');
  const html = await (await (await dashboardOn(registry)).page(`/runs?tag=${hostile}`)).text();
  assert(!html.includes("<script>alert"));
  assertStringIncludes(html, "&lt;script&gt;alert(1)");
});
