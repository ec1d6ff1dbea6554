// The bytes of an archive: a tar with the manifest first, every blob once under its own hash, and a list
// of hashes that `sha256sum -c` checks. They are a function of what is exported, and of nothing else.

import type { BlobRef, VersionRecord } from "../domain/asset.ts";
import { readBlob, sha256Hex } from "../store/blobs.ts";
import { tarEnd, tarHeader, tarPadding } from "../store/ustar.ts";
import type { ArchiveContents } from "./archive_contents.ts";
import { manifestBytes } from "./archive_manifest.ts";
import type { RegistryContext } from "./context.ts";

export const MANIFEST = "manifest.json";
export const SUMS = "SHA256SUMS";

export function blobName(sha256: string): string {
  return `blobs/${sha256}`;
}

/** The blobs that versions refer to, each once, by their hash. */
export function blobsOf(versions: Iterable<Pick<VersionRecord, "files">>): BlobRef[] {
  const blobs = new Map<string, BlobRef>();
  for (const { files } of versions) {
    for (const { sha256, byteLength } of Object.values(files)) {
      blobs.set(sha256, { sha256, byteLength });
    }
  }
  return [...blobs.values()].sort((a, b) => a.sha256 < b.sha256 ? -1 : 1);
}

/** What the list of hashes says, in the form of `sha256sum`. */
export function sumsText(manifestSha256: string, blobs: readonly BlobRef[]): string {
  return [
    `${manifestSha256}  ${MANIFEST}`,
    ...blobs.map(({ sha256 }) => `${sha256}  ${blobName(sha256)}`),
    "",
  ].join("\n");
}

/**
 * The archive piece by piece, one blob in memory at a time; each is held to its hash as it is read.
 * Throws `internal` for one that is damaged: what was given until then is no archive.
 */
export async function* archiveBytes(
  ctx: RegistryContext,
  { manifest, versions }: ArchiveContents,
  progress: (done: number, total: number) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const first = manifestBytes(manifest);
  const blobs = blobsOf(versions);
  yield* entry(MANIFEST, first);
  for (const [i, blob] of blobs.entries()) {
    yield* entry(blobName(blob.sha256), await readBlob(ctx.store, blob));
    progress(i + 1, blobs.length);
  }
  yield* entry(SUMS, new TextEncoder().encode(sumsText(await sha256Hex(first), blobs)));
  yield tarEnd();
}

function* entry(name: string, bytes: Uint8Array<ArrayBuffer>) {
  yield tarHeader(name, bytes.byteLength);
  yield bytes;
  yield tarPadding(bytes.byteLength);
}
