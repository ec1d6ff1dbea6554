// Every act of the API: what it answers, and what it leaves behind in aliases, events and the audit log;
// and that what is refused leaves nothing.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { OPERATIONS } from "../../../dashboard/api/operations.ts";
import { listRuns, listTags } from "../../../src/registry/runs.ts";
import {
  dumpBranch,
  holderOf,
  memoryRegistry,
  type TestRegistry,
  trainModel,
} from "../../support/registry.ts";
import { candidates, storyOf } from "../acts/branch_states.ts";
import { dashboardOn } from "../dashboard.ts";
import { SCENARIOS } from "./act_scenarios.ts";
import { ask, type Refused } from "./api.ts";

for (const scenario of SCENARIOS) {
  Deno.test(`POST and DELETE: ${scenario.name}`, async () => {
    using registry = await memoryRegistry();
    await (scenario.arrange ?? candidates)(registry);
    const { write } = registry.scopes;
    const dump = await dumpBranch(registry.store, write.branch);
    const before = await storyOf(registry);
    const champion = await holderOf(registry);
    const dashboard = await dashboardOn(registry);

    const { method = "POST", body, path } = scenario;
    const answer = await ask<Partial<Refused> & { run_id: number }>(dashboard, path, {
      method,
      body,
    });

    assertEquals(answer.status, scenario.status, JSON.stringify(answer.body));
    assertEquals(answer.body.error?.code, scenario.code);
    assertStringIncludes(JSON.stringify(answer.body), scenario.includes ?? "");
    if (scenario.status === 202) await ended(registry, answer.body.run_id);
    const after = await storyOf(registry, before);
    assertEquals(after.events, scenario.events ?? []);
    assertEquals(after.audit, scenario.audit ?? []);
    assertEquals(after.actors, after.audit.map(() => "tester"));
    assertEquals(after.runs, scenario.runs ?? []);
    assertEquals(await holderOf(registry), scenario.champion ?? champion);
    const isUnchanged = scenario.runs === undefined && scenario.code !== undefined;
    if (isUnchanged) assertEquals(await dumpBranch(registry.store, write.branch), dump);
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
  const { body } = await ask<{ tags: { tag: string }[] }>(
    dashboard,
    "/runs/1/tags/base%2Fline",
    { method: "DELETE" },
  );
  const tags = await listTags(registry, registry.scopes.write, 1);
  assertEquals(tags.map(({ tag }) => tag).sort(), body.tags.map((one) => one.tag));
  assert(!tags.some(({ tag }) => tag === "base/line"));
});
