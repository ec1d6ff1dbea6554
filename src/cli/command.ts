// What a command is, and what it is given. Commands describe themselves by a spec, from which flags,
// help and completions derive; they return what they found, and the program prints it.

import type { z } from "zod";
import {
  type LoadedProject,
  loadFlowConfigs,
  loadProject,
  type ResolvedScopes,
  resolveKvPath,
  resolveScopes,
} from "../config/mod.ts";
import type { FlowConfigs } from "../domain/config.ts";
import { AppError } from "../domain/errors.ts";
import type { CopyOptions, RestoredStore, StoreCopy } from "../domain/store_copy.ts";
import type { OutcomeReport, ReportOptions } from "../domain/outcomes.ts";
import { shellWord } from "../domain/shell.ts";
import { durabilityOf } from "../engine/durability.ts";
import type { Flow, RunnerContext } from "../engine/flow.ts";
import { listenersOf } from "../engine/listening.ts";
import type { RegistryContext } from "../registry/context.ts";
import type { Scopes } from "../domain/scope.ts";
import type { CommandSpec, GlobalParams } from "./parameters.ts";
import { printable } from "./text.ts";

/** What `main.ts` hands to the command line. */
export interface App {
  env: (name: string) => string | undefined;
  nowMs: () => number;
  /** Aborted when the program is told to stop, in order … */
  signal: AbortSignal;
  /** … and when it is told to stop now. */
  cut: AbortSignal;
  codeVersion: string;
  flows: readonly Flow[];
  /** Lines for a person; on stderr where stdout carries JSON. */
  say(line: string): void;
  /** One value on stdout, at once: for commands that go on (`events tail`). */
  emit(line: string): void;
  /** How far long work has come; shown where stderr is a terminal. */
  progress(what: string, done: number, total: number): void;
  /** First and last market time of a finite source; null for one without end. Throws `invalid`. */
  sourceExtent(source: string): Promise<{ firstMs: number; lastMs: number } | null>;
  /** What the models' flags were worth, over the last hours that are decided. */
  outcomeReport(registry: RegistryContext, options: ReportOptions): Promise<OutcomeReport>;
  /** Deletes a local store with its journal files. */
  deleteStore(path: string): Promise<void>;
  /** Copies a local store to a file, while others write to it. */
  backUpStore(path: string, options: CopyOptions): Promise<StoreCopy>;
  /** Puts such a copy in the place of a local store, which is moved aside. */
  restoreStore(file: string, path: string, options: CopyOptions): Promise<RestoredStore>;
  /**
   * Settles who may reach that address, before anything is opened. Throws `unauthorized` where a token
   * is needed and there is none.
   */
  server(host: string): Promise<AppServer>;
  /** Opens the store; `create: false` gives an empty one where nothing has been stored yet. */
  openStore(path: string | undefined, options: { create: boolean }): Promise<OpenStore>;
}

/** Serves pages, API and schedules until `App.signal`; resolves when everything has ended. */
export type AppServer = (session: Session, options: ServeOptions) => Promise<void>;

export interface ServeOptions {
  port: number;
  /** Whether to run the schedules of the project. */
  schedules: boolean;
  /** How many times faster than the wall's the process's clock runs. */
  speed: number;
  env: App["env"];
  quiet: boolean;
  /** Flags that lead a command to this store and that branch. */
  commandFlags(scopes: Scopes): string;
}

export type OpenStore = RegistryContext["store"];

/** One invocation: checked parameters, the words that belong to no flag, the global flags. */
export interface Call<P = Record<string, unknown>> {
  params: P;
  positionals: string[];
  globals: GlobalParams;
}

/** What a command found: one JSON value, the same for a person, and the exit code (default 0). */
export interface CommandResult {
  json: unknown;
  text: string;
  exitCode?: number;
}

export interface Command extends CommandSpec {
  run(app: App, call: Call): Promise<CommandResult>;
}

/** Types the parameters of a command by its schema. */
export function defineCommand<P extends z.ZodObject>(
  command: CommandSpec<P> & {
    run(app: App, call: Call<z.output<P>>): Promise<CommandResult>;
  },
): Command {
  const { run, ...spec } = command;
  return { ...spec, run: (app, call) => run(app, { ...call, params: call.params as z.output<P> }) };
}

/** Everything that a command works with, decided before the store is opened. */
export interface Plan {
  project: LoadedProject;
  scopes: ResolvedScopes;
  configs: FlowConfigs;
  origins: Awaited<ReturnType<typeof loadFlowConfigs>>["origins"];
  kvPath: string | undefined;
}

/** Flags that lead to a branch, and decide which configs are in force there. */
export interface BranchFlags {
  branch?: string | undefined;
  read_branch?: string | undefined;
  model_config?: string | undefined;
}

/** Reads configuration and scopes. Throws `invalid` for anything wrong in them; opens nothing. */
export async function planCall(app: App, call: Call<BranchFlags>): Promise<Plan> {
  const project = await loadProject({ env: app.env });
  const { branch, read_branch, model_config } = call.params;
  const flags = { branch, read_branch };
  const scopes = resolveScopes({ flags, env: app.env, project: project.project });
  const { configs, origins } = await loadFlowConfigs(project, scopes.scopes.write.branch, {
    model_config,
  });
  const kvPath = resolveKvPath({ flag: call.globals.kv, env: app.env });
  return { project, scopes, configs, origins, kvPath };
}

/** An open registry with the plan that it was opened by. */
export interface Session extends Disposable {
  plan: Plan;
  registry: RegistryContext;
}

/** Opens the registry. `write: false` never creates a store that is not there. */
export async function openSession(
  app: App,
  call: Call<BranchFlags>,
  options: { write: boolean; plan?: Plan },
): Promise<Session> {
  const plan = options.plan ?? await planCall(app, call);
  const store = await app.openStore(plan.kvPath, { create: options.write });
  const actor = app.env("USER") || app.env("LOGNAME") || "local";
  const registry: RegistryContext = {
    store,
    scopes: plan.scopes.scopes,
    actor,
    nowMs: app.nowMs,
    listenersOf: listenersOf(app.flows, plan.configs, plan.project.notifications.config),
  };
  return { plan, registry, [Symbol.dispose]: () => store[Symbol.dispose]() };
}

/** What running flows needs, from a session. */
export function runnerOf(app: App, session: Session, quiet: boolean): RunnerContext {
  return {
    registry: session.registry,
    configs: session.plan.configs,
    codeVersion: app.codeVersion,
    env: app.env,
    signal: app.cut,
    stopping: app.signal,
    durability: durabilityOf(session.plan.project.project),
    onLog: (line) => {
      // An error ends the command and is printed then.
      if (!quiet && line.level !== "error") app.say(`  ${line.step}: ${printable(line.message)}`);
    },
  };
}

/** A command to type next, with the flags that lead to the same store and branch. */
export function hint(call: Call<BranchFlags>, command: string): string {
  const { branch, read_branch } = call.params;
  return command + flagWords({ kv: call.globals.kv, branch, read_branch });
}

/** " --kv demo.kv --branch demo", of those that are set. */
export function flagWords(flags: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` --${name} ${shellWord(value!)}`).join("");
}

/** `anomaly` and the words that follow it in a message, up to the end of the command. */
const COMMAND_IN_HINT = /(?<=\b(?:See|Next): )anomaly(?: [\w<>:=-]+| "[^"]*")+/g;

/** Messages from below do not know the flags that lead to this store and branch; here they are added. */
export function withStoreInHints(error: AppError, call: Call<BranchFlags>): AppError {
  const message = withFlagsInHints(error.message, hint(call, ""));
  return new AppError(error.code, message, { cause: error.cause, details: error.details });
}

/** @param flags " --kv demo.kv --branch demo" */
export function withFlagsInHints(message: string, flags: string): string {
  return message.replace(
    COMMAND_IN_HINT,
    (command) => /--(kv|branch|help)\b/.test(command) ? command : command + flags,
  );
}
