// Every flow as a command: check, run, follow, report.

import { z } from "zod";
import type { JsonObject } from "../../domain/asset.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import { checkUserTag } from "../../domain/names.ts";
import type { RunRecord } from "../../domain/run.ts";
import { findFlow, type Flow } from "../../engine/flow.ts";
import { runFlow } from "../../engine/runner.ts";
import { followEvents, type FollowResult } from "../../engine/triggers.ts";
import {
  type App,
  type Call,
  type Command,
  type CommandResult,
  hint,
  openSession,
  planCall,
  runnerOf,
} from "../command.ts";
import { flowParams } from "../parameters.ts";
import { duration, oneLine } from "../text.ts";

/** What every flow's command line has besides the flow's own parameters. */
const runParams = z.strictObject(flowParams);
type RunParams = z.output<typeof runParams>;

export function flowCommand(flow: Flow): Command {
  const produces = `Consumes ${flow.consumes}; produces ${flow.produces}; publishes ` +
    `${flow.publishes.join(", ")}.`;
  return {
    name: flow.name,
    originalName: flow.originalName,
    group: "flows",
    summary: flow.summary,
    description: [flow.description, produces].filter((text) => text !== undefined).join("\n\n"),
    params: flow.params.extend(flowParams),
    examples: flow.examples,
    run: (app, call) => runCommand(app, call as Call<RunParams & JsonObject>, flow),
  };
}

async function runCommand(
  app: App,
  call: Call<RunParams & JsonObject>,
  flow: Flow,
): Promise<CommandResult> {
  const { branch: _branch, read_branch: _read, tag: tags, follow, ...params } = call.params;
  const plan = await planCall(app, call);
  for (const tag of tags) checkUserTag(tag);
  await flow.check?.(params as never, app.env);
  if (flow.lookUp) {
    using looking = await openSession(app, call, { write: false, plan });
    await flow.lookUp(looking.registry, params as never, plan.configs);
  }
  using session = await openSession(app, call, { write: !isDryRun(flow, params), plan });
  const runner = runnerOf(app, session, call.globals.quiet);
  if (flow.dryRun && isDryRun(flow, params)) {
    const answer = await flow.dryRun(session.registry, params);
    return { json: answer, text: describeDryRun(flow, answer), exitCode: answer.allowed ? 0 : 3 };
  }
  if (!call.globals.quiet) {
    app.say(`${flow.name} on branch ${runner.registry.scopes.write.branch}`);
    app.signal.addEventListener("abort", () => {
      app.say("Stopping after this step; Ctrl-C again stops now.");
    });
  }
  const run = await runFlow(runner, flow, { params, tags, triggeredBy: null }).catch((error) => {
    throw withRunHint(toAppError(error), call);
  });
  const inherited = { params: params as JsonObject, tags, goesOn: false, waits: true };
  const followed: FollowResult = follow
    ? await followEvents(runner, app.flows, run, inherited)
    : { runs: [], error: null };
  const runs = [run, ...followed.runs];
  if (followed.error) throw chainError(app, call, runs, followed.error);
  const codes = runs.map((done) => findFlow(app.flows, done.flow).exitCode?.(done.summary) ?? 0);
  const exitCode = codes.find((code) => code !== 0) ?? 0;
  const last = runs.at(-1)!;
  const next = findFlow(app.flows, last.flow).next?.(last);
  const lines = runs.map(describeRun);
  if (next && !call.globals.quiet) lines.push(`Next: ${hint(call, next)}`);
  return {
    json: { ...runJson(run), followed: followed.runs.map(runJson) },
    text: lines.join("\n"),
    exitCode,
  };
}

function isDryRun(flow: Flow, params: JsonObject): boolean {
  return flow.dryRun !== undefined && params.dry_run === true;
}

/** The JSON of a flow's run, as scripts rely on it. */
export function runJson(run: RunRecord) {
  return {
    run_id: run.id,
    flow: run.flow,
    status: run.status,
    branch: run.branch,
    started_at: run.startedAt,
    finished_at: run.finishedAt,
    produced: run.produced,
    events: run.events,
    followed: [],
    summary: run.summary,
  };
}

/** "train: run 3 completed in 0.4 s, anomaly_detector v1"; "promote: …, champion is v1" */
export function describeRun(run: RunRecord): string {
  const ms = Date.parse(run.finishedAt ?? run.startedAt) - Date.parse(run.startedAt);
  const took = ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
  const made = run.produced.map((item) => `, ${item.name} v${item.version}`).join("");
  const { alias, version } = run.summary;
  const given = alias === undefined ? "" : `, ${alias} is v${version}`;
  return `${run.flow}: run ${run.id} ${run.status} in ${took}${made}${given}`;
}

function describeDryRun(flow: Flow, answer: JsonObject & { allowed: boolean }): string {
  const blockers = answer.blockers as { message: string }[];
  const verdict = answer.allowed ? "would go through" : "would be refused";
  return [
    `${flow.name} of v${answer.version} to ${answer.alias} ${verdict} (dry run, nothing written)`,
    `  replaces: ${answer.replaces === null ? "nobody" : `v${answer.replaces}`}`,
    ...blockers.map((blocker) => `  in the way: ${oneLine(blocker.message)}`),
  ].join("\n");
}

/** A chain that broke off: what was completed before stands, and is said. */
function chainError(
  app: App,
  call: Call<RunParams>,
  completed: readonly RunRecord[],
  error: AppError,
): AppError {
  if (!call.globals.quiet) { for (const run of completed) app.say(describeRun(run)); }
  const details = { ...error.details, completed: completed.map(runJson) };
  return withRunHint(
    new AppError(error.code, error.message, { cause: error.cause, details }),
    call,
  );
}

/** The run is recorded; say where to look at it, and how to go on with it. */
function withRunHint(error: AppError, call: Call<RunParams>): AppError {
  const runId = error.details.run_id;
  if (runId === undefined) return error;
  const see = hint(call, `anomaly runs show ${runId}`);
  const how = error.code === "interrupted"
    ? `\nWhat run ${runId} finished stands.`
    : `\nRun ${runId} failed. See: ${see}`;
  return new AppError(error.code, error.message + how, {
    cause: error.cause,
    details: error.details,
  });
}
