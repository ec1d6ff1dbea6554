// Defining a flow: its names, its parameters as one zod schema, its steps in a line, and the events
// that start it. A step's effects and the record that it is done are one commit (see runner.ts).

import type { z } from "zod";
import type { AssetFile, BlobRef, JsonObject, VersionRecord } from "../domain/asset.ts";
import type { FlowConfigs } from "../domain/config.ts";
import { AppError } from "../domain/errors.ts";
import type { EventName, EventRecord, FlowName, LogLine, RunRecord } from "../domain/run.ts";
import type { NewVersion } from "../registry/assets.ts";
import type { RegistryContext } from "../registry/context.ts";
import type { LeaseHolder } from "../registry/leases.ts";
import type { Transaction } from "../store/kv.ts";

/** What running needs from outside, besides the flow. */
export interface RunnerContext {
  registry: RegistryContext;
  configs: FlowConfigs;
  codeVersion: string;
  env: (name: string) => string | undefined;
  /** Aborted to end a run now: the step that is going on leaves no trace. */
  signal: AbortSignal;
  /** Aborted to end a run in order: the step that is going on finishes, and no other begins. */
  stopping: AbortSignal;
  durability: Durability;
  /** Where log lines go while the run goes on. */
  onLog(line: LogLine): void;
}

/** How a process keeps what must not be lost, or done twice, beside others. */
export interface Durability {
  /** This process, as the holder of its runs' leases. */
  holder: LeaseHolder;
  /** Failures after which an event is parked, and deaths after which a run is left to a person. */
  maxFailures: number;
  /** Events older than this are recorded as expired, and start nothing by themselves. */
  maxEventAgeMs: number;
}

/** What a step is given. */
export interface StepContext<P> {
  readonly params: P;
  readonly configs: FlowConfigs;
  readonly run: RunRecord;
  readonly registry: RegistryContext;
  readonly env: (name: string) => string | undefined;
  readonly signal: AbortSignal;
  /** To the terminal and to the run's log. */
  log(message: string, level?: LogLine["level"]): void;
  /** Keeps bytes; they are stored, at the latest, in the commit that finishes the step. */
  putBlob(bytes: Uint8Array<ArrayBuffer>, mediaType: string): Promise<AssetFile>;
  readBlob(ref: BlobRef): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Commits effects, with the blobs put so far, ahead of the step's end: for work in many parts, each of
   * which records by itself that it is done, so that a run that dies has lost none and redoes none.
   * Like a step's own effects they may be applied again on a newer state of the store.
   */
  checkpoint(apply: (effects: Effects) => Promise<void>): Promise<void>;
}

/** What a step's effects may do, inside the commit that finishes the step. */
export interface Effects {
  readonly tx: Transaction;
  register(version: Omit<NewVersion, "runId" | "flow" | "tags">): Promise<VersionRecord>;
  /** `marketAt`: the market time that the event speaks of. */
  publish(name: EventName, marketAt: string | null, payload: JsonObject): Promise<void>;
  /** Counts an event that was staged elsewhere in this transaction as published by the run. */
  published(eventId: number): void;
  /** What the run found, in a few numbers; keys in snake_case. */
  summarize(summary: JsonObject): void;
}

/** Artifacts of a step together with effects on the registry. */
export class WithEffects<Out extends JsonObject> {
  constructor(readonly artifacts: Out, readonly apply: (effects: Effects) => Promise<void>) {}
}

/**
 * A step: from the artifacts of the steps before it to its own. Artifacts are JSON; what is large is
 * put as a blob and referred to. Effects, if any, are applied when the step is committed; they may be
 * applied again on a newer state of the store, and so must have no effects of their own.
 */
export type StepFunction<P, In, Out extends JsonObject> = (
  ctx: StepContext<P>,
  artifacts: In,
) => Promise<Out | WithEffects<Out>>;

/** How a step is tried. */
export interface StepOptions {
  /** Further tries after one that found the world unavailable, or took too long. */
  retries?: number;
  /** Before the first further try, ms; four times as long before each one more. */
  retryAfterMs?: number;
  /** How long one try may take, ms; no end where it is not given. */
  timeoutMs?: number;
}

export interface Step<P> {
  readonly name: string;
  readonly run: StepFunction<P, JsonObject, JsonObject>;
  readonly options?: StepOptions;
}

/** An event that starts a flow, and the parameters that bind the run to what the event names. */
export interface Trigger {
  event: EventName;
  bind: (payload: JsonObject) => JsonObject;
  /** Whether this event starts it at all; default yes. */
  when?: (event: EventRecord, configs: FlowConfigs) => boolean;
}

/** What a card is made from: a completed run, and the artifacts of all its steps. */
export interface CardContext {
  readonly registry: RegistryContext;
  readonly run: RunRecord;
  readonly artifacts: JsonObject;
}

/** The answer of a dry run; keys in snake_case. */
export type DryRun = JsonObject & { allowed: boolean };

export interface FlowHead<S extends z.ZodObject> extends FlowName {
  summary: string;
  description?: string;
  examples: string[];
  params: S;
  on?: Trigger[];
  /** Events that it may publish; linted, and shown in help. */
  publishes: EventName[];
  consumes: string;
  produces: string;
  /**
   * Finds wrong usage that can be seen without the store (a missing recording, a flag that needs
   * another), before it is opened. Throws `invalid`.
   */
  check?: (params: z.infer<S>, env: (name: string) => string | undefined) => Promise<void>;
  /**
   * Looks up what the parameters name before a run is started, so that a mistyped version leaves no
   * run behind. Throws `not_found`.
   */
  lookUp?: (registry: RegistryContext, params: z.infer<S>, configs: FlowConfigs) => Promise<void>;
  /**
   * What a run with these parameters is about, in the words of `Trigger.bind`: a run by hand for the
   * subject of an event that still waits handles that event. Null for no such subject.
   */
  subject?: (
    registry: RegistryContext,
    params: z.infer<S>,
    configs: FlowConfigs,
  ) => Promise<JsonObject | null>;
  /** Whether one run does all that missed slots would have done, so that they are no gap. */
  catchesUp?: boolean;
  /** What the flow would do, read-only; run instead of the flow where `dry_run` is set. */
  dryRun?: (registry: RegistryContext, params: JsonObject) => Promise<DryRun>;
  /** What it is still waiting for, for `status`: "dataset possible in 31 h"; null for nothing. */
  readiness?: (registry: RegistryContext) => Promise<string | null>;
  /**
   * A report of a completed run as one standalone HTML page. Made from what the run stored and nothing
   * that changes later, so that it is the same whenever it is made.
   */
  card?: (ctx: CardContext) => Promise<string>;
  /** Exit code of a completed run, from its summary; default 0. */
  exitCode?: (summary: JsonObject) => number;
  /** The next command, from the summary; printed after a run. */
  next?: (run: RunRecord) => string | null;
}

/** A flow, ready to be run; parameters and artifacts are typed inside, JSON outside. */
export interface Flow extends Omit<FlowHead<z.ZodObject>, "check" | "lookUp" | "subject"> {
  readonly check?: (params: never, env: (name: string) => string | undefined) => Promise<void>;
  readonly lookUp?: (
    registry: RegistryContext,
    params: never,
    configs: FlowConfigs,
  ) => Promise<void>;
  readonly subject?: (
    registry: RegistryContext,
    params: never,
    configs: FlowConfigs,
  ) => Promise<JsonObject | null>;
  readonly steps: readonly Step<never>[];
}

/** Adds steps one after another; each sees the artifacts of all before it, by type. */
export class FlowBuilder<S extends z.ZodObject, State extends JsonObject> {
  constructor(
    private readonly head: FlowHead<S>,
    private readonly steps: readonly Step<z.infer<S>>[],
  ) {}

  step<Out extends JsonObject>(
    name: string,
    run: StepFunction<z.infer<S>, State, Out>,
    options: StepOptions = {},
  ): FlowBuilder<S, State & Out> {
    // The runner hands every step the artifacts of the earlier ones; State is just their type.
    const untyped: StepFunction<z.infer<S>, JsonObject, JsonObject> = (ctx, artifacts) =>
      run(ctx, artifacts as State);
    const step = { name, run: untyped, options };
    return new FlowBuilder(this.head, [...this.steps, step]);
  }

  build(): Flow {
    const flow: Flow = { ...this.head, steps: this.steps as readonly Step<never>[] };
    const problems = lintFlow(flow);
    if (problems.length === 0) return flow;
    throw new AppError("internal", `Cannot define flow ${flow.name}: ${problems.join("; ")}.`);
  }
}

export function defineFlow<S extends z.ZodObject>(head: FlowHead<S>): FlowBuilder<S, JsonObject> {
  return new FlowBuilder(head, []);
}

/** What is wrong with a flow by itself. */
export function lintFlow(flow: Flow): string[] {
  const problems: string[] = [];
  if (!/^[a-z][a-z_]*$/.test(flow.name)) problems.push("its name is not snake_case");
  if (!/^[A-Z][A-Za-z]*Flow$/.test(flow.originalName)) {
    problems.push(`its original name "${flow.originalName}" does not end in Flow`);
  }
  if (flow.steps.length === 0) problems.push("it has no steps");
  const names = flow.steps.map((step) => step.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) problems.push(`it has two steps named "${twice}"`);
  return problems;
}

/** What is wrong with flows side by side: shared names, triggers that nobody fires, loops. */
export function lintFlows(flows: readonly Flow[]): string[] {
  const problems = flows.flatMap((flow) => lintFlow(flow).map((text) => `${flow.name}: ${text}`));
  const names = flows.flatMap((flow) => [flow.name, flow.originalName]);
  names.forEach((name, i) => {
    if (names.indexOf(name) !== i) problems.push(`two flows are named ${name}`);
  });
  const published = new Set(flows.flatMap((flow) => flow.publishes));
  for (const flow of flows) {
    for (const trigger of flow.on ?? []) {
      if (!published.has(trigger.event)) {
        problems.push(`${flow.name}: nobody publishes ${trigger.event}`);
      }
    }
    if (reachable(flows, flow).has(flow.name)) {
      problems.push(`${flow.name}: its events start itself`);
    }
  }
  return problems;
}

/** The table of flows, once nothing is wrong with it. Throws `internal` with all that is. */
export function defineFlows(flows: readonly Flow[]): readonly Flow[] {
  const problems = lintFlows(flows);
  if (problems.length === 0) return flows;
  throw new AppError("internal", `Cannot define the flows: ${problems.join("; ")}.`);
}

/** Names of the flows that a flow's events start, directly or through others. */
function reachable(flows: readonly Flow[], from: Flow): Set<string> {
  const seen = new Set<string>();
  const queue = [from];
  for (let flow = queue.pop(); flow !== undefined; flow = queue.pop()) {
    for (const next of listeners(flows, flow.publishes)) {
      if (seen.has(next.name)) continue;
      seen.add(next.name);
      queue.push(next);
    }
  }
  return seen;
}

function listeners(flows: readonly Flow[], events: readonly EventName[]): Flow[] {
  return flows.filter((flow) => (flow.on ?? []).some((trigger) => events.includes(trigger.event)));
}

/** The flow of either name. Throws `invalid` listing the flows. */
export function findFlow(flows: readonly Flow[], name: string): Flow {
  const flow = flows.find((flow) => flow.name === name || flow.originalName === name);
  if (flow) return flow;
  throw new AppError(
    "invalid",
    `Cannot find flow "${name}": expected ${flows.map((flow) => flow.name).join(", ")}. See: ` +
      `anomaly --help`,
  );
}
