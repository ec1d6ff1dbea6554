// The database file of a local store: looked at page by page, and rewritten without the pages that are free.
// Beside database_file.ts, which copies it.

import { AppError } from "../domain/errors.ts";

/** How long SQLite waits for a lock that another process holds for a moment, ms. */
const BUSY_MS = 10_000;
/** What is told of one file. */
const MAX_PROBLEMS = 20;

/** What SQLite finds wrong with the pages of a file, in its words; nothing for a whole one. */
export async function pageProblems(path: string): Promise<string[]> {
  // Loaded here: most commands do without, and where there is no disk there may be no SQLite either.
  const { DatabaseSync } = await import("node:sqlite");
  try {
    using database = new DatabaseSync(path, { timeout: BUSY_MS });
    return database.prepare(`PRAGMA integrity_check(${MAX_PROBLEMS})`).all()
      .map(({ integrity_check: found }) => String(found))
      .filter((found) => found !== "ok");
  } catch (error) {
    return [messageOf(error)];
  }
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
      `Cannot compact the store ${path}: ${messageOf(error)}. Expected a file that nobody else writes to ` +
        `now, and room for a second one beside it. Next: stop what uses it, then try again`,
      { cause: error },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
