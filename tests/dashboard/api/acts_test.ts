// Every act of the API: what it answers, and what it leaves behind in aliases, events and the audit log;
// and that what is refused leaves nothing.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { listAudit, listEvents } from "../../../src/registry/events.ts";
import { listRuns, listTags } from "../../../src/registry/runs.ts";
import { OPERATIONS } from "../../../dashboard/api/operations.ts";
import {
  dumpBranch,
  gate,
  holderOf,
  judgeModel,
  memoryRegistry,
  newChampion,
  type TestRegistry,
  trainModel,
} from "../../support/registry.ts";
import { dashboardOn, type TestDashboard } from "../dashboard.ts";
import { ask, send } from "./api.ts";

interface Scenario {
  name: string;
  arrange?: (registry: TestRegistry) => Promise<unknown>;
  method?: string;
  path: string;
  body?: unknown;
  status: number;
  /** Of the error, where it is refused. */
  code?: string;
  /** In the answer. */
  includes?: string;
  /** Events and acts that followed, oldest first. */
  events?: string[];
  audit?: string[];
  champion?: number | null;
  /** Status of the runs that followed. */
  runs?: string[];
}

const FAILED = gate({ name: "max_anomaly_rate", value: 0.46, status: "failed" });

/** v1 is champion, v2 passed, v3 failed a gate, v4 was never judged. */
async function candidates(registry: TestRegistry): Promise<void> {
  await newChampion(registry);
  await judgeModel(registry, await trainModel(registry));
  await judgeModel(registry, await trainModel(registry), { gates: [FAILED] });
  await trainModel(registry);
}

async function twoChampions(registry: TestRegistry): Promise<void> {
  await newChampion(registry);
  await newChampion(registry);
}

const PROMOTE = "/models/2/promote";

const SCENARIOS: Scenario[] = [
  {
    name: "promote gives the alias, and says who held it",
    path: PROMOTE,
    body: { reason: "fewer false alarms" },
    status: 200,
    includes: '"replaces":1',
    events: ["model_promoted"],
    audit: ["promote: fewer false alarms"],
    champion: 2,
    runs: ["completed"],
  },
  {
    name: "promote gives another alias",
    path: PROMOTE,
    body: { alias: "staging" },
    status: 200,
    includes: '"replaces":null',
    events: ["model_promoted"],
    audit: ["promote: "],
    runs: ["completed"],
  },
  {
    name: "a dry run of promote says what would happen, and writes nothing",
    path: PROMOTE,
    body: { dry_run: true },
    status: 200,
    includes: '"allowed":true',
  },
  {
    name: "a dry run of promote names what stands in the way",
    path: "/models/3/promote",
    body: { dry_run: true },
    status: 200,
    includes: '"reason":"max_anomaly_rate"',
  },
  {
    name: "promote refuses a failed gate with its details, and records the failed run",
    path: "/models/3/promote",
    body: { reason: "please" },
    status: 422,
    code: "gate_failed",
    includes: '"blockers":[{"reason":"max_anomaly_rate"',
    runs: ["failed"],
  },
  {
    name: "promote by force is recorded as such",
    path: "/models/3/promote",
    body: { force: true, reason: "the market moved" },
    status: 200,
    includes: '"overridden":["max_anomaly_rate"]',
    events: ["model_promoted"],
    audit: ["promote: the market moved"],
    champion: 3,
    runs: ["completed"],
  },
  {
    name: "promote by force needs a reason",
    path: "/models/3/promote",
    body: { force: true },
    status: 400,
    code: "invalid",
    includes: "expected one for the history",
  },
  {
    name: "promote refuses another holder than expected",
    path: PROMOTE,
    body: { expect: "v7" },
    status: 409,
    code: "conflict",
    includes: '"winner":1',
    runs: ["failed"],
  },
  {
    name: "promote refuses a version that is not there",
    path: "/models/77/promote",
    body: {},
    status: 404,
    code: "not_found",
  },
  {
    name: "promote refuses an unknown field",
    path: PROMOTE,
    body: { forse: true },
    status: 400,
    code: "invalid",
    includes: "forse is not known, expected alias, reason, force, expect or dry_run",
  },
  {
    name: "rollback returns the alias",
    arrange: twoChampions,
    path: "/aliases/champion/rollback",
    body: { reason: "flags every stablecoin" },
    status: 200,
    includes: '"action":"rollback"',
    events: ["model_rolled_back"],
    audit: ["rollback: flags every stablecoin"],
    champion: 1,
  },
  {
    name: "rollback refuses where there is nobody to return to",
    path: "/aliases/champion/rollback",
    body: { reason: "why not" },
    status: 409,
    code: "conflict",
  },
  {
    name: "rollback needs a reason",
    arrange: twoChampions,
    path: "/aliases/champion/rollback",
    body: {},
    status: 400,
    code: "invalid",
    includes: "reason is missing",
    champion: 2,
  },
  {
    name: "revoke forbids a version",
    path: "/models/4/revoke",
    body: { reason: "bad data" },
    status: 200,
    includes: '"rolled_back":[]',
    events: ["model_revoked"],
    audit: ["revoke: bad data"],
  },
  {
    name: "revoke refuses a champion",
    path: "/models/champion/revoke",
    body: { reason: "bad data" },
    status: 409,
    code: "conflict",
  },
  {
    name: "revoke with rollback returns the alias in the same commit",
    arrange: twoChampions,
    path: "/models/champion/revoke",
    body: { reason: "bad data", rollback: true },
    status: 200,
    includes: '"version":1',
    events: ["model_rolled_back", "model_revoked"],
    audit: ["rollback: bad data", "revoke: bad data"],
    champion: 1,
  },
  {
    name: "a run is tagged",
    path: "/runs/1/tags",
    body: { tag: "baseline" },
    status: 200,
    includes: '"tag":"baseline"',
  },
  {
    name: "a run is not tagged with the name of an alias",
    path: "/runs/1/tags",
    body: { tag: "champion" },
    status: 409,
    code: "conflict",
  },
  {
    name: "a tag that is not there is not taken away",
    method: "DELETE",
    path: "/runs/1/tags/baseline",
    status: 404,
    code: "not_found",
  },
  {
    name: "the program's tags stay",
    method: "DELETE",
    path: "/runs/1/tags/flow%3Atrain",
    status: 409,
    code: "conflict",
  },
  {
    name: "a run that is not waited for answers at once",
    path: "/runs",
    body: { flow: "promote", params: { version: "2" }, tags: ["by-api"] },
    status: 202,
    includes: '"status":"running"',
    events: ["model_promoted"],
    audit: ["promote: "],
    champion: 2,
    runs: ["completed"],
  },
  {
    name: "a run that is waited for answers with its end",
    path: "/runs",
    body: { flow: "PromoteModelFlow", params: { version: "2" }, wait: true },
    status: 200,
    includes: '"status":"completed"',
    events: ["model_promoted"],
    audit: ["promote: "],
    champion: 2,
    runs: ["completed"],
  },
  {
    name: "a run that is waited for and fails answers with its error",
    path: "/runs",
    body: { flow: "promote", params: { version: "3" }, wait: true },
    status: 422,
    code: "gate_failed",
    includes: '"run_id":5',
    runs: ["failed"],
  },
  {
    name: "parameters are held against the flow's own schema",
    path: "/runs",
    body: { flow: "promote", params: { versoin: "2" } },
    status: 400,
    code: "invalid",
    includes: "versoin is not known",
  },
  {
    name: "what the parameters name is looked up before a run begins",
    path: "/runs",
    body: { flow: "promote", params: { version: "77" } },
    status: 404,
    code: "not_found",
  },
  {
    name: "a dry run is no run",
    path: "/runs",
    body: { flow: "promote", params: { version: "2", dry_run: true } },
    status: 400,
    code: "invalid",
    includes: "found dry_run",
  },
  {
    name: "an unknown flow is refused",
    path: "/runs",
    body: { flow: "nope" },
    status: 400,
    code: "invalid",
    includes: 'Cannot find flow \\"nope\\"',
  },
  {
    name: "the program's own tags are refused",
    path: "/runs",
    body: { flow: "promote", params: { version: "2" }, tags: ["flow:x"] },
    status: 400,
    code: "invalid",
  },
];

for (const scenario of SCENARIOS) {
  Deno.test(`POST and DELETE: ${scenario.name}`, async () => {
    using registry = await memoryRegistry();
    await (scenario.arrange ?? candidates)(registry);
    const { write } = registry.scopes;
    const before = await dumpBranch(registry.store, write.branch);
    const events = await listEvents(registry, write, { limit: 100 });
    const audit = await listAudit(registry, write, { limit: 100 });
    const runs = await listRuns(registry, write, { limit: 100 });
    const champion = await holderOf(registry);
    const dashboard = await dashboardOn(registry);

    const { method = "POST", body, path } = scenario;
    const answer = await ask(dashboard, path, { method, body });

    assertEquals(answer.status, scenario.status, JSON.stringify(answer.body));
    assertEquals(answer.body.error?.code, scenario.code);
    assertStringIncludes(JSON.stringify(answer.body), scenario.includes ?? "");
    if (scenario.status === 202) await ended(registry, answer.body.run_id);
    const newRuns = (await listRuns(registry, write, { limit: 100 })).slice(0, -runs.length);
    assertEquals(newRuns.map((run) => run.status), scenario.runs ?? []);
    const newEvents = (await listEvents(registry, write, { limit: 100 })).slice(0, -events.length);
    assertEquals(newEvents.map((event) => event.name).reverse(), scenario.events ?? []);
    const newAudit = (await listAudit(registry, write, { limit: 100 })).slice(0, -audit.length);
    assertEquals(
      newAudit.map(({ action, reason }) => `${action}: ${reason}`).reverse(),
      scenario.audit ?? [],
    );
    assertEquals(newAudit.map(({ actor }) => actor), newAudit.map(() => "tester"));
    assertEquals(await holderOf(registry), scenario.champion ?? champion);
    const isUnchanged = scenario.runs === undefined && scenario.code !== undefined;
    if (isUnchanged) assertEquals(await dumpBranch(registry.store, write.branch), before);
  });
}

/** Waits until a run that goes on by itself has ended. */
async function ended(registry: TestRegistry, id: number): Promise<void> {
  for (;;) {
    const [run] = await listRuns(registry, registry.scopes.write, { limit: 1 });
    if (run?.id === id && run.status !== "running") return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("every act of the API has a scenario", () => {
  for (const { method, path } of OPERATIONS) {
    if (method === "get" || path === "/score") continue;
    const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    const has = SCENARIOS.some((scenario) =>
      (scenario.method ?? "POST") === method.toUpperCase() && pattern.test(scenario.path)
    );
    assert(has, `no scenario for ${method} ${path}`);
  }
});

Deno.test("a tag that was given over the API is taken away over it", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  const dashboard = await dashboardOn(registry);
  await ask(dashboard, "/runs/1/tags", { method: "POST", body: { tag: "base/line" } });
  const { body } = await ask(dashboard, "/runs/1/tags/base%2Fline", { method: "DELETE" });
  const tags = await listTags(registry, registry.scopes.write, 1);
  assertEquals(tags.map(({ tag }) => tag).sort(), body.tags.map((one: { tag: string }) => one.tag));
  assert(!tags.some(({ tag }) => tag === "base/line"));
});

const TOKEN = "0123456789abcdef0123456789abcdef";
const ACTS = OPERATIONS.filter(({ method }) => method !== "get");

/** Why a request is refused: its headers, in open mode and where a token is asked for. */
const STRANGERS: { name: string; headers: Record<string, string>; open: number; token: number }[] =
  [
    {
      name: "a foreign origin",
      headers: { origin: "https://evil.example" },
      open: 403,
      token: 401,
    },
    { name: "another site", headers: { "sec-fetch-site": "cross-site" }, open: 403, token: 401 },
    {
      name: "a form's content type",
      headers: { "content-type": "text/plain" },
      open: 403,
      token: 401,
    },
    { name: "a wrong form token", headers: { "x-csrf-token": "wrong" }, open: 403, token: 401 },
    {
      name: "a wrong token",
      headers: { authorization: `Bearer ${TOKEN}x`, "content-type": "text/plain" },
      open: 403,
      token: 401,
    },
    {
      name: "the token from a foreign page",
      headers: { authorization: `Bearer ${TOKEN}`, origin: "https://evil.example" },
      open: 403,
      token: 403,
    },
  ];

async function assertRefused(
  registry: TestRegistry,
  dashboard: TestDashboard,
  mode: "open" | "token",
): Promise<void> {
  const { branch } = registry.scopes.write;
  const before = await dumpBranch(registry.store, branch);
  for (const { method, example } of ACTS) {
    for (const stranger of STRANGERS) {
      const response = await send(dashboard, example.path, {
        method: method.toUpperCase(),
        body: example.body ?? {},
        headers: stranger.headers,
      });
      assertEquals(response.status, stranger[mode], `${method} ${example.path}: ${stranger.name}`);
      const { error } = await response.json();
      assertEquals(error.code, response.status === 401 ? "unauthorized" : "forbidden");
    }
  }
  assertEquals(await dumpBranch(registry.store, branch), before);
}

Deno.test("no act is done for a stranger on loopback, and nothing is written", async () => {
  using registry = await memoryRegistry();
  await candidates(registry);
  await assertRefused(registry, await dashboardOn(registry), "open");
});

Deno.test("no act is done without the token where one is asked for, and nothing is written", async () => {
  using registry = await memoryRegistry();
  await candidates(registry);
  const dashboard = await dashboardOn(registry, { access: { kind: "token", token: TOKEN } });
  await assertRefused(registry, dashboard, "token");
  for (const path of ["/status", "/runs", "/models/1", "/openapi.json", "/nothing"]) {
    assertEquals((await send(dashboard, path)).status, 401, path);
  }
  const headers = { authorization: `Bearer ${TOKEN}` };
  assertEquals((await send(dashboard, "/status", { headers })).status, 200);
  const promoted = await send(dashboard, PROMOTE, { method: "POST", body: {}, headers });
  assertEquals([promoted.status, await holderOf(registry)], [200, 2]);
});
