// Looking after a branch between its slots: what other processes publish, what a process that died left, what is
// tried again after a while.

import type { RunnerContext } from "../src/engine/flow.ts";
import type { RunQueue } from "../src/engine/queue.ts";

/** How often the branch is asked whether anything has changed. One read, while nothing has. */
const LOOK_MS = 1_000;
/** How often it is looked through even so: leases and waiting times end by the clock alone. */
const LOOK_THROUGH_MS = 10_000;

export interface TendingOptions {
  queue: RunQueue;
  runner: RunnerContext;
  signal: AbortSignal;
}

/** Works off what is open on the runner's branch, at once and then whenever there may be something. */
export function tend({ queue, runner, signal }: TendingOptions): void {
  const { registry, durability } = runner;
  const { write } = registry.scopes;
  const everyMs = Math.min(LOOK_THROUGH_MS, durability.holder.forMs / 2);
  let seen: string | null = null;
  let lookedAtMs = -Infinity;
  let isLooking = false;
  const look = async () => {
    if (isLooking || signal.aborted || queue.isBusy(write.branch)) return;
    isLooking = true;
    try {
      const revision = await registry.store.revision(write).catch(() => null);
      if (revision === seen && performance.now() - lookedAtMs < everyMs) return;
      lookedAtMs = performance.now();
      await queue.tend(runner);
      seen = revision;
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  void look();
}
