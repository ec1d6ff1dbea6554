// Where imported lineage lives: for each branch that it comes from a branch of its own, named after what
// is in it, with the old numbers, so that lists of members, ranges and runs mean what they meant. Every
// commit is whole in itself, and writing the same again changes nothing.

import { ASSET, type JsonObject, type LineageInput, type VersionRecord } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import type { RunRecord } from "../domain/run.ts";
import { readScope, writeScope } from "../domain/scope.ts";
import { sha256Hex } from "../store/blobs.ts";
import { type CounterName, type ForgottenName, keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import type { Archive } from "./archive_check.ts";
import { bringFiles, filesOf } from "./archive_files.ts";
import { MIRRORED } from "./archive_lineage.ts";
import { type ArchivedRun, ORIGIN, placeOf } from "./archive_manifest.ts";
import { getVersion, stageEdge } from "./assets.ts";
import { type RegistryContext, wallTime } from "./context.ts";
import { stageRunRecord } from "./runs.ts";

/** Versions of one commit, of which each checks its record, its run and its files. */
const VERSIONS_A_COMMIT = 8;
const PREFIX = "imported.";

export class Mirrors {
  readonly #ctx: RegistryContext;
  readonly #archive: Archive;
  readonly #versions: readonly VersionRecord[];
  /** The branch here of each branch there. */
  readonly #names: ReadonlyMap<string, string>;

  private constructor(
    ctx: RegistryContext,
    archive: Archive,
    versions: readonly VersionRecord[],
    names: ReadonlyMap<string, string>,
  ) {
    this.#ctx = ctx;
    this.#archive = archive;
    this.#versions = versions;
    this.#names = names;
  }

  /** @param hashes of the contents, by place */
  static async of(
    ctx: RegistryContext,
    archive: Archive,
    versions: readonly VersionRecord[],
    hashes: ReadonlyMap<string, string>,
  ): Promise<Mirrors> {
    const names = new Map<string, string>();
    for (const branch of new Set(versions.map((one) => one.branch))) {
      const lines = versions.filter((one) => one.branch === branch)
        .map((one) => `${one.version} ${hashes.get(placeOf(one))}`).sort();
      const hash = await sha256Hex(new TextEncoder().encode(lines.join("\n")));
      names.set(branch, `${PREFIX}${hash.slice(0, 12)}`);
    }
    return new Mirrors(ctx, archive, versions, names);
  }

  /** The branches here, in the order in which they are filled. */
  get branches(): string[] {
    return [...this.#names.values()];
  }

  /** False where a version that would be on a branch of these is not, or no longer. */
  async has({ branch, kind, name, version }: VersionRecord): Promise<boolean> {
    const isMirrored = this.#versions.some((one) =>
      one.branch === branch && one.name === name && one.version === version
    );
    const mirror = this.#names.get(branch);
    if (!isMirrored || mirror === undefined) return true;
    const scope = readScope(this.#ctx.scopes.write.project, mirror);
    return await getVersion(this.#ctx, scope, kind, name, version) !== null;
  }

  /** The inputs, where they lie here. */
  rewired(inputs: readonly LineageInput[]): LineageInput[] {
    return inputs.map((input) => ({
      ...input,
      ref: { ...input.ref, branch: this.#names.get(input.ref.branch)! },
    }));
  }

  /** Writes what is not there yet: what something was made of before the thing itself. */
  async write(progress: (done: number, total: number) => void): Promise<void> {
    const total = this.#versions.length;
    for (let start = 0; start < total;) {
      const batch = this.#batchFrom(start);
      await this.#commit(batch);
      start += batch.length;
      progress(start, total);
    }
  }

  /** Versions of one branch that follow one another. */
  #batchFrom(start: number): VersionRecord[] {
    const batch = this.#versions.slice(start, start + VERSIONS_A_COMMIT);
    const end = batch.findIndex(({ branch }) => branch !== batch[0]!.branch);
    return end < 0 ? batch : batch.slice(0, end);
  }

  async #commit(batch: readonly VersionRecord[]): Promise<void> {
    const { branch } = batch[0]!;
    const scope = writeScope(this.#ctx.scopes.write.project, this.#names.get(branch)!);
    const ctx: RegistryContext = { ...this.#ctx, scopes: { write: scope, read: scope } };
    const stageFiles = await bringFiles(ctx, scope, await filesOf(this.#archive, batch));
    await ctx.store.commit(scope, async (tx) => {
      await stageFiles(tx);
      await this.#stageMarket(ctx, tx, branch);
      for (const version of batch) await this.#stageVersion(ctx, tx, version);
      for (const run of this.#runsOf(batch)) await stageRunAsItWas(ctx, tx, run);
    });
  }

  /** The market of the branch there, so that this one can be read as that one was. */
  async #stageMarket(ctx: RegistryContext, tx: Transaction, branch: string): Promise<void> {
    const market = this.#archive.manifest.markets.find((one) => one.branch === branch);
    const key = keysOf(ctx.scopes.write).branch();
    if (market === undefined || await tx.get(key) !== null) return;
    const { kind, key: identity } = market;
    const times = this.#versions.filter((one) => one.branch === branch && one.marketAt !== null)
      .map(({ marketAt }) => Date.parse(marketAt!));
    const marketAtMs = times.reduce((a, b) => Math.max(a, b), 0);
    tx.set(key, { source: { kind, key: identity }, boundAt: wallTime(ctx), marketAtMs });
  }

  /** Throws `conflict` where somebody has made another version of that number on the branch. */
  async #stageVersion(ctx: RegistryContext, tx: Transaction, version: VersionRecord) {
    const { write } = ctx.scopes;
    const { kind, name, version: number } = version;
    const keys = keysOf(write);
    const present = await tx.get(keys.version(kind, name, number));
    if (present !== null) {
      if (hasSameFiles(present, version)) return;
      throw new AppError(
        "conflict",
        `Cannot import ${name} v${number}: branch ${write.branch} has another one of that number, ` +
          `expected nobody to write to that branch. Next: import into another store with --kv`,
      );
    }
    const record: VersionRecord = {
      ...version,
      branch: write.branch,
      inputs: this.rewired(version.inputs),
      annotations: {
        [MIRRORED]: originOf(this.#archive.manifest.project, version),
        // Where it came from at first is what it was said to come from already.
        ...version.annotations,
      },
    };
    tx.set(keys.version(kind, name, number), record);
    await raise(ctx, tx, `version/${kind}/${name}`, number);
    for (const input of record.inputs) stageEdge(ctx, tx, record, input);
    if (name !== ASSET.snapshot) return;
    tx.set(keys.snapshotAt(Date.parse(version.marketAt!)), number);
  }

  /** The runs behind the versions, with what of their products came along. */
  #runsOf(batch: readonly VersionRecord[]): ArchivedRun[] {
    const ids = new Set(batch.map(({ branch, runId }) => `${branch}/${runId}`));
    const places = new Set(this.#versions.map(placeOf));
    return this.#archive.manifest.runs.filter(({ branch, id }) => ids.has(`${branch}/${id}`))
      .map((run) => ({
        ...run,
        read_branch: this.#names.get(run.read_branch) ?? run.read_branch,
        produced: run.produced.filter((one) => places.has(placeOf({ ...one, branch: run.branch }))),
      }));
  }
}

/** Where a version came from, for its annotations. */
export function originOf(project: string, { branch, version, runId }: VersionRecord) {
  return { project, branch, version, run_id: runId };
}

export function hasSameFiles(a: VersionRecord, b: VersionRecord): boolean {
  const hashes = ({ files }: VersionRecord) =>
    Object.entries(files).filter(([role]) => role !== ORIGIN)
      .map(([role, { sha256 }]) => `${role} ${sha256}`).sort().join();
  return hashes(a) === hashes(b);
}

/** A run of elsewhere, for reading: nothing of it waits for anything here. */
async function stageRunAsItWas(ctx: RegistryContext, tx: Transaction, run: ArchivedRun) {
  const { write } = ctx.scopes;
  const record: RunRecord = {
    id: run.id,
    flow: run.flow,
    status: "completed",
    branch: write.branch,
    readBranch: run.read_branch,
    user: run.user,
    codeVersion: run.code_version,
    params: run.params as JsonObject,
    configs: run.configs as JsonObject,
    triggeredBy: null,
    attempt: 1,
    resumes: null,
    resumedBy: null,
    startedAt: run.started_at,
    finishedAt: run.finished_at,
    marketAt: run.market_at,
    produced: run.produced,
    events: [],
    summary: run.summary as JsonObject,
    error: null,
  };
  stageRunRecord(ctx, tx, record);
  await raise(ctx, tx, "run", run.id);
}

/** No number that is taken is given again; and those that are not here are known not to be missing. */
async function raise(
  ctx: RegistryContext,
  tx: Transaction,
  name: CounterName & ForgottenName,
  to: number,
): Promise<void> {
  const keys = keysOf(ctx.scopes.write);
  const last = await tx.get(keys.counter(name));
  if ((last ?? 0) >= to) return;
  tx.set(keys.counter(name), to);
  tx.set(keys.forgotten(name), { through: to, count: 0, at: wallTime(ctx) });
}
