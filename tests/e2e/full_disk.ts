// A real full disk in the middle of `ingest`: a small tmpfs with ever less room on it. The command says what
// happened, the store verifies, and once there is room the run goes on, or the next one does. Needs root,
// to mount; tests/flows/full_disk_test.ts shows the same without.
//
// Usage: deno run --allow-all tests/e2e/full_disk.ts

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { verifyStore } from "../../src/registry/verify.ts";
import { withFolder } from "../support/market.ts";
import { LEASE_SECONDS, openBranch, runProgram, servedFolder } from "../support/served_folder.ts";

/** Of the disk; a store of three snapshots takes a tenth of it. */
const DISK_KIB = 8_192;
/** Room that is left, KiB: from too little to open the store to enough for a whole run. */
const ROOMS = [0, 16, 48, 80, 96, 112, 128, 160, 192, 224, 256, 320, 400];

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

async function system(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = new TextDecoder().decode(code === 0 ? stdout : stderr);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${text}`);
  return text;
}

async function freeKib(folder: string): Promise<number> {
  return Number((await system("df", "--output=avail", "-k", folder)).trim().split("\n").at(-1));
}

/** Fills the disk until only so much is left. */
async function leaveRoom(folder: string, kib: number): Promise<void> {
  const bytes = 1024 * Math.max(0, await freeKib(folder) - kib);
  await Deno.writeFile(`${folder}/ballast`, new Uint8Array(bytes));
}

interface RunLine {
  id: number;
  status: string;
}

await withFolder(async (folder) => {
  await system("mount", "-t", "tmpfs", "-o", `size=${DISK_KIB}k`, "tmpfs", folder);
  try {
    const { kv, env } = await servedFolder(folder);
    const run = (...words: string[]) => runProgram(folder, env, [...words, "--kv", kv]);
    const outcomes: Record<string, number> = {};
    let snapshots = 3;
    for (let i = 0; i < snapshots; i++) assertEquals((await run("ingest", "--quiet")).code, 0);
    for (const room of ROOMS) {
      await leaveRoom(folder, room);
      const { code, output } = await run("ingest", "--quiet");
      await Deno.remove(`${folder}/ballast`);
      assert(code === 0 || code === 6, `${room} KiB: exit ${code}: ${output}`);
      if (code === 6) {
        assertStringIncludes(output, "with room on its disk", `${room} KiB: ${output}`);
      }
      await assertVerifies(kv, room);
      const [last] = JSON.parse((await run("runs", "list", "--limit", "1", "--json")).output);
      const outcome = await goOn(last, ++snapshots, run);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      const [newest] = JSON.parse((await run("data", "list", "--json")).output);
      assertEquals(newest.version, snapshots, `${room} KiB`);
      await assertVerifies(kv, room);
    }
    say(JSON.stringify({ rooms: ROOMS.length, snapshots, ...outcomes }));
    say(`${ROOMS.length} passed, 0 failed`);
  } finally {
    await system("umount", folder);
  }
});

/** Brings the hour that was not ingested; says what was left to do. */
async function goOn(
  last: RunLine,
  version: number,
  run: (...words: string[]) => Promise<{ code: number; output: string }>,
): Promise<string> {
  // A run whose record could not be ended any more is taken over once its lease has run out.
  const isOpen = last.status === "running" || last.status === "failed";
  if (last.status === "running") {
    await new Promise((resolve) => setTimeout(resolve, 1000 * (LEASE_SECONDS + 1)));
  }
  if (isOpen) {
    const { code, output } = await run("runs", "resume", String(last.id), "--quiet");
    assertEquals(code, 0, output);
    return `resumed_${last.status}`;
  }
  const { output } = await run("data", "list", "market_snapshot", "--limit", "1", "--json");
  if (JSON.parse(output)[0].version === version) return "completed";
  assertEquals((await run("ingest", "--quiet")).code, 0);
  return "ingested_anew";
}

async function assertVerifies(kv: string, room: number): Promise<void> {
  using branch = await openBranch(kv);
  const report = await verifyStore(branch.store, { repair: false, progress: () => {} });
  assertEquals(report.findings, [], `${room} KiB`);
}
