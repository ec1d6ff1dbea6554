// A backup every second while three processes write, for a minute; afterwards each is restored and verified.
//
// Usage: deno run --allow-all tests/e2e/backups_under_load.ts [--seconds 60]

import { parseArgs } from "@std/cli";
import { assertEquals } from "@std/assert";
import { verifyStore } from "../../src/registry/verify.ts";
import { backUpStore, restoreStore } from "../../src/store/backup.ts";
import { Store } from "../../src/store/kv.ts";
import { withFolder } from "../support/market.ts";

const ROOT = new URL("../../", import.meta.url);
const WRITERS = ["a", "b", "c"];

const args = parseArgs(Deno.args, { string: ["seconds"] });
const seconds = Number(args.seconds ?? 60);

/** Takes snapshots of a market of its own branch until it is killed. */
function writer(kv: string, branch: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "tests/support/endless_writer.ts", kv, branch],
    cwd: ROOT,
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

await withFolder(async (folder) => {
  const kv = `${folder}/registry.kv`;
  const children = WRITERS.map((branch) => writer(kv, branch));
  const copies: { path: string; byteLength: number; ms: number }[] = [];
  try {
    while (!await Deno.stat(kv).then(() => true, () => false)) await sleep(50);
    await sleep(1000);
    const begun = Date.now();
    for (let i = 0; i < seconds; i++) {
      await sleep(Math.max(0, begun + i * 1000 - Date.now()));
      copies.push(await backUpStore(kv, { overwrite: false, nowMs: i * 1000 }));
    }
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map((child) => child.status));
  }
  let records = 0;
  for (const [i, copy] of copies.entries()) {
    const path = `${folder}/restored.kv`;
    const restored = await restoreStore(copy.path, path, { overwrite: false, nowMs: i });
    using store = await Store.open(restored.path);
    const report = await verifyStore(store, { repair: false, progress: () => {} });
    assertEquals(report.findings, [], copy.path);
    records = report.records;
    await removeStore(path);
    await Deno.remove(copy.path);
  }
  const ms = copies.map((copy) => copy.ms).toSorted((a, b) => a - b);
  const text = JSON.stringify({
    backups: copies.length,
    restored_and_verified: copies.length,
    median_ms: Math.round(ms[ms.length >> 1]!),
    longest_ms: Math.round(ms.at(-1)!),
    last_bytes: copies.at(-1)!.byteLength,
    last_records: records,
  });
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
});

async function removeStore(path: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) await Deno.remove(path + suffix).catch(() => {});
}
