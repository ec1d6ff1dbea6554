// Timers that go by faster, all of them, so that waits and time limits of many seconds keep their
// proportions and a test takes none of them.

/** How many times faster. A limit of 20 s is 400 ms then, which a busy machine still keeps. */
const SPEED = 50;

export async function withFastTimers<R>(work: () => Promise<R>): Promise<R> {
  const real = globalThis.setTimeout;
  const fast = (handler: () => void, ms = 0) => real(handler, ms / SPEED);
  globalThis.setTimeout = fast as typeof setTimeout;
  try {
    return await work();
  } finally {
    globalThis.setTimeout = real;
  }
}
