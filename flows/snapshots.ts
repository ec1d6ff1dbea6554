// Windows of ingested snapshots: which ones there are, as one hashed list, and their tables. Between
// the registry and the features.

import {
  ASSET,
  type AssetFile,
  type LineageInput,
  type VersionRecord,
} from "../src/domain/asset.ts";
import { AppError } from "../src/domain/errors.ts";
import { RecentlyUsed } from "../src/domain/recently_used.ts";
import type { ReadScope } from "../src/domain/scope.ts";
import { iso } from "../src/domain/time.ts";
import type { StepContext } from "../src/engine/flow.ts";
import type { Snapshot } from "../src/features/history.ts";
import { fileOf, getVersion, listSnapshots, readTable } from "../src/registry/assets.ts";
import type { RegistryContext } from "../src/registry/context.ts";

/** Most snapshots that one window may hold: over a year of hourly ones. */
export const MAX_SNAPSHOTS = 10_000;

/** A window's snapshots: their list as a file, and the list as one input of what is made of them. */
export type Members = {
  count: number;
  file: AssetFile;
  input: LineageInput;
};

/** One line of the member list, whose hash is the input's. */
type Member = { version: number; market_at: string; sha256: string };

/**
 * Lists the snapshots of a branch whose market time lies in [fromMs, toMs], oldest first; null where
 * there are none. Throws `invalid` for a window of more than MAX_SNAPSHOTS: a part of it would be
 * another window.
 */
export async function listMembers(
  ctx: StepContext<unknown>,
  scope: ReadScope,
  role: string,
  range: { fromMs: number; toMs: number },
): Promise<Members | null> {
  const { registry } = ctx;
  const index = await listSnapshots(registry, scope, { ...range, limit: MAX_SNAPSHOTS + 1 });
  if (index.length === 0) return null;
  if (index.length > MAX_SNAPSHOTS) throw tooMany(range);
  const records = await Promise.all(
    index.map(({ version }) => requireSnapshot(registry, scope, version)),
  );
  const members = records.map((record): Member => ({
    version: record.version,
    market_at: record.marketAt!,
    sha256: fileOf(record, "table").sha256,
  }));
  const file = await ctx.putBlob(
    new TextEncoder().encode(JSON.stringify(members)),
    "application/json",
  );
  const versions = members.map((member) => member.version);
  const version = versions.reduce((a, b) => Math.max(a, b));
  const input = {
    role,
    ref: { branch: scope.branch, kind: "data" as const, name: ASSET.snapshot, version },
    firstVersion: versions.reduce((a, b) => Math.min(a, b)),
    sha256: file.sha256,
  };
  return { count: members.length, file, input };
}

function tooMany({ fromMs, toMs }: { fromMs: number; toMs: number }): AppError {
  const from = iso(fromMs);
  return new AppError(
    "invalid",
    `Cannot work on the window from ${from} to ${iso(toMs)}: found more than ` +
      `${MAX_SNAPSHOTS} snapshots, expected at most so many. Next: lower --max_history_hours`,
  );
}

async function requireSnapshot(
  registry: RegistryContext,
  scope: ReadScope,
  version: number,
): Promise<VersionRecord> {
  const record = await getVersion(registry, scope, "data", ASSET.snapshot, version);
  if (record) return record;
  throw new AppError(
    "internal",
    `Cannot read ${ASSET.snapshot} v${version} of branch ${scope.branch}: it is listed, but there ` +
      `is no such version. The store is damaged: restore it from a backup.`,
  );
}

/** The tables of a window's snapshots, exactly those of its list. */
export async function loadSnapshots(
  ctx: StepContext<unknown>,
  scope: ReadScope,
  members: Members,
): Promise<Snapshot[]> {
  const list: Member[] = JSON.parse(new TextDecoder().decode(await ctx.readBlob(members.file)));
  const snapshots: Snapshot[] = [];
  for (const { version } of list) {
    const record = await requireSnapshot(ctx.registry, scope, version);
    snapshots.push(await readSnapshot(ctx.registry, record));
  }
  return snapshots;
}

/**
 * The snapshots of a branch with a market time in [fromMs, toMs], oldest first; at most a few days, of
 * which a process that scores hour by hour decodes but the newest. Tables are shared: nobody may change
 * one.
 */
export async function recentSnapshots(
  registry: RegistryContext,
  scope: ReadScope,
  range: { fromMs: number; toMs: number },
): Promise<Snapshot[]> {
  const index = await listSnapshots(registry, scope, { ...range, limit: MAX_SNAPSHOTS });
  return await Promise.all(index.map(async ({ version }) => {
    const record = await requireSnapshot(registry, scope, version);
    return await recent.get(
      fileOf(record, "table").sha256,
      () => readSnapshot(registry, record),
    );
  }));
}

/** A day of hourly snapshots, and those of the hours around a horizon. */
const recent = new RecentlyUsed<Snapshot>(64);

async function readSnapshot(
  registry: RegistryContext,
  record: VersionRecord,
): Promise<Snapshot> {
  return { marketAtMs: Date.parse(record.marketAt!), table: await readTable(registry, record) };
}
