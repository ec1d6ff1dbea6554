// The file behind a local store, as SQLite sees it: copied while others write, checked page by page, and held
// so that nobody else has it open.

import type { DatabaseSync } from "node:sqlite";
import { AppError } from "../domain/errors.ts";
import { isBusy } from "./busy.ts";

/** What SQLite keeps beside a database that is open, or was when its process died. */
export const JOURNALS = ["-wal", "-shm"] as const;

/** All pages in one step: in several, each write of another process would begin the copy anew. */
const ALL_PAGES = 2 ** 31 - 1;
/** How long SQLite waits for a lock that another process holds for a moment, ms. */
const BUSY_MS = 10_000;

/** The tables by which a database is known as one of Deno KV. */
const KV_TABLES = ["data_version", "kv"];

/**
 * Copies a database as it is at one instant, whoever writes meanwhile, and checks every page of the copy.
 * Throws `unavailable` where the source is no whole KV database, or the copy cannot be written.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  // Loaded here: where there is no disk there may be no SQLite either.
  const { backup, DatabaseSync } = await import("node:sqlite");
  try {
    using source = new DatabaseSync(from, { timeout: BUSY_MS });
    await backup(source, to, { rate: ALL_PAGES });
    using copy = new DatabaseSync(to, { timeout: BUSY_MS });
    const [{ quick_check: found } = {}] = copy.prepare("PRAGMA quick_check(1)").all();
    if (found !== "ok") throw new Error(`its pages are damaged: ${found}`);
    if (!isKvDatabase(copy)) throw new Error("it is a database of another program");
  } catch (error) {
    throw new AppError(
      "unavailable",
      `Cannot copy the store ${from} to ${to}: ${messageOf(error)}. Expected a whole Deno KV ` +
        `database, and room beside the copy. Next: look at both, or take another file`,
      { cause: error },
    );
  }
}

export function isKvDatabase(database: DatabaseSync): boolean {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE name IN (?, ?)")
    .all(...KV_TABLES);
  return tables.length === KV_TABLES.length;
}

/** Makes the copy one file that needs no journal to be read, also where nothing may be written. */
export async function foldJournals(path: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  using database = new DatabaseSync(path, { timeout: BUSY_MS });
  database.exec("PRAGMA journal_mode = DELETE");
}

/**
 * Keeps all other processes out of a database until it is disposed of. Throws `conflict` where one has it open:
 * only who is alone can end the write-ahead log. Of a file that is no whole database nobody is kept out.
 */
export async function holdAlone(path: string): Promise<Disposable> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
  } catch (error) {
    if (!isBusy(error)) return database;
    database.close();
    throw new AppError(
      "conflict",
      `Cannot replace the store ${path}: another process has it open, expected none. Next: stop it ` +
        `(anomaly serve, or a command that is still running), then try again`,
      { cause: error },
    );
  }
  return database;
}

export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new AppError(
      "unavailable",
      `Cannot look at ${path}: ${
        messageOf(error)
      }. Expected a path that can be read. Next: correct it`,
      { cause: error },
    );
  }
}

/** Waits until a file, or the names in a folder, are on the disk. */
export async function syncToDisk(path: string): Promise<void> {
  // A folder cannot be opened everywhere; where it cannot, its names are kept in order anyway.
  using file = await Deno.open(path, { read: true }).catch(() => null);
  await file?.sync();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
