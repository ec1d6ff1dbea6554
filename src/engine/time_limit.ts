// Work that ends in time: by itself, at its limit, or when the process is told to end now.

import { AppError } from "../domain/errors.ts";

/**
 * Runs the work with a signal that is aborted at the limit and with the given one. Does not wait for work
 * that does not listen: it throws at once, and what the work still does has to look at its signal.
 *
 * @param what as the message names it: `step "fetch"`
 * @throws `unavailable` when it took too long, and the reason of the given signal
 */
export async function withinTime<R>(
  what: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  signal.throwIfAborted();
  const limit = new AbortController();
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => {});
  const abort = (reason: unknown) => {
    limit.abort(reason);
    over.reject(reason);
  };
  const onAbort = () => abort(signal.reason);
  signal.addEventListener("abort", onAbort);
  const timer = Number.isFinite(timeoutMs)
    ? setTimeout(() => abort(tooLong(what, timeoutMs)), timeoutMs)
    : undefined;
  try {
    return await Promise.race([work(limit.signal), over.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function tooLong(what: string, timeoutMs: number): AppError {
  return new AppError(
    "unavailable",
    `Cannot finish ${what}: it took longer than ${timeoutMs / 1000} s.`,
  );
}

/** Resolves after the time. Throws the signal's reason as soon as it is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await withinTime("a pause", { timeoutMs: Infinity, signal }, (over) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      over.addEventListener("abort", () => clearTimeout(timer), { once: true });
    }));
}

/** Resolves at the signal. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
