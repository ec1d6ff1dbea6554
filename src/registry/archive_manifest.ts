// The manifest of an archive: what is in it, as JSON in snake_case, checked by zod when read. Its first
// file, so that a person sees with `tar` alone what it holds. docs/archive.md describes the format.

import { z } from "zod";
import {
  ASSET,
  type AssetFile,
  type AssetKind,
  type JsonObject,
  type VersionRecord,
} from "../domain/asset.ts";
import { toJson } from "../domain/json.ts";
import { isBranchName } from "../domain/names.ts";
import type { RunRecord } from "../domain/run.ts";

export const FORMAT = "anomaly-archive";
export const FORMAT_VERSION = 1;

/** Roles of files that are an archive's own: what a version was where it came from. */
export const ORIGIN = "origin";

/** As many characters of JSON as always fit into one value of the store. */
const MAX_RECORD_CHARS = 28_000;
/** The largest file of a version; it is held in memory whole. */
export const MAX_BLOB_BYTES = 256 * 1024 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/).meta({ expected: "64 hexadecimal digits" });
const count = z.int().min(1).max(1e12);
const instant = z.iso.datetime({ precision: 3 }).refine(
  (text) => !Number.isNaN(Date.parse(text)),
);
const branch = z.string().refine(isBranchName, "is no branch's name");
const words = z.string().max(2000);
const jsonObject = z.record(z.string().max(200), z.json());

const file = z.strictObject({
  sha256,
  byte_length: z.int().min(0).max(MAX_BLOB_BYTES),
  media_type: z.string().regex(/^[\w.+-]+\/[\w.+-]+$/).max(100),
});

const ref = z.strictObject({
  branch,
  kind: z.enum(["data", "model"]),
  name: z.enum([ASSET.snapshot, ASSET.trainingDataset, ASSET.evalHoldout, ASSET.detector]),
  version: count,
}).refine(({ kind, name }) => (kind === "model") === (name === ASSET.detector), "is of two kinds");

const input = z.strictObject({
  role: z.string().regex(/^[a-z][a-z_]{0,39}$/),
  ref,
  first_version: count,
  sha256,
}).refine((one) => one.first_version <= one.ref.version, "ends before it begins");

const version = z.strictObject({
  ...ref.shape,
  recorded_at: instant,
  market_at: instant.nullable(),
  run_id: count,
  flow: z.string().regex(/^[a-z][a-z_]{0,39}$/),
  description: words,
  tags: z.array(words).max(100),
  annotations: jsonObject,
  files: z.record(z.string().regex(/^[a-z][a-z_]{0,39}$/), file),
  inputs: z.array(input).max(10),
}).refine(fitsOneValue, `is larger than ${MAX_RECORD_CHARS} characters`);

const run = z.strictObject({
  id: count,
  flow: z.string().regex(/^[a-z][a-z_]{0,39}$/),
  branch,
  read_branch: branch,
  user: words,
  code_version: words,
  params: jsonObject,
  configs: jsonObject,
  started_at: instant,
  finished_at: instant,
  market_at: instant.nullable(),
  produced: z.array(
    z.strictObject({ kind: z.enum(["data", "model"]), name: words, version: count }),
  ).max(100),
  summary: jsonObject,
}).refine(fitsOneValue, `is larger than ${MAX_RECORD_CHARS} characters`);

export const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  format_version: z.literal(FORMAT_VERSION),
  made_by: words,
  project: z.string().min(1).max(200),
  head: ref,
  markets: z.array(z.strictObject({
    branch,
    kind: z.enum(["coingecko", "simulated", "replay"]),
    key: z.string().max(200),
  })).max(20),
  versions: z.array(version).min(1).max(100_000),
  runs: z.array(run).max(100_000),
  judgements: z.array(jsonObject).max(1000),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type ArchivedRun = Manifest["runs"][number];

function fitsOneValue(record: object): boolean {
  return JSON.stringify(record).length <= MAX_RECORD_CHARS;
}

/** A version within an archive: its place there is its place where it came from. */
export type VersionPlace = { branch: string; kind: AssetKind; name: string; version: number };

export function placeOf({ branch, kind, name, version }: VersionPlace): string {
  return `${branch}/${kind}/${name}/${version}`;
}

export function versionToWire(record: VersionRecord): Manifest["versions"][number] {
  const { files, annotations, ...rest } = record;
  const named = Object.entries(files).map(([role, one]) => [role, toJson(one)]);
  // Annotations are JSON of the flows; their keys are as they are.
  return { ...toJson(rest) as object, annotations, files: Object.fromEntries(named) } as ReturnType<
    typeof versionToWire
  >;
}

export function versionFromWire(wire: Manifest["versions"][number]): VersionRecord {
  const files: Record<string, AssetFile> = {};
  for (const [role, one] of Object.entries(wire.files)) {
    files[role] = {
      sha256: one.sha256,
      byteLength: one.byte_length,
      mediaType: one.media_type,
    };
  }
  return {
    kind: wire.kind,
    name: wire.name,
    version: wire.version,
    branch: wire.branch,
    recordedAt: wire.recorded_at,
    marketAt: wire.market_at,
    runId: wire.run_id,
    flow: wire.flow,
    description: wire.description,
    tags: wire.tags,
    annotations: wire.annotations as JsonObject,
    files,
    inputs: wire.inputs.map(({ role, ref, first_version, sha256 }) => ({
      role,
      ref,
      firstVersion: first_version,
      sha256,
    })),
  };
}

/** What an archive tells of the run that made a version: its settings, and what came of it. */
export function runToWire(record: RunRecord): ArchivedRun {
  return {
    id: record.id,
    flow: record.flow,
    branch: record.branch,
    read_branch: record.readBranch,
    user: record.user,
    code_version: record.codeVersion,
    params: record.params,
    configs: record.configs,
    started_at: record.startedAt,
    finished_at: record.finishedAt ?? record.startedAt,
    market_at: record.marketAt,
    produced: record.produced,
    summary: record.summary,
  };
}

/** The manifest's bytes: equal contents are equal bytes. One record a line, so that `diff` compares two. */
export function manifestBytes(manifest: Manifest): Uint8Array<ArrayBuffer> {
  const text = Object.entries(manifest)
    .map(([name, value]) => `  ${JSON.stringify(name)}: ${linesOf(value)}`).join(",\n");
  return new TextEncoder().encode(`{\n${text}\n}\n`);
}

function linesOf(value: Manifest[keyof Manifest]): string {
  if (!Array.isArray(value)) return JSON.stringify(value);
  const lines = value.map((item) => `\n    ${JSON.stringify(item)}`);
  return lines.length === 0 ? "[]" : `[${lines.join(",")}\n  ]`;
}
