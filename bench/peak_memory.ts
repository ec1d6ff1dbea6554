// The largest memory that a process has had, as Linux counts it.

const POLL_MS = 10;

/** Follows a process to its end; MB of 10⁶ bytes, resident. Asked often, for it is gone with the process. */
export async function peakMemory(child: Deno.ChildProcess): Promise<number> {
  let ended = false;
  const status = child.status.then(() => void (ended = true));
  let peak = 0;
  while (!ended) {
    peak = peakSoFar(child.pid) ?? peak;
    await Promise.race([status, new Promise((resolve) => setTimeout(resolve, POLL_MS))]);
  }
  return peak;
}

/** The peak until now; null once the process has ended. */
export function peakSoFar(pid: number): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
    return kilobytes === null ? null : Number(kilobytes[1]) * 1024 / 1e6;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
