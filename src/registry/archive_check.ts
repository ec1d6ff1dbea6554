// Whether a file is an archive, whole and true: nothing of it is believed before all of it was checked,
// and nothing is written while it is. Opens it for the import.

import { z } from "zod";
import type { VersionRecord } from "../domain/asset.ts";
import { ASSET } from "../domain/asset.ts";
import { AppError, toAppError } from "../domain/errors.ts";
import { isJsonObject } from "../domain/json.ts";
import { describeProblems } from "../domain/problems.ts";
import { sha256Hex } from "../store/blobs.ts";
import { decodeSafetensors } from "../store/safetensors.ts";
import { decodeTable } from "../store/tables.ts";
import { type ByteSource, readTar, type TarEntry } from "../store/ustar.ts";
import { blobName, blobsOf, MANIFEST, SUMS, sumsText } from "./archive_export.ts";
import { checkReferences, inputsFirst } from "./archive_lineage.ts";
import {
  FORMAT,
  FORMAT_VERSION,
  type Manifest,
  manifestSchema,
  MAX_BLOB_BYTES,
  placeOf,
  versionFromWire,
} from "./archive_manifest.ts";

export type { ByteSource };

const MAX_ENTRIES = 500_000;
const MAX_MANIFEST_BYTES = 128 * 1024 * 1024;
const MAX_PROBLEMS = 3;

/** An archive of which everything was checked. */
export interface Archive {
  manifest: Manifest;
  head: VersionRecord;
  /** What each was made of comes before it. */
  versions: VersionRecord[];
  blobCount: number;
  byteLength: number;
  /** A file of one of its versions. Hashed once more, for the file may have changed meanwhile. */
  read(sha256: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** What is wrong with an archive, where it lies: found, expected. */
export type Refuse = (found: string, expected: string, cause?: unknown) => AppError;

/** Checks an archive. Throws `invalid`, naming the first thing that is wrong with it. */
export async function openArchive(
  source: ByteSource,
  name: string,
  progress: (done: number, total: number) => void,
): Promise<Archive> {
  const refuse: Refuse = (found, expected, cause) =>
    new AppError(
      "invalid",
      `Cannot import ${name}: ${found}, expected ${expected}. Nothing was written. Next: export it ` +
        `again where it came from, with --archive`,
      { cause, details: { archive: name } },
    );
  const files = await listFiles(source, refuse);
  const manifestFile = await contentOf(source, files.manifest);
  const manifest = parseManifest(manifestFile, name, refuse);
  const versions = inputsFirst(manifest.versions.map(versionFromWire), refuse);
  const head = versions.find((one) => placeOf(one) === placeOf(manifest.head));
  if (head === undefined) {
    throw refuse("the version that it is about is not in it", "that one with its lineage");
  }
  checkReferences(manifest, versions, head, refuse);
  const blobs = blobsOf(versions);
  checkSizes(files.blobs, blobs, refuse);
  const sums = new TextEncoder().encode(sumsText(await sha256Hex(manifestFile), blobs));
  if (!equal(await contentOf(source, files.sums), sums)) {
    throw refuse(`${SUMS} names other files or hashes`, `those of ${MANIFEST} and of its blobs`);
  }
  const read = (sha256: string) => readChecked(source, files.blobs.get(sha256)!, sha256, refuse);
  const uses = usesOf(versions);
  for (const [i, { sha256 }] of blobs.entries()) {
    const bytes = await read(sha256);
    for (const use of uses.get(sha256)!) await checkContent(use, bytes, versions, refuse);
    progress(i + 1, blobs.length);
  }
  return { manifest, head, versions, blobCount: blobs.length, byteLength: source.size, read };
}

interface Files {
  manifest: TarEntry;
  sums: TarEntry;
  /** By hash. */
  blobs: Map<string, TarEntry>;
}

async function listFiles(source: ByteSource, refuse: Refuse): Promise<Files> {
  const entries = await readTar(source, { maxEntries: MAX_ENTRIES }, refuse);
  const manifest = entries.shift();
  if (manifest?.name !== MANIFEST) {
    throw refuse(`its first file is ${manifest ? `"${manifest.name}"` : "missing"}`, MANIFEST);
  }
  const sums = entries.pop();
  if (sums?.name !== SUMS) {
    throw refuse(`its last file is "${sums?.name ?? MANIFEST}"`, SUMS);
  }
  const blobs = new Map<string, TarEntry>();
  for (const entry of entries) {
    const [, sha256] = /^blobs\/([0-9a-f]{64})$/.exec(entry.name) ?? [];
    if (sha256 === undefined || blobs.has(sha256)) {
      throw refuse(
        `it holds a file "${entry.name}"${sha256 ? " twice" : ""}`,
        `${MANIFEST}, blobs/<sha256> and ${SUMS}, each once`,
      );
    }
    blobs.set(sha256, entry);
  }
  const large = [manifest, sums].find(({ size }) => size > MAX_MANIFEST_BYTES) ??
    [...blobs.values()].find(({ size }) => size > MAX_BLOB_BYTES);
  if (large) {
    const limit = large.name.startsWith("blobs/") ? MAX_BLOB_BYTES : MAX_MANIFEST_BYTES;
    throw refuse(`"${large.name}" has ${large.size} bytes`, `at most ${limit}`);
  }
  return { manifest, sums, blobs };
}

function contentOf(source: ByteSource, entry: TarEntry): Promise<Uint8Array<ArrayBuffer>> {
  return source.read(entry.offset, entry.size);
}

function parseManifest(bytes: Uint8Array, name: string, refuse: Refuse): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw refuse(`${MANIFEST} is no JSON`, "a manifest", error);
  }
  const { format, format_version: version, made_by: madeBy } = isJsonObject(value) ? value : {};
  if (format === FORMAT && typeof version === "number" && version > FORMAT_VERSION) {
    throw new AppError(
      "invalid",
      `Cannot import ${name}: it is of format version ${version}, made by ` +
        `${
          String(madeBy).slice(0, 100)
        }; this program reads version ${FORMAT_VERSION}. Nothing was ` +
        `written. Next: import it with the program that made it, or a newer one.`,
      { details: { archive: name, format_version: version, supported: FORMAT_VERSION } },
    );
  }
  const checked = manifestSchema.safeParse(value);
  if (checked.success) return checked.data;
  const { issues } = checked.error;
  const problems = describeProblems(manifestSchema, value, issues.slice(0, MAX_PROBLEMS));
  const more = issues.length > MAX_PROBLEMS ? ` (and ${issues.length - MAX_PROBLEMS} more)` : "";
  throw refuse(
    `${MANIFEST} is not right: ${problems.join("; ")}${more}`,
    `a manifest of ${FORMAT} ${FORMAT_VERSION}`,
    new z.ZodError(issues.slice(0, MAX_PROBLEMS)),
  );
}

/** Every blob that a version refers to is there, as long as it is said to be, and there is no other. */
function checkSizes(
  entries: ReadonlyMap<string, TarEntry>,
  blobs: readonly { sha256: string; byteLength: number }[],
  refuse: Refuse,
): void {
  for (const { sha256, byteLength } of blobs) {
    const size = entries.get(sha256)?.size;
    if (size === byteLength) continue;
    throw size === undefined
      ? refuse(`"${blobName(sha256)}" is missing`, "every file of its versions")
      : refuse(`"${blobName(sha256)}" has ${size} bytes`, `${byteLength}, as ${MANIFEST} says`);
  }
  if (entries.size === blobs.length) return;
  const known = new Set(blobs.map(({ sha256 }) => sha256));
  const stray = [...entries.keys()].find((sha256) => !known.has(sha256))!;
  throw refuse(`"${blobName(stray)}" belongs to none of its versions`, "no file beside theirs");
}

async function readChecked(
  source: ByteSource,
  entry: TarEntry,
  sha256: string,
  refuse: Refuse,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await contentOf(source, entry);
  const found = await sha256Hex(bytes);
  if (found === sha256) return bytes;
  throw refuse(`the bytes of "${entry.name}" hash to ${found}`, "the hash that they are named by");
}

interface Use {
  version: VersionRecord;
  role: string;
}

function usesOf(versions: readonly VersionRecord[]): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const version of versions) {
    for (const [role, { sha256 }] of Object.entries(version.files)) {
      uses.set(sha256, [...uses.get(sha256) ?? [], { version, role }]);
    }
  }
  return uses;
}

/** Bytes that are what their hash says may still not be what their role says. */
async function checkContent(
  { version, role }: Use,
  bytes: Uint8Array<ArrayBuffer>,
  versions: readonly VersionRecord[],
  refuse: Refuse,
): Promise<void> {
  const what = `the ${role} of ${version.name} v${version.version}`;
  try {
    if (role === "table") await decodeTable(bytes);
    if (role === "model") decodeSafetensors(bytes);
  } catch (error) {
    throw refuse(`${what} cannot be read`, toAppError(error).message, error);
  }
  if (role === "members" && !agrees(version, bytes, versions)) {
    throw refuse(
      `${what} lists other snapshots than it comes with`,
      "exactly those, by their hashes",
    );
  }
}

const memberList = z.array(z.object({
  version: z.int(),
  market_at: z.string(),
  sha256: z.string(),
}));

/** Whether each member that a dataset lists is in the archive, with the table and the time that it says. */
function agrees(
  dataset: VersionRecord,
  bytes: Uint8Array,
  versions: readonly VersionRecord[],
): boolean {
  const input = dataset.inputs.find(({ ref }) => ref.name === ASSET.snapshot);
  if (input === undefined) return false;
  const snapshots = new Map(
    versions.filter(({ name, branch }) => name === ASSET.snapshot && branch === input.ref.branch)
      .map((one) => [one.version, one]),
  );
  try {
    const list = memberList.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return list.length > 0 && list.every(({ version, market_at, sha256 }) => {
      const snapshot = snapshots.get(version);
      return snapshot?.marketAt === market_at && snapshot.files.table?.sha256 === sha256 &&
        version >= input.firstVersion && version <= input.ref.version;
    });
  } catch {
    return false;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}
