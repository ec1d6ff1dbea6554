// What may be forgotten: the rules, without any deletion. Age counts in market time where a record speaks of
// the market, so that a year of simulated hours is a year.

import { type AliasEntry, ASSET, type VersionRecord } from "../domain/asset.ts";
import type { Retention } from "../domain/config.ts";
import type { RunRecord } from "../domain/run.ts";
import type { ReadScope } from "../domain/scope.ts";
import { DAY_MS } from "../domain/time.ts";
import { keysOf } from "../store/keys.ts";
import type { Store } from "../store/kv.ts";
import { branchPrefix, scanPages } from "../store/scan.ts";
import { IMPORTED } from "./archive_lineage.ts";
import { clockOf } from "./context.ts";
import { ReachedVersions } from "./reachability.ts";

export type RetentionKind = keyof Retention;

/** A branch with its clocks, while it is collected. */
export interface BranchAge {
  scope: ReadScope;
  /** Wall clock, ms. */
  nowMs: number;
  /** Market clock, ms; null where the branch has no data. */
  marketMs: number | null;
}

export async function ageOf(
  store: Store,
  scope: ReadScope,
  nowMs: number,
): Promise<BranchAge> {
  const record = await store.get(keysOf(scope).branch());
  return { scope, nowMs, marketMs: record && clockOf({ nowMs: () => nowMs }, record) };
}

/** Whether a kind's days are over for a record; never where the kind has no retention. */
export function isOver(
  days: number | undefined,
  { nowMs, marketMs }: BranchAge,
  { marketAt, recordedAt }: { marketAt: string | null; recordedAt: string },
): boolean {
  if (days === undefined) return false;
  const ageMs = marketAt !== null && marketMs !== null
    ? marketMs - Date.parse(marketAt)
    : nowMs - Date.parse(recordedAt);
  return ageMs > days * DAY_MS;
}

/** An imported version is of another market, whose clock this branch does not have. */
function versionTimes({ marketAt, recordedAt, annotations }: VersionRecord) {
  return { recordedAt, marketAt: Object.hasOwn(annotations, IMPORTED) ? null : marketAt };
}

/**
 * Assets in the order in which they are decided on: what stays keeps what it was made of. An asset that is
 * not named here is never forgotten.
 */
const LEVELS: readonly (readonly (keyof Retention & string)[])[] = [
  [ASSET.detector],
  [ASSET.trainingDataset, ASSET.evalHoldout, ASSET.evaluationResults],
  [ASSET.snapshot],
];

/** Which versions of a project stay. */
export class StayingVersions {
  readonly #reached: ReachedVersions;

  constructor(
    private readonly store: Store,
    private readonly retention: Retention,
    private readonly branches: readonly BranchAge[],
    project: string,
  ) {
    this.#reached = new ReachedVersions(store, project);
  }

  /**
   * The versions that go, level by level: once all branches of a level are decided, the next one knows what
   * is still needed.
   */
  async *going(): AsyncGenerator<{ branch: BranchAge; versions: VersionRecord[] }> {
    for (const branch of this.branches) await this.#reachHistories(branch.scope);
    for (const names of LEVELS) {
      for (const branch of this.branches) await this.#reachFromStaying(branch, names);
      for (const branch of this.branches) {
        for (const name of names) {
          if (this.retention[name] === undefined) continue;
          for await (const page of this.#pages(branch.scope, name)) {
            const versions = page.filter(({ record, newest }) =>
              !this.#stays(branch, record, newest)
            )
              .map(({ record }) => record);
            if (versions.length > 0) yield { branch, versions };
          }
        }
      }
    }
  }

  /** Whoever held an alias, and the evidence by which they came to hold it. */
  async #reachHistories(scope: ReadScope): Promise<void> {
    const keys = keysOf(scope);
    const prefix = [...branchPrefix(scope), "alias_entry"];
    for await (const page of scanPages(this.store, prefix)) {
      for (const { key, value } of page) {
        const model = String(key[4]);
        const { version, evaluationId } = value as AliasEntry;
        await this.#reached.add({ branch: scope.branch, kind: "model", name: model, version });
        if (evaluationId === null) continue;
        const evaluation = await this.store.get(keys.evaluation(model, version, evaluationId));
        if (evaluation === null) continue;
        const { resultVersion } = evaluation;
        const result = { kind: "data" as const, name: ASSET.evaluationResults };
        await this.#reached.add({ branch: scope.branch, ...result, version: resultVersion });
      }
    }
  }

  /** What was made of snapshots can be made of again: a model of a dataset, and all of it must be there. */
  async #reachFromStaying(branch: BranchAge, names: readonly string[]): Promise<void> {
    for (const name of names) {
      // A judgement may outlive what it judged.
      if (name === ASSET.evaluationResults || name === ASSET.snapshot) continue;
      for await (const page of this.#pages(branch.scope, name)) {
        for (const { record, newest } of page) {
          if (this.#stays(branch, record, newest)) await this.#reached.addInputsOf(record);
        }
      }
    }
  }

  #stays(branch: BranchAge, record: VersionRecord, newest: number): boolean {
    if (record.version >= newest || this.#reached.has(record)) return true;
    const days = this.retention[record.name as RetentionKind];
    return !isOver(days, branch, versionTimes(record));
  }

  /** @param name an asset; its newest version is known from the counter, also while others write */
  async *#pages(
    scope: ReadScope,
    name: string,
  ): AsyncGenerator<{ record: VersionRecord; newest: number }[]> {
    const kind = name === ASSET.detector ? "model" : "data";
    const keys = keysOf(scope);
    const newest = await this.store.get(keys.counter(`version/${kind}/${name}`)) ?? 0;
    for await (const page of scanPages(this.store, keys.versions(kind, name).parts)) {
      yield page.map(({ value }) => ({ record: value as VersionRecord, newest }));
    }
  }
}

/** Whether a run may still be gone on with: its steps and what they made are needed for that. */
export function isResumable({ status, resumedBy }: RunRecord): boolean {
  return resumedBy === null && (status === "running" || status === "interrupted");
}
