// Garbage collection over all branches: first records whose days are over are forgotten, then every blob that
// a record still refers to is marked, then the others are swept. Each part can be stopped and begun again.

import type { Retention } from "../domain/config.ts";
import { readScope, writeScope } from "../domain/scope.ts";
import { HOUR_MS } from "../domain/time.ts";
import type { BlobRef } from "../domain/asset.ts";
import type { Store } from "../store/kv.ts";
import { allBranches } from "../store/scan.ts";
import { expiredEvents, expiredPredictions, expiredRuns, expiredSlots } from "./expired.ts";
import {
  type Forget,
  forgetEvent,
  forgetKey,
  forgetPrediction,
  forgetRun,
  forgetTogether,
  forgetVersion,
} from "./forget.ts";
import { Gone } from "./gone.ts";
import { BlobMarks, blobsOf, markBlobs } from "./reachability.ts";
import { ageOf, type BranchAge, type RetentionKind, StayingVersions } from "./retention.ts";
import { sweepBlobs } from "./sweep.ts";

/** Records that are forgotten in one commit; each stages several deletions, a batch of predictions seventy. */
const TOGETHER: Readonly<Record<RetentionKind, number>> = {
  anomaly_detector: 5,
  training_dataset: 10,
  eval_holdout: 10,
  evaluation_results: 10,
  market_snapshot: 20,
  predictions: 10,
  runs: 8,
  events: 12,
  slots: 500,
};

export interface GcOptions {
  project: string;
  /** The branch whose revision tells of deleted blobs, which stand outside of all branches. */
  branch: string;
  retention: Retention;
  /** How long a blob that no record refers to is left alone after it was last stored or re-used. */
  graceHours: number;
  dryRun: boolean;
  nowMs: number;
  progress(what: string, share: number): void;
}

/** How much of a kind went, or would. */
export interface Collected {
  kind: string;
  records: number;
  blobs: number;
  /** Of these blobs, as they are stored. */
  bytes: number;
}

export interface GcReport {
  dryRun: boolean;
  branches: number;
  /** A line a kind that has a retention, and one for blobs of no record. */
  kinds: Collected[];
  /** Blobs of no record that were touched too lately, and chunks that may be a blob soon. */
  waiting: { blobs: number; bytes: number };
  /** What stays. */
  kept: { blobs: number; bytes: number };
}

/** The kind of blobs that no record referred to before. */
const UNREFERRED = "unreferred";

export async function collectGarbage(store: Store, options: GcOptions): Promise<GcReport> {
  return await new Collection(store, options).run();
}

class Collection {
  readonly #gone = new Gone();
  /** The blobs of what went, with the place of its kind. */
  readonly #freed = new BlobMarks();
  readonly #kinds: Collected[];

  constructor(private readonly store: Store, private readonly options: GcOptions) {
    const kinds = [
      ...Object.keys(TOGETHER).filter((kind) => kind in options.retention),
      UNREFERRED,
    ];
    this.#kinds = kinds.map((kind) => ({ kind, records: 0, blobs: 0, bytes: 0 }));
  }

  async run(): Promise<GcReport> {
    const { store, options } = this;
    const { project, nowMs } = options;
    const names = await store.branchNames(project);
    const branches = await Promise.all(
      names.map((name) => ageOf(store, readScope(project, name), nowMs)),
    );
    await this.#forgetVersions(branches);
    for (const [i, branch] of branches.entries()) {
      options.progress("forgetting", i / branches.length);
      await this.#forgetOthers(branch);
    }
    const marks = await this.#mark();
    return await this.#sweep(marks, branches.length);
  }

  async #forgetVersions(branches: readonly BranchAge[]): Promise<void> {
    const { retention, project } = this.options;
    const staying = new StayingVersions(this.store, retention, branches, project);
    for await (const { branch, versions } of staying.going()) {
      const kind = versions[0]!.name as RetentionKind;
      await this.#forget(branch, kind, versions, forgetVersion, (version) => {
        this.#gone.addVersion(version);
        return blobsOf("version", version);
      });
    }
  }

  async #forgetOthers(branch: BranchAge): Promise<void> {
    const { store } = this;
    const { predictions, runs, events, slots } = this.options.retention;
    if (predictions !== undefined) {
      for await (const page of expiredPredictions(store, branch, predictions)) {
        await this.#forget(branch, "predictions", page, forgetPrediction, (batch) => {
          this.#gone.addBatch(branch.scope.branch, batch);
          return blobsOf("prediction", batch);
        });
      }
    }
    if (runs !== undefined) {
      for await (const page of expiredRuns(store, branch, runs, this.#gone)) {
        await this.#forget(branch, "runs", page, forgetRun);
      }
    }
    if (events !== undefined) {
      for await (const page of expiredEvents(store, branch, events)) {
        await this.#forget(branch, "events", page, forgetEvent);
      }
    }
    if (slots !== undefined) {
      for await (const page of expiredSlots(store, branch, slots)) {
        await this.#forget(branch, "slots", page, forgetKey);
      }
    }
  }

  /** @param blobsIn the blobs of a record that went; those of its steps are known */
  async #forget<T>(
    { scope: { project, branch } }: BranchAge,
    kind: RetentionKind,
    records: readonly T[],
    forget: Forget<T>,
    blobsIn: (record: T) => BlobRef[] = () => [],
  ): Promise<void> {
    const { nowMs, dryRun } = this.options;
    const at = {
      store: this.store,
      scope: writeScope(project, branch),
      nowMs,
      dryRun,
      gone: this.#gone,
    };
    const place = this.#kinds.findIndex((one) => one.kind === kind);
    for (let i = 0; i < records.length; i += TOGETHER[kind]) {
      const some = records.slice(i, i + TOGETHER[kind]);
      const forgot = await forgetTogether(at, some, forget);
      forgot.forEach(({ gone, steps }, k) => {
        if (!gone) return;
        this.#kinds[place]!.records++;
        this.#freed.add(blobsIn(some[k]!), place);
        for (const step of steps) {
          this.#gone.addStepsOf(branch, step.runId);
          this.#freed.add(blobsOf("step", step), place);
        }
      });
    }
  }

  /** Of all projects: they share blobs. */
  async #mark(): Promise<BlobMarks> {
    const { store, options } = this;
    const marks = new BlobMarks();
    const scopes = await allBranches(store);
    for (const [i, scope] of scopes.entries()) {
      options.progress("marking", i / scopes.length);
      // Only of a rehearsal is it still there.
      const isOurs = options.dryRun && scope.project === options.project;
      const goes = (kind: string, rest: Deno.KvKeyPart[]) =>
        isOurs && this.#gone.hasRecord(scope.branch, kind, rest);
      await markBlobs(store, scope, marks, goes);
    }
    return marks;
  }

  async #sweep(marks: BlobMarks, branches: number): Promise<GcReport> {
    const { project, nowMs, graceHours, dryRun, progress, branch } = this.options;
    const waiting = { blobs: 0, bytes: 0 };
    const kept = { blobs: 0, bytes: 0 };
    const unreferred = this.#kinds.length - 1;
    await sweepBlobs(this.store, {
      scope: writeScope(project, branch),
      touchedBeforeMs: nowMs - graceHours * HOUR_MS,
      nowMs,
      dryRun,
      isMarked: (sha256) => marks.has(sha256),
      swept: (sha256, { storedByteLength }, what) => {
        const count = what === "stays"
          ? kept
          : what === "waits"
          ? waiting
          : this.#kinds[this.#freed.noteOf(sha256) ?? unreferred]!;
        count.blobs++;
        count.bytes += storedByteLength;
      },
      sweptLeftOver: (what) => {
        (what === "gone" ? this.#kinds[unreferred]! : waiting).blobs++;
      },
      progress: (share) => progress("sweeping", share),
    });
    return { dryRun, branches, kinds: this.#kinds, waiting, kept };
  }
}
