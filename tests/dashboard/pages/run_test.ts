// The page of one run, its log, its card, and two cards side by side.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { defineFlow } from "../../../src/engine/flow.ts";
import { runFlow } from "../../../src/engine/runner.ts";
import { HOUR_MS, memoryRegistry, type TestRegistry, testRunner } from "../../support/registry.ts";
import { dashboardOn, ORIGIN } from "../dashboard.ts";
import { failedRun, ingestHours, runOf } from "./flow_runs.ts";
import { headOf, textOf } from "./text.ts";

async function htmlOf(registry: TestRegistry, path: string): Promise<string> {
  return await (await (await dashboardOn(registry)).page(path)).text();
}

Deno.test("a completed run says what it found, each step with its time, and what it made", async () => {
  using registry = await memoryRegistry();
  const { id } = await ingestHours(registry, 1);
  const html = await htmlOf(registry, `/runs/${id}`);
  assertStringIncludes(headOf(html), `Run ${id} is done: 12 coins, 0 refused`);
  for (const step of ["fetch", "parse", "register"]) {
    assertStringIncludes(html, `<code>${step}</code>`);
    assertStringIncludes(html, `aria-label="${step}: starts at`);
  }
  assertStringIncludes(html, '<a href="/data/market_snapshot/1">market_snapshot v1</a>');
  assertStringIncludes(textOf(html), "snapshot_ready: market_snapshot v1");
  assertStringIncludes(textOf(html), "12 rows taken, 0 refused");
  assertStringIncludes(html, '<iframe class="card mid" sandbox="" loading="lazy"');
  assert(!html.includes('class="next"'), "nothing is left to do");
  assertStringIncludes(html, 'href="/flows/ingest?source=simulated&amp;num_coins=12"');
});

Deno.test("a failed run says where and why, what was kept, and the command that the error advises", async () => {
  using registry = await memoryRegistry();
  const id = await failedRun(registry);
  const html = await htmlOf(registry, `/runs/${id}`);
  assertStringIncludes(headOf(html), `Run ${id} failed at select`);
  assertStringIncludes(headOf(html), "0 of 3 steps were done");
  assertStringIncludes(headOf(html), "no version and no event were written");
  assertStringIncludes(html, 'data-copy="./anomaly ingest --branch main"');
  const text = textOf(html);
  assertStringIncludes(text, "failed, exit 1");
  assertEquals(text.match(/error: /g)?.length, 1, "a line of the log says once that it is one");
  assertStringIncludes(text, "A card is made of a completed run; this one is failed.");
  assertStringIncludes(text, "build not run");
});

Deno.test("a run that goes on shows its steps as they end, and one whose process is gone says so", async () => {
  using registry = await memoryRegistry();
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = ["load", "fit"].reduce(
    (builder, name, i) =>
      builder.step(name, async (ctx) => {
        ctx.log(`${name} says hello`);
        await gates[i]!.promise;
        return {};
      }),
    defineFlow({
      name: "slow",
      originalName: "SlowFlow",
      summary: "Waits twice.",
      examples: [],
      consumes: "nothing",
      produces: "nothing",
      publishes: [],
      params: z.strictObject({}),
    }),
  ).build();
  let leaseNowMs = Date.now();
  const dashboard = await dashboardOn(registry, {
    flows: [slow],
    leaseNowMs: () => leaseNowMs,
  });
  const page = async () => textOf(await (await dashboard.page("/runs/1")).text());
  const started = Promise.withResolvers<unknown>();
  const options = { params: {}, tags: [], triggeredBy: null, onStarted: started.resolve };
  const run = runFlow(testRunner(registry), slow, options);
  await started.promise;
  assertStringIncludes(await page(), "Run 1 is going on at load 0 of 2 steps are done");
  assertStringIncludes(await page(), "load running");
  assertStringIncludes(await page(), "fit waits");
  gates[0]!.resolve();
  while (!(await page()).includes("load says hello")) await new Promise((r) => setTimeout(r));
  const text = await page();
  assertStringIncludes(text, "Run 1 is going on at fit 1 of 2 steps are done");
  assertStringIncludes(text, "Steps appear here as they end.");
  assert(!(await page()).includes("Resume run 1"), "nobody goes on with what goes on");
  leaseNowMs += 2 * HOUR_MS;
  registry.clockMs += 2 * HOUR_MS;
  const gone = await page();
  assertStringIncludes(gone, "Run 1 crashed at fit 1 of 2 steps are done, and stand.");
  assertStringIncludes(gone, "Its process is gone: the last sign of life is 2 h old.");
  assertStringIncludes(gone, "Nobody goes on with it by itself.");
  assertStringIncludes(gone, "Starts a new run at fit; the step before it is kept.");
  assertStringIncludes(gone, "Resume run 1");
  assertStringIncludes(gone, "fit not run");
  leaseNowMs -= 2 * HOUR_MS;
  gates[1]!.resolve();
  await run;
  assertStringIncludes(await page(), "Run 1 is done");
});

Deno.test("a run links to what started it and to the runs that its own events started", async () => {
  using registry = await memoryRegistry();
  const first = await ingestHours(registry, 1);
  const event = first.events[0]!;
  const score = await runOf(registry, "score", {
    params: { snapshot_version: "1" },
    triggeredBy: event,
  });
  const second = await ingestHours(registry, 1);
  await runOf(registry, "score", {
    params: { snapshot_version: "2" },
    triggeredBy: second.events[0]!,
  });
  const dashboard = await dashboardOn(registry);
  const cause = textOf(await (await dashboard.page(`/runs/${first.id}`)).text());
  assertStringIncludes(cause, `Started run ${score.id} score Card`);
  const effect = await (await dashboard.page(`/runs/${score.id}`)).text();
  assertStringIncludes(textOf(effect), `event ${event} snapshot_ready of run ${first.id}`);
  assertStringIncludes(effect, `<a href="/runs/${first.id}">run ${first.id}</a>`);
  const twin = await dashboard.json<{ triggered: { id: number }[]; trigger: { id: number } }>(
    `/runs/${score.id}.json`,
  );
  assertEquals([twin.trigger.id, twin.triggered.map(({ id }) => id)], [event, []]);
});

Deno.test("pinned configs are shown as the run had them, with what has changed since", async () => {
  using registry = await memoryRegistry();
  await runFlow(
    testRunner(registry, { auto_promote: true }),
    (await dashboardOn(registry)).deps.flows[0]!,
    { params: { source: "simulated" }, tags: [], triggeredBy: null },
  );
  const text = textOf(await htmlOf(registry, "/runs/1"));
  assertStringIncludes(text, "auto_promote yes now no");
  assertStringIncludes(text, "algorithm isolation_forest n_estimators 20 max_samples");
});

Deno.test("a run is found by the forms that the command line takes, and refused where there is none", async () => {
  using registry = await memoryRegistry();
  await ingestHours(registry, 1);
  const dashboard = await dashboardOn(registry);
  const table: [path: string, status: number][] = [
    ["/runs/1", 200],
    ["/runs/run:1", 200],
    ["/runs/2", 404],
    ["/runs/one", 400],
    ["/runs/1/log", 200],
    ["/runs/1/log?from=99", 200],
    ["/runs/1/log?from=0", 400],
    ["/runs/9/log", 404],
    ["/runs/9/card", 404],
    ["/runs/cards?a=9", 404],
  ];
  for (const [path, status] of table) {
    assertEquals((await dashboard.page(path)).status, status, path);
  }
});

Deno.test("the whole log is shown a thousand lines at a time, and text in it is text", async () => {
  using registry = await memoryRegistry();
  const chatty = defineFlow({
    name: "chatty",
    originalName: "ChattyFlow",
    summary: "Talks.",
    examples: [],
    consumes: "nothing",
    produces: "nothing",
    publishes: [],
    params: z.strictObject({}),
  }).step("talk", (ctx) => {
    for (let i = 1; i <= 1005; i++) ctx.log(`line <b>${i}</b>`, i === 3 ? "warn" : "info");
    return Promise.resolve({});
  }).build();
  await runFlow(testRunner(registry), chatty, { params: {}, tags: [], triggeredBy: null });
  const dashboard = await dashboardOn(registry, { flows: [chatty] });
  const html = await (await dashboard.page("/runs/1/log")).text();
  assertStringIncludes(headOf(html), "Run 1 said 1,005 lines");
  assertStringIncludes(html, "warning: <bdi>line &lt;b&gt;3&lt;/b&gt;</bdi>");
  assert(!html.includes("&lt;b&gt;1001"));
  assertStringIncludes(html, '<a href="/runs/1/log?from=1001">Later lines</a>');
  const rest = await dashboard.json<{ lines: { message: string }[] }>("/runs/1/log.json?from=1001");
  assertEquals(rest.lines.map(({ message }) => message.slice(-8)), [
    "1001</b>",
    "1002</b>",
    "1003</b>",
    "1004</b>",
    "1005</b>",
  ]);
  const excerpt = textOf(await (await dashboard.page("/runs/1")).text());
  assertStringIncludes(excerpt, "last 10 of 1,005 lines");
});

Deno.test("a card is a document of its own: it may style itself, and a page of ours may frame it", async () => {
  using registry = await memoryRegistry();
  const { id } = await ingestHours(registry, 1);
  const dashboard = await dashboardOn(registry);
  const card = await dashboard.page(`/runs/${id}/card`);
  assertEquals(card.status, 200);
  assertEquals(
    card.headers.get("content-security-policy"),
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox",
  );
  assertEquals(card.headers.get("x-frame-options"), "SAMEORIGIN");
  assertEquals(card.headers.get("x-content-type-options"), "nosniff");
  const html = await card.text();
  assertStringIncludes(html, `ingest, run ${id} on branch main`);
  assertEquals(await (await dashboard.page(`/runs/${id}/card`)).text(), html);
  // All other pages may be framed by nobody.
  const page = await dashboard.page(`/runs/${id}`);
  assertStringIncludes(page.headers.get("content-security-policy")!, "frame-ancestors 'none'");
  assertEquals(page.headers.get("x-frame-options"), "DENY");
});

Deno.test("a run without a card says why, in the frame too", async () => {
  using registry = await memoryRegistry();
  const id = await failedRun(registry);
  const dashboard = await dashboardOn(registry);
  const refusal = await dashboard.page(`/runs/${id}/card`);
  assertEquals([refusal.status, refusal.headers.get("x-frame-options")], [409, "SAMEORIGIN"]);
  const csp = refusal.headers.get("content-security-policy")!;
  assertStringIncludes(csp, "frame-ancestors 'self'");
  assert(!csp.includes("unsafe-inline"), "a page of ours needs no style of its own");
  assertStringIncludes(await refusal.text(), "it is failed, expected a completed run");
});

Deno.test("two cards stand side by side: the run asked for, and the one of its flow before it", async () => {
  using registry = await memoryRegistry();
  const { id } = await ingestHours(registry, 3);
  const score = await runOf(registry, "score");
  const dashboard = await dashboardOn(registry);
  const framed = async (query: string) => {
    const html = await (await dashboard.page(`/runs/cards${query}`)).text();
    return [...html.matchAll(/<iframe[^>]*src="\/runs\/(\d+)\/card"/g)].map(([, one]) =>
      Number(one)
    );
  };
  assertEquals(await framed(`?a=${id}`), [id, id - 1]);
  assertEquals(await framed("?a=1"), [1]);
  assertEquals(await framed(""), [score.id]);
  assertEquals(await framed(`?a=${id}&b=${score.id}`), [id, score.id]);
  const html = await (await dashboard.page(`/runs/cards?a=${id}&b=${score.id}`)).text();
  assertStringIncludes(headOf(html), `Run ${id} (ingest) beside run ${score.id} (score)`);
  assertStringIncludes(html, `<option value="${score.id}" selected="">`);
  const failed = await failedRun(registry);
  const other = textOf(await (await dashboard.page(`/runs/cards?a=${id}&b=${failed}`)).text());
  assertStringIncludes(other, `run ${failed} is failed.`);
});

Deno.test("where no run has completed, the page of cards says so and names the command", async () => {
  using registry = await memoryRegistry();
  const html = await htmlOf(registry, "/runs/cards");
  assertStringIncludes(headOf(html), "There is no card yet");
  assertStringIncludes(html, "./anomaly ingest --branch main");
  assertEquals(
    (await (await dashboardOn(registry)).fetch(new Request(`${ORIGIN}/runs/cards.json`))).status,
    200,
  );
});
