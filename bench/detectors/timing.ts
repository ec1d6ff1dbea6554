// How a piece of work is timed: the processor time of the first call of a process, and of a warm one.

import process from "node:process";

export interface Timing {
  /** Milliseconds of processor time, of all threads. */
  firstMs: number;
  warmMs: number;
  /** Peak memory of the process after the first call, MB of 10⁶ bytes; null where nobody counts it. */
  peakMb: number | null;
}

/** Calls go on for this long, but there are two at least. */
const BUDGET_MS = 2000;
const MAX_CALLS = 400;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The median call of the second half, in which the compiler has done its work. */
export function time(work: () => unknown, peakNow: () => number | null): Timing {
  const calls: number[] = [];
  let peakMb: number | null = null;
  for (let spent = 0; calls.length < 2 || (spent < BUDGET_MS && calls.length < MAX_CALLS);) {
    const before = cpuMs();
    work();
    calls.push(cpuMs() - before);
    spent += calls.at(-1)!;
    if (calls.length === 1) peakMb = peakNow();
  }
  const warm = calls.slice(Math.ceil(calls.length / 2)).sort((a, b) => a - b);
  return { firstMs: calls[0]!, warmMs: warm[warm.length >> 1]!, peakMb };
}
