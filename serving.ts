// What a process that serves is made of, on a machine of one's own as on Deno Deploy: who may reach it,
// the queue of runs, the pages over one store, and an end in order. Wiring, as main.ts and deploy.ts.

import { type Access, LOOPBACK_HOSTS, MIN_TOKEN_CHARS } from "./dashboard/auth.ts";
import type { BranchSetup } from "./dashboard/context.ts";
import { createServer, type Server } from "./dashboard/server.ts";
import { flows } from "./flows/mod.ts";
import { scoreRows } from "./flows/score_rows.ts";
import { outcomeReport } from "./flows/validate_outcomes/report.ts";
import { type LoadedProject, loadFlowConfigs, resolveScopes } from "./src/config/mod.ts";
import type { JsonObject } from "./src/domain/asset.ts";
import type { FlowConfigs } from "./src/domain/config.ts";
import { AppError, toAppError } from "./src/domain/errors.ts";
import { RecentlyUsed } from "./src/domain/recently_used.ts";
import type { RunRecord } from "./src/domain/run.ts";
import { durabilityOf } from "./src/engine/durability.ts";
import type { RunnerContext } from "./src/engine/flow.ts";
import { listenersOf } from "./src/engine/listening.ts";
import { RunQueue } from "./src/engine/queue.ts";
import { NotificationSender } from "./src/notify/sender.ts";
import type { RegistryContext } from "./src/registry/context.ts";
import { CODE_VERSION } from "./src/version.ts";

type Env = (name: string) => string | undefined;

/** How long runs and requests may go on once the process is told to stop; then runs are cut. */
const FINISH_MS = 3_000;
/** When nothing is waited for any more: platforms kill a process after 5 s. */
const GIVE_UP_MS = 4_500;

/** Branches whose configs are kept: asked for by name, and so not without end. */
const KEPT_SETUPS = 64;

/**
 * Who may reach a process on that address. Null: one that others reach (as Deno Deploy's are).
 * Throws `unauthorized` where a token is needed and there is none, or one that can be guessed.
 */
export function accessOn(host: string | null, env: Env): Access {
  const token = env("ANOMALY_TOKEN") ?? "";
  const where = host === null ? "to others" : `on ${host}`;
  if (token.length >= MIN_TOKEN_CHARS) return { kind: "token", token };
  if (token !== "") {
    throw new AppError(
      "unauthorized",
      `Cannot serve ${where}: ANOMALY_TOKEN has ${token.length} characters, expected at least ` +
        `${MIN_TOKEN_CHARS}. Next: anomaly token`,
    );
  }
  if (host !== null && LOOPBACK_HOSTS.includes(host)) return { kind: "open" };
  throw new AppError(
    "unauthorized",
    `Cannot serve ${where}: found no ANOMALY_TOKEN, expected one for any address but loopback ` +
      `(${LOOPBACK_HOSTS.join(", ")}). Next: anomaly token`,
  );
}

export interface ServiceOptions {
  project: LoadedProject;
  /** The process's own branch. */
  own: BranchSetup;
  registry: Pick<RegistryContext, "store" | "nowMs" | "actor">;
  env: Env;
  access: Access;
  queue: RunQueue;
  runsSchedules: boolean;
  commandFlags(setup: BranchSetup): string;
  /** Aborted when the process is told to stop, and when runs are cut. */
  stopping: AbortSignal;
  cut: AbortSignal;
}

/** What running a flow needs, on a branch and in someone's name. */
export function runnerOn(
  { registry, env, cut, stopping, project }: Pick<
    ServiceOptions,
    "registry" | "env" | "cut" | "stopping" | "project"
  >,
  { scopes, configs }: BranchSetup,
  actor: string,
): RunnerContext {
  return {
    registry: {
      ...registry,
      scopes,
      actor,
      listenersOf: listenersOf(flows, configs, project.notifications.config),
    },
    configs,
    codeVersion: CODE_VERSION,
    env,
    signal: cut,
    stopping,
    durability: durabilityOf(project.project),
    // What a run says is kept with it, and shown there.
    onLog: () => {},
  };
}

/** What tells people of the runner's branch, in the name of this process. */
export function senderOn(
  runner: RunnerContext,
  { notifications }: LoadedProject,
  say: (line: string) => void,
): NotificationSender {
  const { signal: cut, stopping, ...shared } = runner;
  return new NotificationSender({
    ...shared,
    notifications: notifications.config,
    stopping,
    cut,
    say,
  });
}

/** The pages, the API and what they run, over one open store. */
export function createService(options: ServiceOptions): Server {
  const { project, own, registry, env, queue, stopping } = options;
  const setups = new RecentlyUsed<BranchSetup>(KEPT_SETUPS);
  const ownBranch = own.scopes.write.branch;
  return createServer({
    registry,
    actor: registry.actor,
    flows,
    project: project.project,
    codeVersion: CODE_VERSION,
    env,
    access: options.access,
    runsSchedules: options.runsSchedules,
    setupOf: (branch = ownBranch) =>
      branch === ownBranch
        ? Promise.resolve(own)
        : setups.get(branch, () => setupOf(project, branch, env)),
    listenersOf: ({ configs }) => listenersOf(flows, configs, project.notifications.config),
    leaseNowMs: durabilityOf(project.project).holder.nowMs,
    commandFlags: options.commandFlags,
    resume: (setup, { actor, ...request }) =>
      queue.resume({ ...request, runner: runnerOn(options, setup, actor) }),
    start: (setup, { actor, ...request }) => {
      const queued = configsFor(project, setup, request.params).then((configs) =>
        queue.start({ ...request, runner: runnerOn(options, { ...setup, configs }, actor) })
      );
      const started = queued.then((run) => run.started);
      // Whoever asked may not wait for it.
      started.catch(() => {});
      return {
        started,
        done: queued.then((run) => run.done, () => {}),
        failure: queued.then((run) => run.failure, toAppError),
      };
    },
    outcomeReport,
    scoreRows,
    signal: stopping,
  });
}

/** A branch as a command with that --branch would have it; as one without, where none is named. */
export async function setupOf(
  project: LoadedProject,
  branch: string | undefined,
  env: Env,
): Promise<BranchSetup> {
  const { scopes, environment } = resolveScopes({
    flags: branch === undefined ? {} : { branch },
    env,
    project: project.project,
  });
  const { configs } = await loadFlowConfigs(project, scopes.write.branch);
  return { scopes, environment, configs };
}

/** The configs of a run that a page asks for. */
async function configsFor(
  project: LoadedProject,
  setup: BranchSetup,
  { model_config }: JsonObject,
): Promise<FlowConfigs> {
  if (model_config === undefined) return setup.configs;
  const branch = setup.scopes.write.branch;
  return (await loadFlowConfigs(project, branch, { model_config: String(model_config) })).configs;
}

export interface Telling {
  say(line: string): void;
  quiet: boolean;
  /** The message with the flags that lead its commands to this store and a branch of it. */
  hinted(message: string, branch: string): string;
}

/** A queue that tells of what ended, in a line each; the same failure on end (no more recordings) once. */
export function createQueue({ say, quiet, hinted }: Telling): RunQueue {
  const lastFailure = new Map<string, string>();
  return new RunQueue({
    flows,
    listener: {
      noted: say,
      completed: (run) => {
        lastFailure.delete(run.flow);
        if (!quiet) say(describeRun(run));
      },
      failed: (flow, branch, error) => {
        const run = error.details.run_id === undefined ? "" : `, run ${error.details.run_id}`;
        if (lastFailure.get(flow.name) === error.message) return;
        lastFailure.set(flow.name, error.message);
        const message = hinted(error.message, branch);
        // What a process that serves has begun, the next one goes on with: nobody has to do anything.
        say(
          error.code === "interrupted"
            ? `${flow.name} was stopped on branch ${branch}${run}, and goes on when a process serves it again`
            : `${flow.name} failed on branch ${branch}${run}: ${message}`,
        );
      },
    },
  });
}

/** "train: run 3 completed, anomaly_detector v1" */
function describeRun(run: RunRecord): string {
  const made = run.produced.map(({ name, version }) => `, ${name} v${version}`).join("");
  return `${run.flow}: run ${run.id} completed${made}`;
}

/** A process that serves, with all that has to end. */
export interface Running {
  server: Deno.HttpServer;
  queue: RunQueue;
  /** Resolves when no slot is at work. */
  schedules: Promise<void>;
  /** Resolves when nothing is being sent. */
  notifying: Promise<void>;
  /** Cuts the runs, with the reason that they record. */
  cut: AbortController;
}

/**
 * Ends in order, once no run begins any more: no new connection, requests and the run that is going on
 * come to their end. What takes too long is cut, and recorded as that; what hangs even then is left
 * for the end of the process.
 */
export async function endInOrder(running: Running, reason: unknown): Promise<void> {
  const { server, queue, schedules, notifying, cut } = running;
  const ended = Promise.all([server.shutdown(), queue.idle(), schedules, notifying]);
  if (await within(FINISH_MS, ended)) return;
  cut.abort(reason);
  await within(GIVE_UP_MS - FINISH_MS, Promise.all([queue.idle(), schedules, notifying]));
}

/** Whether the work has ended by then. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
