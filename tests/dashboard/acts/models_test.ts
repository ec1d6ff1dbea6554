// Promoting, rolling back and revoking by form: where each answer leads, and what it leaves behind in runs,
// events, the audit log and the alias; and that what is refused leaves nothing.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { listEvents } from "../../../src/registry/events.ts";
import { listRuns, listTags } from "../../../src/registry/runs.ts";
import {
  dumpBranch,
  holderOf,
  memoryRegistry,
  revoke,
  type TestRegistry,
} from "../../support/registry.ts";
import { dashboardOn, type TestDashboard } from "../dashboard.ts";
import { textOf } from "../pages/text.ts";
import { candidates, storyOf, twoChampions } from "./branch_states.ts";

interface Scenario {
  name: string;
  arrange?: (registry: TestRegistry) => Promise<unknown>;
  path: string;
  fields?: Record<string, string>;
  status: number;
  /** Where it leads to. */
  location?: string;
  /** What the page of a refusal says. */
  says?: string;
  /** What followed, oldest first. */
  events?: string[];
  audit?: string[];
  runs?: string[];
  champion?: number;
}

const SCENARIOS: Scenario[] = [
  {
    name: "promote gives the alias, by a run of the flow",
    path: "/models/2/promote",
    fields: { alias: "champion", expect: "v1", reason: "fewer false alarms" },
    status: 303,
    location: "/models/2#history",
    events: ["model_promoted"],
    audit: ["promote: fewer false alarms"],
    runs: ["promote completed"],
    champion: 2,
  },
  {
    name: "promote needs no reason where every gate passed",
    path: "/models/2/promote",
    fields: { alias: "champion", expect: "v1", reason: "" },
    status: 303,
    location: "/models/2#history",
    events: ["model_promoted"],
    audit: ["promote: "],
    runs: ["promote completed"],
    champion: 2,
  },
  {
    name: "promote gives a first holder to another alias, and stays on the branch",
    path: "/models/latest-2/promote?branch=main",
    fields: { alias: "staging", expect: "none" },
    status: 303,
    location: "/models/2?branch=main#history",
    events: ["model_promoted"],
    audit: ["promote: "],
    runs: ["promote completed"],
  },
  {
    name: "promote refuses a version that fails a gate, as the command does",
    path: "/models/3/promote",
    fields: { alias: "champion", expect: "v1", reason: "please" },
    status: 422,
    says: "is 0.46, expected &lt;= 0.2",
    runs: ["promote failed"],
  },
  {
    name: "force with a reason overrides the gate, and is recorded as forced",
    path: "/models/3/promote",
    fields: { alias: "champion", expect: "v1", reason: "the market moved", force: "true" },
    status: 303,
    location: "/models/3#history",
    events: ["model_promoted"],
    audit: ["promote: the market moved, forced"],
    runs: ["promote completed"],
    champion: 3,
  },
  {
    name: "force without a reason is refused before a run begins",
    path: "/models/3/promote",
    fields: { alias: "champion", expect: "v1", reason: "", force: "true" },
    status: 400,
    says: "found no --reason",
  },
  {
    name: "an alias that moved after the page was shown is a conflict that names the winner",
    path: "/models/2/promote",
    fields: { alias: "champion", expect: "none" },
    status: 409,
    says: "champion is anomaly_detector v1",
    runs: ["promote failed"],
  },
  {
    name: "a revoked version cannot be forced",
    arrange: async (registry) => {
      await candidates(registry);
      await revoke(registry, 3);
    },
    path: "/models/3/promote",
    fields: { alias: "champion", expect: "v1", reason: "please", force: "true" },
    status: 409,
    says: "it was revoked by tester",
    runs: ["promote failed"],
  },
  {
    name: "the holder cannot be promoted again",
    path: "/models/champion/promote",
    fields: { alias: "champion", expect: "v1" },
    status: 409,
    says: "it is champion already",
    runs: ["promote failed"],
  },
  {
    name: "a version that there is not leaves no run behind",
    path: "/models/77/promote",
    fields: { alias: "champion" },
    status: 404,
    says: "the newest version is v4",
  },
  {
    name: "words that are no alias are refused",
    path: "/models/2/promote",
    fields: { alias: "latest" },
    status: 400,
    says: "Cannot use alias",
  },
  {
    name: "a field that is not known is refused",
    path: "/models/2/promote",
    fields: { allias: "champion" },
    status: 400,
    says: "allias",
  },
  {
    name: "roll back returns the alias to the holder before",
    arrange: twoChampions,
    path: "/aliases/champion/rollback",
    fields: { reason: "flags every stablecoin", expect: "v2" },
    status: 303,
    location: "/models/1#history",
    events: ["model_rolled_back"],
    audit: ["rollback: flags every stablecoin"],
    champion: 1,
  },
  {
    name: "roll back needs a reason",
    arrange: twoChampions,
    path: "/aliases/champion/rollback",
    fields: { reason: "" },
    status: 400,
    says: "reason",
  },
  {
    name: "roll back of an alias that moved meanwhile is a conflict that names the winner",
    arrange: twoChampions,
    path: "/aliases/champion/rollback",
    fields: { reason: "too late", expect: "v1" },
    status: 409,
    says: "it is v2 since",
  },
  {
    name: "roll back of a first holder finds nobody to return to",
    path: "/aliases/champion/rollback",
    fields: { reason: "why not" },
    status: 409,
    says: "no earlier holder",
  },
  {
    name: "roll back of an alias that nobody holds is not found",
    path: "/aliases/staging/rollback",
    fields: { reason: "why not" },
    status: 404,
    says: "nobody holds it",
  },
  {
    name: "revoke forbids a version for good",
    path: "/models/2/revoke",
    fields: { reason: "trained on bad data" },
    status: 303,
    location: "/models/2#history",
    events: ["model_revoked"],
    audit: ["revoke: trained on bad data"],
  },
  {
    name: "revoke refuses a holder of an alias",
    path: "/models/1/revoke",
    fields: { reason: "bad data" },
    status: 409,
    says: "it is champion",
  },
  {
    name: "revoke with roll back returns the alias in the same commit",
    arrange: twoChampions,
    path: "/models/2/revoke",
    fields: { reason: "bad data", rollback: "on" },
    status: 303,
    location: "/models/2#history",
    events: ["model_rolled_back", "model_revoked"],
    audit: ["rollback: bad data", "revoke: bad data"],
    champion: 1,
  },
  {
    name: "revoke needs a reason",
    path: "/models/2/revoke",
    status: 400,
    says: "reason",
  },
];

/** Sends a form of the page of a version, with what that page carries. */
async function send(
  dashboard: TestDashboard,
  path: string,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const html = await (await dashboard.page("/models/latest")).text();
  const [, token] = /name="_csrf" value="([^"]+)"/.exec(html)!;
  return await dashboard.post(path, { _csrf: token!, ...fields }, headers);
}

for (const scenario of SCENARIOS) {
  Deno.test(`a form: ${scenario.name}`, async () => {
    using registry = await memoryRegistry();
    await (scenario.arrange ?? candidates)(registry);
    const { write } = registry.scopes;
    const before = await storyOf(registry);
    const champion = await holderOf(registry);
    const dump = await dumpBranch(registry.store, write.branch);
    const dashboard = await dashboardOn(registry);

    const answer = await send(dashboard, scenario.path, scenario.fields);
    const html = await answer.text();

    assertEquals(answer.status, scenario.status, textOf(html));
    assertEquals(answer.headers.get("location"), scenario.location ?? null);
    if (scenario.says !== undefined) {
      assertStringIncludes(html, scenario.says);
      assertStringIncludes(html, "<h1>");
    }
    const after = await storyOf(registry, before);
    assertEquals(after.events, scenario.events ?? []);
    assertEquals(after.audit, scenario.audit ?? []);
    assertEquals(after.runs, scenario.runs ?? []);
    assertEquals(await holderOf(registry), scenario.champion ?? champion);
    const isRefused = scenario.says !== undefined && scenario.runs === undefined;
    if (isRefused) assertEquals(await dumpBranch(registry.store, write.branch), dump);
  });
}

Deno.test("a promotion by form moves the run tag, and its event names the run", async () => {
  using registry = await memoryRegistry();
  await candidates(registry);
  const { write } = registry.scopes;
  const dashboard = await dashboardOn(registry);
  await send(dashboard, "/models/2/promote", { alias: "champion", reason: "better" });
  const tags = async (id: number) => (await listTags(registry, write, id)).map(({ tag }) => tag);
  assertEquals((await tags(1)).includes("champion"), false);
  assertEquals((await tags(2)).includes("champion"), true);
  const [event] = await listEvents(registry, write, { limit: 1 });
  const [run] = await listRuns(registry, write, { limit: 1 });
  assertEquals([event!.runId, event!.payload.version], [run!.id, 2]);
});

const ACTS: [path: string, fields: Record<string, string>][] = [
  ["/models/2/promote", { alias: "champion", reason: "mine" }],
  ["/models/2/revoke", { reason: "mine" }],
  ["/aliases/champion/rollback", { reason: "mine" }],
];

const FOREIGN: {
  name: string;
  fields?: Record<string, string>;
  headers?: Record<string, string>;
}[] = [
  { name: "a page of another site", headers: { origin: "http://evil.example" } },
  {
    name: "a request that a browser marks as cross-site",
    headers: { "sec-fetch-site": "cross-site" },
  },
  { name: "no form token", fields: { _csrf: "" } },
  { name: "a wrong form token", fields: { _csrf: "AAAA" } },
];

for (const [path, fields] of ACTS) {
  for (const foreign of FOREIGN) {
    Deno.test(`POST ${path} refuses ${foreign.name}, and nothing is written`, async () => {
      using registry = await memoryRegistry();
      await twoChampions(registry);
      const dump = await dumpBranch(registry.store, "main");
      const dashboard = await dashboardOn(registry);
      const answer = await send(dashboard, path, { ...fields, ...foreign.fields }, foreign.headers);
      assertEquals(answer.status, 403);
      await answer.body?.cancel();
      assertEquals(await dumpBranch(registry.store, "main"), dump);
    });
  }
}
