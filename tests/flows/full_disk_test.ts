// A disk that is full in the middle of an ingest, where the limit on a file's size stands in for the disk:
// whatever write is the first that fails, the error says so, the store verifies, and with room again the
// run goes on, or the next one does.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import { findFlow } from "../../src/engine/flow.ts";
import { resumeRun } from "../../src/engine/resume.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { getVersion, listSnapshots } from "../../src/registry/assets.ts";
import { getRun } from "../../src/registry/runs.ts";
import { verifyStore } from "../../src/registry/verify.ts";
import { Store } from "../../src/store/kv.ts";
import { withFolder } from "../support/market.ts";
import { memoryRegistry, testDurability, testRunner } from "../support/registry.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
/** Snapshots that are there before. */
const BEFORE = 2;
const MINUTE_MS = 60_000;

const env = (name: string) => name === "ANOMALY_SOURCE" ? "simulated" : undefined;

/** `anomaly ingest` in a process whose files may not grow beyond so many KiB. */
async function ingestWithin(kv: string, kib: number): Promise<{ code: number; stderr: string }> {
  const program = `trap '' XFSZ; ulimit -f ${kib}; exec "$@"`;
  const words = ["ingest", "--kv", kv, "--branch", "main", "--source", "simulated", "--quiet"];
  const deno = [Deno.execPath(), "run", "--allow-all", "--quiet", "--no-check", MAIN, ...words];
  const output = await new Deno.Command("bash", {
    args: ["-c", program, "bash", ...deno],
    env: { NO_COLOR: "1" },
  }).output();
  return { code: output.code, stderr: new TextDecoder().decode(output.stderr) };
}

/** Flows on the store, in a process that was started after the other one's lease had run out. */
async function later<R>(
  kv: string,
  work: (runner: ReturnType<typeof testRunner>) => Promise<R>,
): Promise<R> {
  using store = await Store.open(kv);
  using registry = await memoryRegistry({ store });
  const nowMs = () => Date.now() + 10 * MINUTE_MS;
  const durability = testDurability({
    holder: { id: "later", forMs: MINUTE_MS, nowMs },
  });
  return await work({ ...testRunner(registry), env, durability });
}

const asked = { params: {}, tags: [], triggeredBy: null };

async function rawHashes({ registry }: ReturnType<typeof testRunner>): Promise<string[]> {
  const { write } = registry.scopes;
  const listed = await listSnapshots(registry, write, { fromMs: 0, toMs: Infinity, limit: 100 });
  return await Promise.all(listed.map(async ({ version }) => {
    const record = await getVersion(registry, write, "data", "market_snapshot", version);
    return record!.files.raw!.sha256;
  }));
}

Deno.test("a disk that is full at any write of an ingest is named, leaves a store that verifies, and costs no snapshot", () =>
  withFolder(async (folder) => {
    const seed = `${folder}/seed.kv`;
    const ingest = findFlow(flows, "ingest");
    await later(seed, async (runner) => {
      for (let i = 0; i < BEFORE; i++) await runFlow(runner, ingest, asked);
    });
    await Deno.copyFile(seed, `${folder}/whole.kv`);
    const expected = await later(`${folder}/whole.kv`, async (runner) => {
      await runFlow(runner, ingest, asked);
      return await rawHashes(runner);
    });
    assertEquals(expected.length, BEFORE + 1);

    const found = new Set<string>();
    // From the run's first commit to the one that completes it, and beyond.
    for (const kib of [40, 56, 104, 152, 10_000]) {
      const kv = `${folder}/${kib}.kv`;
      await Deno.copyFile(seed, kv);
      const { code, stderr } = await ingestWithin(kv, kib);
      assertEquals(code, kib === 10_000 ? 0 : 6, `${kib} KiB: ${stderr}`);
      if (code !== 0) {
        assertMatch(
          stderr,
          /^error: Cannot (write to|open) the store .*(full|disk I\/O error).*with room on its disk/m,
        );
      }
      await later(kv, async (runner) => {
        const { registry } = runner;
        const verified = { repair: false, progress: () => {} };
        assertEquals((await verifyStore(registry.store, verified)).findings, [], `${kib} KiB`);
        const run = await getRun(registry, registry.scopes.write, BEFORE + 1);
        found.add(run?.status ?? "none");
        if (run === null) await runFlow(runner, ingest, asked);
        else if (run.status !== "completed") await resumeRun(runner, flows, run.id);
        assertEquals(await rawHashes(runner), expected, `${kib} KiB`);
        assertEquals((await verifyStore(registry.store, verified)).findings, [], `${kib} KiB`);
      });
    }
    assert(found.has("completed") && found.size >= 3, [...found].join());
  }));
