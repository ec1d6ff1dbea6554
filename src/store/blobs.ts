// Content-addressed bytes: raw responses, Parquet tables, models. Addressed by the SHA-256 of their
// uncompressed bytes, shared by all branches, cut into chunks, and verified on every read.

import { encodeHex } from "@std/encoding";
import type { BlobRef } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import type { WriteScope } from "../domain/scope.ts";
import { blobKeys } from "./keys.ts";
import type { BlobMeta } from "./records.ts";
import type { Store, Transaction } from "./kv.ts";

/** The largest raw value of Deno KV. */
const CHUNK_BYTES = 65_536;
/** Bytes of chunks that one commit carries, well under KV's 819,200 with room for other records. */
const COMMIT_BYTES = 10 * CHUNK_BYTES;
/** The same of a commit that also has a step's effects: a thousand coins by four models are 300 kB. */
const INLINE_BYTES = 6 * CHUNK_BYTES;

/** Bytes ready to be stored: addressed, compressed, cut. Nothing has been written yet. */
export interface StagedBlob {
  ref: BlobRef;
  encoding: BlobMeta["encoding"];
  stored: Uint8Array<ArrayBuffer>;
}

/**
 * Addresses and compresses bytes. Parquet and other compressed formats are stored as they are.
 */
export async function stageBlob(
  bytes: Uint8Array<ArrayBuffer>,
  options: { compress: boolean },
): Promise<StagedBlob> {
  const ref = { sha256: await sha256Hex(bytes), byteLength: bytes.byteLength };
  return options.compress
    ? { ref, encoding: "gzip", stored: await pipe(bytes, new CompressionStream("gzip")) }
    : { ref, encoding: "identity", stored: bytes };
}

/** Whether the blobs fit into the commit of the record that refers to them, and leave room for it. */
export function fitsOneCommit(blobs: readonly StagedBlob[]): boolean {
  return blobs.reduce((sum, blob) => sum + blob.stored.byteLength, 0) <= INLINE_BYTES;
}

/**
 * Stores a small blob with the rest of the transaction; one that is there already is only touched,
 * so that garbage collection, which deletes under the same check, leaves it alone.
 */
export async function putBlob(tx: Transaction, blob: StagedBlob, now: string): Promise<void> {
  const metaKey = blobKeys.meta(blob.ref.sha256);
  const present = await tx.get(metaKey);
  if (present) {
    tx.set(metaKey, { ...present, touchedAt: now });
    return;
  }
  chunksOf(blob).forEach((chunk, i) => tx.set(blobKeys.chunk(blob.ref.sha256, i), chunk));
  tx.set(metaKey, metaOf(blob, now));
}

/** Stores a blob of any size: chunks first, the meta record last, as the commit point. */
export async function writeBlob(
  store: Store,
  scope: WriteScope,
  blob: StagedBlob,
  now: string,
): Promise<void> {
  if (fitsOneCommit([blob])) return await store.commit(scope, (tx) => putBlob(tx, blob, now));
  const { sha256 } = blob.ref;
  if (await touchBlob(store, scope, sha256, now)) return;
  const chunks = chunksOf(blob);
  const perCommit = COMMIT_BYTES / CHUNK_BYTES;
  for (let start = 0; start < chunks.length; start += perCommit) {
    await store.commit(scope, (tx) => {
      chunks.slice(start, start + perCommit)
        .forEach((chunk, k) => tx.set(blobKeys.chunk(sha256, start + k), chunk));
      return Promise.resolve();
    });
  }
  await store.commit(scope, (tx) => {
    tx.set(blobKeys.meta(sha256), metaOf(blob, now));
    return Promise.resolve();
  });
}

/** Keeps a blob that is there already from being collected; false where there is none, or no longer. */
async function touchBlob(
  store: Store,
  scope: WriteScope,
  sha256: string,
  now: string,
): Promise<boolean> {
  return await store.commit(scope, async (tx) => {
    const key = blobKeys.meta(sha256);
    const present = await tx.get(key);
    if (present) tx.set(key, { ...present, touchedAt: now });
    return present !== null;
  });
}

/**
 * Makes a commit depend on the blob's presence: a record never points to nothing.
 * Throws `internal` when it is gone.
 */
export async function requireBlob(tx: Transaction, ref: BlobRef): Promise<void> {
  if (await tx.get(blobKeys.meta(ref.sha256)) === null) throw missing(ref, "no such blob");
}

/** The bytes, after count, length and hash were checked. Throws `internal` naming what is wrong. */
export async function readBlob(store: Store, ref: BlobRef): Promise<Uint8Array<ArrayBuffer>> {
  const meta = await store.get(blobKeys.meta(ref.sha256));
  if (meta === null) throw missing(ref, "no such blob");
  const keys = Array.from({ length: meta.chunkCount }, (_, i) => blobKeys.chunk(ref.sha256, i));
  const stored = new Uint8Array(meta.storedByteLength);
  let offset = 0;
  for (const [i, chunk] of (await store.getMany(keys)).entries()) {
    if (chunk === null) throw missing(ref, `chunk ${i} of ${meta.chunkCount} is missing`);
    if (offset + chunk.byteLength > stored.byteLength) {
      throw missing(ref, "its chunks are too long");
    }
    stored.set(chunk, offset);
    offset += chunk.byteLength;
  }
  if (offset !== stored.byteLength) {
    throw missing(ref, `it has ${offset} stored bytes, expected ${stored.byteLength}`);
  }
  const bytes = meta.encoding === "gzip" ? await gunzip(ref, stored) : stored;
  const sha256 = await sha256Hex(bytes);
  if (sha256 !== ref.sha256) throw missing(ref, `its bytes hash to ${sha256}`);
  return bytes;
}

export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return encodeHex(await crypto.subtle.digest("SHA-256", bytes));
}

function chunksOf(blob: StagedBlob): Uint8Array<ArrayBuffer>[] {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let start = 0; start < blob.stored.byteLength; start += CHUNK_BYTES) {
    chunks.push(blob.stored.slice(start, start + CHUNK_BYTES));
  }
  return chunks;
}

function metaOf(blob: StagedBlob, now: string): BlobMeta {
  return {
    byteLength: blob.ref.byteLength,
    storedByteLength: blob.stored.byteLength,
    encoding: blob.encoding,
    chunkCount: Math.ceil(blob.stored.byteLength / CHUNK_BYTES),
    touchedAt: now,
  };
}

async function gunzip(ref: BlobRef, stored: Uint8Array<ArrayBuffer>) {
  try {
    return await pipe(stored, new DecompressionStream("gzip"));
  } catch (error) {
    throw missing(ref, "its stored bytes cannot be decompressed", error);
  }
}

async function pipe(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function missing(ref: BlobRef, found: string, cause?: unknown): AppError {
  return new AppError(
    "internal",
    `Cannot read blob ${
      ref.sha256.slice(0, 12)
    }: ${found}. Expected ${ref.byteLength} bytes with ` +
      `that hash. The store is damaged: restore it from a backup.`,
    { cause, details: { sha256: ref.sha256 } },
  );
}
