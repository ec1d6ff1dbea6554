// The acts on runs over HTTP: what each answers, where it leads, and what it has left in the store.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { listAudit, listEvents } from "../../../src/registry/events.ts";
import { getRun, listRuns, listTags } from "../../../src/registry/runs.ts";
import {
  dumpBranch,
  memoryRegistry,
  newChampion,
  type TestRegistry,
  trainModel,
} from "../../support/registry.ts";
import { dashboardOn, ORIGIN, withDashboard } from "../dashboard.ts";
import { textOf } from "../pages/text.ts";

const TOKEN = "t".repeat(40);

/** Waits until so many runs are there, what they triggered included, and all have ended. */
async function settled(registry: TestRegistry, count: number): Promise<void> {
  for (;;) {
    const runs = await listRuns(registry, registry.scopes.write, { limit: 50 });
    if (runs.length >= count && runs.every(({ status }) => status !== "running")) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function userTags(registry: TestRegistry, id: number): Promise<string[]> {
  const tags = await listTags(registry, registry.scopes.write, id);
  return tags.filter(({ record }) => !record.system).map(({ tag }) => tag);
}

Deno.test("running a flow leads to its run, which has the parameters, the tags and the actor of the form", async () => {
  await withDashboard(async (dashboard, registry) => {
    const response = await dashboard.post("/flows/ingest/run", {
      source: "simulated",
      num_coins: "12",
      tag: "try baseline",
      reason: "to see twelve coins",
    });
    assertEquals([response.status, response.headers.get("location")], [303, "/runs/1"]);
    await settled(registry, 2);
    const scope = registry.scopes.write;
    const run = (await getRun(registry, scope, 1))!;
    assertEquals([run.flow, run.status, run.user], ["ingest", "completed", "tester"]);
    assertEquals(run.params, { source: "simulated", num_coins: 12 });
    assertEquals(await userTags(registry, 1), ["baseline", "try"]);
    // What it triggered was asked for by nobody.
    const audit = await listAudit(registry, scope, { limit: 10 });
    assertEquals(
      audit.map(({ action, subject, reason, actor }) => [action, subject, reason, actor]),
      [
        ["run", "ingest, run 1", "to see twelve coins", "tester"],
      ],
    );
    const events = await listEvents(registry, scope, { limit: 10 });
    assertEquals(events.at(-1)!.name, "snapshot_ready");
    assertEquals(events.at(-1)!.runId, 1);
    // Its own events start what listens to them, as on the command line with --follow.
    const [next] = await listRuns(registry, scope, { limit: 1 });
    assertEquals([next!.flow, next!.triggeredBy], ["score", events.at(-1)!.id]);
    const page = textOf(await (await dashboard.page("/runs/1")).text());
    assertStringIncludes(page, "Run 1 is done: 12 coins, 0 refused");
  });
});

Deno.test("a form that names another branch runs there", async () => {
  await withDashboard(async (dashboard, registry) => {
    using other = await memoryRegistry({ branch: "trial", store: registry.store });
    await trainModel(other);
    const response = await dashboard.post("/flows/ingest/run?branch=trial", {
      source: "simulated",
    });
    assertEquals(response.headers.get("location"), "/runs/2?branch=trial");
    await settled(other, 3);
    assertEquals((await getRun(other, other.scopes.write, 2))!.flow, "ingest");
    assertEquals(await listRuns(registry, registry.scopes.write, { limit: 1 }), []);
  });
});

Deno.test("what could not run is refused with the command line’s words, and leaves no run behind", async () => {
  await withDashboard(async (dashboard, registry) => {
    const before = await dumpBranch(registry.store, "main");
    const table: [path: string, fields: Record<string, string>, status: number, words: string][] = [
      ["/flows/mine/run", {}, 404, "expected ingest, score"],
      ["/flows/ingest/run", { num_coins: "many" }, 400, "num_coins"],
      ["/flows/ingest/run", { num_coins: "0" }, 400, "expected an integer in [1, 1000]"],
      ["/flows/ingest/run", { source: "moon" }, 400, "coingecko, simulated or replay:"],
      ["/flows/ingest/run", { coins: "12" }, 400, "coins is not known"],
      ["/flows/ingest/run", { source: "simulated", tag: "user:me" }, 400, "only the program gives"],
      ["/flows/build_dataset/run", { max_history_hours: "5", holdout_hours: "5" }, 400, "holdout"],
      ["/flows/evaluate/run", { candidate_version: "7" }, 404, "Cannot find anomaly_detector 7"],
      ["/flows/promote/run", {}, 400, "neither --run_id nor --version"],
      ["/flows/promote/run", { version: "9" }, 404, "Cannot find anomaly_detector 9"],
      ["/flows/promote/run", { version: "9", dry_run: "true" }, 400, "found dry_run"],
    ];
    for (const [path, fields, status, words] of table) {
      const response = await dashboard.post(path, fields);
      const text = textOf(await response.text());
      assertEquals(response.status, status, `${path} ${JSON.stringify(fields)}: ${text}`);
      assertStringIncludes(text, words);
    }
    assertEquals(await dumpBranch(registry.store, "main"), before);
  });
});

Deno.test("a promotion by the flow’s form is the promotion of the command line, with its audit entry", async () => {
  await withDashboard(async (dashboard, registry) => {
    const { version } = await newChampion(registry);
    const next = await trainModel(registry);
    const scope = registry.scopes.write;
    const audits = async () => (await listAudit(registry, scope, { limit: 10 })).length;
    const before = await audits();
    // Not evaluated: the run is there, and failed.
    const refused = await dashboard.post("/flows/promote/run", { version: String(next.version) });
    assertEquals(refused.status, 303);
    await settled(registry, 3);
    const [failed] = await listRuns(registry, scope, { limit: 1 });
    assertEquals([failed!.flow, failed!.status], ["promote", "failed"]);
    assertEquals(await audits(), before);
    const forced = await dashboard.post("/flows/promote/run", {
      version: String(next.version),
      force: "true",
      reason: "tried by hand",
    });
    assertEquals(forced.headers.get("location"), `/runs/${failed!.id + 1}`);
    await settled(registry, 4);
    const [entry] = await listAudit(registry, scope, { limit: 1 });
    assertEquals([entry!.actor, entry!.reason], ["tester", "tried by hand"]);
    const [event] = await listEvents(registry, scope, { limit: 1 });
    assertEquals(event!.name, "model_promoted");
    assertEquals(event!.payload.previous_version, version);
  });
});

Deno.test("tags are given and taken as on the command line, and lead back to the run", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    const act = async (change: string, tag: string, id: number | string = 1) => {
      const response = await dashboard.post(`/runs/${id}/tags`, { change, tag });
      return [response.status, response.headers.get("location") ?? textOf(await response.text())];
    };
    assertEquals(await act("add", " baseline "), [303, "/runs/1#tags"]);
    assertEquals(await userTags(registry, 1), ["baseline"]);
    const [added] = (await listTags(registry, registry.scopes.write, 1))
      .filter(({ tag }) => tag === "baseline");
    assertEquals([added!.record.addedBy, added!.record.system], ["tester", false]);
    assertEquals(await act("remove", "baseline"), [303, "/runs/1#tags"]);
    assertEquals(await userTags(registry, 1), []);
    const before = await dumpBranch(registry.store, "main");
    const table: [change: string, tag: string, id: number, status: number, words: string][] = [
      ["add", "champion", 1, 409, "which only a promotion gives and takes"],
      ["add", "user:me", 1, 400, "only the program gives tags"],
      ["add", "two words", 1, 400, "expected letters, digits"],
      ["add", "", 1, 400, "tag is missing"],
      ["rename", "x", 1, 400, "change"],
      ["remove", "flow:train", 1, 409, "the program set it itself"],
      ["remove", "baseline", 1, 404, "does not have it"],
      ["add", "baseline", 99, 404, "Cannot find run 99"],
    ];
    for (const [change, tag, id, status, words] of table) {
      const [found, text] = await act(change, tag, id);
      assertEquals(found, status, `${change} ${tag}: ${text}`);
      assertStringIncludes(String(text), words);
    }
    assertEquals(await dumpBranch(registry.store, "main"), before);
  });
});

Deno.test("no act on runs is done for another site, without a form’s token, or with a wrong one", async () => {
  await withDashboard(async (dashboard, registry) => {
    await trainModel(registry);
    const before = await dumpBranch(registry.store, "main");
    const acts: [path: string, fields: Record<string, string>][] = [
      ["/flows/ingest/run", { source: "simulated" }],
      ["/runs/1/tags", { change: "add", tag: "baseline" }],
    ];
    for (const [path, fields] of acts) {
      const refused = [
        await dashboard.post(path, fields, { origin: "https://evil.example" }),
        await dashboard.post(path, fields, { "sec-fetch-site": "cross-site" }),
        await dashboard.post(path, { ...fields, _csrf: "" }),
        await dashboard.post(path, { ...fields, _csrf: "wrong" }),
        await dashboard.fetch(
          new Request(ORIGIN + path, {
            method: "POST",
            headers: { origin: ORIGIN, "content-type": "application/json" },
            body: JSON.stringify(fields),
          }),
        ),
      ];
      assertEquals(refused.map(({ status }) => status), [403, 403, 403, 403, 403], path);
    }
    assertEquals(await dumpBranch(registry.store, "main"), before);
  });
});

Deno.test("where a token is asked for, nobody acts without it", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  const dashboard = await dashboardOn(registry, { access: { kind: "token", token: TOKEN } });
  const before = await dumpBranch(registry.store, "main");
  const act = (headers: Record<string, string>) =>
    dashboard.fetch(
      new Request(`${ORIGIN}/runs/1/tags`, {
        method: "POST",
        headers,
        body: new URLSearchParams({ change: "add", tag: "baseline" }),
      }),
    );
  assertEquals((await act({})).status, 401);
  assertEquals((await act({ authorization: `Bearer ${"x".repeat(40)}` })).status, 401);
  assertEquals(await dumpBranch(registry.store, "main"), before);
  assertEquals((await act({ authorization: `Bearer ${TOKEN}` })).status, 303);
  assertEquals(await userTags(registry, 1), ["baseline"]);
});

Deno.test("a run that waits for others leads to its flow, which says that it was asked for", async () => {
  await withDashboard(async (_, registry) => {
    const failure = Promise.resolve(null);
    const never = new Promise<never>(() => {});
    const dashboard = await dashboardOn(registry, {
      start: () => ({ started: never, done: Promise.resolve(), failure }),
    });
    const timers = globalThis.setTimeout;
    // Time is not waited for: the timer of the answer fires at once.
    globalThis.setTimeout = ((work: () => void) => timers(work, 0)) as typeof setTimeout;
    try {
      const response = await dashboard.post("/flows/train/run", {});
      assertEquals(response.headers.get("location"), "/flows/train?asked=1");
    } finally {
      globalThis.setTimeout = timers;
    }
    const page = textOf(await (await dashboard.page("/flows/train?asked=1")).text());
    assertStringIncludes(
      page,
      "A run was asked for; it begins when what runs on this branch has ended.",
    );
    assert(!page.includes("Load this page again"));
  });
});
