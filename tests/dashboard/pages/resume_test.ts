// Runs that did not come to their end, on the pages that show them, and the form that goes on with one.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { flows } from "../../../flows/mod.ts";
import { AppError } from "../../../src/domain/errors.ts";
import { defineFlow, type Flow } from "../../../src/engine/flow.ts";
import { runFlow } from "../../../src/engine/runner.ts";
import { listAudit } from "../../../src/registry/events.ts";
import { getRun } from "../../../src/registry/runs.ts";
import { passSlot } from "../../../src/registry/slots.ts";
import { HOUR_MS, memoryRegistry, type TestRegistry, testRunner } from "../../support/registry.ts";
import { dashboardOn, type TestDashboard } from "../dashboard.ts";
import { headOf, textOf } from "./text.ts";

/** A flow whose second step fails until it is mended. */
function fragile(): { flow: Flow; mend: () => void } {
  let isMended = false;
  const flow = defineFlow({
    name: "train",
    originalName: "TrainDetectorFlow",
    summary: "Fails at first.",
    examples: [],
    consumes: "nothing",
    produces: "nothing",
    publishes: [],
    params: z.strictObject({}),
  })
    .step("load", () => Promise.resolve({ rows: 3 }))
    .step(
      "fit",
      () =>
        isMended
          ? Promise.resolve({})
          : Promise.reject(new AppError("unavailable", "The market did not answer.")),
    )
    .build();
  return { flow, mend: () => void (isMended = true) };
}

interface Scene {
  registry: TestRegistry;
  dashboard: TestDashboard;
  text(path: string): Promise<string>;
  mend(): void;
}

/** Run 1 has failed at its second step, or was stopped before it. */
async function withRun(
  how: "failed" | "interrupted",
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  using registry = await memoryRegistry();
  const { flow, mend } = fragile();
  const runner = testRunner(registry);
  const stop = new AbortController();
  const options = { params: {}, tags: [], triggeredBy: null };
  const stopping = how === "failed" ? runner.stopping : stop.signal;
  const onLog = () => {};
  const begun = () => void (how === "interrupted" && stop.abort());
  await runFlow({ ...runner, stopping, onLog }, flow, { ...options, onStarted: begun })
    .catch(() => {});
  const dashboard = await dashboardOn(registry, {
    flows: flows.map((one) => one.name === flow.name ? flow : one),
  });
  const text = async (path: string) => textOf(await (await dashboard.page(path)).text());
  await work({ registry, dashboard, text, mend });
}

async function ended(registry: TestRegistry, id: number): Promise<void> {
  for (let looks = 0; looks < 1000; looks++) {
    if ((await getRun(registry, registry.scopes.write, id))?.status === "completed") return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`run ${id} does not complete`);
}

Deno.test("a run that was interrupted says before which step, and is gone on with by a button", async () => {
  await withRun("interrupted", async ({ dashboard, text, mend, registry }) => {
    const html = await (await dashboard.page("/runs/1")).text();
    assertStringIncludes(headOf(html), "Run 1 was interrupted before load");
    assertStringIncludes(textOf(html), "Nobody goes on with it by itself.");
    assertStringIncludes(html, 'data-copy="./anomaly runs resume 1 --branch main"');
    assertStringIncludes(html, 'method="post" action="/runs/1/resume"');
    const list = await text("/runs");
    assertStringIncludes(list, "Run 1 was interrupted");
    mend();
    const answer = await dashboard.post("/runs/1/resume", { reason: "enough power again" });
    assertEquals([answer.status, answer.headers.get("location")], [303, "/runs/2"]);
    const [entry] = await listAudit(registry, registry.scopes.write, { limit: 1 });
    assertEquals([entry!.action, entry!.actor, entry!.reason], [
      "resume",
      "tester",
      "enough power again",
    ]);
  });
});

Deno.test("a run that goes on with another shows what was kept, and both lead to each other", async () => {
  await withRun("failed", async ({ dashboard, text, mend, registry }) => {
    // Lists keep what has ended: this one is yet to be gone on with.
    assertStringIncludes(await text("/flows/train"), "failed");
    assertStringIncludes(
      await text("/runs/1"),
      "Resume it Starts a new run at fit; the step before it is kept.",
    );
    mend();
    await dashboard.post("/runs/1/resume");
    await ended(registry, 2);
    const html = await (await dashboard.page("/runs/2")).text();
    assertStringIncludes(textOf(html), "load kept of run 1");
    assertStringIncludes(textOf(html), "Resumes run 1, attempt 2");
    assertStringIncludes(html, 'aria-label="load: kept, took 0');
    assert(!html.includes("/runs/2/resume"), "nothing is left to go on with");
    const before = await text("/runs/1");
    assertStringIncludes(before, "run 2 has gone on with it.");
    assert(!before.includes("Resume run 1"), "a run is resumed once");
    const list = await text("/runs");
    assertStringIncludes(list, "done resumes run 1");
    assertStringIncludes(list, "failed resumed by run 2");
    assertStringIncludes(await text("/flows/train"), "failed resumed by run 2");
    const again = await dashboard.post("/runs/1/resume");
    assertEquals(again.status, 409);
    assertStringIncludes(textOf(await again.text()), "run 2 has gone on with it");
  });
});

Deno.test("a run that stands still is named by the overview, the runs and the flows", async () => {
  await withRun("interrupted", async ({ text }) => {
    const overview = await text("/");
    assertStringIncludes(overview, "Run 1 (train) was interrupted. What it finished is kept.");
    assertStringIncludes(overview, "./anomaly runs resume 1 --branch main");
    assertStringIncludes(overview, "train interrupted");
    assertStringIncludes(await text("/flows"), "interrupted run 1");
  });
});

Deno.test("slots that were left out are told beside the schedule, with the reason", async () => {
  await withRun("interrupted", async ({ registry, dashboard }) => {
    const slotMs = registry.clockMs;
    await passSlot(registry, { flow: "train", slotMs, missed: null }, null);
    const missed = { fromMs: slotMs + HOUR_MS, toMs: slotMs + 3 * HOUR_MS, slots: 3 };
    await passSlot(registry, { flow: "train", slotMs: slotMs + 4 * HOUR_MS, missed }, "missed");
    const { project } = dashboard.deps;
    const scheduled = await dashboardOn(registry, {
      flows: dashboard.deps.flows,
      runsSchedules: true,
      project: { ...project, schedules: { train: "0 * * * *" } },
    });
    const words = "4 slots missed, 01:00 to 04:00: no process served";
    for (const path of ["/flows", "/flows/train"]) {
      assertStringIncludes(textOf(await (await scheduled.page(path)).text()), words);
    }
  });
});
