// The program, or another entry of it, as a process that serves: started, heard, and ended by a signal.

import { assert } from "@std/assert";

const ROOT = new URL("../../", import.meta.url).pathname;
/** A process that has to end within 5 s is killed after these, and its exit code tells. */
const KILL_MS = 5_000;
/** How long a line is waited for; only a broken program makes a test wait so long. */
const HEAR_MS = 30_000;

export interface Served extends AsyncDisposable {
  /** "http://127.0.0.1:43210" */
  origin: string;
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves once stderr has a match; fails where the process ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal; gives the exit code. 137 where it did not end in time. */
  end(signal: Deno.Signal): Promise<number>;
}

export interface ProcessOptions {
  cwd: string;
  env: Record<string, string>;
  words: string[];
  /** The entry, from the root of the project. */
  entry?: string;
}

/** Starts the process and waits until it serves. Throws with its exit code and words where it ends. */
export async function serveProcess(options: ProcessOptions): Promise<Served> {
  const { cwd, env, words, entry = "main.ts" } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "--no-check", `${ROOT}${entry}`, ...words],
    cwd,
    clearEnv: true,
    env: { ...inherited(), NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const out = listenTo(child.stdout);
  const err = listenTo(child.stderr);
  const ended = child.status.then(async ({ code }) => {
    await Promise.all([out.ended, err.ended]);
    return code;
  });
  const end = async (signal: Deno.Signal) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), KILL_MS);
    try {
      child.kill(signal);
    } catch {
      // It has ended by itself; its code tells how.
    }
    const code = await ended;
    clearTimeout(timer);
    return code;
  };
  const served: Served = {
    origin: "",
    pid: child.pid,
    stdout: out.text,
    stderr: err.text,
    said: (pattern) => err.match(pattern, ended),
    end,
    [Symbol.asyncDispose]: async () => void await end("SIGKILL"),
  };
  try {
    const [, address] = await served.said(/^serving (http:\S+)$/m);
    return { ...served, origin: address! };
  } catch (error) {
    await served[Symbol.asyncDispose]();
    throw error;
  }
}

/** What the runtime itself needs to find its cache. */
function inherited(): Record<string, string> {
  return Object.fromEntries(["PATH", "HOME", "DENO_DIR"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** A stream as text that grows, and can be waited for. */
export function listenTo(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  let text = "";
  let heard = Promise.withResolvers<void>();
  const ended = (async () => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      heard.resolve();
      heard = Promise.withResolvers<void>();
    }
  })();
  const match = async (pattern: RegExp, exit: Promise<unknown>) => {
    let code: unknown = null;
    const over = exit.then((value) => void (code = value));
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, HEAR_MS);
    const begun = performance.now();
    try {
      for (;;) {
        const found = pattern.exec(text);
        if (found) return found;
        assert(code === null, `exit ${code} without ${pattern}: ${text}`);
        assert(performance.now() - begun < HEAR_MS, `nothing said of ${pattern}: ${text}`);
        await Promise.race([heard.promise, over, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  };
  return { text: () => text, ended, match };
}
