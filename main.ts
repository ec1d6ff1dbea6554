// Wiring: parse → open the store → inject the flows → dispatch. The only place that touches the
// process itself: arguments, environment, signals, streams.

import { flows } from "./flows/mod.ts";
import type { App, AppServer } from "./src/cli/command.ts";
import { runCommandLine } from "./src/cli/mod.ts";
import { AppError } from "./src/domain/errors.ts";
import { Store } from "./src/store/kv.ts";
import type { MigrateOptions } from "./src/store/migrate.ts";
import { CODE_VERSION } from "./src/version.ts";

const encoder = new TextEncoder();

/** The two ways to be stopped: in order, and now. */
interface Stop {
  signal: AbortSignal;
  cut: AbortSignal;
}

/** How long work that is told to stop now may take to say what it left. */
const CUT_MS = 2_000;

/** Runs one command line in this process; gives the exit code. */
export async function main(words: readonly string[], { signal, cut }: Stop): Promise<number> {
  const json = words.includes("--json") || words.includes("--json=true");
  const stdout = (text: string) => writeLine(Deno.stdout, text);
  const stderr = (text: string) => writeLine(Deno.stderr, text);
  const app: App = {
    env: (name) => Deno.env.get(name),
    nowMs: Date.now,
    signal,
    cut,
    codeVersion: CODE_VERSION,
    flows,
    say: json ? stderr : stdout,
    emit: stdout,
    progress: progressBar,
    sourceExtent,
    outcomeReport,
    deleteStore,
    backUpStore,
    restoreStore,
    server: (host) => server(host, { signal, say: stderr }),
    openStore: (path, options) => openStore(path, { ...options, say: stderr }),
  };
  return await runCommandLine(app, words, { stdout, stderr });
}

/** A reader that has gone (`| head -1`) does not decide whether the work goes on. */
function writeLine(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = encoder.encode(`${text}\n`);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Draws on a terminal only; the last step wipes the line. */
function progressBar(what: string, done: number, total: number): void {
  if (!Deno.stderr.isTerminal()) return;
  const width = 30;
  const filled = Math.round(width * Math.min(1, done / total));
  const bar = "█".repeat(filled) + "░".repeat(width - filled);
  const line = done >= total ? "" : `${what} ${bar} ${done} of ${total}`;
  Deno.stderr.writeSync(encoder.encode(`\r\x1b[2K${line}`));
}

/**
 * Opens the store at a path; `create: false` makes none where there is none. An older one is migrated when
 * something is first written to it, a local one after it was copied.
 */
export async function openStore(
  path: string | undefined,
  { create, say = () => {} }: { create: boolean; say?: (line: string) => void },
): Promise<Store> {
  if (path === undefined || path === ":memory:" || /^https?:/.test(path)) {
    return migrating(await Store.open(path), { backUp: null, say });
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
    throw new AppError(
      "invalid",
      `Cannot open the store ${path}: expected a path, :memory: or an http(s) URL. Next: correct --kv ` +
        `or ANOMALY_KV`,
    );
  }
  // A question about a store that is not there finds it empty, and leaves nothing behind.
  if (!create && !await exists(path)) {
    return await Store.open(":memory:", { standsInFor: path });
  }
  if (create) await makeFolderOf(path);
  const backUp = async () =>
    (await backUpStore(path, { overwrite: false, nowMs: Date.now() })).path;
  return migrating(await Store.open(path), { backUp, say });
}

/** Imported on demand: hardly a store needs a migration. */
function migrating(store: Store, options: MigrateOptions): Store {
  store.migrateBeforeWriting(async () => {
    const { migrateStore } = await import("./src/store/migrate.ts");
    await migrateStore(store, options);
  });
  return store;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new AppError(
      "unavailable",
      `Cannot open the store ${path}: ${messageOf(error)}. Expected a Deno KV database or a path ` +
        `where one can be made. Next: choose another with --kv <path>.`,
      {
        cause: error,
      },
    );
  }
}

async function makeFolderOf(path: string): Promise<void> {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  if (folder === "") return;
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw new AppError(
      "unavailable",
      `Cannot make the store ${path}: ${
        messageOf(error)
      }. Expected ${folder} to be a folder, or to ` +
        `be free. Next: choose another path with --kv <path>.`,
      { cause: error },
    );
  }
}

/** Deletes a local store with its journal files. */
export async function deleteStore(path: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) {
    await Deno.remove(path + suffix).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** Imported on demand: only copies of whole stores need SQLite. */
export const backUpStore: App["backUpStore"] = async (path, options) => {
  const { backUpStore } = await import("./src/store/backup.ts");
  return await backUpStore(path, options);
};

export const restoreStore: App["restoreStore"] = async (file, path, options) => {
  const { restoreStore } = await import("./src/store/backup.ts");
  return await restoreStore(file, path, options);
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Imported on demand: most commands neither fetch nor serve, and should start at once. */
export const sourceExtent: App["sourceExtent"] = async (name) => {
  const { openSource } = await import("./src/market/mod.ts");
  const source = await openSource(name, {
    env: (key: string) => Deno.env.get(key),
    nowMs: Date.now,
    seed: 0,
  });
  return await source.extent();
};

/** Imported on demand, as is the market: most commands need neither. */
export const outcomeReport: App["outcomeReport"] = async (registry, options) => {
  const { outcomeReport } = await import("./flows/validate_outcomes/report.ts");
  return await outcomeReport(registry, options);
};

/** Imported on demand: who serves needs the pages, nobody else does. */
async function server(
  host: string,
  { signal, say }: { signal: AbortSignal; say: (line: string) => void },
): Promise<AppServer> {
  const { accessOn } = await import("./serving.ts");
  const access = accessOn(host, (name) => Deno.env.get(name));
  const { serve } = await import("./serve_here.ts");
  return (session, options) => serve(session, { ...options, host, access, signal, say });
}

/** The first SIGINT or SIGTERM ends work in order, the second one now; whatever is left then is left. */
function stopSignals(): Stop {
  const stop = new AbortController();
  const cut = new AbortController();
  const names: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const name of names) {
    Deno.addSignalListener(name, () => {
      const reason = new AppError("interrupted", `Stopped by ${name} before it was done.`);
      if (cut.signal.aborted) Deno.exit(130);
      if (!stop.signal.aborted) return stop.abort(reason);
      cut.abort(reason);
      setTimeout(() => Deno.exit(130), CUT_MS);
    });
  }
  return { signal: stop.signal, cut: cut.signal };
}

if (import.meta.main) {
  Deno.exit(await main(Deno.args, stopSignals()));
}
