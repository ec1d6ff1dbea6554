// models|data import, and the archives that models|data export write: a version with its lineage as one
// file. What is in it and how it is checked is the registry's; here are the files.

import { z } from "zod";
import { ASSET, type AssetKind, type VersionRecord } from "../../domain/asset.ts";
import { AppError } from "../../domain/errors.ts";
import { type Archive, type ByteSource, openArchive } from "../../registry/archive_check.ts";
import { archiveBytes, blobsOf } from "../../registry/archive_export.ts";
import { collectArchive } from "../../registry/archive_contents.ts";
import { importArchive, type Imported } from "../../registry/archive_import.ts";
import { placeOf } from "../../registry/archive_manifest.ts";
import {
  type App,
  type Call,
  type CommandResult,
  defineCommand,
  hint,
  openSession,
  type Session,
} from "../command.ts";
import { branchParams } from "../parameters.ts";
import { facts } from "../text.ts";
import { createFile } from "./export.ts";

/** Where an export goes: one of the two. */
export const exportParams = (file: string) => ({
  out: z.string().min(1).optional().meta({ placeholder: "file" })
    .describe(`${file} to write; must not exist`),
  archive: z.string().min(1).optional().meta({ placeholder: "file" })
    .describe("archive to write, with everything that it was made of; must not exist"),
});

/** Throws `invalid` unless exactly one of the two is given. */
export function exportTarget(
  command: string,
  { out, archive }: { out?: string | undefined; archive?: string | undefined },
): { path: string; isArchive: boolean } {
  if ((out === undefined) === (archive === undefined)) {
    throw new AppError(
      "invalid",
      `Cannot run anomaly ${command}: found ${
        out === undefined ? "neither" : "both"
      } of --out and ` +
        `--archive, expected one of them. See: anomaly ${command} --help`,
    );
  }
  return { path: (out ?? archive)!, isArchive: archive !== undefined };
}

/** Writes a version with its lineage to a new file; of one that fails nothing is left. */
export async function writeArchive(
  app: App,
  { registry }: Session,
  version: VersionRecord,
  path: string,
): Promise<CommandResult> {
  const what = `${version.name} v${version.version}`;
  const contents = await collectArchive(registry, version, `anomaly ${app.codeVersion}`);
  using file = await createFile(path, what);
  let bytes = 0;
  try {
    const progress = (done: number, total: number) => app.progress("exporting files", done, total);
    for await (const piece of archiveBytes(registry, contents, progress)) {
      await writeAll(file, piece);
      bytes += piece.byteLength;
    }
  } catch (error) {
    await Deno.remove(path);
    throw error;
  }
  const { versions } = contents;
  return {
    json: { path, bytes, versions: versions.length, files: blobsOf(versions).length },
    text:
      `Wrote ${what} with its lineage to ${path}: ${versions.length} versions (${
        countsOf(versions)
      }), ${blobsOf(versions).length} files, ${bytes} bytes.\n` +
      `Next, elsewhere: anomaly ${version.kind === "model" ? "models" : "data"} import ${path}`,
  };
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
}

function countsOf(versions: readonly VersionRecord[]): string {
  const counts = new Map<string, number>();
  for (const { name } of versions) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
}

const archivePositional = {
  name: "archive",
  description: "a file that `export --archive` wrote",
  required: true,
};

export const importModel = defineCommand({
  name: "models import",
  group: "operate",
  summary: "Take in a model with its lineage from an archive.",
  description:
    "Everything in the archive is checked before anything is written. The model becomes a " +
    "new version of the branch, and a candidate: it is judged here before it is promoted.\n\n" +
    "What it was made of goes to a branch of its own, imported.<hash>, and mixes with no other data.",
  positionals: [archivePositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly models import champion.tar"],
  run: (app, call) => importFrom(app, call, "model"),
});

export const importData = defineCommand({
  name: "data import",
  group: "operate",
  summary: "Take in data with its lineage from an archive.",
  description:
    "Everything in the archive is checked before anything is written. A dataset becomes a " +
    "new version of the branch, and so does its other half.\n\n" +
    "Snapshots go to a branch of their own, imported.<hash>: read them with --read_branch.",
  positionals: [archivePositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly data import training.tar"],
  run: (app, call) => importFrom(app, call, "data"),
});

async function importFrom(
  app: App,
  call: Call<{ branch?: string | undefined; read_branch?: string | undefined }>,
  kind: AssetKind,
): Promise<CommandResult> {
  const path = call.positionals[0]!;
  using file = await openFile(path);
  const archive = await openArchive(
    await sourceOf(file),
    path,
    (done, total) => app.progress("checking files", done, total),
  );
  const { head } = archive;
  if (head.kind !== kind) {
    throw new AppError(
      "invalid",
      `Cannot import ${path} as a ${kind === "model" ? "model" : "data asset"}: it is of ` +
        `${head.name} v${head.version}. Next: anomaly ${
          head.kind === "model" ? "models" : "data"
        } import <archive>, with the same file`,
    );
  }
  using session = await openSession(app, call, { write: true });
  const imported = await importArchive(session.registry, archive, {
    name: path,
    codeVersion: app.codeVersion,
    progress: (done, total) => app.progress("importing versions", done, total),
  });
  return answerOf(call, archive, imported);
}

function answerOf(
  call: Call<{ branch?: string | undefined; read_branch?: string | undefined }>,
  { manifest, head, versions, blobCount, byteLength }: Archive,
  imported: Imported,
): CommandResult {
  const { isKnown, branches } = imported;
  const made = imported.versions.map(({ name, version }) => `${name} v${version}`);
  const [version] = imported.versions;
  const text = [
    isKnown
      ? `Nothing new: ${made.join(" and ") || "it"} is what the archive holds.`
      : `Imported ${made.join(" and ") || `${head.name} v${head.version}`}.`,
    facts([
      ["from", `${manifest.project}, ${placeOf(head)}, by ${manifest.made_by}`],
      ["holds", `${versions.length} versions (${countsOf(versions)}), ${blobCount} files`],
      ["made of", branches.length === 0 ? "nothing else" : `what is on ${branches.join(", ")}`],
    ]),
    `Next: ${hint(call, nextOf(head, version, branches))}`,
  ].join("\n\n");
  return {
    json: {
      versions: imported.versions.map(({ kind, name, version }) => ({ kind, name, version })),
      isKnown,
      branches,
      from: { project: manifest.project, ...manifest.head },
      holds: { versions: versions.length, files: blobCount, bytes: byteLength },
    },
    text,
  };
}

function nextOf(head: VersionRecord, made: VersionRecord | undefined, branches: string[]): string {
  if (made === undefined) return `anomaly data list ${ASSET.snapshot} --read_branch ${branches[0]}`;
  return made.kind === "model"
    ? `anomaly evaluate --candidate_version ${made.version}`
    : `anomaly data show ${head.name} ${made.version}`;
}

/** Throws `invalid` for what cannot be opened as a file. */
async function openFile(path: string): Promise<Deno.FsFile> {
  let found = "it is no file";
  try {
    if ((await Deno.stat(path)).isFile) return await Deno.open(path);
  } catch (error) {
    found = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Error
      ? error.message
      : String(error);
  }
  throw new AppError(
    "invalid",
    `Cannot import ${path}: ${found}, expected an archive. Next: write one where the version is, ` +
      `with anomaly models export <ref> --archive <file>`,
  );
}

async function sourceOf(file: Deno.FsFile): Promise<ByteSource> {
  const { size } = await file.stat();
  return {
    size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      await file.seek(offset, Deno.SeekMode.Start);
      for (let at = 0; at < length;) {
        const count = await file.read(bytes.subarray(at));
        if (count === null) {
          throw new AppError("invalid", `Cannot read the archive: it became shorter meanwhile.`);
        }
        at += count;
      }
      return bytes;
    },
  };
}
