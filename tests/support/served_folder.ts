// A folder in which `serve` runs on a simulated market with auto-promotion and short leases, and looks at its
// store from outside. For tests with real processes that die, or are many.

import { assertEquals } from "@std/assert";
import projectConfig from "../../configs/project.json" with { type: "json" };
import { readScope, writeScope } from "../../src/domain/scope.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listLeases } from "../../src/registry/leases.ts";
import { keysOf } from "../../src/store/keys.ts";
import { Store } from "../../src/store/kv.ts";
import { serveProcess } from "./processes.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

export const LEASE_SECONDS = 2;
const BRANCH = "main";
const LOOK_MS = 100;

export interface ServedFolder {
  kv: string;
  env: Record<string, string>;
}

/** Writes the folder's configs. */
export async function servedFolder(
  folder: string,
  schedules: Record<string, string> = {},
): Promise<ServedFolder> {
  await Deno.mkdir(`${folder}/configs`);
  const project = {
    ...projectConfig,
    auto_promote: true,
    schedules: { ...projectConfig.schedules, ...schedules },
    // Commands beside a process on a fast clock go by the wall's: their events look old to it.
    durability: { lease_seconds: LEASE_SECONDS, max_event_age_hours: 1e6 },
  };
  await Deno.writeTextFile(`${folder}/configs/project.json`, JSON.stringify(project));
  return {
    kv: `${folder}/registry.kv`,
    env: { LOGNAME: "tester", ANOMALY_SOURCE: "simulated", ANOMALY_BRANCH: BRANCH },
  };
}

/** The branch, by a handle of this process. */
export async function openBranch(kv: string): Promise<RegistryContext & Disposable> {
  const store = await Store.open(kv);
  const { project } = projectConfig;
  return {
    store,
    scopes: { write: writeScope(project, BRANCH), read: readScope(project, BRANCH) },
    actor: "tester",
    nowMs: Date.now,
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

/** Runs `anomaly <words>` in the folder, in a process of its own. */
export async function runProgram(
  folder: string,
  env: Record<string, string>,
  words: readonly string[],
): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "--no-check", `${ROOT}main.ts`, ...words],
    cwd: folder,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Serves without schedules until nothing is left that somebody has to end or to hear of. */
export async function comeToRest(
  { cwd, env, kv }: { cwd: string; env: Record<string, string>; kv: string },
): Promise<void> {
  const words = ["serve", "--port", "0", "--no_schedules", "--kv", kv];
  await using served = await serveProcess({ cwd, env, words });
  {
    using branch = await openBranch(kv);
    const { write } = branch.scopes;
    for (;;) {
      const open = await branch.store.list(keysOf(write).openDeliveries(), { limit: 1 });
      if (open.length === 0 && (await listLeases(branch, write)).length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
  assertEquals(await served.end("SIGTERM"), 0, served.stderr());
}
