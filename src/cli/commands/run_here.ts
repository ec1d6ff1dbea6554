// Running in front of a person: a flow, or a run that is gone on with, with what --follow asks for, and the
// report. Ctrl-C once lets the step finish, twice ends it.

import type { JsonObject } from "../../domain/asset.ts";
import { AppError, toAppError } from "../../domain/errors.ts";
import type { RunRecord } from "../../domain/run.ts";
import { findFlow, type RunnerContext } from "../../engine/flow.ts";
import { followEvents, type FollowResult } from "../../engine/triggers.ts";
import {
  type App,
  type BranchFlags,
  type Call,
  type CommandResult,
  hint,
  runnerOf,
  type Session,
} from "../command.ts";
import { duration } from "../text.ts";

export interface RunHere {
  /** What is begun, as it is said: "train", "run 12 (train) again". */
  title: string;
  begin(runner: RunnerContext, onStarted: (run: RunRecord) => void): Promise<RunRecord>;
  /** What the runs of its events inherit; null where they are left to others. */
  follow: { params: JsonObject; tags: string[] } | null;
}

/** Runs it to its end. Throws what it, or a run that it triggered, failed with. */
export async function runHere(
  app: App,
  call: Call<BranchFlags>,
  session: Session,
  { title, begin, follow }: RunHere,
): Promise<CommandResult> {
  const runner = runnerOf(app, session, call.globals.quiet);
  const branch = runner.registry.scopes.write.branch;
  using _said = call.globals.quiet ? null : sayBeginning(app, `${title} on branch ${branch}`);
  let hasBegun = false;
  const run = await begin(runner, () => void (hasBegun = true)).catch((cause) => {
    const error = toAppError(cause);
    throw hasBegun ? withRunHint(error, call) : error;
  });
  const followed: FollowResult = follow
    ? await followEvents(runner, app.flows, run, { ...follow, goesOn: false, waits: true })
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

/** Says what begins, and what Ctrl-C has done once it is pressed, until it is disposed of. */
function sayBeginning(app: App, line: string): Disposable {
  app.say(line);
  const sayStop = () => app.say("Stopping after this step; Ctrl-C again stops now.");
  app.signal.addEventListener("abort", sayStop);
  return { [Symbol.dispose]: () => app.signal.removeEventListener("abort", sayStop) };
}

/** The JSON of a flow's run, as scripts rely on it. */
function runJson(run: RunRecord) {
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
function describeRun(run: RunRecord): string {
  const ms = Date.parse(run.finishedAt ?? run.startedAt) - Date.parse(run.startedAt);
  const took = ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
  const made = run.produced.map((item) => `, ${item.name} v${item.version}`).join("");
  const { alias, version } = run.summary;
  const given = alias === undefined ? "" : `, ${alias} is v${version}`;
  return `${run.flow}: run ${run.id} ${run.status} in ${took}${made}${given}`;
}

/** A chain that broke off: what was completed before stands, and is said. */
function chainError(
  app: App,
  call: Call<BranchFlags>,
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
function withRunHint(error: AppError, call: Call<BranchFlags>): AppError {
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
