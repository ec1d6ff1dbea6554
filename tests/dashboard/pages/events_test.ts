// Events and the audit log as pages: what happened, in words with links, a bounded page at a time.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { newChampion, revoke, rollBack, trainModel } from "../../support/registry.ts";
import { parkedEvent } from "../acts/branch_states.ts";
import { listDeliveries, stageDelivery } from "../../../src/registry/deliveries.ts";
import { dashboardOn, withDashboard } from "../dashboard.ts";
import { headOf, textOf } from "./text.ts";

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

Deno.test("an event says who listens, and how far each of them is", async () => {
  await withDashboard(async (dashboard, registry) => {
    await trainModel(registry);
    const page = async () => textOf(await (await dashboard.page("/events")).text());
    const dueAtMs = registry.clockMs + 120_000;
    const table = [
      [{ state: "pending" }, "evaluate pending, due"],
      [
        { state: "pending", dueAtMs, failures: 1 },
        "evaluate pending, due in 2 min after 1 failure",
      ],
      [{ state: "running", runId: 1 }, "evaluate running run 1"],
      [{ state: "done" }, "evaluate done run 1"],
      [{ state: "expired" }, "evaluate expired run 1"],
    ] as const;
    for (const [change, words] of table) {
      await registry.store.commit(registry.scopes.write, async (tx) => {
        await stageDelivery(registry, tx, { eventId: 1, consumer: "evaluate" }, change);
      });
      assertStringIncludes((await page()).replaceAll("\u00a0", " "), words);
    }
    const { events } = await dashboard.json<{ events: { deliveries: { consumer: string }[] }[] }>(
      "/events.json",
    );
    assertEquals(events[0]!.deliveries.map(({ consumer }) => consumer), ["evaluate"]);
  });
});

Deno.test("an event that was given up stands above the others with its error, until it is replayed", async () => {
  await withDashboard(async (dashboard, registry) => {
    await parkedEvent(registry);
    const html = await (await dashboard.page("/events")).text();
    assertStringIncludes(headOf(html), "1 event was given up");
    assertStringIncludes(textOf(html), "The market did not answer.");
    assertStringIncludes(html, 'method="post" action="/events/1/replay"');
    const overview = textOf(await (await dashboard.page("/")).text());
    assertStringIncludes(overview, "./anomaly events replay 1 --branch main");
    const answer = await dashboard.post("/events/1/replay", {
      consumer: "evaluate",
      reason: "it answers again",
    });
    assertEquals([answer.status, answer.headers.get("location")], [303, "/events?before=2"]);
    const [delivery] = await listDeliveries(registry, registry.scopes.write, 1);
    assertEquals([delivery!.state, delivery!.failures], ["pending", 0]);
    const audit = textOf(await (await dashboard.page("/audit")).text());
    assertStringIncludes(audit, "replay event 1 (model_registered) for evaluate");
    assertStringIncludes(audit, "it answers again");
    const after = await (await dashboard.page("/events")).text();
    assert(!after.includes("Given up"));
  });
});

Deno.test("what a listener failed with is text", async () => {
  await withDashboard(async (dashboard, registry) => {
    await trainModel(registry);
    const evil = "<script>alert(1)</script>\u202e";
    await registry.store.commit(registry.scopes.write, async (tx) => {
      await stageDelivery(registry, tx, { eventId: 1, consumer: "notify:ops" }, {
        state: "parked",
        error: { code: "unavailable", message: evil },
      });
    });
    for (const path of ["/events", "/"]) {
      const html = await (await dashboard.page(path)).text();
      assert(!html.includes("<script>alert") && !html.includes("\u202e"), path);
    }
  });
});

Deno.test("what an act publishes is for those who listen, as what a run publishes", async () => {
  await withDashboard(async (_, registry) => {
    await newChampion(registry);
    await newChampion(registry);
    const dashboard = await dashboardOn(registry, { listenersOf: () => () => ["notify:ops"] });
    await dashboard.post("/aliases/champion/rollback", { reason: "tried" });
    const [event] = (await dashboard.json<Twin>("/events.json")).events;
    const [delivery] = await listDeliveries(registry, registry.scopes.write, event!.id);
    assertEquals([event!.name, delivery?.consumer], ["model_rolled_back", "notify:ops"]);
  });
});
