// What waits to be run in this process: on a branch one run at a time, in the order asked, each with all
// that its events trigger. Pages, the API and the schedules of one process share it; between them it works off
// what is open on the branch.

import type { JsonObject } from "../domain/asset.ts";
import { Taken } from "../domain/durability.ts";
import { AppError, toAppError } from "../domain/errors.ts";
import { describeProblems } from "../domain/problems.ts";
import type { RunRecord } from "../domain/run.ts";
import type { DueSlot } from "../registry/slots.ts";
import { type BacklogListener, workOff } from "./backlog.ts";
import type { Asked } from "./beginning.ts";
import { findFlow, type Flow, type RunnerContext } from "./flow.ts";
import { resumeRun } from "./resume.ts";
import { runFlow } from "./runner.ts";
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
  /** By a schedule, for this slot. */
  slot?: DueSlot;
}

/** Going on with a run that did not come to its end. */
export interface ResumeRequest {
  runner: RunnerContext;
  /** The run to resume. */
  run: RunRecord;
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

export interface QueueOptions {
  /** All flows, of which events start some. */
  flows: readonly Flow[];
  listener: BacklogListener;
}

/** What is queued: one run, by whatever way it begins. */
interface Entry {
  runner: RunnerContext;
  flow: Flow;
  tags: string[];
  /** Checked parameters, which descendants inherit. Rejects with what is wrong with them. */
  params: Promise<JsonObject>;
  run(params: JsonObject, onStarted: (run: RunRecord) => void): Promise<RunRecord>;
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
    const { runner, flow, tags, params: _given, ...beginning } = request;
    return this.#enqueue({
      runner,
      flow,
      tags,
      params: check(request),
      run: async (params, onStarted) => {
        await flow.lookUp?.(runner.registry, params as never, runner.configs);
        const how = { ...beginning, onStarted, goesOn: true };
        return await runFlow(runner, flow, { ...how, params, tags, triggeredBy: null });
      },
    });
  }

  /** Asks to go on with a run. */
  resume({ runner, run, ...beginning }: ResumeRequest): QueuedRun {
    const { flows } = this.#options;
    return this.#enqueue({
      runner,
      flow: findFlow(flows, run.flow),
      tags: [],
      params: Promise.resolve(run.params),
      run: (_params, onStarted) =>
        resumeRun(runner, flows, run.id, { ...beginning, onStarted, goesOn: true }),
    });
  }

  /** Works off what is open on the runner's branch, after what waits there. Never rejects. */
  tend(runner: RunnerContext): Promise<void> {
    const { flows, listener } = this.#options;
    return this.#after(branchOf(runner), async () => {
      try {
        await workOff(runner, flows, listener);
      } catch (cause) {
        listener.noted(`cannot work off what is open: ${toAppError(cause).message}`);
      }
    });
  }

  /** Whether anything of the branch is running or waiting. */
  isBusy(branch: string): boolean {
    return this.#ends.has(branch);
  }

  /** Whether a run of the flow was asked for on the branch and has not begun. */
  isWaiting(branch: string, flow: string): boolean {
    return this.#entries.values().some((entry) =>
      !entry.begun && branchOf(entry.runner) === branch && entry.flow.name === flow
    );
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    while (this.#ends.size > 0) await Promise.all(this.#ends.values());
  }

  #enqueue(given: Omit<Entry, "begun">): QueuedRun {
    const started = Promise.withResolvers<RunRecord>();
    const failure = Promise.withResolvers<AppError | null>();
    // Whoever asked may not wait for either; the listener is told in any case.
    started.promise.catch(() => {});
    given.params.catch((cause) => started.reject(toAppError(cause)));
    const entry: Entry = { ...given, begun: false };
    this.#entries.add(entry);
    const done = this.#after(branchOf(entry.runner), async () => {
      const error = await this.#run(entry, started.resolve);
      if (error) started.reject(error);
      failure.resolve(error);
      this.#entries.delete(entry);
    });
    return { started: started.promise, done, failure: failure.promise };
  }

  /** Work on a branch after all that was asked for before. */
  #after(branch: string, work: () => Promise<void>): Promise<void> {
    const done = (this.#ends.get(branch) ?? Promise.resolve()).then(async () => {
      await work();
      if (this.#ends.get(branch) === done) this.#ends.delete(branch);
    });
    this.#ends.set(branch, done);
    return done;
  }

  /** One entry to its end, descendants included. Gives the error of its own run; never rejects. */
  async #run(entry: Entry, onStarted: (run: RunRecord) => void): Promise<AppError | null> {
    const { runner, flow } = entry;
    const { listener } = this.#options;
    entry.begun = true;
    try {
      const params = await entry.params;
      if (runner.stopping.aborted) throw stopped(flow);
      const run = await entry.run(params, onStarted);
      listener.completed(run);
      await this.#follow(entry, run, params);
      return null;
    } catch (cause) {
      const error = toAppError(cause);
      // What another process has is not this one's to tell of.
      if (!(error instanceof Taken)) listener.failed(flow, branchOf(runner), error);
      return error;
    }
  }

  async #follow({ runner, flow, tags }: Entry, run: RunRecord, params: JsonObject): Promise<void> {
    const { flows, listener } = this.#options;
    try {
      const inherited = { params, tags, goesOn: true };
      const { runs, error } = await followEvents(runner, flows, run, inherited);
      for (const followed of runs) listener.completed(followed);
      if (error === null) return;
      const failed = flows.find(({ name }) => name === error.details.flow) ?? flow;
      listener.failed(failed, branchOf(runner), error);
    } catch (cause) {
      listener.failed(flow, branchOf(runner), toAppError(cause));
    }
  }
}

function branchOf({ registry }: RunnerContext): string {
  return registry.scopes.write.branch;
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
