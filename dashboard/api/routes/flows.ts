// Flows and runs: what can be run, what ran, what it said, and running it.

import { z } from "@hono/zod-openapi";
import type { Json } from "../../../src/domain/asset.ts";
import { Verbatim } from "../../../src/domain/json.ts";
import { AppError } from "../../../src/domain/errors.ts";
import { checkTagName, parseRunRef } from "../../../src/domain/names.ts";
import { inputSchema } from "../../../src/domain/problems.ts";
import { RUN_STATUSES, type RunRecord } from "../../../src/domain/run.ts";
import { findFlow, type Flow } from "../../../src/engine/flow.ts";
import { changeRunTag } from "../../../src/registry/run_tags.ts";
import { listRuns, listSteps, listTags, readLog, requireRun } from "../../../src/registry/runs.ts";
import { resume, resumeSchema } from "../../acts/open_work.ts";
import { endOf, reasonSchema, startRun } from "../../acts/run_flow.ts";
import type { StartedRun } from "../../context.ts";
import type { View } from "../../view.ts";
import { Accepted, defineOperation, type Operation } from "../operation.ts";
import {
  flowSchema,
  logSchema,
  runDetailSchema,
  runSchema,
  startedRunSchema,
  tagSchema,
} from "../schemas/runs.ts";
import { limitParam, listParams, page, pageOf } from "../schemas/shapes.ts";

/** How far back runs are looked through for a status. */
const LOOKED_AT = 1000;

const runParams = z.strictObject({
  id: z.string().min(1).max(100).describe("a run: 12 or run:12"),
});

const tagName = z.string().min(1).max(100);

const listFlows = defineOperation({
  method: "get",
  path: "/flows",
  group: "flows",
  summary: "All flows, in the order of the data path",
  description: "With the parameters that they take, what starts them, and what they wait for.",
  answer: z.strictObject({ items: z.array(flowSchema) }),
  answers: "The flows",
  example: { path: "/flows" },
  handle: async ({ view }) => ({
    items: await Promise.all(view.deps.flows.map((flow) => describeFlow(view, flow))),
  }),
});

async function describeFlow({ deps, registry }: View, flow: Flow) {
  const schedules: Readonly<Record<string, string | undefined>> = deps.project.schedules;
  return {
    name: flow.name,
    originalName: flow.originalName,
    summary: flow.summary,
    consumes: flow.consumes,
    produces: flow.produces,
    publishes: flow.publishes,
    triggeredBy: (flow.on ?? []).map((trigger) => trigger.event),
    schedule: schedules[flow.name] ?? null,
    waiting: await flow.readiness?.(registry) ?? null,
    params: new Verbatim(inputSchema(flow.params)),
  };
}

const list = defineOperation({
  method: "get",
  path: "/runs",
  group: "flows",
  summary: "Runs, newest first",
  description: `A status is looked for among the newest ${LOOKED_AT} runs that the rest allows.`,
  query: z.strictObject({
    flow: z.string().min(1).max(100).optional().describe("only of this flow, by either name"),
    status: z.enum(RUN_STATUSES).optional().describe("only with this status"),
    tag: tagName.optional().describe("only with this tag; needs flow"),
    ...listParams,
  }),
  answer: pageOf(runSchema, "runs"),
  answers: "Runs",
  example: { path: "/runs?limit=5" },
  handle: async (
    { view: { deps, registry }, query: { flow: name, status, tag, limit, before } },
  ) => {
    if (tag !== undefined && name === undefined) {
      throw new AppError(
        "invalid",
        "Cannot list runs by tag alone: expected flow as well. Next: add flow=train",
      );
    }
    const runs = await listRuns(registry, registry.scopes.write, {
      limit: status === undefined ? limit + 1 : LOOKED_AT,
      ...(name === undefined ? {} : { flow: findFlow(deps.flows, name).name }),
      ...(tag === undefined ? {} : { tag: checkTagName(tag) }),
      ...(before === undefined ? {} : { before }),
    });
    const found = status === undefined ? runs : runs.filter((run) => run.status === status);
    const { items, olderBefore } = page(found, limit, (run: RunRecord) => run.id);
    const wasCut = status !== undefined && runs.length === LOOKED_AT;
    return { items, olderBefore: olderBefore ?? (wasCut ? runs.at(-1)!.id : null) };
  },
});

const show = defineOperation({
  method: "get",
  path: "/runs/{id}",
  group: "flows",
  summary: "One run, with its steps and tags",
  params: runParams,
  answer: runDetailSchema,
  answers: "The run",
  example: { path: "/runs/1" },
  handle: async ({ view, params }) => {
    const { registry } = view;
    const run = await findRun(view, params.id);
    const [steps, tags] = await Promise.all([
      listSteps(registry, registry.scopes.write, run.id),
      tagsOf(view, run),
    ]);
    return { ...run, steps, tags };
  },
});

const log = defineOperation({
  method: "get",
  path: "/runs/{id}/log",
  group: "flows",
  summary: "What a run said",
  params: runParams,
  query: z.strictObject({ limit: limitParam(200) }),
  answer: logSchema,
  answers: "The newest lines",
  example: { path: "/runs/1/log" },
  handle: async ({ view, params, query: { limit } }) => {
    const { registry } = view;
    const run = await findRun(view, params.id);
    const lines = await readLog(registry, registry.scopes.write, run.id);
    const shown = lines.slice(-limit);
    return { runId: run.id, lines: shown, leftOut: lines.length - shown.length };
  },
});

const start = defineOperation({
  method: "post",
  path: "/runs",
  group: "flows",
  summary: "Run a flow, and what its events trigger",
  description:
    "Answers 202 as soon as the run has begun; on a branch one runs at a time, so that " +
    "it may have to wait its turn. With wait, answers when it and what it triggered have ended, or " +
    "with the error that it failed with.",
  body: z.strictObject({
    flow: z.string().min(1).max(100).describe("a flow, by either name; see GET /flows"),
    // JSON it is already; to look through it would take a call for each level of brackets.
    params: z.record(z.string(), z.custom<Json>()).default({}).openapi({
      type: "object",
      additionalProperties: {},
      default: {},
    }).describe("the flow's own parameters; see GET /flows"),
    tags: z.array(tagName).max(20).default([]).describe("tags of the run"),
    reason: reasonSchema.optional(),
    wait: z.boolean().default(false).describe("answer when it has ended"),
  }),
  answer: startedRunSchema,
  answers: "The run",
  mayBeAccepted: true,
  refuses: ["unavailable", "too_little_data", "gate_failed"],
  example: { path: "/runs", body: { flow: "ingest", params: {}, wait: true } },
  handle: async ({ view, body: { wait, ...asked } }) =>
    await begun(view, await startRun(view, asked), wait),
});

const resumeRun = defineOperation({
  method: "post",
  path: "/runs/{id}/resume",
  group: "flows",
  summary: "Go on with a run that did not come to its end",
  description:
    "A new run takes over what the other one finished, and does the rest. For a run that " +
    "failed, that was interrupted, or whose process is gone; a run is resumed once. Answers as " +
    "POST /runs does.",
  params: runParams,
  body: resumeSchema.extend({
    wait: z.boolean().default(false).describe("answer when it has ended"),
  }),
  answer: startedRunSchema,
  answers: "The new run",
  mayBeAccepted: true,
  refuses: ["unavailable", "too_little_data", "gate_failed"],
  example: { path: "/runs/1/resume", body: { reason: "the market is back" } },
  handle: async ({ view, params, body: { wait, ...asked } }) =>
    await begun(view, await resume(view, params.id, asked), wait),
});

/** The run as soon as it has begun, or when it has ended. */
async function begun(view: View, started: StartedRun, wait: boolean) {
  if (wait) {
    const run = await endOf(view, started);
    return { runId: run.id, run };
  }
  const run = await started.started;
  return new Accepted({ runId: run.id, run });
}

const tagsSchema = z.strictObject({ run_id: z.int().min(1), tags: z.array(tagSchema) });

const tag = defineOperation({
  method: "post",
  path: "/runs/{id}/tags",
  group: "flows",
  summary: "Tag a run",
  description: "Names of aliases are reserved for promotions.",
  params: runParams,
  body: z.strictObject({ tag: tagName.describe("the tag") }),
  answer: tagsSchema,
  answers: "The tags of the run",
  example: { path: "/runs/1/tags", body: { tag: "baseline" } },
  handle: async ({ view, params, body }) => await changeTag(view, params.id, body.tag, "add"),
});

const untag = defineOperation({
  method: "delete",
  path: "/runs/{id}/tags/{tag}",
  group: "flows",
  summary: "Take a tag from a run",
  description: "Tags of the program stay.",
  params: runParams.extend({ tag: tagName.describe("a tag of the run") }),
  answer: tagsSchema,
  answers: "The tags that are left",
  example: { path: "/runs/1/tags/baseline" },
  handle: async ({ view, params }) => await changeTag(view, params.id, params.tag, "remove"),
});

export const flowOperations: Operation[] = [
  listFlows,
  list,
  show,
  log,
  start,
  resumeRun,
  tag,
  untag,
];

async function changeTag(view: View, id: string, name: string, change: "add" | "remove") {
  const run = await findRun(view, id);
  const see = view.command(`runs show ${run.id}`);
  await changeRunTag(view.registry, run, { tag: name, change, see });
  return { runId: run.id, tags: await tagsOf(view, run) };
}

async function tagsOf({ registry }: View, run: RunRecord) {
  const tags = await listTags(registry, registry.scopes.write, run.id);
  return tags.map(({ tag, record }) => ({ tag, ...record }));
}

function findRun({ registry }: View, text: string): Promise<RunRecord> {
  const { flow, runId } = parseRunRef(text);
  return requireRun(registry, registry.scopes.write, runId, flow);
}
