// One step of one run, while it is tried. Its effects, its artifacts, its log and the record that it
// is done are one commit, so that a run killed at any instant leaves a finished step or no trace of
// it; the last step's commit also completes the run. Only the holder of the run's lease commits.

import type { AssetFile, JsonObject } from "../domain/asset.ts";
import { AppError, toAppError } from "../domain/errors.ts";
import type { LogLine, RunRecord, StepRecord } from "../domain/run.ts";
import { registerVersion } from "../registry/assets.ts";
import { wallTime } from "../registry/context.ts";
import { stageEvent } from "../registry/events.ts";
import { requireLease } from "../registry/leases.ts";
import {
  fitsOneCommit,
  putBlob,
  readBlob,
  stageBlob,
  type StagedBlob,
  writeBlob,
} from "../store/blobs.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import { type RunEnd, stageEnd } from "./ending.ts";
import {
  type Effects,
  type RunnerContext,
  type Step,
  type StepContext,
  WithEffects,
} from "./flow.ts";
import { pause, withinTime } from "./time_limit.ts";

/**
 * Artifacts and parts of a log are single KV values: 65,536 bytes serialised, where a character takes
 * up to two and `0.5,` nine. So many characters always fit.
 */
const MAX_ARTIFACT_CHARS = 28_000;
const MAX_LOG_CHARS = 28_000;
const MAX_MESSAGE_CHARS = 2_000;

/** Before the first further try of a step that does not say it itself. */
const RETRY_AFTER_MS = 1_000;
const RETRY_FACTOR = 4;

export class StepAttempt {
  readonly #ctx: RunnerContext;
  readonly #step: Step<never>;
  #run: RunRecord;
  readonly #tags: string[];
  readonly #lines: LogLine[] = [];
  readonly #blobs = new Map<string, { staged: StagedBlob; bytes: Uint8Array<ArrayBuffer> }>();
  readonly #record: StepRecord;

  /** @param tags what the run was tagged with when it started; its versions carry them too */
  constructor(
    ctx: RunnerContext,
    run: RunRecord,
    tags: string[],
    { index, step }: { index: number; step: Step<never> },
  ) {
    this.#ctx = ctx;
    this.#run = run;
    this.#tags = tags;
    this.#step = step;
    this.#record = {
      runId: run.id,
      index,
      name: step.name,
      status: "running",
      startedAt: wallTime(ctx.registry),
      finishedAt: null,
      tries: 0,
      adoptedFrom: null,
      artifacts: {},
    };
  }

  /** The step's function, as often as its options allow. Throws what the last try failed with. */
  async run(
    params: unknown,
    artifacts: JsonObject,
  ): Promise<JsonObject | WithEffects<JsonObject>> {
    const { retries = 0, retryAfterMs = RETRY_AFTER_MS, timeoutMs = Infinity } =
      this.#step.options ?? {};
    for (;;) {
      this.#record.tries++;
      this.#blobs.clear();
      try {
        return await withinTime(
          `step "${this.#step.name}"`,
          { timeoutMs, signal: this.#ctx.signal },
          (signal) => this.#step.run(this.#context(params, signal) as never, artifacts),
        );
      } catch (error) {
        const isOver = this.#record.tries > retries || this.#ctx.signal.aborted;
        if (isOver || toAppError(error).code !== "unavailable") throw error;
        const waitMs = retryAfterMs * RETRY_FACTOR ** (this.#record.tries - 1);
        this.#log(
          `try ${this.#record.tries} of ${retries + 1}: ${toAppError(error).message} ` +
            `Again in ${waitMs / 1000} s.`,
          "warn",
        );
        await pause(waitMs, AbortSignal.any([this.#ctx.signal, this.#ctx.stopping]));
      }
    }
  }

  /** @param signal of this try; once it is aborted, what still goes on of the try writes nothing */
  #context(params: unknown, signal: AbortSignal): StepContext<unknown> {
    const { registry, configs, env } = this.#ctx;
    return {
      params,
      configs,
      run: this.#run,
      registry,
      env,
      signal,
      log: (message, level = "info") => {
        if (!signal.aborted) this.#log(message, level);
      },
      putBlob: async (bytes, mediaType) => {
        const staged = await stageBlob(bytes, { compress: mediaType === "application/json" });
        signal.throwIfAborted();
        this.#blobs.set(staged.ref.sha256, { staged, bytes });
        return { ...staged.ref, mediaType } satisfies AssetFile;
      },
      checkpoint: (apply) => this.#checkpoint(apply, signal),
      readBlob: async (ref) =>
        this.#blobs.get(ref.sha256)?.bytes ?? await readBlob(registry.store, ref),
    };
  }

  #log(message: string, level: LogLine["level"]): void {
    const line: LogLine = {
      at: wallTime(this.#ctx.registry),
      step: this.#record.name,
      level,
      message: message.slice(0, MAX_MESSAGE_CHARS),
    };
    this.#lines.push(line);
    this.#ctx.onLog(line);
  }

  /** Commits artifacts, effects and completion together. */
  async complete(result: JsonObject | WithEffects<JsonObject>, last: boolean): Promise<RunRecord> {
    const artifacts = result instanceof WithEffects ? result.artifacts : result;
    assertArtifactSize(this.#record.name, artifacts);
    return await this.#commit(async (tx, run) => {
      if (result instanceof WithEffects) await result.apply(this.#effects(tx, run));
      const { registry } = this.#ctx;
      const finishedAt = wallTime(registry);
      const step: StepRecord = { ...this.#record, status: "completed", artifacts, finishedAt };
      const keys = keysOf(registry.scopes.write);
      tx.set(keys.step(run.id, step.index), step);
      this.#stageLog(tx);
      if (last) await stageEnd(this.#ctx, tx, run, { status: "completed" });
      else tx.set(keys.run(run.id), run);
    });
  }

  async #checkpoint(
    apply: (effects: Effects) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const key = keysOf(this.#ctx.registry.scopes.write).run(this.#run.id);
    this.#run = await this.#commit(async (tx, run) => {
      signal.throwIfAborted();
      await apply(this.#effects(tx, run));
      tx.set(key, run);
    });
    this.#blobs.clear();
  }

  /** One commit with the blobs put so far. Large ones go before, in commits of their own. */
  async #commit(
    stage: (tx: Transaction, run: RunRecord) => Promise<void>,
  ): Promise<RunRecord> {
    const { registry, durability } = this.#ctx;
    const { write } = registry.scopes;
    const blobs = [...this.#blobs.values()].map((blob) => blob.staged);
    const inline = fitsOneCommit(blobs);
    if (!inline) {
      for (const blob of blobs) await writeBlob(registry.store, write, blob, wallTime(registry));
    }
    return await registry.store.commit(write, async (tx) => {
      await requireLease(registry, tx, this.#run.id, durability.holder);
      if (inline) { for (const blob of blobs) await putBlob(tx, blob, wallTime(registry)); }
      const run = structuredClone(this.#run);
      await stage(tx, run);
      return run;
    });
  }

  #effects(tx: Transaction, run: RunRecord): Effects {
    const { registry } = this.#ctx;
    return {
      tx,
      register: async (version) => {
        const record = await registerVersion(registry, tx, {
          ...version,
          tags: this.#tags,
          runId: run.id,
          flow: run.flow,
        });
        run.produced.push({ kind: record.kind, name: record.name, version: record.version });
        return record;
      },
      publish: async (name, marketAt, payload) => {
        const event = await stageEvent(registry, tx, { name, runId: run.id, marketAt, payload });
        run.events.push(event.id);
      },
      published: (eventId) => run.events.push(eventId),
      summarize: (summary) => Object.assign(run.summary, summary),
    };
  }

  #stageLog(tx: Transaction): void {
    const keys = keysOf(this.#ctx.registry.scopes.write);
    const { runId, index } = this.#record;
    partsOf(this.#lines).forEach((part, i) => tx.set(keys.log(runId, index, i), part));
  }

  /**
   * Records in run and log that the step did not come to its end: in the step as well where it failed, but
   * of an interrupted one there is no record. Gives the error to throw.
   */
  async end(status: "failed" | "interrupted", cause: AppError): Promise<AppError> {
    this.#log(`${status === "failed" ? "error: " : ""}${cause.message}`, "error");
    const details = { ...cause.details, run_id: this.#run.id, flow: this.#run.flow };
    try {
      await this.#recordEnd(status, cause);
    } catch (unrecorded) {
      // The cause matters more than that it could not be written down; both are said.
      Object.assign(details, { not_recorded: toAppError(unrecorded).message });
    }
    return new AppError(cause.code, cause.message, { cause: cause.cause ?? cause, details });
  }

  async #recordEnd(status: "failed" | "interrupted", cause: AppError): Promise<void> {
    const { registry, durability } = this.#ctx;
    const { write } = registry.scopes;
    const keys = keysOf(write);
    await registry.store.commit(write, async (tx) => {
      await requireLease(registry, tx, this.#run.id, durability.holder);
      if (status === "failed") {
        const finishedAt = wallTime(registry);
        const step: StepRecord = { ...this.#record, status, finishedAt };
        tx.set(keys.step(this.#run.id, step.index), step);
      }
      this.#stageLog(tx);
      const end: RunEnd = { status, error: cause, step: this.#record.name };
      await stageEnd(this.#ctx, tx, structuredClone(this.#run), end);
    });
  }
}

function assertArtifactSize(step: string, artifacts: JsonObject): void {
  const size = JSON.stringify(artifacts).length;
  if (size <= MAX_ARTIFACT_CHARS) return;
  throw new AppError(
    "internal",
    `Cannot keep the artifacts of step "${step}": ${size} characters of JSON, expected at most ` +
      `${MAX_ARTIFACT_CHARS}. Put what is large as a blob.`,
  );
}

/** Log lines cut into values that the store can hold. */
function partsOf(lines: readonly LogLine[]): LogLine[][] {
  const parts: LogLine[][] = [];
  let size = Infinity;
  for (const line of lines) {
    if (size + line.message.length > MAX_LOG_CHARS) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(line);
    size += line.message.length + 100;
  }
  return parts;
}
