// The database file of a local store: looked at page by page, and rewritten without the pages that are free.
// Beside database_file.ts, which copies it.

import type { DatabaseSync } from "node:sqlite";
import { AppError } from "../domain/errors.ts";
import { isKvDatabase } from "./database_file.ts";

/** How long SQLite waits for a lock that another process holds for a moment, ms. */
const BUSY_MS = 10_000;
/** What is told of one file. */
const MAX_PROBLEMS = 20;

/** SQLite's codes for a file that is damaged, or none of its own: SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = [11, 26];

/**
 * What SQLite finds wrong with the pages of a file, in its words; nothing for a whole one. Throws `unavailable`
 * where it cannot look: a file that is locked, or may not be opened, is not damaged.
 */
export async function pageProblems(path: string): Promise<string[]> {
  // Loaded here: most commands do without, and where there is no disk there may be no SQLite either.
  const { DatabaseSync } = await import("node:sqlite");
  try {
    using database = new DatabaseSync(path, { timeout: BUSY_MS });
    const problems = database.prepare(`PRAGMA integrity_check(${MAX_PROBLEMS})`).all()
      .map(({ integrity_check: found }) => String(found))
      .filter((found) => found !== "ok");
    return isAnothers(database) ? [...problems, "a database of another program"] : problems;
  } catch (error) {
    if (isDamage(error)) return [messageOf(error)];
    throw new AppError(
      "unavailable",
      `Cannot look through the store ${path}: ${
        messageOf(error)
      }. Expected a file that this user may write ` +
        `to, as SQLite has to even for reading, and that nobody else has locked. Next: verify it as ` +
        `its owner, or try again`,
      { cause: error },
    );
  }
}

/** One without any table is a store that nobody has written to. */
function isAnothers(database: DatabaseSync): boolean {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' LIMIT 1")
    .all();
  return tables.length > 0 && !isKvDatabase(database);
}

/** Extended codes carry the plain one in their last byte. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
  return DAMAGED.includes(code & 0xff);
}

export interface Compacted {
  bytesBefore: number;
  bytesAfter: number;
}

/**
 * Writes the file anew without free pages. SQLite keeps others out meanwhile, and needs room for a second
 * file. Throws `unavailable` where a process is in its way, or the disk is full; then nothing has changed.
 */
export async function compactFile(path: string): Promise<Compacted> {
  const { DatabaseSync } = await import("node:sqlite");
  try {
    const bytesBefore = (await Deno.stat(path)).size;
    {
      using database = new DatabaseSync(path, { timeout: BUSY_MS });
      database.exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    }
    return { bytesBefore, bytesAfter: (await Deno.stat(path)).size };
  } catch (error) {
    throw new AppError(
      "unavailable",
      `Cannot compact the store ${path}: ${
        messageOf(error)
      }. Expected a file that nobody else writes to ` +
        `now, and room for a second one beside it. Next: stop what uses it, then try again`,
      { cause: error },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
