// Backups of a store to which other processes write all the time: each is whole, and each restores to a store
// with which nothing is wrong.

import { assert, assertEquals } from "@std/assert";
import { verifyStore } from "../../src/registry/verify.ts";
import { backUpStore, restoreStore } from "../../src/store/backup.ts";
import { keysOf } from "../../src/store/keys.ts";
import { Store } from "../../src/store/kv.ts";
import { readScope } from "../../src/domain/scope.ts";
import { withFolder } from "../support/market.ts";

const ROOT = new URL("../../", import.meta.url);
const WRITERS = ["a", "b", "c"];
const BACKUPS = 4;

/** Takes snapshots of a market of its own branch until it is killed. */
function writer(kv: string, branch: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "tests/support/endless_writer.ts", kv, branch],
    cwd: ROOT,
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

async function snapshotsIn(store: Store): Promise<number> {
  const counts = await Promise.all(WRITERS.map((branch) => {
    const keys = keysOf(readScope("crypto_anomaly", branch));
    return store.get(keys.counter("version/data/market_snapshot"));
  }));
  return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

Deno.test("each backup while three processes write restores to a store that verifies", () =>
  withFolder(async (folder) => {
    const kv = `${folder}/registry.kv`;
    const children = WRITERS.map((branch) => writer(kv, branch));
    try {
      const ended = Promise.race(children.map((child) => child.status))
        .then(() => Promise.reject(new Error("a writer ended by itself")));
      // Killed in the end, when nobody waits any more.
      ended.catch(() => {});
      await Promise.race([untilMoreThan(kv, 0), ended]);
      let before = 0;
      for (let i = 0; i < BACKUPS; i++) {
        const options = { overwrite: false, nowMs: i * 1000 };
        const copy = await backUpStore(kv, options);
        const restored = await restoreStore(copy.path, `${folder}/restored-${i}.kv`, options);
        using store = await Store.open(restored.path);
        const report = await verifyStore(store, { repair: false, progress: () => {} });
        assertEquals(report.findings, []);
        const snapshots = await snapshotsIn(store);
        assert(snapshots > before, `${snapshots} snapshots, ${before} before`);
        before = snapshots;
        await Promise.race([untilMoreThan(kv, before), ended]);
      }
    } finally {
      for (const child of children) await kill(child);
    }
    using store = await Store.open(kv);
    const report = await verifyStore(store, { repair: false, progress: () => {} });
    assertEquals(report.findings, []);
  }));

async function kill(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself, which the test has noticed.
  }
  await child.status;
}

/** Looks at the store until it has more snapshots. */
async function untilMoreThan(kv: string, snapshots: number): Promise<void> {
  using store = await Store.open(kv);
  while (await snapshotsIn(store) <= snapshots) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
