// runs list|show|logs|card: what happened, step by step.

import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { RUN_STATUSES, type RunRecord, type StepRecord } from "../../domain/run.ts";
import { durabilityOf } from "../../engine/durability.ts";
import { findFlow } from "../../engine/flow.ts";
import { processesOf, type RunProcess } from "../../registry/leases.ts";
import { listRuns, listSteps, listTags, readLog, requireArtifacts } from "../../registry/runs.ts";
import {
  type Call,
  type Command,
  defineCommand,
  hint,
  openSession,
  type Session,
} from "../command.ts";
import { branchParams } from "../parameters.ts";
import { age, columns, duration, facts, instant, UNDEFINED } from "../text.ts";
import { writeExport } from "./export.ts";
import { findRun, runPositional } from "./run_ref.ts";

/** How far back runs are looked through for a status. */
const LOOKED_AT = 1000;
/** Under way by its record, and nobody is alive who ends it. */
const CRASHED = "crashed";

const list = defineCommand({
  name: "runs list",
  group: "look",
  summary: "Runs, newest first; of a flow, with a tag or a status.",
  params: z.strictObject({
    flow: z.string().optional().describe("a flow, by either name"),
    tag: z.string().optional().describe("only runs of that flow with this tag"),
    status: z.enum([...RUN_STATUSES, CRASHED]).optional()
      .describe("only runs with this status; crashed: its process is gone"),
    limit: z.int().min(1).max(1000).default(20).describe("how many at most"),
    ...branchParams,
  }),
  examples: [
    "anomaly runs list",
    "anomaly runs list --flow train --tag champion",
    "anomaly runs list --status interrupted",
  ],
  run: async (app, call) => {
    const { flow: name, tag, status, limit } = call.params;
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
    const read = await listRuns(registry, scope, {
      limit: status === undefined ? limit : LOOKED_AT,
      ...(flow === undefined ? {} : { flow }),
      ...(tag === undefined ? {} : { tag }),
    });
    const all = await withProcesses(session, read);
    const runs = all.filter((run) => status === undefined || standingOf(run) === status)
      .slice(0, limit);
    const table = columns(
      ["run", "flow", "status", "started", "took", "produced"],
      runs.map((run) => [
        String(run.id),
        run.flow,
        [standingOf(run), ...chainWords(run)].join(", "),
        instant(run.startedAt),
        took(run),
        run.produced.map((item) => `${item.name} v${item.version}`).join(", ") || UNDEFINED,
      ]),
    );
    return { json: runs, text: table || `No such runs on branch ${scope.branch}.` };
  },
});

/** A run with the process that is to end it; null where nobody has to. */
type Listed = RunRecord & { process: RunProcess | null };

async function withProcesses(
  { registry, plan }: Session,
  runs: readonly RunRecord[],
): Promise<Listed[]> {
  const { holder } = durabilityOf(plan.project.project);
  const found = await processesOf(registry, registry.scopes.write, runs, holder.nowMs());
  return runs.map((run) => ({ ...run, process: found.get(run.id) ?? null }));
}

function standingOf({ status, process }: Listed): string {
  return status === "running" && process?.isAlive === false ? CRASHED : status;
}

/** Its place among the runs that go on with each other: "resumes 12", "resumed by 14". */
function chainWords({ resumes, resumedBy }: RunRecord): string[] {
  return [
    ...(resumes === null ? [] : [`resumes ${resumes}`]),
    ...(resumedBy === null ? [] : [`resumed by ${resumedBy}`]),
  ];
}

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
    const [run] = await withProcesses(session, [await findRun(registry, call)]);
    const steps = await listSteps(registry, scope, run!.id);
    const tags = await listTags(registry, scope, run!.id);
    const text = [
      facts([
        ...factsOf(run!, durabilityOf(session.plan.project.project).holder.nowMs()),
        ["tags", tags.map(({ tag }) => tag).join(", ")],
        ...(run!.error ? [["error", `${run!.error.code}: ${run!.error.message}`] as const] : []),
      ]),
      columns(
        ["step", "status", "took"],
        steps.map((step) => [step.name, stepWords(step), took(step)]),
      ),
      `Next: ${nextFor(call, run!)}`,
    ].filter((block) => block !== "").join("\n\n");
    return {
      json: { ...run, steps, tags: tags.map(({ tag, record }) => ({ tag, ...record })) },
      text,
    };
  },
});

function factsOf(run: Listed, nowMs: number): [string, string][] {
  const params = Object.entries(run.params).map(([name, value]) =>
    `${name} ${JSON.stringify(value)}`
  );
  const chain = chainWords(run);
  return [
    ["run", `${run.id}, ${run.flow}, ${standingOf(run)}`],
    ...(chain.length === 0
      ? []
      : [["attempt", [String(run.attempt), ...chain].join(", ")] satisfies [string, string]]),
    ...(run.process === null
      ? []
      : [["process", processWords(run, run.process, nowMs)] satisfies [string, string]]),
    ["branch", run.branch + (run.readBranch === run.branch ? "" : `, reads ${run.readBranch}`)],
    ["started", `${instant(run.startedAt)} by ${run.user}`],
    ["took", took(run)],
    ["code", run.codeVersion],
    ["parameters", params.join(", ") || "defaults"],
    ["triggered by", run.triggeredBy === null ? "hand" : `event ${run.triggeredBy}`],
    ["produced", run.produced.map((p) => `${p.name} v${p.version}`).join(", ") || "nothing"],
    ["events", run.events.join(", ") || "none"],
  ];
}

/** Whether anybody is at work on it, and who goes on where nobody is. */
function processWords(
  { status }: RunRecord,
  { isAlive, beatAt, goesOn }: RunProcess,
  nowMs: number,
): string {
  const since = beatAt === null
    ? "it left no sign of life"
    : `last sign of life ${age(beatAt, nowMs)}`;
  if (isAlive) return `alive, ${since}`;
  const others = goesOn ? "; whoever serves goes on with it" : "";
  return status === "running" ? `gone, ${since}${others}` : `stopped${others}`;
}

function stepWords({ status, tries, adoptedFrom }: StepRecord): string {
  if (adoptedFrom !== null) return `${status}, by run ${adoptedFrom}`;
  return tries > 1 ? `${status}, ${tries} tries` : status;
}

/** The run that went on with it; else how to go on where nobody is at work on it; else what it said. */
function nextFor(call: Call<Record<string, unknown>>, run: Listed): string {
  const { id, resumedBy, error } = run;
  if (resumedBy !== null) return hint(call, `anomaly runs show ${resumedBy}`);
  const resume = hint(call, `anomaly runs resume ${id}`);
  if (standingOf(run) === CRASHED || run.status === "interrupted") return resume;
  const logs = hint(call, `anomaly runs logs ${id}`);
  return error === null ? logs : `${logs}, and once the cause is gone ${resume}`;
}

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
    const artifacts = await requireArtifacts(registry, registry.scopes.write, run);
    const html = await card({ registry, run, artifacts });
    const { out } = call.params;
    if (out === undefined) return { json: { runId: run.id, flow: run.flow, html }, text: html };
    return await writeExport(out, new TextEncoder().encode(html), `the card of run ${run.id}`);
  },
});

export const runCommands: Command[] = [list, show, logs, card];
