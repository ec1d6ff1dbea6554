// The page of the API: all of the document, links that work, nothing from elsewhere.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { OPERATIONS } from "../../../dashboard/api/operations.ts";
import { memoryRegistry } from "../../support/registry.ts";
import { dashboardOn, ORIGIN, type TestDashboard } from "../dashboard.ts";
import { readDocument } from "./api.ts";
import { withWorld } from "./world.ts";

async function docs(dashboard: TestDashboard, query = ""): Promise<string> {
  const response = await dashboard.page(`/api/docs${query}`);
  assertEquals(response.status, 200);
  return await response.text();
}

Deno.test("the page of the API has every operation, every parameter and every schema", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const html = await docs(dashboard);
  const { paths, components } = await readDocument(dashboard);
  for (const [path, methods] of Object.entries(paths)) {
    for (const { operationId, parameters = [] } of Object.values(methods)) {
      const start = html.indexOf(`id="${operationId}"`);
      assert(start > 0, `${path} is not on the page`);
      const part = html.slice(start, html.indexOf("</details>", start));
      for (const { name } of parameters) assertStringIncludes(part, `<code>${name}</code>`);
    }
  }
  for (const name of Object.keys(components.schemas)) {
    assertStringIncludes(html, `id="schema-${name}"`);
  }
});

Deno.test("every anchor of the page leads to a place on it, and no id is there twice", async () => {
  using registry = await memoryRegistry();
  const html = await docs(await dashboardOn(registry));
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assertEquals(new Set(ids).size, ids.length);
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) assert(ids.includes(target), target);
});

Deno.test("what the page offers to try works on the store that is looked at, and stays on its branch", () =>
  withWorld(async (dashboard) => {
    const html = await docs(dashboard, "?branch=main");
    const links = [...html.matchAll(/href="(\/api\/v1\/[^"]*)">GET/g)]
      .map(([, href]) => href!.replaceAll("&amp;", "&"));
    const looks = OPERATIONS.filter(({ method }) => method === "get");
    assertEquals(links.length, looks.length);
    for (const href of links) {
      assertStringIncludes(href, "branch=main");
      const response = await dashboard.fetch(new Request(ORIGIN + href));
      assertEquals(response.status, 200, href);
      await response.body?.cancel();
    }
  }));

Deno.test("the command to score is one that works as it stands", () =>
  withWorld(async (dashboard) => {
    const html = await docs(dashboard);
    const [, text] = /-d &#39;(\{&quot;model&quot;:.*?)&#39; /.exec(html) ?? [];
    assert(text, "no command to score");
    const response = await dashboard.fetch(
      new Request(`${ORIGIN}/api/v1/score`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: text.replaceAll("&quot;", '"'),
      }),
    );
    assertEquals(response.status, 200, await response.text());
  }));

Deno.test("the page of the API needs no script, no style of its own, and no other host", async () => {
  using registry = await memoryRegistry();
  const html = await docs(await dashboardOn(registry));
  assert(!/ style=| onclick=|<style|<script(?! src="\/static\/)/.test(html));
  const hosts = [...html.matchAll(/(?:src|href)="(https?:[^"]+)"/g)].map(([, url]) => url);
  assertEquals(hosts.filter((url) => !url!.startsWith("https://www.coingecko.com")), []);
});

Deno.test("the twin of the page of the API is the document", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const response = await dashboard.page("/api/docs.json");
  assertEquals([response.status, response.headers.get("location")], [
    303,
    "/api/v1/openapi.json",
  ]);
});

Deno.test("commands carry the token by its variable where one is asked for", async () => {
  using registry = await memoryRegistry();
  const token = "0123456789abcdef0123456789abcdef";
  const dashboard = await dashboardOn(registry, { access: { kind: "token", token } });
  const response = await dashboard.page("/api/docs", { authorization: `Bearer ${token}` });
  const html = await response.text();
  assertStringIncludes(html, "Authorization: Bearer $ANOMALY_TOKEN");
  assert(!html.includes(token));
});
