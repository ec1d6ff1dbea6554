// What waits to be run in this process: on a branch one run at a time, in the order asked, each with all
// that its events trigger. Pages, the API and the schedules of one process share it.

import type { JsonObject } from "../domain/asset.ts";
import { AppError, toAppError } from "../domain/errors.ts";
import { describeProblems } from "../domain/problems.ts";
import type { RunRecord } from "../domain/run.ts";
import type { Flow, RunnerContext } from "./flow.ts";
import { type Asked, runFlow } from "./runner.ts";
import { followEvents } from "./triggers.ts";

/** A run that is asked for. */
export interface RunRequest {
  runner: RunnerContext;
  flow: Flow;
  /** As they were given; checked by the flow's schema. */
  params: JsonObject;
  tags: string[];
  /** By a person, over HTTP. */
  asked?: Asked;
}

/** A run that was asked for, and how it goes on. */
export interface QueuedRun {
  /** Its record, as soon as it has begun. Rejects with an AppError where it could not begin. */
  started: Promise<RunRecord>;
  /** Settled when it and all that it triggered have ended. Never rejects. */
  done: Promise<void>;
  /** Why it ended before its end, or did not begin; null for a completed run. What it triggered does not count. */
  failure: Promise<AppError | null>;
}

/** Told of what ended, for the log of the process. */
export interface QueueListener {
  completed(run: RunRecord): void;
  failed(flow: Flow, branch: string, error: AppError): void;
}

export interface QueueOptions {
  /** All flows, of which events start some. */
  flows: readonly Flow[];
  listener: QueueListener;
  /** Once aborted nothing new begins; the run that is going on has a signal of its own. */
  stopping: AbortSignal;
}

interface Entry {
  request: RunRequest;
  begun: boolean;
}

export class RunQueue {
  readonly #options: QueueOptions;
  /** Branch → the end of what was asked for last. */
  readonly #ends = new Map<string, Promise<void>>();
  readonly #entries = new Set<Entry>();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /**
   * Asks for a run. Wrong usage is refused at once (`started` rejects), whatever waits; what the
   * parameters name is looked up just before it begins, when all before it has ended.
   */
  start(request: RunRequest): QueuedRun {
    const started = Promise.withResolvers<RunRecord>();
    const failure = Promise.withResolvers<AppError | null>();
    // Whoever asked may not wait for either; the listener is told in any case.
    started.promise.catch(() => {});
    const entry: Entry = { request, begun: false };
    this.#entries.add(entry);
    const checked = check(request).catch((cause) => {
      const error = toAppError(cause);
      started.reject(error);
      return error;
    });
    const branch = branchOf(request);
    const before = this.#ends.get(branch) ?? Promise.resolve();
    const done = before.then(async () => {
      const error = await this.#run(entry, checked, started.resolve);
      if (error) started.reject(error);
      failure.resolve(error);
      this.#entries.delete(entry);
      if (this.#ends.get(branch) === done) this.#ends.delete(branch);
    });
    this.#ends.set(branch, done);
    return { started: started.promise, done, failure: failure.promise };
  }

  /** Whether a run of the flow was asked for on the branch and has not begun. */
  isWaiting(branch: string, flow: string): boolean {
    return this.#entries.values().some(({ request, begun }) =>
      !begun && branchOf(request) === branch && request.flow.name === flow
    );
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    while (this.#ends.size > 0) await Promise.all(this.#ends.values());
  }

  /** One entry to its end, descendants included. Gives the error of its own run; never rejects. */
  async #run(
    entry: Entry,
    checked: Promise<JsonObject | AppError>,
    onStarted: (run: RunRecord) => void,
  ): Promise<AppError | null> {
    const { runner, flow, tags, asked } = entry.request;
    const { listener, stopping } = this.#options;
    entry.begun = true;
    let run: RunRecord;
    let params: JsonObject;
    try {
      const result = await checked;
      if (result instanceof AppError) throw result;
      params = result;
      if (stopping.aborted) throw stopped(flow);
      await flow.lookUp?.(runner.registry, params as never, runner.configs);
      run = await runFlow(runner, flow, {
        params,
        tags,
        triggeredBy: null,
        onStarted,
        ...(asked && { asked }),
      });
      listener.completed(run);
    } catch (cause) {
      const error = toAppError(cause);
      listener.failed(flow, branchOf(entry.request), error);
      return error;
    }
    await this.#follow(entry.request, run, params);
    return null;
  }

  async #follow(request: RunRequest, run: RunRecord, params: JsonObject): Promise<void> {
    const { flows, listener, stopping } = this.#options;
    const { runner, flow, tags } = request;
    try {
      const { runs, error } = await followEvents(runner, flows, run, { params, tags, stopping });
      for (const followed of runs) listener.completed(followed);
      if (error === null) return;
      const failed = flows.find(({ name }) => name === error.details.flow) ?? flow;
      listener.failed(failed, branchOf(request), error);
    } catch (cause) {
      listener.failed(flow, branchOf(request), toAppError(cause));
    }
  }
}

function branchOf({ runner }: RunRequest): string {
  return runner.registry.scopes.write.branch;
}

/** The parameters with their defaults. Throws `invalid`. */
async function check({ flow, params, runner }: RunRequest): Promise<JsonObject> {
  const parsed = flow.params.safeParse(params);
  if (!parsed.success) {
    const problems = describeProblems(flow.params, params, parsed.error.issues);
    throw new AppError("invalid", `Cannot run ${flow.name}: ${problems.join("; ")}`, {
      details: { problems },
    });
  }
  const checked = parsed.data as JsonObject;
  if (checked.dry_run === true) {
    // The flow's steps would do it in earnest; a dry run is asked for elsewhere.
    throw new AppError(
      "invalid",
      `Cannot run ${flow.name}: found dry_run, expected a run that is to be recorded.`,
    );
  }
  await flow.check?.(checked as never, runner.env);
  return checked;
}

function stopped(flow: Flow): AppError {
  return new AppError(
    "unavailable",
    `Cannot run ${flow.name}: the process is stopping. Next: ask again when it serves again.`,
  );
}
