// Looking after a branch between its slots: what other processes publish, what a process that died left, what is
// tried again after a while; and what people are to be told.

import { toAppError } from "../src/domain/errors.ts";
import type { RunnerContext } from "../src/engine/flow.ts";
import type { RunQueue } from "../src/engine/queue.ts";
import { aborted } from "../src/engine/time_limit.ts";
import type { NotificationSender } from "../src/notify/sender.ts";

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
  const { branch } = runner.registry.scopes.write;
  void watch(runner, {
    signal,
    isFree: () => !queue.isBusy(branch),
    work: () => queue.tend(runner),
  });
}

export interface NotifyingOptions {
  sender: NotificationSender;
  runner: RunnerContext;
  signal: AbortSignal;
  say(line: string): void;
}

/**
 * Sends the branch's notifications, beside whatever runs. Resolves after the signal, when nothing is being
 * sent any more.
 */
export async function notify({ sender, runner, signal, say }: NotifyingOptions): Promise<void> {
  if (!sender.hasWork) return;
  await watch(runner, {
    signal,
    isFree: () => true,
    work: async () => {
      try {
        await sender.sendDue();
      } catch (cause) {
        say(`cannot send notifications: ${toAppError(cause).message}`);
      }
    },
  });
}

interface Watch {
  signal: AbortSignal;
  isFree(): boolean;
  /** Never again before it has ended. Never rejects. */
  work(): Promise<void>;
}

/** Does the work when the branch has changed, and now and then. Resolves after the signal and the work. */
async function watch(
  { registry, durability }: RunnerContext,
  { signal, isFree, work }: Watch,
): Promise<void> {
  const { write } = registry.scopes;
  const everyMs = Math.min(LOOK_THROUGH_MS, durability.holder.forMs / 2);
  let seen: string | null = null;
  let lookedAtMs = -Infinity;
  let looking: Promise<void> | null = null;
  const look = async () => {
    const revision = await registry.store.revision(write).catch(() => null);
    if (revision === seen && performance.now() - lookedAtMs < everyMs) return;
    lookedAtMs = performance.now();
    await work();
    seen = revision;
  };
  const lookUnlessLooking = () => {
    if (looking !== null || signal.aborted || !isFree()) return;
    looking = look().finally(() => looking = null);
  };
  const timer = setInterval(lookUnlessLooking, LOOK_MS);
  lookUnlessLooking();
  await aborted(signal);
  clearInterval(timer);
  await looking;
}
