// The whole command line in this process, in a temporary folder: the real flows, the real dispatch and
// real stores on disk, with an environment, a clock and streams that belong to the test.

import { assertEquals } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import {
  backUpStore,
  deleteStore,
  openStore,
  outcomeReport,
  restoreStore,
  sourceExtent,
} from "../../main.ts";
import type { App } from "../../src/cli/command.ts";
import { runCommandLine } from "../../src/cli/mod.ts";

/** What a command line gave back: all lines of each stream. */
export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** A user in a folder of their own, in front of the program. */
export interface Terminal {
  folder: string;
  /** The store of commands without --kv: a file in the folder that is not there at first. */
  kv: string;
  /** All that commands see of the environment. */
  env: Record<string, string>;
  /** The wall clock; 2024-02-01 at first, a month after the simulated market begins. */
  clockMs: number;
  /** Takes the place of what `main.ts` hands to the command line. */
  app: Partial<App>;
  /** Runs `anomaly <words>`. */
  run(...words: string[]): Promise<Answer>;
  /** Runs `anomaly <words>`, which must succeed; gives what is on stdout. */
  text(...words: string[]): Promise<string>;
  /** Runs `anomaly <words> --json`, which must succeed with one JSON value on stdout. */
  json<T>(...words: string[]): Promise<T>;
}

export function terminalIn(folder: string): Terminal {
  const kv = `${folder}/registry.kv`;
  const terminal: Terminal = {
    folder,
    kv,
    env: { USER: "tester", ANOMALY_KV: kv, ANOMALY_CONFIGS: folder, ANOMALY_SOURCE: "simulated" },
    clockMs: Date.UTC(2024, 1, 1),
    app: {},
    run: (...words) => run(terminal, words),
    text: async (...words) => {
      const { code, stdout, stderr } = await run(terminal, words);
      assertEquals([code, stderr], [0, ""], `${words.join(" ")}: ${stdout}`);
      return stdout;
    },
    json: async (...words) => {
      const { code, stdout } = await run(terminal, [...words, "--json"]);
      assertEquals(code, 0, `${words.join(" ")}: ${stdout}`);
      return JSON.parse(stdout);
    },
  };
  return terminal;
}

async function run(terminal: Terminal, words: readonly string[]): Promise<Answer> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const toStdout = (text: string) => void stdout.push(text);
  const toStderr = (text: string) => void stderr.push(text);
  const app: App = {
    env: (name) => terminal.env[name],
    nowMs: () => terminal.clockMs,
    signal: new AbortController().signal,
    cut: new AbortController().signal,
    codeVersion: "test",
    flows,
    say: words.includes("--json") ? toStderr : toStdout,
    emit: toStdout,
    progress: () => {},
    sourceExtent,
    outcomeReport,
    deleteStore,
    backUpStore,
    restoreStore,
    server: async (host) => {
      const { accessOn } = await import("../../serving.ts");
      accessOn(host, (name) => terminal.env[name]);
      throw new Error("nothing is served in this test");
    },
    openStore: (path, options) => openStore(path, { ...options, say: toStderr }),
    ...terminal.app,
  };
  const code = await runCommandLine(app, words, { stdout: toStdout, stderr: toStderr });
  return { code, stdout: stdout.join("\n"), stderr: stderr.join("\n") };
}

/** Runs the test in a temporary folder that is gone afterwards. */
export async function withTerminal(test: (terminal: Terminal) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "anomaly_cli_" });
  try {
    await test(terminalIn(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Every file below the folder with the hash of its bytes, to see that nothing was written. */
export async function listing(folder: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) {
      lines.push(`${name}/`, ...(await listing(path)).map((line) => `${name}/${line}`));
    } else {
      const hash = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
      lines.push(`${name} ${new Uint8Array(hash).toHex()}`);
    }
  }
  return lines.sort();
}
