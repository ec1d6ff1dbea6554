// The table of flows, and the page of one with the form that its schema gives.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { flows } from "../../../flows/mod.ts";
import { scheduleWords } from "../../../dashboard/components/schedule_words.ts";
import { memoryRegistry } from "../../support/registry.ts";
import { dashboardOn } from "../dashboard.ts";
import { failedRun, ingestHours } from "./flow_runs.ts";
import { headOf, textOf } from "./text.ts";

Deno.test("the table of flows says what starts each, what it takes and makes, and how it went", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const page = async () => await (await dashboard.page("/flows")).text();
  assertStringIncludes(headOf(await page()), "No flow has run yet");
  await ingestHours(registry, 2);
  assertStringIncludes(headOf(await page()), "1 of 7 flows has run, and it went well");
  await failedRun(registry);
  const html = await page();
  assertStringIncludes(headOf(html), "1 of 7 flows failed last: build_dataset");
  for (const { name, originalName, consumes } of flows) {
    assertStringIncludes(html, `<a href="/flows/${name}"><code>${name}</code></a>`);
    assertStringIncludes(textOf(html), originalName);
    assertStringIncludes(textOf(html), consumes);
  }
  const text = textOf(html);
  assertStringIncludes(text, "every hour at:00 not by this process");
  assertStringIncludes(text, "every day at 00:30");
  assertStringIncludes(text, "on snapshot_ready");
  assertStringIncludes(html, 'aria-label="last 2 runs, 0 failed"');
  assertStringIncludes(html, 'aria-label="last run, 1 failed"');
});

Deno.test("where this process runs the schedules, the table says when each is due", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry, { runsSchedules: true });
  const text = textOf(await (await dashboard.page("/flows")).text());
  assertStringIncludes(text, "every hour at:00 next at 01:00");
  assert(!text.includes("not by this process"));
});

Deno.test("a schedule is said in words where it is a plain one", () => {
  const table: [expression: string, words: string][] = [
    ["0 * * * *", "every hour at :00"],
    ["5 0 * * *", "every day at 00:05"],
    ["*/15 * * * *", "every 15 min"],
    ["30 */6 * * *", "every 6 h at :30"],
    ["0 9 * * MON", "by schedule 0 9 * * MON"],
    ["0,30 * * * *", "by schedule 0,30 * * * *"],
  ];
  for (const [expression, words] of table) assertEquals(scheduleWords(expression), words);
});

Deno.test("every parameter of every flow is a field with its description and its default", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  for (const flow of flows) {
    const html = await (await dashboard.page(`/flows/${flow.name}`)).text();
    assertStringIncludes(html, `data-copy="./anomaly ${flow.name} --branch main"`);
    assertStringIncludes(textOf(html), flow.summary);
    if (flow.name === "promote") continue;
    assertStringIncludes(html, `action="/flows/${flow.name}/run"`);
    for (const name of Object.keys(flow.params.shape)) {
      assertStringIncludes(html, `id="f-${name}" name="${name}"`);
      assertStringIncludes(html, `<small id="d-${name}">`);
    }
  }
});

Deno.test("fields are of the kind that the schema says, with its bounds", async () => {
  using registry = await memoryRegistry();
  const html = await (await (await dashboardOn(registry)).page("/flows/build_dataset")).text();
  const field = (name: string) =>
    new RegExp(`<(?:input|select) id="f-${name}"[^>]*>`).exec(html)![0];
  assertStringIncludes(field("max_history_hours"), 'type="number"');
  assertStringIncludes(field("max_history_hours"), 'placeholder="168"');
  assertStringIncludes(field("max_history_hours"), 'min="1" max="8760"');
  assert(!/max=/.test(field("min_snapshots_per_coin")), "the limit of a double is none");
  assertStringIncludes(field("add_targets"), "<select");
  assertStringIncludes(html, '<option value="">default: no</option>');
});

Deno.test("parameters in the URL fill the form and the command, as text", async () => {
  using registry = await memoryRegistry();
  const query = new URLSearchParams({
    holdout_hours: "12",
    max_history_hours: "168",
    add_targets: "true",
    min_snapshots_per_coin: `"><script>'`,
  });
  const dashboard = await dashboardOn(registry);
  const html = await (await dashboard.page(`/flows/build_dataset?${query}`)).text();
  assert(!html.includes("<script>'"));
  assertStringIncludes(html, 'value="12"');
  assertStringIncludes(html, '<option value="true" selected="">yes</option>');
  const twin = await dashboard.json<{ command: string }>(`/flows/build_dataset.json?${query}`);
  assertEquals(
    twin.command,
    `./anomaly build_dataset --holdout_hours 12 ` +
      `--min_snapshots_per_coin '"><script>'\\''' --add_targets --branch main`,
    "what is the default need not be said",
  );
});

Deno.test("a promotion is begun from the page of a model, where its gates are", async () => {
  using registry = await memoryRegistry();
  const html = await (await (await dashboardOn(registry)).page("/flows/promote")).text();
  assert(!html.includes('action="/flows/promote/run"'));
  assertStringIncludes(html, '<a href="/models">choose a model</a>');
});

Deno.test("a flow says when it cannot run yet, and how it ran last", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const head = async (flow: string) =>
    headOf(await (await dashboard.page(`/flows/${flow}`)).text());
  assertStringIncludes(
    await head("build_dataset"),
    "build_dataset cannot run yet: dataset possible",
  );
  assertStringIncludes(await head("ingest"), "ingest has not run yet");
  await ingestHours(registry, 1);
  assertStringIncludes(await head("ingest"), "ingest last ran just now: 12 coins, 0 refused");
  assertStringIncludes(await head("IngestMarketDataFlow"), "ingest last ran just now");
  await failedRun(registry);
  assertStringIncludes(await head("build_dataset"), "build_dataset failed just now");
  assertEquals((await dashboard.page("/flows/mine")).status, 404);
});
