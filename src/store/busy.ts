// A database that is busy with another process says so at once, instead of waiting: here it is waited for.

/** How long is waited while other processes keep the database busy or win the race. */
export const BUSY_DEADLINE_MS = 30_000;

/** Waiting times of a retry: full jitter between the floor and a ceiling that doubles. */
const RETRY_FLOOR_MS = 2;
const RETRY_CEILING_MS = 200;

/** SQLite's answer when another process holds the write lock; it comes at once, without waiting. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error &&
    /database is locked|database table is locked/i.test(error.message);
}

/** Tries until the database is free. Throws what is no "busy", and "busy" after the deadline. */
export async function retryWhileBusy<R>(operation: () => Promise<R>): Promise<R> {
  const deadline = performance.now() + BUSY_DEADLINE_MS;
  for (let attempt = 0;; attempt++) {
    try {
      return await operation();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await pause(attempt);
    }
  }
}

/** Full jitter, so that writers that collided once do not collide again in step. */
export function pause(attempt: number): Promise<void> {
  const ceiling = Math.min(RETRY_CEILING_MS, RETRY_FLOOR_MS * 2 ** attempt);
  const ms = RETRY_FLOOR_MS + Math.random() * ceiling;
  return new Promise((resolve) => setTimeout(resolve, ms));
}
