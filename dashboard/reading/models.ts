// Versions of the detector as lists show them: where each stands, what it learned from, how it was judged.

import {
  ASSET,
  type ModelStatus,
  type VersionRecord,
  type VersionRef,
} from "../../src/domain/asset.ts";
import { countGates, type GateCount, type GateRow, gateRows } from "../../src/domain/gates.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { listAliases } from "../../src/registry/aliases.ts";
import { listVersions } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { standingsOf } from "../../src/registry/evaluations.ts";
import { numberOf, textOf } from "./annotations.ts";

/** What a model learned from: a dataset, or what the market said when it was trained. */
export interface LearnedFrom {
  /** null for fresh data. */
  dataset: VersionRef | null;
  rows: number | null;
  /** Market time of the newest row. */
  marketAt: string | null;
}

export interface ModelRow {
  version: number;
  status: ModelStatus;
  aliases: string[];
  runId: number;
  algorithm: string;
  learnedFrom: LearnedFrom;
  /** Of the latest evaluation; null where it was never judged. */
  judged: {
    gates: GateCount;
    /** The first gate that it fails, a hard one before a soft one. */
    worst: GateRow | null;
    anomalyRate: number;
    silhouette: number | null;
    runId: number;
    comparedTo: VersionRef | null;
  } | null;
}

export function learnedFrom(record: VersionRecord): LearnedFrom {
  const input = record.inputs.find(({ role }) => role === "training_dataset");
  return {
    dataset: input?.ref ?? null,
    rows: numberOf(record, "training_rows"),
    marketAt: record.marketAt,
  };
}

/** Rows of versions, in their order. */
export async function modelRows(
  registry: RegistryContext,
  scope: ReadScope,
  records: readonly VersionRecord[],
): Promise<ModelRow[]> {
  const versions = records.map(({ version }) => version);
  const [standings, aliases] = await Promise.all([
    standingsOf(registry, scope, ASSET.detector, versions),
    listAliases(registry, scope, ASSET.detector),
  ]);
  return records.map((record, i): ModelRow => {
    const { status, evaluation } = standings[i]!;
    const rows = evaluation === null ? [] : gateRows(evaluation);
    const failed = rows.filter((row) => row.status === "failed");
    return {
      version: record.version,
      status,
      aliases: aliases.filter((one) => one.version === record.version).map(({ alias }) => alias),
      runId: record.runId,
      algorithm: textOf(record, "algorithm"),
      learnedFrom: learnedFrom(record),
      judged: evaluation && {
        gates: countGates(rows),
        worst: failed.find((row) => row.hard) ?? failed[0] ?? null,
        anomalyRate: evaluation.candidate.anomalyRate,
        silhouette: evaluation.candidate.silhouette,
        runId: evaluation.runId,
        comparedTo: evaluation.comparedTo,
      },
    };
  });
}

/** Versions read at a time, and how many times for one page of a status: what is rare is not looked for forever. */
const READ_AT_ONCE = 50;
const MAX_READS = 2;

export interface FoundModels {
  rows: ModelRow[];
  /** Where older ones begin; null where there are none. */
  olderBefore: number | null;
  lookedAt: number;
}

/** Versions newest first, of one status or of all. */
export async function findModels(
  registry: RegistryContext,
  scope: ReadScope,
  { before, status, limit }: { before?: number; status?: ModelStatus; limit: number },
): Promise<FoundModels> {
  const rows: ModelRow[] = [];
  let from = before;
  let lookedAt = 0;
  for (let read = 0; read < MAX_READS; read++) {
    const size = status === undefined ? limit : READ_AT_ONCE;
    const records = await listVersions(registry, scope, "model", ASSET.detector, {
      limit: size + 1,
      ...(from === undefined ? {} : { before: from }),
    });
    const hasMore = records.length > size;
    for (const row of await modelRows(registry, scope, records.slice(0, size))) {
      lookedAt++;
      if (status === undefined || row.status === status) rows.push(row);
      if (rows.length < limit) continue;
      const isLast = !hasMore && row.version === records.at(-1)!.version;
      return { rows, olderBefore: isLast ? null : row.version, lookedAt };
    }
    from = records.at(size - 1)?.version;
    if (!hasMore) return { rows, olderBefore: null, lookedAt };
  }
  return { rows, olderBefore: from ?? null, lookedAt };
}
