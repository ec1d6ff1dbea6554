// Archives in memory: writing one, opening one, and taking one apart to put it together wrongly.

import { canonicalJson } from "../../src/domain/json.ts";
import type { JsonObject, VersionRecord } from "../../src/domain/asset.ts";
import { type Archive, openArchive } from "../../src/registry/archive_check.ts";
import { collectArchive } from "../../src/registry/archive_contents.ts";
import { archiveBytes } from "../../src/registry/archive_export.ts";
import { importArchive, type Imported } from "../../src/registry/archive_import.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { sha256Hex } from "../../src/store/blobs.ts";
import { type ByteSource, readTar, tarEnd, tarHeader, tarPadding } from "../../src/store/ustar.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

export async function exportBytes(registry: RegistryContext, version: VersionRecord) {
  const contents = await collectArchive(registry, version, "anomaly test");
  const pieces: Bytes[] = [];
  for await (const piece of archiveBytes(registry, contents, () => {})) pieces.push(piece);
  return await joined(pieces);
}

export function sourceOf(bytes: Bytes): ByteSource {
  return {
    size: bytes.byteLength,
    read: (offset, length) => {
      if (offset + length > bytes.byteLength) throw new Error("read beyond the end");
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
  };
}

export function openBytes(bytes: Bytes): Promise<Archive> {
  return openArchive(sourceOf(bytes), "a.tar", () => {});
}

export async function importBytes(registry: RegistryContext, bytes: Bytes): Promise<Imported> {
  return await importArchive(registry, await openBytes(bytes), {
    name: "a.tar",
    codeVersion: "test",
    progress: () => {},
  });
}

/** A file of an archive that was taken apart. */
export interface Part {
  name: string;
  bytes: Bytes;
}

export async function partsOf(archive: Bytes): Promise<Part[]> {
  const source = sourceOf(archive);
  const refuse = (found: string) => new Error(found) as never;
  const entries = await readTar(source, { maxEntries: 1000 }, refuse);
  return await Promise.all(entries.map(async ({ name, offset, size }) => ({
    name,
    bytes: await source.read(offset, size),
  })));
}

export async function packed(parts: readonly Part[]): Promise<Bytes> {
  const pieces = parts.flatMap(({ name, bytes }) => [
    tarHeader(name, bytes.byteLength),
    bytes,
    tarPadding(bytes.byteLength),
  ]);
  return await joined([...pieces, tarEnd()]);
}

/** A version in a manifest, as loosely as somebody may write one. */
export interface LooseVersion {
  name: string;
  version: number;
  files: Record<string, JsonObject>;
  inputs: JsonObject[];
  [key: string]: unknown;
}

export interface LooseManifest {
  versions: LooseVersion[];
  head: JsonObject;
  runs: JsonObject[];
  [key: string]: unknown;
}

/** The archive with another manifest and, of what it then refers to, hashes that are right. */
export async function withManifest(
  archive: Bytes,
  edit: (manifest: LooseManifest) => void,
): Promise<Bytes> {
  const parts = await partsOf(archive);
  const manifest = JSON.parse(new TextDecoder().decode(parts[0]!.bytes));
  edit(manifest);
  parts[0]!.bytes = new TextEncoder().encode(canonicalJson(manifest));
  return await packed(await withSums(parts));
}

/** The parts with a list of hashes that is true of them. */
export async function withSums(parts: readonly Part[]): Promise<Part[]> {
  const files = parts.slice(0, -1);
  const lines = await Promise.all(
    files.map(async ({ name, bytes }) => `${await sha256Hex(bytes)}  ${name}\n`),
  );
  const bytes = new TextEncoder().encode(lines.join(""));
  return [...files, { name: parts.at(-1)!.name, bytes }];
}

async function joined(pieces: readonly Bytes[]): Promise<Bytes> {
  return new Uint8Array(await new Blob([...pieces]).arrayBuffer());
}
