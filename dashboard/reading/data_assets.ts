// The data assets: where each is read, and the snapshots of a span as hours. Beside snapshots.ts.

import { ASSET, DATA_ASSETS, type JsonObject, type VersionRecord } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { type ReadScope, readScope } from "../../src/domain/scope.ts";
import { iso, MINUTE_MS } from "../../src/domain/time.ts";
import {
  getVersion,
  latestVersion,
  listSnapshots,
  type SnapshotIndexEntry,
} from "../../src/registry/assets.ts";
import { readBranch, type RegistryContext, sourceName } from "../../src/registry/context.ts";
import { branchKey, type DayPart, dayParts, type Span } from "./days.ts";
import { Memo } from "./memo.ts";

/** Throws `not_found` for what is no data asset. */
export function assetNamed(name: string): (typeof DATA_ASSETS)[number] {
  const found = DATA_ASSETS.find((one) => one === name);
  if (found !== undefined) return found;
  throw new AppError(
    "not_found",
    `Cannot find data "${name}": expected one of ${
      DATA_ASSETS.join(", ")
    }. Next: choose one at /data.`,
    { details: { asset: name } },
  );
}

/** A snapshot without its rows. */
export interface SnapshotLine {
  atMs: number;
  version: number;
  rows: number;
  refused: number;
  /** Reason → rows. */
  refusedReasons: JsonObject;
}

/** One in five minutes. */
const MAX_SNAPSHOTS_A_DAY = 288;
const KEPT_DAYS = 200;

/** Days that are over are listed once in so long: nothing comes in late, but an import might. */
const KEEP_MS = MINUTE_MS;

const kept = new Memo<readonly SnapshotLine[]>(KEPT_DAYS);
const indexes = new Memo<readonly SnapshotIndexEntry[]>(KEPT_DAYS);

/** Snapshots in a span, oldest first. What a day's snapshots say is read once. */
export async function snapshotLines(
  registry: RegistryContext,
  scope: ReadScope,
  span: Span,
): Promise<SnapshotLine[]> {
  const days = await Promise.all(
    dayParts(span).map(async (part) => {
      const entries = await indexOf(registry, scope, part, part.toMs < span.toMs);
      const versions = entries.map(({ version }) => version).join();
      const key = `${branchKey(scope)}/${part.dayMs}/${versions}`;
      return await kept.get(registry, key, () => linesOf(registry, scope, entries));
    }),
  );
  return days.flat();
}

function indexOf(
  registry: RegistryContext,
  scope: ReadScope,
  { dayMs, fromMs, toMs }: DayPart,
  isOver: boolean,
): Promise<readonly SnapshotIndexEntry[]> {
  const load = () => listSnapshots(registry, scope, { fromMs, toMs, limit: MAX_SNAPSHOTS_A_DAY });
  if (!isOver) return load();
  const minute = Math.floor(registry.nowMs() / KEEP_MS);
  return indexes.get(registry, `${branchKey(scope)}/${dayMs}/${fromMs}/${minute}`, load);
}

async function linesOf(
  registry: RegistryContext,
  scope: ReadScope,
  entries: readonly SnapshotIndexEntry[],
): Promise<SnapshotLine[]> {
  const lines = await Promise.all(entries.map(async ({ marketAtMs, version }) => {
    const record = await getVersion(registry, scope, "data", ASSET.snapshot, version);
    return record === null ? [] : [lineOf(record, marketAtMs)];
  }));
  return lines.flat();
}

function lineOf({ version, annotations }: VersionRecord, atMs: number): SnapshotLine {
  const { rows, refused, refused_reasons: reasons } = annotations;
  return {
    atMs,
    version,
    rows: Number(rows ?? 0),
    refused: Number(refused ?? 0),
    refusedReasons: typeof reasons === "object" && reasons !== null && !Array.isArray(reasons)
      ? reasons
      : {},
  };
}

/** What a branch holds, from its newest records alone. */
export interface BranchHoldings {
  branch: string;
  source: string | null;
  snapshots: number;
  firstAt: string | null;
  lastAt: string | null;
  datasets: number;
  trainingRows: number | null;
}

/** The holdings of branches, in the order given. */
export function holdingsOf(
  registry: RegistryContext,
  branches: readonly string[],
): Promise<BranchHoldings[]> {
  const { project } = registry.scopes.read;
  return Promise.all(branches.map(async (branch) => {
    const scope = readScope(project, branch);
    const [record, [first], snapshot, dataset] = await Promise.all([
      readBranch(registry, scope),
      listSnapshots(registry, scope, { fromMs: 0, toMs: Infinity, limit: 1 }),
      latestVersion(registry, scope, "data", ASSET.snapshot),
      latestVersion(registry, scope, "data", ASSET.trainingDataset),
    ]);
    return {
      branch,
      source: record && sourceName(record.source),
      snapshots: snapshot?.version ?? 0,
      firstAt: first ? iso(first.marketAtMs) : null,
      lastAt: snapshot?.marketAt ?? null,
      datasets: dataset?.version ?? 0,
      trainingRows: dataset ? Number(dataset.annotations.row_count ?? 0) : null,
    };
  }));
}
