// The overview: the finding in every state of a branch, and the one next step.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runFlow } from "../../../src/engine/runner.ts";
import { findFlow } from "../../../src/engine/flow.ts";
import { flows } from "../../../flows/mod.ts";
import { registerVersion } from "../../../src/registry/assets.ts";
import { advanceMarket } from "../../../src/registry/context.ts";
import {
  gate,
  judgeModel,
  newChampion,
  setMarketTime,
  START_MS,
  testRunner,
  trainModel,
} from "../../support/registry.ts";
import { hourMs, scoreHour } from "../reading/scored_market.ts";
import { dashboardOn, type TestDashboard, withDashboard } from "../dashboard.ts";

async function textOf(dashboard: TestDashboard): Promise<string> {
  const html = await (await dashboard.page("/")).text();
  return html.replaceAll("\u00a0", " ");
}

function headingOf(html: string): string {
  return /<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? "";
}

Deno.test("an empty branch says so, keeps the chart's place, and names the shortest way on", async () => {
  await withDashboard(async (dashboard) => {
    const html = await textOf(dashboard);
    assertEquals(headingOf(html), "Nothing here yet");
    assertStringIncludes(html, "<code>./anomaly demo --serve</code>");
    assertStringIncludes(html, "The gate band is 0.020 to 0.200");
  });
});

Deno.test("where this process runs the schedules, an empty branch says when its first snapshot comes", async () => {
  await withDashboard(async (dashboard, registry) => {
    assert(!(await textOf(dashboard)).includes("The first snapshot comes by itself"));
    const watched = await textOf(await dashboardOn(registry, { runsSchedules: true }));
    assert(/The first snapshot comes by itself, [\d-]+ \d\d:00 UTC\. The/.test(watched));
  });
});

Deno.test("a model that nobody promoted: no champion, and the command that judges it", async () => {
  await withDashboard(async (dashboard, registry) => {
    await trainModel(registry);
    const html = await textOf(dashboard);
    assertEquals(headingOf(html), "No champion yet");
    assertStringIncludes(html, "evaluate --candidate_version 1 --branch main");
  });
});

Deno.test("snapshots alone: nothing is said of a version that is not there", async () => {
  await withDashboard(async (dashboard, registry) => {
    await runFlow(testRunner(registry), findFlow(flows, "ingest"), {
      params: { source: "simulated" },
      tags: [],
      triggeredBy: null,
    });
    const html = await textOf(dashboard);
    assertEquals(headingOf(html), "Snapshots are coming in; no model yet");
    assertStringIncludes(html, "There is no model to judge yet.");
    assert(!html.includes("./anomaly evaluate"));
  });
});

Deno.test("flags are the finding, and the rate stands beside what the gates allow", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    await setMarketTime(registry, hourMs(1));
    await scoreHour(registry, 0, [["luna", false, null], ["ust", false, null], [
      "btc",
      false,
      null,
    ]]);
    await scoreHour(registry, 1, [["luna", true, null], ["ust", true, null], ["btc", false, null]]);
    const html = await textOf(dashboard);
    assertEquals(headingOf(html), "2 of 3 coins look abnormal");
    assertStringIncludes(html, "Champion <b>v1</b> flags <b>66.7 %</b>");
    assertStringIncludes(html, "its gates allow 2.0 % to 20.0 %");
    // The hour before was below the band, and this one is above: two hours outside.
    assertStringIncludes(html, "The rate has been outside for <b>2 h</b>");
    assertStringIncludes(html, 'href="/coins/luna"');
  });
});

Deno.test("where nothing is abnormal, that is the finding", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    await setMarketTime(registry, hourMs(0));
    await scoreHour(registry, 0, [["luna", false, null], ["btc", false, null]]);
    assertEquals(headingOf(await textOf(dashboard)), "None of 2 coins looks abnormal");
  });
});

Deno.test("a newer version that failed a gate is refused, and why is one command away", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    const next = await trainModel(registry);
    const failed = gate({ value: 0.46, status: "failed" });
    await judgeModel(registry, next, { gates: [failed] });
    const html = await textOf(dashboard);
    assertStringIncludes(html, "models why 2 --branch main");
    assertStringIncludes(html, "1 of 1 failed");
    assertStringIncludes(html, "0.460");
  });
});

Deno.test("a failed run is in the pipeline, among the events, and the next thing to look at", async () => {
  await withDashboard(async (dashboard, registry) => {
    const evaluate = findFlow(flows, "evaluate");
    await runFlow(testRunner(registry), evaluate, { params: {}, tags: [], triggeredBy: null })
      .catch(() => {});
    const html = await textOf(dashboard);
    assertStringIncludes(html, "runs show 1 --branch main");
    assertStringIncludes(html, '<code class="fail">run failed</code>');
    assert(/last run, 1 failed/.test(html), html);
  });
});

Deno.test("a live market without a new snapshot is stale: one banner, since when, and the way on", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    const { store, scopes } = registry;
    await store.commit(scopes.write, async (tx) => {
      await advanceMarket(registry, tx, { kind: "coingecko", key: "usd" }, START_MS);
      await registerVersion(registry, tx, {
        kind: "data",
        name: "market_snapshot",
        marketAt: new Date(START_MS).toISOString(),
        runId: 1,
        flow: "ingest",
        description: "",
        tags: [],
        annotations: {},
        files: {},
        inputs: [],
      });
    });
    registry.clockMs = START_MS + 20 * 60_000;
    assert(!(await textOf(dashboard)).includes('class="banner" id="stale"'));
    registry.clockMs = START_MS + 3.2 * 3_600_000;
    const html = await textOf(dashboard);
    assertEquals(headingOf(html), "No snapshot since 2024-01-01 00:00 UTC");
    assertStringIncludes(html, "No new snapshot for 3 h 12 min; one is due every hour.");
    assertStringIncludes(html, "ingest --follow --branch main");
  });
});
