// Every look of the API on a store that flows have filled and on an empty one, and what it refuses.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { memoryRegistry, START_MS } from "../../support/registry.ts";
import { dashboardOn, ORIGIN } from "../dashboard.ts";
import { ask, readDocument, type Refused, send } from "./api.ts";
import { withWorld } from "./world.ts";

/** Paths that every store answers with 200. */
const ALWAYS = [
  "/status",
  "/branches",
  "/branches?limit=1",
  "/flows",
  "/runs",
  "/runs?limit=2&flow=ingest",
  "/runs?flow=TrainDetectorFlow&tag=champion",
  "/runs?status=failed",
  "/models",
  "/models?limit=1",
  "/aliases",
  "/aliases/champion/history",
  "/data",
  "/data/market_snapshot",
  "/data/training_dataset?limit=1",
  "/data/eval_holdout",
  "/data/evaluation_results?before=2",
  "/features",
  "/predictions",
  "/predictions?flagged=true",
  "/predictions?at=2024-01-01T02:00Z",
  "/predictions?from=2024-01-01&to=2024-01-02T00:00&limit=3",
  "/outcomes",
  "/outcomes?role=challenger&crash_threshold_pct=-5",
  "/events",
  "/events?after=0&limit=3",
  "/audit",
];

/** Paths that a filled store answers with 200. */
const FILLED = [
  "/runs/1",
  "/runs/run:1",
  "/runs/ingest%2F1",
  "/runs/1/log",
  "/runs/1/log?limit=1",
  "/models/latest",
  "/models/champion",
  "/models/v1",
  "/models/@champion/why",
  "/models/2/why",
  "/models/1/lineage",
  "/models/1/evaluations",
  "/models/compare",
  "/models/compare?a=2&b=1",
  "/champion",
  "/champion?at=2024-01-03",
  "/features?model=1",
  "/data/market_snapshot/latest",
  "/data/training_dataset/1",
  "/data/eval_holdout/v1",
  "/data/evaluation_results/latest",
  "/predictions?version=1&limit=200",
  "/outcomes?version=1",
  "/coins/coin-0",
  "/coins/coin-0?limit=1&hours=200",
];

/** Path, status, code, and what the message says. */
const REFUSED: [string, number, string, string][] = [
  ["/runs?limit=201", 400, "invalid", 'limit is "201", expected an integer in [1, 200]'],
  ["/runs?limit=x", 400, "invalid", "limit"],
  ["/runs?limit=1&limit=2", 400, "invalid", 'limit is ["1","2"]'],
  ["/runs?limt=3", 400, "invalid", "limt is not known"],
  ["/runs?tag=champion", 400, "invalid", "expected flow as well"],
  ["/runs?flow=nope", 400, "invalid", 'Cannot find flow "nope"'],
  ["/runs?flow=train&tag=%20", 400, "invalid", "Cannot use tag"],
  ["/runs/abc", 400, "invalid", 'Cannot read run "abc"'],
  ["/runs/999", 404, "not_found", "Cannot find run 999"],
  ["/runs/999/log", 404, "not_found", "Cannot find run 999"],
  ["/models/Nobody", 400, "invalid", 'Cannot read version "Nobody"'],
  ["/models/nobody", 404, "not_found", "Cannot find anomaly_detector nobody"],
  ["/models/77/why", 404, "not_found", "anomaly_detector 77"],
  ["/models/77/lineage", 404, "not_found", "anomaly_detector 77"],
  ["/models/compare?a=77", 404, "not_found", "anomaly_detector 77"],
  ["/aliases/Champion/history", 400, "invalid", 'Cannot use alias "Champion"'],
  ["/champion?alias=staging", 404, "not_found", "nobody held it so far"],
  ["/champion?at=2001-01-01", 404, "not_found", "nobody held it at 2001-01-01"],
  ["/champion?at=yesterday", 400, "invalid", 'at is "yesterday", expected an ISO 8601 time'],
  ["/data/nothing", 400, "invalid", "name"],
  ["/data/market_snapshot/9999", 404, "not_found", "market_snapshot 9999"],
  ["/predictions?from=2024-01-02&to=2024-01-01", 400, "invalid", "an end before the beginning"],
  ["/predictions?before=7", 400, "invalid", "the older_before of an earlier answer"],
  ["/outcomes?from=2024-01-02&to=2024-01-01", 400, "invalid", "an end before the beginning"],
  ["/outcomes?crash_threshold_pct=5", 400, "invalid", "crash_threshold_pct"],
  ["/coins/no-such-coin", 404, "not_found", 'Cannot show coin "no-such-coin"'],
  ["/events?after=1&before=2", 400, "invalid", "both before and after"],
  ["/status?branch=elsewhere", 404, "not_found", "Cannot show branch elsewhere"],
  ["/status?branch=a%20b", 400, "invalid", "Cannot use branch"],
];

interface Status {
  champion: { version: number } | null;
  model: { version: number } | null;
  model_status: string | null;
  snapshot: unknown;
  freshness: { state: string };
}

interface List {
  items: Record<string, unknown>[];
  older_before: string | number | null;
}

Deno.test("every look of the API answers what the document says", () =>
  withWorld(async (dashboard) => {
    for (const path of [...ALWAYS, ...FILLED]) {
      assertEquals((await ask(dashboard, path)).status, 200, path);
    }
    for (const [path, status, code, text] of REFUSED) {
      const answer = await ask<Refused>(dashboard, path);
      assertEquals([answer.status, answer.body.error.code], [status, code], path);
      assertStringIncludes(answer.body.error.message, text);
    }
    await assertEveryLookWasAsked();

    const { body: status } = await ask<Status>(dashboard, "/status");
    assertEquals([status.champion?.version, status.model?.version, status.model_status], [
      1,
      2,
      "evaluated",
    ]);
    const { body: why } = await ask<{ allowed: boolean; blockers: unknown[] }>(
      dashboard,
      "/models/2/why",
    );
    assertEquals([why.allowed, why.blockers], [true, []]);
    const { body: coin } = await ask<{ scores: { outcome: unknown }[] }>(
      dashboard,
      "/coins/coin-0?hours=200",
    );
    assertEquals(coin.scores.at(-1)!.outcome, { verdict: "hit", return_pct: -20 });
    const { body: outcomes } = await ask<{ total: { hits: number }; days: unknown[] }>(
      dashboard,
      "/outcomes",
    );
    assertEquals([outcomes.total.hits, outcomes.days.length], [1, 1]);
    const { body: compared } = await ask<{ different: unknown[] }>(
      dashboard,
      "/models/compare?a=1&b=1",
    );
    assertEquals(compared.different, []);
  }));

/** A new operation is to be added to the tables above. */
async function assertEveryLookWasAsked() {
  using registry = await memoryRegistry();
  const { paths } = await readDocument(await dashboardOn(registry));
  const asked = [...ALWAYS, ...FILLED].map((path) => path.split("?")[0]!.split("/"));
  for (const [path, operations] of Object.entries(paths)) {
    if (operations.get === undefined) continue;
    const own = path.split("/");
    const wasAsked = asked.some((parts) =>
      parts.length === own.length &&
      own.every((part, i) => part.startsWith("{") || part === parts[i])
    );
    assert(wasAsked, `no test asks for ${path}`);
  }
}

Deno.test("an empty branch answers with empty lists, and says of everything else that it is not there", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  for (const path of ALWAYS) assertEquals((await ask(dashboard, path)).status, 200, path);
  const { body: status } = await ask<Status>(dashboard, "/status");
  assertEquals([status.freshness.state, status.champion, status.snapshot], ["empty", null, null]);
  for (const path of FILLED) {
    assertEquals((await ask(dashboard, path)).status, 404, path);
  }
});

Deno.test("a list goes on where its page ended, and gives each thing once", () =>
  withWorld(async (dashboard) => {
    const lists: [string, (item: Record<string, unknown>) => unknown][] = [
      ["/runs?limit=7", (run) => run.id],
      ["/events?limit=7", (event) => event.id],
      ["/data/market_snapshot?limit=7", (version) => version.version],
      ["/models?limit=1", (model) => model.version],
      ["/predictions?limit=1", (row) => `${row.market_at} ${row.version} ${row.coin_id}`],
      ["/predictions?limit=4", (row) => `${row.market_at} ${row.version} ${row.coin_id}`],
      ["/predictions?limit=1&flagged=true", (row) => `${row.market_at} ${row.coin_id}`],
    ];
    for (const [path, nameOf] of lists) {
      const { body: whole } = await ask<List>(dashboard, path.replace(/limit=\d+/, "limit=200"));
      const names: unknown[] = [];
      let before: string | number | null = "";
      while (before !== null) {
        const next: string = before === "" ? "" : `&before=${before}`;
        const { body } = await ask<List>(dashboard, path + next);
        names.push(...body.items.map(nameOf));
        assert(names.length <= whole.items.length, `${path} gives something twice`);
        before = body.older_before;
      }
      assertEquals(names, whole.items.map(nameOf), path);
      assertEquals(whole.older_before, null, path);
      assert(names.length > 1, path);
    }
  }));

Deno.test("events after an id come oldest first, so that none is missed", () =>
  withWorld(async (dashboard) => {
    const { body } = await ask<List>(dashboard, "/events?after=3&limit=4");
    assertEquals(body.items.map((event) => event.id), [4, 5, 6, 7]);
  }));

Deno.test("what is no operation is refused in JSON, saying what is there", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const cases: [string, string, string][] = [
    ["GET", "/nothing", "expected a path below /api/v1"],
    ["PUT", "/runs", "expected GET or POST"],
    ["GET", "/score", "expected POST"],
  ];
  for (const [method, path, text] of cases) {
    const response = await send(dashboard, path, { method });
    assertEquals(response.status, 404, path);
    const { error } = await response.json();
    assertEquals(error.code, "not_found");
    assertStringIncludes(error.message, text);
  }
});

Deno.test("/ready answers 200 while data is fresh or not there yet, and 503 with its age once it is stale", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const ready = () => new Request(`${ORIGIN}/ready`);
  const empty = await dashboard.fetch(ready());
  assertEquals([empty.status, (await empty.json()).freshness.state], [200, "empty"]);
  await withWorld(async (filled) => {
    const { freshness } = await filled.json<{ freshness: { state: string } }>("/ready");
    assertEquals(freshness.state, "fresh");
    const later = await dashboardOn({
      ...filled.deps.registry,
      scopes: registry.scopes,
      actor: "tester",
      nowMs: () => START_MS + 30 * 86_400_000,
    }, { runsSchedules: true });
    const stale = await later.fetch(ready());
    assertEquals(stale.status, 503);
    const { error } = await stale.json();
    assertEquals([error.code, error.details.freshness.state], ["unavailable", "stale"]);
  });
});
