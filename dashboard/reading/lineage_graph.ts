// The lineage of a version both ways, with the hashes that prove it: what it was made of, down to the raw
// responses, and what was made of it.

import {
  type AliasEntry,
  ASSET,
  type AssetFile,
  type VersionRecord,
  type VersionRef,
} from "../../src/domain/asset.ts";
import { readScope } from "../../src/domain/scope.ts";
import { aliasHistory } from "../../src/registry/alias_history.ts";
import { listAliases } from "../../src/registry/aliases.ts";
import { fileOf, getVersion, listVersions, refOf } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { type LineageNode, lineageOf, usersOf } from "../../src/registry/lineage.ts";
import { numberOf, textOf } from "./annotations.ts";

/** What was made of it that is shown; a champion is compared with for months. */
const SHOWN_USERS = 24;
const SHOWN_ENTRIES = 12;
/** A day of hourly ones. */
const SHOWN_RESPONSES = 24;
const MAX_ALIASES = 8;

/** A line of the history of an alias. */
export interface NamedEntry {
  alias: string;
  entry: AliasEntry;
}

/** A version in the graph. */
export interface GraphBox {
  ref: VersionRef;
  /** Of a range of snapshots the first; otherwise the same. */
  firstVersion: number;
  role: string;
  runId: number | null;
  /** Of the file that was used. */
  sha256: string;
  /** Whether that is the file that the version has; null where it is gone or has none to hold against. */
  agrees: boolean | null;
  isGone: boolean;
}

/** An evaluation that the version took part in. */
export interface GraphUser {
  ref: VersionRef;
  /** "model" where it was judged, "champion" where another was held against it. */
  role: string;
  runId: number | null;
  /** Whom it judged, and how; null where the result is gone. */
  judged: { version: number; passed: boolean; source: string; agrees: boolean } | null;
}

/** A snapshot with the response that it was read from. */
export interface RawResponse {
  ref: VersionRef;
  marketAt: string | null;
  runId: number;
  raw: AssetFile | null;
  table: AssetFile | null;
}

export interface LineageGraph {
  self: GraphBox;
  datasets: GraphBox[];
  snapshots: GraphBox[];
  /** Of the model itself, where it was trained on fresh data. */
  ownRaw: AssetFile | null;
  users: GraphUser[];
  aliases: NamedEntry[];
  responses: RawResponse[];
  /** How many there are in the range. */
  responseCount: number;
  olderBefore: number | null;
}

export async function lineageGraph(
  registry: RegistryContext,
  record: VersionRecord,
  before: number | undefined,
): Promise<LineageGraph> {
  const datasets = await lineageOf(registry, record);
  const members = datasets.flatMap((node) => node.inputs);
  const [users, aliases, page] = await Promise.all([
    usersOfModel(registry, record),
    aliasesOf(registry, record.version),
    responsesOf(registry, members[0] ?? null, before),
  ]);
  return {
    self: {
      ref: refOf(record),
      firstVersion: record.version,
      role: "model",
      runId: record.runId,
      sha256: fileOf(record, "model").sha256,
      agrees: null,
      isGone: false,
    },
    datasets: datasets.map((node) => boxOf(node, "table")),
    snapshots: members.map((node) => ({
      ...boxOf(node, "table"),
      // What is hashed of a range is the list of its members, which the dataset keeps.
      agrees: datasets.some(({ record }) => record?.files.members?.sha256 === node.sha256) || null,
    })),
    ownRaw: record.files.raw ?? null,
    users,
    aliases,
    ...page,
  };
}

function boxOf({ ref, firstVersion, role, record, sha256 }: LineageNode, file: string): GraphBox {
  return {
    ref,
    firstVersion,
    role,
    runId: record?.runId ?? null,
    sha256,
    agrees: record === null ? null : record.files[file]?.sha256 === sha256,
    isGone: record === null,
  };
}

async function usersOfModel(
  registry: RegistryContext,
  record: VersionRecord,
): Promise<GraphUser[]> {
  const scope = registry.scopes.write;
  const sha256 = fileOf(record, "model").sha256;
  const users = await usersOf(registry, scope, record, SHOWN_USERS);
  return await Promise.all(users.map(async ({ role, name, version }): Promise<GraphUser> => {
    const ref = { branch: scope.branch, kind: "data" as const, name, version };
    const result = await getVersion(registry, scope, "data", name, version);
    if (result === null) return { ref, role, runId: null, judged: null };
    const input = result.inputs.find((one) => one.role === role);
    return {
      ref,
      role,
      runId: result.runId,
      judged: {
        version: numberOf(result, "candidate_version") ?? record.version,
        passed: result.annotations.passed === true,
        source: textOf(result, "eval_source"),
        agrees: input?.sha256 === sha256,
      },
    };
  }));
}

/** Promotions and rollbacks that gave it an alias. */
async function aliasesOf(registry: RegistryContext, version: number): Promise<NamedEntry[]> {
  const scope = registry.scopes.write;
  const aliases = (await listAliases(registry, scope, ASSET.detector)).slice(0, MAX_ALIASES);
  const histories = await Promise.all(
    aliases.map(({ alias }) => aliasHistory(registry, scope, ASSET.detector, alias, SHOWN_ENTRIES)),
  );
  return aliases.flatMap(({ alias }, i) =>
    histories[i]!.filter((entry) => entry.version === version).map((entry) => ({ alias, entry }))
  );
}

/** A page of the snapshots of a range, newest first, with their raw responses. */
async function responsesOf(
  registry: RegistryContext,
  range: LineageNode | null,
  before: number | undefined,
): Promise<Pick<LineageGraph, "responses" | "responseCount" | "olderBefore">> {
  if (range === null) return { responses: [], responseCount: 0, olderBefore: null };
  const { ref, firstVersion } = range;
  const scope = readScope(registry.scopes.read.project, ref.branch);
  const end = Math.min(before ?? Infinity, ref.version + 1);
  const listed = await listVersions(registry, scope, "data", ref.name, {
    limit: SHOWN_RESPONSES,
    before: end,
  });
  const responses = listed.filter(({ version }) => version >= firstVersion)
    .map((record): RawResponse => ({
      ref: refOf(record),
      marketAt: record.marketAt,
      runId: record.runId,
      raw: record.files.raw ?? null,
      table: record.files.table ?? null,
    }));
  const last = responses.at(-1)?.ref.version ?? firstVersion;
  return {
    responses,
    responseCount: ref.version - firstVersion + 1,
    olderBefore: last > firstVersion ? last : null,
  };
}
