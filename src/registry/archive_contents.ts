// What an archive holds: a version, everything that it was made of down to the raw responses, the runs
// that made all that, and what was judged of it. Collected here for an export.

import { ASSET, type VersionRecord } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import { isJsonObject, toJson } from "../domain/json.ts";
import { type ReadScope, readScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import {
  FORMAT,
  FORMAT_VERSION,
  type Manifest,
  ORIGIN,
  placeOf,
  runToWire,
  versionToWire,
} from "./archive_manifest.ts";
import { getVersion, readFile, refOf } from "./assets.ts";
import { readBranch, type RegistryContext } from "./context.ts";
import { listEvaluations } from "./evaluations.ts";
import { getRun } from "./runs.ts";

/** Versions of a range that are read at a time. */
const PAGE = 500;
const MAX_JUDGEMENTS = 1000;

/** The two halves of a dataset: one is nothing to judge by without the other. */
export const PAIR: readonly string[] = [ASSET.trainingDataset, ASSET.evalHoldout];

/** The assets that may be asked for; judgements travel with the model that they are about. */
export const PORTABLE: readonly string[] = [ASSET.detector, ASSET.snapshot, ...PAIR];

export interface ArchiveContents {
  manifest: Manifest;
  /** What each was made of comes before it. */
  versions: VersionRecord[];
}

/** Collects a version with its lineage. Throws `not_found` where a part of that is gone. */
export async function collectArchive(
  ctx: RegistryContext,
  head: VersionRecord,
  madeBy: string,
): Promise<ArchiveContents> {
  if (!PORTABLE.includes(head.name)) {
    throw new AppError(
      "invalid",
      `Cannot export ${head.name} v${head.version} as an archive: it holds judgements, expected ` +
        `${
          PORTABLE.join(", ")
        }. Next: export the model that was judged; its judgements go with it.`,
    );
  }
  const collector = new Collector(ctx);
  await collector.add(head);
  const versions = [...collector.versions.values()];
  const { project } = ctx.scopes.read;
  return {
    versions,
    manifest: {
      format: FORMAT,
      format_version: FORMAT_VERSION,
      made_by: madeBy,
      project,
      head: refOf(head) as Manifest["head"],
      markets: await marketsOf(ctx, versions),
      versions: versions.map(versionToWire),
      runs: [...collector.runs.values()],
      judgements: await judgementsOf(ctx, head),
    },
  };
}

class Collector {
  readonly versions = new Map<string, VersionRecord>();
  readonly runs = new Map<string, Manifest["runs"][number]>();
  readonly #ctx: RegistryContext;
  readonly #begun = new Set<string>();

  constructor(ctx: RegistryContext) {
    this.#ctx = ctx;
  }

  async add(version: VersionRecord): Promise<void> {
    const place = placeOf(version);
    if (this.#begun.has(place)) return;
    this.#begun.add(place);
    for (const input of version.inputs) {
      const { branch, kind, name } = input.ref;
      if (input.firstVersion === input.ref.version) {
        const made = await getVersion(
          this.#ctx,
          this.#scope(branch),
          kind,
          name,
          input.firstVersion,
        );
        if (made === null) throw gone(version, `${name} v${input.firstVersion} of ${branch}`);
        await this.add(made);
      } else await this.#addRange(version, input);
    }
    this.versions.set(place, version);
    await this.#addRun(version);
  }

  /** Every version in the range: those that are no members cost little, and leave no hole in it. */
  async #addRange(user: VersionRecord, input: VersionRecord["inputs"][number]): Promise<void> {
    const { branch, kind, name, version: last } = input.ref;
    const key = keysOf(this.#scope(branch)).versions(kind, name);
    for (let from = input.firstVersion; from <= last;) {
      const page = await this.#ctx.store.list(key, {
        from: [from],
        before: [last + 1],
        limit: PAGE,
      });
      for (const { value } of page) await this.add(value);
      const newest = page.at(-1)?.value.version;
      if (newest === undefined) throw gone(user, `${name} v${from}–v${last} of ${branch}`);
      from = newest + 1;
    }
  }

  /** The run behind a version; and where that made a pair of datasets, the other half. */
  async #addRun(version: VersionRecord): Promise<void> {
    const place = `${version.branch}/${version.runId}`;
    if (this.runs.has(place)) return;
    const scope = this.#scope(version.branch);
    const run = await getRun(this.#ctx, scope, version.runId);
    // Runs may have been forgotten: a version is whole without its own.
    if (run === null) return;
    this.runs.set(place, runToWire(run));
    if (!PAIR.includes(version.name)) return;
    for (const { kind, name, version: number } of run.produced) {
      if (!PAIR.includes(name)) continue;
      const other = await getVersion(this.#ctx, scope, kind, name, number);
      if (other) await this.add(other);
    }
  }

  #scope(branch: string): ReadScope {
    return readScope(this.#ctx.scopes.read.project, branch);
  }
}

function gone({ name, version }: VersionRecord, what: string): AppError {
  return new AppError(
    "not_found",
    `Cannot export ${name} v${version} with its lineage: ${what} is no longer there, expected ` +
      `everything that it was made of. Next: export its file alone with --out`,
  );
}

async function marketsOf(
  ctx: RegistryContext,
  versions: readonly VersionRecord[],
): Promise<Manifest["markets"]> {
  const branches = [...new Set(versions.map(({ branch }) => branch))].sort();
  const records = await Promise.all(branches.map(async (branch) => {
    const record = await readBranch(ctx, readScope(ctx.scopes.read.project, branch));
    return record ? [{ branch, kind: record.source.kind, key: record.source.key }] : [];
  }));
  return records.flat();
}

/** What was judged of a model here, and before it came here. */
async function judgementsOf(
  ctx: RegistryContext,
  head: VersionRecord,
): Promise<Manifest["judgements"]> {
  if (head.kind !== "model") return [];
  const scope = readScope(ctx.scopes.read.project, head.branch);
  const { name, version, branch } = head;
  const own = await listEvaluations(ctx, scope, name, version, MAX_JUDGEMENTS);
  const here = own.reverse().map((one) => ({ ...toJson(one) as object, branch }));
  return [...await judgementsBefore(ctx, head), ...here] as Manifest["judgements"];
}

async function judgementsBefore(
  ctx: RegistryContext,
  head: VersionRecord,
): Promise<Manifest["judgements"]> {
  if (head.files[ORIGIN] === undefined) return [];
  const origin: unknown = JSON.parse(new TextDecoder().decode(await readFile(ctx, head, ORIGIN)));
  const { judgements } = isJsonObject(origin) ? origin : {};
  return Array.isArray(judgements) ? judgements.filter(isJsonObject) : [];
}
