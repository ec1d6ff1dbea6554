// Every blob against what it says of itself: chunks, lengths, hash. Walks all of them in the order of
// their hashes, and holds a few at a time.

import { AppError } from "../domain/errors.ts";
import { readBlob } from "../store/blobs.ts";
import { blobKeys, BLOBS_PREFIX } from "../store/keys.ts";
import type { BlobMeta } from "../store/records.ts";
import type { Store } from "../store/kv.ts";
import { blobHashes } from "../store/scan.ts";
import { type Finding, keyText, RESTORE } from "./findings.ts";

/** Blobs that are read at a time. */
const AT_A_TIME = 4;

/** How much was looked at. */
export interface BlobCount {
  blobs: number;
  /** Bytes as they are stored. */
  bytes: number;
}

/** Whoever is told what the walk finds, and how far it has come: a share from 0 to 1. */
export interface BlobWatch {
  finding(finding: Finding): void;
  /** Chunks that belong to no blob: what was being written when a process died. No damage. */
  leftOver(sha256: string): void;
  progress(share: number): void;
}

/** Looks at every blob, and again at each that seems wrong. */
export async function verifyBlobs(store: Store, watch: BlobWatch): Promise<BlobCount> {
  const count: BlobCount = { blobs: 0, bytes: 0 };
  let running: Promise<void>[] = [];
  for await (const sha256 of blobHashes(store)) {
    running.push(verifyOne(store, sha256, watch, count));
    if (running.length < AT_A_TIME) continue;
    await Promise.all(running);
    running = [];
    // Hashes are spread evenly, so that the first digits tell how far it is.
    watch.progress(parseInt(sha256.slice(0, 4), 16) / 0x1_0000);
  }
  await Promise.all(running);
  return count;
}

async function verifyOne(store: Store, sha256: string, watch: BlobWatch, count: BlobCount) {
  const meta = await store.get(blobKeys.meta(sha256));
  if (meta === null) {
    if (await isThere(store, sha256)) watch.leftOver(sha256);
    return;
  }
  count.blobs++;
  count.bytes += meta.storedByteLength;
  const problem = await problemOf(store, sha256, meta) ?? await surplus(store, sha256);
  if (problem !== null) watch.finding(blobFinding(sha256, problem));
}

interface Problem {
  found: string;
  expected: string;
}

async function problemOf(store: Store, sha256: string, meta: BlobMeta): Promise<Problem | null> {
  try {
    const { byteLength } = await readBlob(store, { sha256, byteLength: meta.byteLength });
    if (byteLength === meta.byteLength) return null;
    return { found: `${byteLength} bytes`, expected: `${meta.byteLength}, as its record has it` };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (await isGone(store, sha256)) return null;
    return { found: foundIn(error), expected: "bytes with the hash that is their name" };
  }
}

/** Deleted meanwhile: what is not there is not damaged. */
async function isGone(store: Store, sha256: string): Promise<boolean> {
  return await store.get(blobKeys.meta(sha256)) === null;
}

/** "chunk 1 of 2 is missing" from "Cannot read blob …: chunk 1 of 2 is missing. Expected …" */
function foundIn({ message }: AppError): string {
  return /^Cannot read blob \w+: (.*?)\. Expected /.exec(message)?.[1] ?? message;
}

async function surplus(store: Store, sha256: string): Promise<Problem | null> {
  const meta = await store.get(blobKeys.meta(sha256));
  const next = meta && await store.get(blobKeys.chunk(sha256, meta.chunkCount));
  if (!next) return null;
  return { found: "more chunks than it is made of", expected: `${meta.chunkCount}` };
}

/** Whether chunks without a meta record are there still. */
async function isThere(store: Store, sha256: string): Promise<boolean> {
  const prefix = { parts: [BLOBS_PREFIX, sha256] };
  return (await store.list(prefix, { limit: 1 })).length > 0 && await isGone(store, sha256);
}

function blobFinding(sha256: string, { found, expected }: Problem): Finding {
  const at = keyText([BLOBS_PREFIX, sha256]);
  return {
    kind: "blob",
    project: null,
    branch: null,
    at,
    found,
    expected,
    next: RESTORE,
    mended: null,
  };
}
