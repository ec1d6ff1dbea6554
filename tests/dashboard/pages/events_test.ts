// Events and the audit log as pages: what happened, in words with links, a bounded page at a time.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { newChampion, revoke, rollBack, trainModel } from "../../support/registry.ts";
import { withDashboard } from "../dashboard.ts";

interface Twin {
  events: { id: number; name: string }[];
  older_before: number | null;
  looked_at: number | null;
}

Deno.test("events say what happened, to which version, with links to it and to the run", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    await newChampion(registry);
    await rollBack(registry);
    const html = await (await dashboard.page("/events")).text();
    assertStringIncludes(html, "champion: nobody → ");
    assertStringIncludes(html, "champion: v1 → ");
    assertStringIncludes(html, "champion: v2 → ");
    assertStringIncludes(html, '<a href="/models/2">v2</a>');
    assertStringIncludes(html, '<a href="/runs/2">run 2</a>');
    assertStringIncludes(html, "Last event just now: model rolled back");
  });
});

Deno.test("a page of events is bounded, and the next one goes on where it ends", async () => {
  await withDashboard(async (dashboard, registry) => {
    for (let i = 0; i < 53; i++) await trainModel(registry);
    const first = await dashboard.json<Twin>("/events.json");
    assertEquals([first.events.length, first.events[0]!.id, first.older_before], [50, 53, 4]);
    // What is committed meanwhile does not move the next page.
    await trainModel(registry);
    const next = await dashboard.json<Twin>(`/events.json?before=${first.older_before}`);
    assertEquals(next.events.map(({ id }) => id), [3, 2, 1]);
    assertEquals(next.older_before, null);
    const html = await (await dashboard.page("/events?before=4")).text();
    assertStringIncludes(html, '<a href="/events">Newest</a>');
    assert(!html.includes(">Older<"));
  });
});

Deno.test("decisions are found among the hourly events, and how far was looked is said", async () => {
  await withDashboard(async (dashboard, registry) => {
    for (let i = 0; i < 5; i++) await trainModel(registry);
    await newChampion(registry);
    const { events, looked_at } = await dashboard.json<Twin>("/events.json?name=model_promoted");
    assertEquals([events.map(({ id }) => id), looked_at], [[7], 7]);
    const decisions = await dashboard.json<Twin>("/events.json?name=decisions");
    assertEquals(decisions.events.length, 7);
    const html = await (await dashboard.page("/events?name=model_revoked")).text();
    assertStringIncludes(html, "No model_revoked among the 7 events looked at");
  });
});

Deno.test("a branch where nothing happened says so, with the command that changes it", async () => {
  await withDashboard(async (dashboard) => {
    const html = await (await dashboard.page("/events")).text();
    assertStringIncludes(html, "Nothing has happened yet");
    assertStringIncludes(html, "./anomaly ingest --branch main");
    const audit = await (await dashboard.page("/audit")).text();
    assertStringIncludes(audit, "Nobody has acted yet");
  });
});

Deno.test("the audit log says who did what, and why, the newest first", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    await newChampion(registry);
    await rollBack(registry);
    await revoke(registry, 2);
    const { acts } = await dashboard.json<{ acts: { action: string; reason: string }[] }>(
      "/audit.json",
    );
    assertEquals(acts.map(({ action }) => action), ["revoke", "rollback", "promote", "promote"]);
    const html = await (await dashboard.page("/audit")).text();
    assertStringIncludes(html, "revoke anomaly_detector v2");
    assertStringIncludes(html, "<bdi>tester</bdi>");
  });
});

Deno.test("what people write is shown as text, with nothing invisible in it", async () => {
  await withDashboard(async (dashboard, registry) => {
    registry.actor = "eve\u202egnp.<script>alert(1)</script>";
    await newChampion(registry);
    const html = await (await dashboard.page("/audit")).text();
    assert(!html.includes("<script>alert"));
    assert(!html.includes("\u202e"));
    assertStringIncludes(html, "&lt;script&gt;alert(1)&lt;/script&gt;");
  });
});
