// The files of imported versions on their way into the store: small ones join the commit of the records
// that refer to them, large ones go before it, as a step's do.

import type { VersionRecord } from "../domain/asset.ts";
import type { WriteScope } from "../domain/scope.ts";
import {
  fitsOneCommit,
  putBlob,
  requireBlob,
  stageBlob,
  type StagedBlob,
  writeBlob,
} from "../store/blobs.ts";
import type { Transaction } from "../store/kv.ts";
import type { Archive } from "./archive_check.ts";
import { type RegistryContext, wallTime } from "./context.ts";

/** The files of the versions, each once, compressed as the program would have stored them. */
export async function filesOf(
  archive: Archive,
  versions: readonly VersionRecord[],
): Promise<StagedBlob[]> {
  const staged = new Map<string, StagedBlob>();
  for (const { files } of versions) {
    for (const { sha256, mediaType } of Object.values(files)) {
      if (staged.has(sha256)) continue;
      const bytes = await archive.read(sha256);
      staged.set(sha256, await stageBlob(bytes, { compress: mediaType === "application/json" }));
    }
  }
  return [...staged.values()];
}

/** Writes what is too large to go along, and gives what the commit of the records has to stage. */
export async function bringFiles(
  ctx: RegistryContext,
  scope: WriteScope,
  blobs: readonly StagedBlob[],
): Promise<(tx: Transaction) => Promise<void>> {
  const now = wallTime(ctx);
  if (fitsOneCommit(blobs)) {
    return async (tx) => {
      for (const blob of blobs) await putBlob(tx, blob, now);
    };
  }
  for (const blob of blobs) await writeBlob(ctx.store, scope, blob, now);
  return async (tx) => {
    for (const blob of blobs) await requireBlob(tx, blob.ref);
  };
}
