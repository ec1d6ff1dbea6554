// Where a version comes from, in a line: raw responses, snapshots, dataset, and what followed it. The
// whole graph is in lineage_graph.ts.

import { ASSET, type VersionRecord, type VersionRef } from "../../src/domain/asset.ts";
import { readScope } from "../../src/domain/scope.ts";
import { getVersion, refOf } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { numberOf } from "./annotations.ts";

/** A range of snapshots, and the raw response of its last one. */
export interface SnapshotRange {
  /** The last one. */
  ref: VersionRef;
  firstVersion: number;
  count: number;
  firstAt: string | null;
  lastAt: string | null;
  /** null where the last one is gone. */
  raw: { sha256: string; byteLength: number } | null;
}

export interface Origin {
  /** null for fresh data, and for a dataset that is gone. */
  snapshots: SnapshotRange | null;
  dataset: { ref: VersionRef; sha256: string; runId: number | null; isGone: boolean } | null;
  /** Of a fresh-trained model. */
  raw: { sha256: string; byteLength: number } | null;
}

export async function originOf(registry: RegistryContext, record: VersionRecord): Promise<Origin> {
  const { project } = registry.scopes.read;
  const input = record.inputs.find(({ role }) => role === "training_dataset");
  const raw = record.files.raw ?? null;
  if (input === undefined) return { snapshots: null, dataset: null, raw };
  const { ref, sha256 } = input;
  const scope = readScope(project, ref.branch);
  const dataset = await getVersion(registry, scope, "data", ref.name, ref.version);
  return {
    snapshots: dataset && await snapshotsOf(registry, dataset),
    dataset: { ref, sha256, runId: dataset?.runId ?? null, isGone: dataset === null },
    raw,
  };
}

/** The snapshots that a dataset was built of. */
async function snapshotsOf(
  registry: RegistryContext,
  dataset: VersionRecord,
): Promise<SnapshotRange | null> {
  const input = dataset.inputs.find(({ ref }) => ref.name === ASSET.snapshot);
  if (input === undefined) return null;
  const scope = readScope(registry.scopes.read.project, input.ref.branch);
  const [first, last] = await Promise.all(
    [input.firstVersion, input.ref.version].map((version) =>
      getVersion(registry, scope, "data", ASSET.snapshot, version)
    ),
  );
  return {
    ref: last ? refOf(last) : input.ref,
    firstVersion: input.firstVersion,
    count: numberOf(dataset, "snapshots") ?? input.ref.version - input.firstVersion + 1,
    firstAt: first?.marketAt ?? null,
    lastAt: last?.marketAt ?? null,
    raw: last?.files.raw ?? null,
  };
}
