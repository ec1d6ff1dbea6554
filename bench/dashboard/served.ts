// `anomaly serve` on a store, as a process of its own.

import { BRANCH } from "./examples.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const START_LIMIT_MS = 20_000;

export interface ServedStore extends AsyncDisposable {
  port: number;
}

/** Starts it on any free port, without schedules, and waits until it listens. */
export async function serveStore(path: string): Promise<ServedStore> {
  const words = ["serve", "--kv", path, "--branch", BRANCH, "--port", "0", "--no_schedules"];
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", `${ROOT}main.ts`, ...words],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const port = await announcedPort(process);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

async function announcedPort(process: Deno.ChildProcess): Promise<number> {
  const reader = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const timer = setTimeout(() => process.kill("SIGKILL"), START_LIMIT_MS);
  let said = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`anomaly serve ended before it listened: ${said}`);
    said += value;
    const port = /http:\/\/[^\s/]+:(\d+)/.exec(said)?.[1];
    if (port === undefined) continue;
    clearTimeout(timer);
    // What else it says is read, so that it never waits for a reader, and forgotten.
    (async () => {
      while (!(await reader.read()).done);
    })();
    return Number(port);
  }
}
