// Importing a checked archive. What was asked for becomes a new version of the write branch; all that it
// was made of goes to branches of its own (archive_mirrors.ts), so that it never mixes with the write
// branch's own market. The last commit makes the version: until then nothing refers to what is there,
// and an import that was cut off is done again.

import { ASSET, type JsonObject, type VersionRecord } from "../domain/asset.ts";
import type { RunRecord } from "../domain/run.ts";
import { stageBlob, type StagedBlob } from "../store/blobs.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import type { Archive } from "./archive_check.ts";
import { PAIR } from "./archive_contents.ts";
import { bringFiles, filesOf } from "./archive_files.ts";
import { contentHashes, IMPORTED } from "./archive_lineage.ts";
import { ORIGIN, placeOf, versionToWire } from "./archive_manifest.ts";
import { hasSameFiles, Mirrors, originOf } from "./archive_mirrors.ts";
import { getVersion, registerVersion } from "./assets.ts";
import { type RegistryContext, wallTime } from "./context.ts";
import { stageAudit } from "./events.ts";
import { listRuns, stageRunRecord, stageSystemTags } from "./runs.ts";

/** What the run of an import is of; it is no flow that somebody could run. */
export const IMPORT_FLOW = "import";
const RUN_PAGE = 100;

export interface Imported {
  /** New ones of the write branch: the version that was asked for, and of a dataset its other half. */
  versions: VersionRecord[];
  /** Whether they were there already, and nothing was written. */
  isKnown: boolean;
  /** Branches that hold what they were made of. */
  branches: string[];
}

export interface ImportOptions {
  /** The file, as a person named it. */
  name: string;
  codeVersion: string;
  progress(done: number, total: number): void;
}

/** Writes what is in an archive, once: the same archive again gives what is there. */
export async function importArchive(
  ctx: RegistryContext,
  archive: Archive,
  { name, codeVersion, progress }: ImportOptions,
): Promise<Imported> {
  const hashes = await contentHashes(archive.versions);
  const content = hashes.get(placeOf(archive.head))!;
  const heads = headsOf(archive);
  const others = archive.versions.filter((version) => !heads.includes(version));
  const mirrors = await Mirrors.of(ctx, archive, others, hashes);
  const known = await knownVersions(ctx, archive, content, mirrors);
  if (known) return { versions: known, isKnown: true, branches: mirrors.branches };
  await mirrors.write(progress);
  const origin = await originFile(archive, content);
  const files = await filesOf(archive, heads);
  const stageFiles = await bringFiles(ctx, ctx.scopes.write, [...files, origin]);
  const outcome = await ctx.store.commit(ctx.scopes.write, async (tx) => {
    // Whoever imports the same meanwhile takes the next run's number: then this is built again.
    await tx.get(keysOf(ctx.scopes.write).counter("run"));
    const known = await knownVersions(ctx, archive, content, mirrors);
    if (known) return { versions: known, isKnown: true };
    const run = await beginRun(ctx, tx, name, codeVersion);
    await stageFiles(tx);
    const versions: VersionRecord[] = [];
    for (const head of heads) {
      const { project } = archive.manifest;
      versions.push(
        await registerVersion(ctx, tx, {
          ...head,
          runId: run.id,
          flow: IMPORT_FLOW,
          tags: [],
          annotations: {
            ...head.annotations,
            [IMPORTED]: { ...originOf(project, head), content_sha256: hashes.get(placeOf(head))! },
          },
          files: { ...head.files, [ORIGIN]: { ...origin.ref, mediaType: "application/json" } },
          inputs: mirrors.rewired(head.inputs),
        }),
      );
    }
    await stageImport(ctx, tx, run, archive, { content, versions, branches: mirrors.branches });
    return { versions, isKnown: false };
  });
  return { ...outcome, branches: mirrors.branches };
}

/** What becomes versions of the write branch. A snapshot does not: it is of another market's history. */
function headsOf({ head, versions }: Archive): VersionRecord[] {
  if (head.name === ASSET.snapshot) return [];
  if (!PAIR.includes(head.name)) return [head];
  const half = versions.find((one) =>
    PAIR.includes(one.name) && one.name !== head.name && one.branch === head.branch &&
    one.runId === head.runId
  );
  return half ? [head, half] : [head];
}

/** Null where the content was not imported yet, or what was made of it is gone. */
async function knownVersions(
  ctx: RegistryContext,
  { manifest, head }: Archive,
  content: string,
  mirrors: Mirrors,
): Promise<VersionRecord[] | null> {
  const { write } = ctx.scopes;
  if (manifest.project === write.project && head.branch === write.branch) {
    const own = await getVersion(ctx, write, head.kind, head.name, head.version);
    if (own && hasSameFiles(own, head)) return [own];
  }
  let before: number | undefined;
  for (;;) {
    const runs = await listRuns(ctx, write, {
      flow: IMPORT_FLOW,
      limit: RUN_PAGE,
      ...(before === undefined ? {} : { before }),
    });
    const run = runs.find(({ summary }) => summary.content_sha256 === content);
    if (run) {
      const made = await Promise.all(
        run.produced.map(({ kind, name, version }) => getVersion(ctx, write, kind, name, version)),
      );
      const there = made.filter((record) => record !== null);
      const isWhole = there.length === made.length && await mirrors.has(head);
      return isWhole ? there : null;
    }
    if (runs.length < RUN_PAGE) return null;
    before = runs.at(-1)!.id;
  }
}

/** What the version was where it came from: its record, its run, and what was judged of it there. */
async function originFile(archive: Archive, content: string): Promise<StagedBlob> {
  const { manifest, head } = archive;
  const { project, made_by, runs, judgements } = manifest;
  const run = runs.find(({ branch, id }) => branch === head.branch && id === head.runId) ?? null;
  const origin = {
    project,
    made_by,
    content_sha256: content,
    version: versionToWire(head),
    run,
    judgements,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(origin));
  return await stageBlob(bytes, { compress: true });
}

async function beginRun(
  ctx: RegistryContext,
  tx: Transaction,
  archive: string,
  codeVersion: string,
): Promise<RunRecord> {
  const { write, read } = ctx.scopes;
  const now = wallTime(ctx);
  return {
    id: await tx.next(keysOf(write).counter("run")),
    flow: IMPORT_FLOW,
    status: "completed",
    branch: write.branch,
    readBranch: read.branch,
    user: ctx.actor,
    codeVersion,
    params: { archive },
    configs: {},
    triggeredBy: null,
    attempt: 1,
    resumes: null,
    resumedBy: null,
    startedAt: now,
    finishedAt: now,
    marketAt: null,
    produced: [],
    events: [],
    summary: {},
    error: null,
  };
}

/**
 * Run, index, tags and a line of the audit log. No event: flows that listen would judge the model, or
 * train on the data, and what an import brings is looked at by a person first.
 */
async function stageImport(
  ctx: RegistryContext,
  tx: Transaction,
  run: RunRecord,
  { manifest, head }: Archive,
  made: { content: string; versions: readonly VersionRecord[]; branches: string[] },
): Promise<void> {
  const origin: JsonObject = { ...originOf(manifest.project, head), made_by: manifest.made_by };
  const record: RunRecord = {
    ...run,
    marketAt: head.marketAt,
    produced: made.versions.map(({ kind, name, version }) => ({ kind, name, version })),
    summary: {
      ...(made.versions[0] ? { version: made.versions[0].version } : {}),
      content_sha256: made.content,
      origin,
      branches: made.branches,
    },
  };
  stageRunRecord(ctx, tx, record);
  await stageSystemTags(ctx, tx, record);
  const [version] = made.versions;
  await stageAudit(ctx, tx, {
    action: "import",
    subject: version
      ? `${head.name} v${version.version}`
      : `${head.name} v${head.version} of ${made.branches.join(", ")}`,
    reason: "",
    details: { ...origin, run_id: run.id, content_sha256: made.content },
  });
}
