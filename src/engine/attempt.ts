// One step of one run, while it is tried. Its effects, its artifacts, its log and the record that it
// is done are one commit, so that a run killed at any instant leaves a finished step or no trace of
// it; the last step's commit also completes the run.

import type { AssetFile, JsonObject } from "../domain/asset.ts";
import { AppError, toAppError } from "../domain/errors.ts";
import type { LogLine, RunRecord, StepRecord } from "../domain/run.ts";
import { registerVersion } from "../registry/assets.ts";
import { wallTime } from "../registry/context.ts";
import { stageEvent } from "../registry/events.ts";
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
import { type Effects, type RunnerContext, type StepContext, WithEffects } from "./flow.ts";

/**
 * Artifacts and parts of a log are single KV values: 65,536 bytes serialised, where a character takes
 * up to two and `0.5,` nine. So many characters always fit.
 */
const MAX_ARTIFACT_CHARS = 28_000;
const MAX_LOG_CHARS = 28_000;
const MAX_MESSAGE_CHARS = 2_000;

export class StepAttempt {
  readonly #ctx: RunnerContext;
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
    step: { index: number; name: string },
  ) {
    this.#ctx = ctx;
    this.#run = run;
    this.#tags = tags;
    this.#record = {
      runId: run.id,
      ...step,
      status: "running",
      startedAt: wallTime(ctx.registry),
      finishedAt: null,
      artifacts: {},
    };
  }

  context(params: unknown): StepContext<unknown> {
    const { registry, configs, env, signal } = this.#ctx;
    return {
      params,
      configs,
      run: this.#run,
      registry,
      env,
      signal,
      log: (message, level = "info") => this.#log(message, level),
      putBlob: (bytes, mediaType) => this.#putBlob(bytes, mediaType),
      checkpoint: (apply) => this.#checkpoint(apply),
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

  async #putBlob(bytes: Uint8Array<ArrayBuffer>, mediaType: string): Promise<AssetFile> {
    const staged = await stageBlob(bytes, { compress: mediaType === "application/json" });
    this.#blobs.set(staged.ref.sha256, { staged, bytes });
    return { ...staged.ref, mediaType };
  }

  /** Commits artifacts, effects and completion together. */
  async complete(result: JsonObject | WithEffects<JsonObject>, last: boolean): Promise<RunRecord> {
    const artifacts = result instanceof WithEffects ? result.artifacts : result;
    assertArtifactSize(this.#record.name, artifacts);
    return await this.#commit(async (tx, run) => {
      if (result instanceof WithEffects) await result.apply(this.#effects(tx, run));
      this.#stageRecords(tx, run, {
        step: { ...this.#record, status: "completed", artifacts },
        finished: last ? "completed" : null,
      });
    });
  }

  async #checkpoint(apply: (effects: Effects) => Promise<void>): Promise<void> {
    const key = keysOf(this.#ctx.registry.scopes.write).run(this.#run.id);
    this.#run = await this.#commit(async (tx, run) => {
      await apply(this.#effects(tx, run));
      tx.set(key, run);
    });
    this.#blobs.clear();
  }

  /** One commit with the blobs put so far. Large ones go before, in commits of their own. */
  async #commit(
    stage: (tx: Transaction, run: RunRecord) => Promise<void>,
  ): Promise<RunRecord> {
    const { registry } = this.#ctx;
    const { write } = registry.scopes;
    const blobs = [...this.#blobs.values()].map((blob) => blob.staged);
    const inline = fitsOneCommit(blobs);
    if (!inline) {
      for (const blob of blobs) await writeBlob(registry.store, write, blob, wallTime(registry));
    }
    return await registry.store.commit(write, async (tx) => {
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

  #stageRecords(
    tx: Transaction,
    run: RunRecord,
    end: { step: StepRecord; finished: "completed" | "failed" | null },
  ): void {
    const keys = keysOf(this.#ctx.registry.scopes.write);
    const now = wallTime(this.#ctx.registry);
    tx.set(keys.step(run.id, end.step.index), { ...end.step, finishedAt: now });
    if (end.finished) {
      run.status = end.finished;
      run.finishedAt = now;
    }
    tx.set(keys.run(run.id), run);
    partsOf(this.#lines).forEach((part, i) => tx.set(keys.log(run.id, end.step.index, i), part));
  }

  /** Records the failure in step, run and log; gives the error to throw. */
  async fail(cause: unknown): Promise<AppError> {
    const error = toAppError(cause);
    this.#log(`error: ${error.message}`, "error");
    const details = { ...error.details, run_id: this.#run.id, flow: this.#run.flow };
    try {
      await this.#recordFailure(error);
    } catch (unrecorded) {
      // The cause matters more than that it could not be written down; both are said.
      Object.assign(details, { not_recorded: toAppError(unrecorded).message });
    }
    return new AppError(error.code, error.message, { cause: error.cause ?? cause, details });
  }

  async #recordFailure(error: AppError): Promise<void> {
    const { store, scopes } = this.#ctx.registry;
    await store.commit(scopes.write, (tx) => {
      const run = structuredClone(this.#run);
      run.error = {
        code: error.code,
        message: error.message.slice(0, MAX_MESSAGE_CHARS),
        step: this.#record.name,
      };
      const step: StepRecord = { ...this.#record, status: "failed" };
      this.#stageRecords(tx, run, { step, finished: "failed" });
      return Promise.resolve();
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
