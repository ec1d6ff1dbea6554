// A local store copied to one file while others write to it, and put back. A copy gets its name only when it
// is whole, checked and on the disk; what it takes the place of is moved aside, never deleted.

import { AppError } from "../domain/errors.ts";
import type { CopyOptions, RestoredStore, StoreCopy } from "../domain/store_copy.ts";
import {
  copyDatabase,
  exists,
  foldJournals,
  holdAlone,
  JOURNALS,
  syncToDisk,
} from "./database_file.ts";
import { Store } from "./kv.ts";

/**
 * Copies a store as it was at one instant. Throws `not_found` where there is none, `conflict` where the copy's
 * path is taken, `unavailable` where it cannot be written or is not whole.
 */
export async function backUpStore(path: string, options: CopyOptions): Promise<StoreCopy> {
  const started = performance.now();
  const from = localPath(path, "back up");
  if (!await exists(from)) {
    throw new AppError(
      "not_found",
      `Cannot back up the store ${from}: found no file there, expected a store. Next: name one with ` +
        `--kv <path>`,
    );
  }
  const to = options.to ?? `${from}.backup-${stamp(options.nowMs)}`;
  if (!options.overwrite) await refuseTaken(to, `Cannot write the backup ${to}`);
  const copy = await checkedCopy(from, to);
  await putInPlace(copy.path, to);
  return { ...copy, path: to, ms: performance.now() - started };
}

/**
 * Puts a backup in the place of a store. What was there is moved aside. Throws `conflict` where there is one
 * that may not be replaced, or that another process has open; `unavailable` where the file is no whole store
 * that this program can open. Then nothing has changed.
 */
export async function restoreStore(
  file: string,
  path: string,
  { overwrite, nowMs }: Pick<CopyOptions, "overwrite" | "nowMs">,
): Promise<RestoredStore> {
  const started = performance.now();
  const to = localPath(path, "restore");
  if (!await exists(file)) {
    throw new AppError(
      "not_found",
      `Cannot restore ${file}: found no file there, expected a backup. Next: name one that anomaly backup wrote`,
    );
  }
  if (!overwrite) await refuseTaken(to, `Cannot restore the store ${to}`);
  const copy = await checkedCopy(file, to);
  try {
    const movedTo = await exists(to) ? await moveAside(to, copy.path, nowMs) : null;
    if (movedTo === null) await putInPlace(copy.path, to);
    return { ...copy, path: to, movedTo, ms: performance.now() - started };
  } catch (error) {
    await Deno.remove(copy.path).catch(() => {});
    throw error;
  }
}

/** Refuses what is no file of this machine. */
function localPath(path: string, act: string): string {
  if (path === ":memory:" || /^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new AppError(
      "invalid",
      `Cannot ${act} the store ${path}: expected a path on this machine. Next: name one with --kv ` +
        `<path>; a database that a server keeps is copied by that server's own backups`,
    );
  }
  return path;
}

async function refuseTaken(path: string, what: string): Promise<void> {
  if (!await exists(path)) return;
  throw new AppError(
    "conflict",
    `${what}: a file of that name is there. Next: choose another name, or add --force`,
  );
}

/** A copy under a name of its own beside `to`, checked and on the disk. Leaves nothing where it fails. */
async function checkedCopy(from: string, to: string): Promise<Omit<StoreCopy, "ms">> {
  const path = `${to}.partial-${crypto.randomUUID().slice(0, 8)}`;
  try {
    await copyDatabase(from, path);
    const schema = await schemaOf(path, from);
    await foldJournals(path);
    await syncToDisk(path);
    const { size } = await Deno.stat(path);
    return { path, byteLength: size, schema };
  } catch (error) {
    for (const suffix of ["", ...JOURNALS]) await Deno.remove(path + suffix).catch(() => {});
    throw error;
  }
}

/** Opens the copy as every command would. Throws what they would throw, of the file that it was made from. */
async function schemaOf(path: string, from: string): Promise<number> {
  try {
    using store = await Store.open(path);
    return store.schema.version;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, error.message.replaceAll(path, from), {
      cause: error.cause,
      details: error.details,
    });
  }
}

async function putInPlace(copy: string, to: string): Promise<void> {
  await Deno.rename(copy, to);
  await syncToDisk(folderOf(to));
}

/** Keeps the present store under another name, and puts the copy into its place. */
async function moveAside(path: string, copy: string, nowMs: number): Promise<string> {
  const aside = `${path}.replaced-${stamp(nowMs)}`;
  await refuseTaken(aside, `Cannot move the store ${path} aside`);
  using _held = await holdAlone(path);
  // A second name first, so that at no instant there is no store at the path; where disks have such names.
  await Deno.link(path, aside).catch(() => Deno.rename(path, aside));
  for (const journal of JOURNALS) {
    if (await exists(path + journal)) await Deno.rename(path + journal, aside + journal);
  }
  await putInPlace(copy, path);
  return aside;
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : ".";
}

/** 20261125T012000Z */
function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "");
}
