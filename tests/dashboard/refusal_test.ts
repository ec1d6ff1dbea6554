// What a person is told who is refused: where every link of the page leads, and in whose words it is said.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { memoryRegistry } from "../support/registry.ts";
import { dashboardOn, ORIGIN, type TestDashboard } from "./dashboard.ts";

async function refused(dashboard: TestDashboard, referer: string | undefined): Promise<string> {
  const response = await dashboard.post(
    "/flows/ingest/run",
    { num_coins: "-5" },
    referer === undefined ? {} : { referer },
  );
  assertEquals(response.status, 400);
  return await response.text();
}

Deno.test("a refused form leads back to the page it stands on, and no link to where only a form may go", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const page = await refused(dashboard, `${ORIGIN}/flows/ingest?num_coins=7`);
  assertStringIncludes(page, '<a href="/flows/ingest?num_coins=7">Back to the form</a>');
  assertEquals([...page.matchAll(/(?:href|action)="([^"]*\/run[^s"][^"]*|[^"]*\/run)"/g)], []);
  for (const [, path] of page.matchAll(/href="(\/[^"#]*)"/g)) {
    const { status } = await dashboard.page(path!.replaceAll("&amp;", "&"));
    assert(status < 400, `${path} answers ${status}`);
  }
});

Deno.test("a refused form that came from nowhere, or from another host, leads to the overview", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  for (
    const referer of [undefined, "", "no url", "https://a.example/x", `${ORIGIN}//a.example/x`]
  ) {
    assertStringIncludes(await refused(dashboard, referer), '<a href="/">Back to the form</a>');
  }
});

Deno.test("a branch that cannot be one is refused without a word of command lines", async () => {
  using registry = await memoryRegistry();
  const response = await (await dashboardOn(registry)).page("/models?branch=a%20b");
  assertEquals(response.status, 400);
  const page = await response.text();
  assertStringIncludes(page, "Cannot use branch");
  assertStringIncludes(page, "Next: choose one in the list of branches.");
  assert(!page.includes("--branch"));
});

Deno.test("the foot of an open page is renewed with the rest of it", async () => {
  using registry = await memoryRegistry();
  const page = await (await (await dashboardOn(registry)).page("/")).text();
  assertStringIncludes(page, '<footer class="foot" id="foot" data-live');
});
