// The acts on runs and events as forms: run a flow, go on with a run, tag it, replay an event. A form leads to where its effect is seen.

import type { Context, Hono } from "hono";
import { z } from "zod";
import type { JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { parseRunRef } from "../../src/domain/names.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { changeRunTag } from "../../src/registry/run_tags.ts";
import { requireRun } from "../../src/registry/runs.ts";
import type { View, Views } from "../view.ts";
import { parseForm } from "./form.tsx";
import { replay, replaySchema, resume, resumeSchema } from "./open_work.ts";
import { reasonSchema, startRun, takesReason } from "./run_flow.ts";

/** How long an answer waits for a run that waits for others; the run does not depend on it. */
const MAX_WAIT_MS = 5_000;
const MAX_TAG_CHARS = 100;

/** What a form may say beside the flow's own parameters. */
const runForm = {
  tag: z.array(z.string().max(MAX_TAG_CHARS)).max(20).default([]).describe("tags of the run"),
};
const reasonForm = { reason: reasonSchema.optional() };

const tagForm = z.object({
  change: z.enum(["add", "remove"]).describe("what to do with the tag"),
  tag: z.string().trim().min(1).max(MAX_TAG_CHARS).describe("a tag"),
});

export function mountRunActs(app: Hono, views: Views): void {
  app.post("/flows/:name/run", (c) => runAct(c, views, c.req.param("name")));
  app.post("/runs/:id/resume", (c) => resumeAct(c, views, c.req.param("id")));
  app.post("/events/:id/replay", (c) => replayAct(c, views, c.req.param("id")));
  app.post("/runs/:id/tags", (c) => tagAct(c, views, c.req.param("id")));
}

/** Leads to the run as soon as it has begun, or to its flow where it waits for others. */
async function runAct(c: Context, views: Views, name: string): Promise<Response> {
  const view = await views.of(c);
  const flow = requireFlow(view.deps.flows, name);
  const isOwn = takesReason(flow);
  const schema = flow.params.extend(isOwn ? runForm : { ...runForm, ...reasonForm });
  const form = await parseForm(c, schema, `run ${flow.name}`) as JsonObject & { tag: string[] };
  const { tag: tags, reason, ...others } = form;
  const params = isOwn && reason !== undefined ? { ...others, reason } : others;
  const { started } = await startRun(view, {
    flow: flow.name,
    params,
    tags,
    reason: isOwn || reason === undefined ? undefined : String(reason),
  });
  return c.redirect(await runPage(view, flow.name, started), 303);
}

/** The same for a run that goes on with another. */
async function resumeAct(c: Context, views: Views, id: string): Promise<Response> {
  const view = await views.of(c);
  const asked = await parseForm(c, resumeSchema, `resume run ${id}`);
  const { run, started } = await resume(view, id, asked);
  return c.redirect(await runPage(view, run.flow, started), 303);
}

/** The page of a run that was asked for; of its flow, where it waits for others. */
async function runPage(view: View, flow: string, started: Promise<RunRecord>): Promise<string> {
  const run = await within(MAX_WAIT_MS, started);
  return run === null
    ? view.href(`/flows/${encodeURIComponent(flow)}`, { asked: "1" })
    : view.href(`/runs/${run.id}`);
}

/** Leads to the events from that one on, where it is due now. */
async function replayAct(c: Context, views: Views, id: string): Promise<Response> {
  const view = await views.of(c);
  const asked = await parseForm(c, replaySchema, `replay event ${id}`);
  const [first] = await replay(view, id, asked);
  return c.redirect(view.href("/events", { before: first!.eventId + 1 }), 303);
}

/** The run; null where it has not begun by then. What it is refused for later, the process logs. */
async function within(ms: number, started: Promise<RunRecord>): Promise<RunRecord | null> {
  const waited = Promise.withResolvers<null>();
  const timer = setTimeout(() => waited.resolve(null), ms);
  try {
    return await Promise.race([started, waited.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function tagAct(c: Context, views: Views, id: string): Promise<Response> {
  const view = await views.of(c);
  const { registry } = view;
  const { flow, runId } = parseRunRef(id);
  const change = await parseForm(c, tagForm, `change the tags of run ${runId}`);
  const run = await requireRun(registry, registry.scopes.write, runId, flow);
  await changeRunTag(registry, run, { ...change, see: view.command(`runs show ${run.id}`) });
  return c.redirect(`${view.href(`/runs/${run.id}`)}#tags`, 303);
}

/** The flow of either name. Throws `not_found`: here it is part of a path. */
export function requireFlow(flows: readonly Flow[], name: string): Flow {
  const flow = flows.find((one) => one.name === name || one.originalName === name);
  if (flow) return flow;
  throw new AppError(
    "not_found",
    `Cannot find flow "${name}": expected ${
      flows.map((one) => one.name).join(", ")
    }. Next: choose ` +
      `one at /flows.`,
    { details: { flow: name } },
  );
}
