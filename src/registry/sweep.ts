// Deleting blobs that no record refers to. A blob that somebody stores again meanwhile is touched, and the
// deletion checks the record that was touched: then it stays.

import type { WriteScope } from "../domain/scope.ts";
import { iso } from "../domain/time.ts";
import { blobKeys } from "../store/keys.ts";
import type { BlobMeta } from "../store/records.ts";
import type { Store } from "../store/kv.ts";
import { blobHashes } from "../store/scan.ts";

/** Chunks that one commit deletes, well under KV's 81,920 bytes of keys: 52 MB of a blob. */
const CHUNKS_A_COMMIT = 800;

export interface SweepOptions {
  /** Any branch of the project: blobs stand outside of them. */
  scope: WriteScope;
  /** Blobs that were touched at or after this are left alone, ms. */
  touchedBeforeMs: number;
  nowMs: number;
  dryRun: boolean;
  isMarked(sha256: string): boolean;
  /** Told of each blob: it went, or waits for the grace to be over, or stays. */
  swept(sha256: string, meta: BlobMeta, what: "gone" | "waits" | "stays"): void;
  /** Told of chunks that are no blob: they went, or wait. */
  sweptLeftOver(what: "gone" | "waits"): void;
  progress(share: number): void;
}

/** Looks at every blob once, in the order of hashes; may be stopped and begun again at any time. */
export async function sweepBlobs(store: Store, options: SweepOptions): Promise<void> {
  let count = 0;
  for await (const sha256 of blobHashes(store)) {
    const meta = await store.get(blobKeys.meta(sha256));
    if (meta === null) await sweepLeftOver(store, sha256, options);
    else await sweepBlob(store, sha256, meta, options);
    // Hashes are spread evenly, so that the first digits tell how far it is.
    if (++count % 256 === 0) options.progress(parseInt(sha256.slice(0, 4), 16) / 0x1_0000);
  }
  options.progress(1);
}

async function sweepBlob(
  store: Store,
  sha256: string,
  meta: BlobMeta,
  options: SweepOptions,
): Promise<void> {
  if (options.isMarked(sha256)) return options.swept(sha256, meta, "stays");
  const isOld = ({ touchedAt }: BlobMeta) => Date.parse(touchedAt) < options.touchedBeforeMs;
  if (!isOld(meta)) return options.swept(sha256, meta, "waits");
  if (options.dryRun || await deleteBlob(store, sha256, options.scope, isOld)) {
    return options.swept(sha256, meta, "gone");
  }
  options.swept(sha256, meta, "waits");
}

/** False where it was touched meanwhile. From then on what is left of its chunks is no blob. */
async function deleteBlob(
  store: Store,
  sha256: string,
  scope: WriteScope,
  isOld: (meta: BlobMeta) => boolean,
): Promise<boolean> {
  // Before the meta record goes nobody writes the chunks anew.
  const { versionstamp } = await store.entry(blobKeys.chunk(sha256, 0));
  const count = await store.commit(scope, async (tx) => {
    const meta = await tx.get(blobKeys.meta(sha256));
    if (meta === null) return 0;
    if (!isOld(meta)) return null;
    const from = Math.max(0, meta.chunkCount - CHUNKS_A_COMMIT);
    tx.delete(blobKeys.meta(sha256));
    tx.delete(blobKeys.leftOver(sha256));
    for (let i = from; i < meta.chunkCount; i++) tx.delete(blobKeys.chunk(sha256, i));
    return from;
  });
  if (count === null) return false;
  if (count > 0) await deleteChunks(store, sha256, scope, { count, versionstamp });
  return true;
}

/**
 * Chunks that are no blob are what a writer left that died, or what one is writing now: they go when they have
 * not changed between two collections that are a grace apart.
 */
async function sweepLeftOver(
  store: Store,
  sha256: string,
  options: SweepOptions,
): Promise<void> {
  const { scope, dryRun, nowMs, touchedBeforeMs } = options;
  const key = blobKeys.leftOver(sha256);
  const { versionstamp } = await store.entry(blobKeys.chunk(sha256, 0));
  const seen = await store.get(key);
  const isSame = seen !== null && seen.versionstamp === (versionstamp ?? "");
  if (isSame && Date.parse(seen.seenAt) < touchedBeforeMs) {
    const isGone = dryRun || await deleteLeftOver(store, sha256, scope, versionstamp);
    return options.sweptLeftOver(isGone ? "gone" : "waits");
  }
  options.sweptLeftOver("waits");
  if (dryRun || isSame) return;
  await store.commit(scope, async (tx) => {
    if (await tx.get(blobKeys.meta(sha256)) !== null) return;
    tx.set(key, { seenAt: iso(nowMs), versionstamp: versionstamp ?? "" });
  });
}

async function deleteLeftOver(
  store: Store,
  sha256: string,
  scope: WriteScope,
  versionstamp: string | null,
): Promise<boolean> {
  const prefix = { parts: blobKeys.chunk(sha256, 0).parts.slice(0, -1) };
  const [last] = await store.list(prefix, { limit: 1, reverse: true });
  const count = last === undefined ? 0 : Number(last.rest[0]) + 1;
  if (!await deleteChunks(store, sha256, scope, { count, versionstamp })) return false;
  await store.commit(scope, (tx) => Promise.resolve(tx.delete(blobKeys.leftOver(sha256))));
  return true;
}

/**
 * Deletes chunks from the last to the first while there is no blob. Whoever writes one begins with the first
 * chunk, which every one of these commits checks.
 */
async function deleteChunks(
  store: Store,
  sha256: string,
  scope: WriteScope,
  { count, versionstamp }: { count: number; versionstamp: string | null },
): Promise<boolean> {
  const first = blobKeys.chunk(sha256, 0);
  for (let end = count; end > 0; end -= CHUNKS_A_COMMIT) {
    const isOurs = await store.commit(scope, async (tx) => {
      if (await tx.get(blobKeys.meta(sha256)) !== null) return false;
      await tx.get(first);
      // Read behind the one that is checked: as old as it was at first only if that one is, too.
      if ((await store.entry(first)).versionstamp !== versionstamp) return false;
      const from = Math.max(0, end - CHUNKS_A_COMMIT);
      for (let i = from; i < end; i++) tx.delete(blobKeys.chunk(sha256, i));
      return true;
    });
    if (!isOurs) return false;
  }
  return true;
}
