// Assets and versions: registering, resolving what a person typed, listing, reading files.

import {
  ASSET,
  type AssetFile,
  type AssetKind,
  type LineageInput,
  type VersionRecord,
} from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import { parseVersionRef } from "../domain/names.ts";
import type { ReadScope } from "../domain/scope.ts";
import type { Table } from "../domain/table.ts";
import { iso } from "../domain/time.ts";
import { readBlob, requireBlob } from "../store/blobs.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import { type RegistryContext, wallTime } from "./context.ts";
import { isForgotten } from "./forgotten.ts";
import { getRun } from "./runs.ts";

export type NewVersion = Omit<VersionRecord, "version" | "branch" | "recordedAt">;

/**
 * Stages a new version on the write branch; its number is allocated by the commit. Every file must
 * already be stored (or be staged in the same transaction).
 */
export async function registerVersion(
  ctx: RegistryContext,
  tx: Transaction,
  version: NewVersion,
): Promise<VersionRecord> {
  const keys = keysOf(ctx.scopes.write);
  for (const file of Object.values(version.files)) await requireBlob(tx, file);
  const number = await tx.next(keys.counter(`version/${version.kind}/${version.name}`));
  const record: VersionRecord = {
    ...version,
    version: number,
    branch: ctx.scopes.write.branch,
    recordedAt: wallTime(ctx),
  };
  tx.set(keys.version(version.kind, version.name, number), record);
  for (const input of version.inputs) stageEdge(ctx, tx, record, input);
  return record;
}

/** The reverse edge of an input on the same branch; a range of inputs is one edge. */
export function stageEdge(
  ctx: RegistryContext,
  tx: Transaction,
  user: VersionRecord,
  input: LineageInput,
): void {
  const { ref, role, firstVersion } = input;
  if (ref.branch !== ctx.scopes.write.branch) return;
  const keys = keysOf(ctx.scopes.write);
  tx.set(
    keys.usedBy(ref.kind, ref.name, ref.version, user.kind, user.name, user.version),
    { role, firstVersion },
  );
}

/** Indexes a snapshot by its market time. Throws `conflict` when that time is taken. */
export async function indexSnapshot(
  ctx: RegistryContext,
  tx: Transaction,
  marketAtMs: number,
  version: number,
): Promise<void> {
  const key = keysOf(ctx.scopes.write).snapshotAt(marketAtMs);
  const present = await tx.get(key);
  if (present !== null) {
    throw new AppError(
      "conflict",
      `Cannot ingest a snapshot of ${iso(marketAtMs)}: ` +
        `${ASSET.snapshot} v${present} is of that very time. See: anomaly status`,
    );
  }
  tx.set(key, version);
}

export function getVersion(
  ctx: RegistryContext,
  scope: ReadScope,
  kind: AssetKind,
  name: string,
  version: number,
): Promise<VersionRecord | null> {
  return ctx.store.get(keysOf(scope).version(kind, name, version));
}

/** Newest first; `before` is exclusive. */
export async function listVersions(
  ctx: RegistryContext,
  scope: ReadScope,
  kind: AssetKind,
  name: string,
  options: { limit: number; before?: number },
): Promise<VersionRecord[]> {
  const entries = await ctx.store.list(keysOf(scope).versions(kind, name), {
    limit: options.limit,
    reverse: true,
    ...(options.before === undefined ? {} : { before: [options.before] }),
  });
  return entries.map((entry) => entry.value);
}

export async function latestVersion(
  ctx: RegistryContext,
  scope: ReadScope,
  kind: AssetKind,
  name: string,
): Promise<VersionRecord | null> {
  return (await listVersions(ctx, scope, kind, name, { limit: 1 }))[0] ?? null;
}

/**
 * The version that a person's words mean on a branch (see `domain/names.ts`).
 * Throws `invalid` for words that are no reference, `not_found` for one that leads nowhere.
 */
export async function resolveVersion(
  ctx: RegistryContext,
  scope: ReadScope,
  kind: AssetKind,
  name: string,
  text: string,
): Promise<VersionRecord> {
  const number = await resolveNumber(ctx, scope, kind, name, text);
  const record = number === null ? null : await getVersion(ctx, scope, kind, name, number);
  if (record) return record;
  const newest = await latestVersion(ctx, scope, kind, name);
  const list = kind === "model" ? "anomaly models list" : `anomaly data list ${name}`;
  const wasThere = number !== null &&
    await isForgotten(ctx.store, scope, `version/${kind}/${name}`, number);
  throw new AppError(
    "not_found",
    `Cannot find ${name} ${text} on branch ${scope.branch}: ${
      wasThere ? "it is no longer kept, " : ""
    }` +
      (newest ? `the newest version is v${newest.version}` : "it has no versions") +
      `. See: ${list}`,
    { details: { asset: name, version: text, branch: scope.branch } },
  );
}

async function resolveNumber(
  ctx: RegistryContext,
  scope: ReadScope,
  kind: AssetKind,
  name: string,
  text: string,
): Promise<number | null> {
  const ref = parseVersionRef(text);
  switch (ref.kind) {
    case "number":
      return ref.version;
    case "latest": {
      const entries = await ctx.store.list(keysOf(scope).versions(kind, name), {
        limit: ref.back + 1,
        reverse: true,
      });
      return entries[ref.back]?.value.version ?? null;
    }
    case "alias":
      return (await ctx.store.get(keysOf(scope).alias(name, ref.alias)))?.version ?? null;
    case "run": {
      const run = await getRun(ctx, scope, ref.runId);
      const made = run?.produced.find((item) => item.kind === kind && item.name === name);
      return made?.version ?? null;
    }
  }
}

export interface SnapshotIndexEntry {
  marketAtMs: number;
  version: number;
}

/** Snapshots whose market time lies in [fromMs, toMs], oldest first. */
export async function listSnapshots(
  ctx: RegistryContext,
  scope: ReadScope,
  range: { fromMs: number; toMs: number; limit: number },
): Promise<SnapshotIndexEntry[]> {
  const entries = await ctx.store.list(keysOf(scope).snapshotsAt(), {
    limit: range.limit,
    from: [range.fromMs],
    before: [range.toMs + 1],
  });
  return entries.map((entry) => ({ marketAtMs: Number(entry.rest[0]), version: entry.value }));
}

/** The file of a role, after its hash was checked. Throws `not_found` when there is none. */
export async function readFile(
  ctx: RegistryContext,
  version: VersionRecord,
  role: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return await readBlob(ctx.store, fileOf(version, role));
}

export function fileOf(version: VersionRecord, role: string): AssetFile {
  // A path may name what every object has, as "constructor".
  const file = Object.hasOwn(version.files, role) ? version.files[role] : undefined;
  if (file) return file;
  throw new AppError(
    "not_found",
    `Cannot read file "${role}" of ${version.name} v${version.version}: it has ` +
      `${Object.keys(version.files).join(", ")}.`,
  );
}

/** The Parquet table of a snapshot or dataset. */
export async function readTable(ctx: RegistryContext, version: VersionRecord): Promise<Table> {
  // Imported on demand: most commands read no table, and should start at once.
  const { decodeTable } = await import("../store/tables.ts");
  return await decodeTable(await readFile(ctx, version, "table"));
}

/** A version as an input of another one, with the hash of the file that was used. */
export function asInput(version: VersionRecord, role: string, file: string): LineageInput {
  return {
    role,
    ref: refOf(version),
    firstVersion: version.version,
    sha256: fileOf(version, file).sha256,
  };
}

export function refOf(version: VersionRecord) {
  const { branch, kind, name, version: number } = version;
  return { branch, kind, name, version: number };
}
