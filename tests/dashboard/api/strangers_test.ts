// Who is not let act over the API: pages of other sites, forms, and whoever lacks the token.

import { assertEquals } from "@std/assert";
import { OPERATIONS } from "../../../dashboard/api/operations.ts";
import { dumpBranch, holderOf, memoryRegistry, type TestRegistry } from "../../support/registry.ts";
import { candidates } from "../acts/branch_states.ts";
import { dashboardOn, type TestDashboard } from "../dashboard.ts";
import { PROMOTE } from "./act_scenarios.ts";
import { send } from "./api.ts";

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
