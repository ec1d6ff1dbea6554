// runs list|show|logs|card|tag|untag: what happened, step by step.

import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { checkTagName, checkUserTag, parseRunRef } from "../../domain/names.ts";
import type { RunRecord } from "../../domain/run.ts";
import { findFlow } from "../../engine/flow.ts";
import type { RegistryContext } from "../../registry/context.ts";
import { changeRunTag } from "../../registry/run_tags.ts";
import { listRuns, listSteps, listTags, readLog, requireRun } from "../../registry/runs.ts";
import { type App, type Call, type Command, defineCommand, hint, openSession } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { columns, duration, facts, instant, UNDEFINED } from "../text.ts";
import { writeExport } from "./export.ts";

const runPositional = {
  name: "id",
  description: "a run: 12, run:12 or TrainDetectorFlow/12",
  required: true,
};
const tagPositional = { name: "tag", description: "a tag", required: true };

const list = defineCommand({
  name: "runs list",
  group: "look",
  summary: "Runs, newest first; of a flow, with a tag.",
  params: z.strictObject({
    flow: z.string().optional().describe("a flow, by either name"),
    tag: z.string().optional().describe("only runs of that flow with this tag"),
    limit: z.int().min(1).max(1000).default(20).describe("how many at most"),
    ...branchParams,
  }),
  examples: ["anomaly runs list", "anomaly runs list --flow train --tag champion"],
  run: async (app, call) => {
    const { flow: name, tag, limit } = call.params;
    if (tag !== undefined && name === undefined) {
      throw new AppError(
        "invalid",
        `Cannot list runs by --tag alone: expected --flow as well. Next: anomaly runs list --flow ` +
          `train --tag ${tag}`,
      );
    }
    const flow = name === undefined ? undefined : findFlow(app.flows, name).name;
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const scope = registry.scopes.write;
    const runs = await listRuns(registry, scope, {
      limit,
      ...(flow === undefined ? {} : { flow }),
      ...(tag === undefined ? {} : { tag }),
    });
    const table = columns(
      ["run", "flow", "status", "started", "took", "produced"],
      runs.map((run) => [
        String(run.id),
        run.flow,
        run.status,
        instant(run.startedAt),
        took(run),
        run.produced.map((item) => `${item.name} v${item.version}`).join(", ") || UNDEFINED,
      ]),
    );
    return { json: runs, text: table || `No such runs on branch ${scope.branch}.` };
  },
});

function took(run: { startedAt: string; finishedAt: string | null }): string {
  if (run.finishedAt === null) return UNDEFINED;
  const ms = Date.parse(run.finishedAt) - Date.parse(run.startedAt);
  return ms < 1000 ? `${ms} ms` : duration(ms);
}

const show = defineCommand({
  name: "runs show",
  group: "look",
  summary: "One run: steps, tags, products, error.",
  positionals: [runPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly runs show 12", "anomaly runs show TrainDetectorFlow/12 --json"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const scope = registry.scopes.write;
    const run = await findRun(registry, call);
    const steps = await listSteps(registry, scope, run.id);
    const tags = await listTags(registry, scope, run.id);
    const params = Object.entries(run.params).map(([name, value]) =>
      `${name} ${JSON.stringify(value)}`
    );
    const text = [
      facts([
        ["run", `${run.id}, ${run.flow}, ${run.status}`],
        ["branch", run.branch + (run.readBranch === run.branch ? "" : `, reads ${run.readBranch}`)],
        ["started", `${instant(run.startedAt)} by ${run.user}`],
        ["took", took(run)],
        ["code", run.codeVersion],
        ["parameters", params.join(", ") || "defaults"],
        ["triggered by", run.triggeredBy === null ? "hand" : `event ${run.triggeredBy}`],
        ["produced", run.produced.map((p) => `${p.name} v${p.version}`).join(", ") || "nothing"],
        ["events", run.events.join(", ") || "none"],
        ["tags", tags.map(({ tag }) => tag).join(", ")],
        ...(run.error ? [["error", `${run.error.code}: ${run.error.message}`] as const] : []),
      ]),
      columns(
        ["step", "status", "took"],
        steps.map((step) => [step.name, step.status, took(step)]),
      ),
      `Next: ${hint(call, `anomaly runs logs ${run.id}`)}`,
    ].filter((block) => block !== "").join("\n\n");
    return {
      json: { ...run, steps, tags: tags.map(({ tag, record }) => ({ tag, ...record })) },
      text,
    };
  },
});

const logs = defineCommand({
  name: "runs logs",
  group: "look",
  summary: "What a run said.",
  positionals: [runPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly runs logs 12"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const run = await findRun(registry, call);
    const lines = await readLog(registry, registry.scopes.write, run.id);
    const text = columns(
      ["time", "step", "message"],
      lines.map((line) => [line.at.slice(11, 19), line.step, line.message]),
    );
    return { json: lines, text: text || `Run ${run.id} said nothing.` };
  },
});

const card = defineCommand({
  name: "runs card",
  group: "look",
  summary: "A run's report as one HTML page.",
  description: "Prints the page, or writes it to --out. The same run gives the same bytes.",
  positionals: [runPositional],
  params: z.strictObject({
    out: z.string().min(1).optional().meta({ placeholder: "file" })
      .describe("file to write; must not exist"),
    ...branchParams,
  }),
  examples: ["anomaly runs card 12 --out card.html"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const run = await findRun(registry, call);
    const { card } = findFlow(app.flows, run.flow);
    if (run.status !== "completed" || card === undefined) {
      throw new AppError(
        "conflict",
        `Cannot make the card of run ${run.id} (${run.flow}): it is ${run.status}, expected a ` +
          `completed run. See: anomaly runs show ${run.id}`,
      );
    }
    const steps = await listSteps(registry, registry.scopes.write, run.id);
    const artifacts = Object.assign({}, ...steps.map((step) => step.artifacts));
    const html = await card({ registry, run, artifacts });
    const { out } = call.params;
    if (out === undefined) return { json: { runId: run.id, flow: run.flow, html }, text: html };
    return await writeExport(out, new TextEncoder().encode(html), `the card of run ${run.id}`);
  },
});

const tag = defineCommand({
  name: "runs tag",
  group: "operate",
  summary: "Tag a run. Names of aliases are reserved.",
  positionals: [runPositional, tagPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly runs tag 12 baseline"],
  run: (app, call) => changeTag(app, call, "add"),
});

const untag = defineCommand({
  name: "runs untag",
  group: "operate",
  summary: "Remove a tag from a run. System tags stay.",
  positionals: [runPositional, tagPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly runs untag 12 baseline"],
  run: (app, call) => changeTag(app, call, "remove"),
});

export const runCommands: Command[] = [list, show, logs, card, tag, untag];

async function changeTag(app: App, call: Call<Record<string, unknown>>, change: "add" | "remove") {
  const name = (change === "add" ? checkUserTag : checkTagName)(call.positionals[1]!);
  using session = await openSession(app, call, { write: false });
  const { registry } = session;
  const run = await findRun(registry, call);
  const see = hint(call, `anomaly runs show ${run.id}`);
  await changeRunTag(registry, run, { tag: name, change, see });
  const done = change === "add" ? `now has tag "${name}"` : `no longer has tag "${name}"`;
  return { json: { run_id: run.id, tag: name, change }, text: `Run ${run.id} ${done}.` };
}

function findRun(registry: RegistryContext, call: Call<unknown>): Promise<RunRecord> {
  const { flow, runId } = parseRunRef(call.positionals[0]!);
  return requireRun(registry, registry.scopes.write, runId, flow);
}
