// What wakes the schedules: the platform's cron by the wall clock, or, for a simulated or recorded
// market, a clock that runs faster and goes from slot to slot.

import { nextSlot } from "../src/domain/cron.ts";
import type { Cron, SlotOutcome } from "./schedules.ts";

/**
 * A market that does not answer is asked again after one minute and after five more: by then an hourly
 * snapshot is still within the 45 minutes in which it can decide outcomes, and further tries would run
 * into the next hour's. The client has tried for a minute itself each time.
 */
const BACKOFF_MS = [60_000, 300_000];

/** Deno's own cron. It keeps the process alive until the signal, so it is for processes that serve. */
export function platformCron({ signal }: { signal?: AbortSignal } = {}): Cron {
  return {
    register: (name, expression, handler) => {
      const options = { backoffSchedule: [...BACKOFF_MS], ...(signal ? { signal } : {}) };
      Deno.cron(name, expression, options, async () => {
        const outcome = await handler();
        // To throw is how Deno.cron is told to try again.
        if (outcome.kind === "retry") throw outcome.error;
      });
    },
  };
}

/** setTimeout takes no more than 2³¹ ms. */
const MAX_SLEEP_MS = 86_400_000;

interface Registered {
  expression: string;
  handler: () => Promise<SlotOutcome>;
  /** Its latest slot, or the instant from which the clock went. */
  afterMs: number;
}

export interface FastClockOptions {
  /** Its seconds in a second. */
  speed: number;
  startMs: number;
  /** Real time, ms from any origin; injected so that tests need not wait. */
  elapsedMs?: () => number;
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * A clock that runs `speed` times as fast as the wall's, and a cron that goes by it: slot by slot in
 * order of time, those of one instant in the order in which they were registered. It never passes a
 * slot before the work of the one before it is done: where the work is slower than the clock, the clock
 * waits, and no slot is left out.
 */
export class FastClock implements Cron {
  #speed: number;
  readonly #elapsedMs: () => number;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly #registered: Registered[] = [];
  /** It showed `shownMs` at `elapsedMs`, and has run on since then, to the ceiling at most. */
  #anchor: { shownMs: number; elapsedMs: number };
  #ceilingMs: number;

  constructor({ speed, startMs, elapsedMs, sleep }: FastClockOptions) {
    this.#speed = speed;
    this.#elapsedMs = elapsedMs ?? (() => performance.now());
    this.#sleep = sleep ?? sleepFor;
    this.#anchor = { shownMs: startMs, elapsedMs: this.#elapsedMs() };
    // It stands until it is run: what is registered meanwhile all goes from one instant.
    this.#ceilingMs = startMs;
  }

  nowMs(): number {
    const { shownMs, elapsedMs } = this.#anchor;
    const ranMs = (this.#elapsedMs() - elapsedMs) * this.#speed;
    return Math.min(this.#ceilingMs, Math.round(shownMs + ranMs));
  }

  register(_name: string, expression: string, handler: () => Promise<SlotOutcome>): void {
    this.#registered.push({ expression, handler, afterMs: this.nowMs() });
  }

  /**
   * Goes from slot to slot until the signal, or until the market is over. Then the clock goes on at the
   * wall's pace: nothing comes any more that would keep up with it.
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#setTo(this.nowMs());
    while (!signal.aborted) {
      const next = this.#next();
      if (next === null) break;
      this.#ceilingMs = next.slotMs;
      if (!await this.#reach(next.slotMs, signal)) break;
      next.entry.afterMs = next.slotMs;
      this.#ceilingMs = this.#next()?.slotMs ?? Infinity;
      if ((await next.entry.handler()).kind === "over") break;
    }
    this.#setTo(this.nowMs());
    this.#speed = 1;
    this.#ceilingMs = Infinity;
  }

  #next(): { entry: Registered; slotMs: number } | null {
    let first: { entry: Registered; slotMs: number } | null = null;
    for (const entry of this.#registered) {
      const slotMs = nextSlot(entry.expression, entry.afterMs);
      if (slotMs !== null && (first === null || slotMs < first.slotMs)) first = { entry, slotMs };
    }
    return first;
  }

  /** False where the signal came first. */
  async #reach(slotMs: number, signal: AbortSignal): Promise<boolean> {
    for (let now = this.nowMs(); now < slotMs; now = this.nowMs()) {
      await this.#sleep(Math.min(MAX_SLEEP_MS, Math.ceil((slotMs - now) / this.#speed)), signal);
      if (signal.aborted) return false;
    }
    // However late it is by the wall, it is the slot's instant here.
    this.#setTo(slotMs);
    return true;
  }

  #setTo(shownMs: number): void {
    this.#anchor = { shownMs, elapsedMs: this.#elapsedMs() };
  }
}

/** Resolves after the time or at the signal, whichever comes first. */
function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
