// The signs of life of a run that goes on.

import { toAppError } from "../domain/errors.ts";
import { renewLease } from "../registry/leases.ts";
import type { RunnerContext } from "./flow.ts";

/** Signs of life within the time that a lease is believed. */
const BEATS = 3;

/**
 * Renews a run's lease until it is disposed of. A beat that the store does not take (a full disk) ends
 * nothing: the next one may be taken, and if none is, another process takes the run over, which shows.
 *
 * @param onLost told once, when the run is no longer this process's
 */
export function heartbeat(
  { registry, durability }: Pick<RunnerContext, "registry" | "durability">,
  runId: number,
  onLost: (error: unknown) => void,
): Disposable {
  const { holder } = durability;
  let beating: Promise<void> | null = null;
  const timer = setInterval(() => {
    // A beat that takes longer than the next one is waited for: the store is busy, not lost.
    beating ??= renewLease(registry, runId, holder)
      .catch((error) => {
        if (toAppError(error).code !== "conflict") return;
        clearInterval(timer);
        onLost(error);
      })
      .finally(() => beating = null);
  }, holder.forMs / BEATS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
