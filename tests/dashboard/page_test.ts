// What holds for every page: route, twin, cache, errors. Tried on pages that exist.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { memoryRegistry, trainModel } from "../support/registry.ts";
import { ORIGIN, withDashboard } from "./dashboard.ts";

Deno.test("a page and its twin stand under the same path, and the twin has the parameters of the page", async () => {
  await withDashboard(async (dashboard, registry) => {
    for (let i = 0; i < 3; i++) await trainModel(registry);
    const html = await (await dashboard.page("/events?before=3")).text();
    const twin = await dashboard.json<{ events: { id: number }[] }>("/events.json?before=3");
    assertEquals(twin.events.map(({ id }) => id), [2, 1]);
    assertStringIncludes(html, "Events 1 to 2.");
    assertStringIncludes(html, 'href="/events.json?before=3"');
  });
});

Deno.test("the overview is the root, and its twin /overview.json", async () => {
  await withDashboard(async (dashboard) => {
    assertStringIncludes(await (await dashboard.page("/")).text(), 'href="/overview.json"');
    const twin = await dashboard.json<{ pipeline: { flow: string }[] }>("/overview.json");
    assertEquals(twin.pipeline.length, 7);
  });
});

Deno.test("a parameter that is wrong is refused in words, and one that is not known is ignored", async () => {
  await withDashboard(async (dashboard) => {
    const wrong = await dashboard.fetch(new Request(`${ORIGIN}/events.json?before=soon`));
    const { error } = await wrong.json();
    assertEquals([wrong.status, error.code], [400, "invalid"]);
    assertStringIncludes(error.message, "before");
    const page = await dashboard.page("/events?name=nothing");
    assertEquals(page.status, 400);
    assertStringIncludes(await page.text(), "snapshot_ready");
    assertEquals((await dashboard.page("/events?utm=1&before=")).status, 200);
  });
});

Deno.test("a page is the same as long as nothing is committed, and another one at once when something is", async () => {
  await withDashboard(async (dashboard, registry) => {
    const first = await dashboard.page("/events");
    const etag = first.headers.get("etag")!;
    await first.body?.cancel();
    const same = await dashboard.page("/events", { "if-none-match": etag });
    assertEquals([same.status, await same.text()], [304, ""]);
    await trainModel(registry);
    const other = await dashboard.page("/events", { "if-none-match": etag });
    assertEquals(other.status, 200);
    assertStringIncludes(await other.text(), "is a candidate");
  });
});

Deno.test("ages on a page go on, though nothing is committed", async () => {
  await withDashboard(async (dashboard, registry) => {
    await trainModel(registry);
    assertStringIncludes(await (await dashboard.page("/events")).text(), "Last event just now");
    registry.clockMs += 125_000;
    assertStringIncludes(
      await (await dashboard.page("/events")).text(),
      "Last event 2\u00a0min\u00a05\u00a0s ago",
    );
  });
});

Deno.test("a page is kept while ages may stand, but not one whose URL is longer than any form's", async () => {
  await withDashboard(async (dashboard, registry) => {
    await trainModel(registry);
    registry.clockMs = Math.ceil(registry.clockMs / 10_000) * 10_000;
    const textAt = async (query: string) => await (await dashboard.page(`/events${query}`)).text();
    const long = `?utm=${"x".repeat(2000)}`;
    const before = [await textAt(""), await textAt(long)];
    registry.clockMs += 5000;
    const after = [await textAt(""), await textAt(long)];
    assertEquals([before[0] === after[0], before[1] === after[1]], [true, false]);
  });
});

Deno.test("whoever takes gzip gets it, and the same page unpacked", async () => {
  await withDashboard(async (dashboard) => {
    const plain = await (await dashboard.page("/events")).text();
    const zipped = await dashboard.page("/events", { "accept-encoding": "br, gzip" });
    assertEquals(zipped.headers.get("content-encoding"), "gzip");
    const unpacked = zipped.body!.pipeThrough(new DecompressionStream("gzip"));
    assertEquals(await new Response(unpacked).text(), plain);
  });
});

Deno.test("the theme is chosen by a link, kept in a cookie, and leaves the URL as it was", async () => {
  await withDashboard(async (dashboard) => {
    const chosen = await dashboard.page("/events?before=7&theme=dark");
    assertEquals([chosen.status, chosen.headers.get("location")], [303, "/events?before=7"]);
    const cookie = chosen.headers.get("set-cookie")!.split(";")[0]!;
    const dark = await (await dashboard.page("/events", { cookie })).text();
    assertStringIncludes(dark, 'data-theme="dark"');
    assertStringIncludes(dark, 'href="/events?theme=light"');
    assert(!(await (await dashboard.page("/events")).text()).includes("data-theme"));
    const odd = await dashboard.page("/events", { cookie: 'anomaly_theme=x" onload=' });
    assert(!(await odd.text()).includes("onload"));
  });
});

Deno.test("what is not there is a page for a person and JSON for a program", async () => {
  await withDashboard(async (dashboard) => {
    const page = await dashboard.page("/nowhere");
    assertEquals(page.status, 404);
    assertStringIncludes(await page.text(), "<h1>Cannot find /nowhere</h1>");
    const json = await dashboard.fetch(new Request(`${ORIGIN}/nowhere`));
    assertEquals([json.status, (await json.json()).error.code], [404, "not_found"]);
  });
});

Deno.test("another branch is looked at by its name, and links stay on it; one that holds nothing is refused", async () => {
  await withDashboard(async (dashboard, registry) => {
    using other = await memoryRegistry({ branch: "experiment", store: registry.store });
    await trainModel(other);
    const html = await (await dashboard.page("/events?branch=experiment")).text();
    assertStringIncludes(html, 'href="/models?branch=experiment"');
    assertStringIncludes(html, "is a candidate");
    assertStringIncludes(html, '<option value="experiment" selected="">experiment · dev</option>');
    assert(!(await (await dashboard.page("/events")).text()).includes("is a candidate"));
    const missing = await dashboard.fetch(new Request(`${ORIGIN}/events.json?branch=nothing`));
    assertEquals(missing.status, 404);
    assertStringIncludes((await missing.json()).error.message, "experiment, main");
  });
});

Deno.test("static files are named by what is in them, and kept for good", async () => {
  await withDashboard(async (dashboard) => {
    const html = await (await dashboard.page("/")).text();
    const paths = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, path]) => path!);
    assertEquals(paths.length, 3);
    for (const path of paths) {
      const file = await dashboard.fetch(new Request(ORIGIN + path));
      assertEquals(file.status, 200, path);
      assertStringIncludes(file.headers.get("cache-control")!, "immutable");
      assert((await file.text()).length > 100);
    }
  });
});
