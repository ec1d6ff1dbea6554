// data list|show|inspect|export|import: snapshots, datasets, evaluation results, across branches.

import { z } from "zod";
import { ASSET, DATA_ASSETS, type VersionRecord } from "../../domain/asset.ts";
import { AppError } from "../../domain/errors.ts";
import { readScope } from "../../domain/scope.ts";
import { iso } from "../../domain/time.ts";
import {
  listSnapshots,
  listVersions,
  readFile,
  readTable,
  resolveVersion,
} from "../../registry/assets.ts";
import { homeOf, readBranch, sourceName } from "../../registry/context.ts";
import { type LineageNode, lineageOf, usersOf } from "../../registry/lineage.ts";
import {
  type Call,
  type Command,
  defineCommand,
  hint,
  openSession,
  type Session,
} from "../command.ts";
import { branchParams } from "../parameters.ts";
import { columns, facts, instant, UNDEFINED } from "../text.ts";
import { exportParams, exportTarget, importData, writeArchive } from "./archive.ts";
import { writeExport } from "./export.ts";

const assetPositional = {
  name: "asset",
  description: "a data asset",
  required: true,
  choices: DATA_ASSETS,
};
const refPositional = {
  name: "ref",
  description: "a version: latest, latest-N, 7, v7 (default: latest)",
};
const limit = z.int().min(1).max(1000).default(20).describe("how many at most");

const list = defineCommand({
  name: "data list",
  group: "look",
  summary: "Data assets, or the versions of one, newest first.",
  positionals: [{ ...assetPositional, required: false }],
  params: z.strictObject({ limit, ...branchParams }),
  examples: ["anomaly data list", "anomaly data list market_snapshot --limit 5"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const asked = call.positionals[0];
    return asked === undefined
      ? await listAssets(session, call)
      : await listOf(session, call, asked);
  },
});

async function listAssets(session: Session, call: Call<unknown>) {
  const { registry } = session;
  const newest = await Promise.all(DATA_ASSETS.map(async (name) => {
    const scope = homeOf(registry, name);
    const [version] = await listVersions(registry, scope, "data", name, { limit: 1 });
    return version ? [version] : [];
  }));
  const rows = newest.flat();
  const table = columns(
    ["asset", "branch", "latest", "market time", "run", "what"],
    rows.map((version) => [
      version.name,
      version.branch,
      `v${version.version}`,
      instant(version.marketAt),
      String(version.runId),
      version.description,
    ]),
  );
  const empty = `No data on branch ${registry.scopes.read.branch} yet. Next: ${
    hint(call as Call, "anomaly ingest")
  }`;
  return { json: rows.map(brief), text: table || empty };
}

async function listOf(session: Session, call: Call<{ limit: number }>, name: string) {
  const { registry } = session;
  const scope = homeOf(registry, name);
  const versions = await listVersions(registry, scope, "data", name, { limit: call.params.limit });
  const table = columns(
    ["version", "market time", "run", "what"],
    versions.map((version) => [
      `v${version.version}`,
      instant(version.marketAt),
      String(version.runId),
      version.description,
    ]),
  );
  return { json: versions.map(brief), text: table || `No ${name} on branch ${scope.branch} yet.` };
}

function brief({ kind, name, version, branch, marketAt, runId, description }: VersionRecord) {
  return { kind, name, version, branch, marketAt, runId, description };
}

const show = defineCommand({
  name: "data show",
  group: "look",
  summary: "One version: files, what made it, what it made.",
  positionals: [assetPositional, refPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly data show training_dataset", "anomaly data show market_snapshot 7 --json"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const version = await resolveData(session, call);
    const lineage = await lineageOf(registry, version);
    const users = await usersOf(registry, homeOf(registry, version.name), version, 20);
    const text = [
      facts([
        ["data", `${version.name} v${version.version} of ${version.branch}`],
        ["what", version.description],
        ["made by", `run ${version.runId} (${version.flow}), ${instant(version.recordedAt)}`],
        ["market time", instant(version.marketAt)],
      ]),
      columns(
        ["file", "sha256", "bytes", "type"],
        Object.entries(version.files).map(([role, file]) => [
          role,
          file.sha256.slice(0, 12),
          String(file.byteLength),
          file.mediaType,
        ]),
      ),
      facts(
        Object.entries(version.annotations).map(([name, value]) => [name, shortJson(value)]),
      ),
      `Made of:\n${lineage.map(inputLine).join("\n") || "  a raw response"}`,
      `Used by:\n${
        users.map((u) => `  ${u.name} v${u.version} (${u.role})`).join("\n") || "  nothing yet"
      }`,
    ].join("\n\n");
    return { json: { ...version, lineage, usedBy: users }, text };
  },
});

function inputLine({ role, ref, firstVersion }: LineageNode): string {
  const versions = firstVersion === ref.version
    ? `v${ref.version}`
    : `v${firstVersion}–v${ref.version}`;
  return `  ${role}: ${ref.name} ${versions} of ${ref.branch}`;
}

function shortJson(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 97)}…` : text;
}

const inspect = defineCommand({
  name: "data inspect",
  group: "look",
  summary: "What each branch holds; of an asset, its columns.",
  positionals: [{ ...assetPositional, required: false }, refPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly data inspect", "anomaly data inspect training_dataset latest"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    return call.positionals[0] === undefined
      ? await inspectBranches(session)
      : await inspectTable(session, call);
  },
});

async function inspectBranches({ registry }: Session) {
  const { project } = registry.scopes.read;
  const names = await registry.store.branchNames(project);
  const rows = await Promise.all(names.map(async (branch) => {
    const scope = readScope(project, branch);
    const record = await readBranch(registry, scope);
    const [first] = await listSnapshots(registry, scope, { fromMs: 0, toMs: Infinity, limit: 1 });
    const [snapshot] = await listVersions(registry, scope, "data", ASSET.snapshot, { limit: 1 });
    const [dataset] = await listVersions(registry, scope, "data", ASSET.trainingDataset, {
      limit: 1,
    });
    return {
      branch,
      source: record ? sourceName(record.source) : null,
      snapshots: snapshot?.version ?? 0,
      first_at: first ? iso(first.marketAtMs) : null,
      last_at: snapshot?.marketAt ?? null,
      training_datasets: dataset?.version ?? 0,
      training_rows: dataset ? dataset.annotations.row_count : null,
    };
  }));
  const table = columns(
    ["branch", "source", "snapshots", "first", "last", "datasets", "rows"],
    rows.map((row) => [
      row.branch,
      row.source?.replace(/[: ].*/, "") ?? UNDEFINED,
      String(row.snapshots),
      instant(row.first_at),
      instant(row.last_at),
      String(row.training_datasets),
      String(row.training_rows ?? UNDEFINED),
    ]),
  );
  return { json: rows, text: table || "No branch holds any data yet." };
}

async function inspectTable(session: Session, call: Call<unknown>) {
  const version = await resolveData(session, call);
  const table = await readTable(session.registry, version);
  const rows = Object.entries(table.columns).map(([name, column]) => {
    const { length } = column.values;
    if (column.type === "text") {
      const nulls = column.values.filter((value) => value === null).length;
      return { name, type: column.type, nulls, min: null, max: null, rows: length };
    }
    const known = column.values.filter((value) => !Number.isNaN(value));
    const range = known.length > 0
      ? { min: extreme(known, Math.min), max: extreme(known, Math.max) }
      : null;
    return {
      name,
      type: column.type,
      nulls: length - known.length,
      min: range?.min ?? null,
      max: range?.max ?? null,
      rows: length,
    };
  });
  const show = (type: string, value: number | null) =>
    value === null
      ? UNDEFINED
      : type === "time"
      ? instant(iso(value))
      : String(Number(value.toPrecision(6)));
  const text = [
    `${version.name} v${version.version} of ${version.branch}: ${table.rowCount} rows, ` +
    `${rows.length} columns`,
    columns(
      ["column", "type", "null", "min", "max"],
      rows.map((row) => [
        row.name,
        row.type,
        String(row.nulls),
        show(row.type, row.min),
        show(row.type, row.max),
      ]),
    ),
  ].join("\n\n");
  return { json: { ...brief(version), rowCount: table.rowCount, columns: rows }, text };
}

function extreme(values: Float64Array, pick: (a: number, b: number) => number): number {
  return values.reduce((best, value) => pick(best, value));
}

const exportData = defineCommand({
  name: "data export",
  group: "operate",
  summary: "Write data to a file, or an archive with its lineage.",
  positionals: [assetPositional, refPositional],
  params: z.strictObject({
    ...exportParams("file"),
    role: z.string().default("table").describe("which file: table, raw, labels, members, report"),
    ...branchParams,
  }),
  examples: [
    "anomaly data export training_dataset --out training.parquet",
    "anomaly data export training_dataset --archive training.tar",
  ],
  run: async (app, call) => {
    const { path, isArchive } = exportTarget("data export", call.params);
    using session = await openSession(app, call, { write: false });
    const version = await resolveData(session, call);
    if (isArchive) return await writeArchive(app, session, version, path);
    const bytes = await readFile(session.registry, version, call.params.role);
    return await writeExport(path, bytes, `${version.name} v${version.version}`);
  },
});

export const dataCommands: Command[] = [list, show, inspect, exportData, importData];

async function resolveData(session: Session, call: Call<unknown>): Promise<VersionRecord> {
  const [name, ref = "latest"] = call.positionals;
  if (name === undefined) throw new AppError("invalid", "Cannot look at data: expected an asset.");
  const { registry } = session;
  return await resolveVersion(registry, homeOf(registry, name), "data", name, ref);
}
