// A real `serve` under load, killed at random moments and started again each time, then left to come to rest:
// nothing is lost, nothing is there twice, and no run stays unattended for longer than its lease.
//
// Usage: deno run --allow-all tests/e2e/kill_serve.ts [--kills 50] [--seed 1]

import { parseArgs } from "@std/cli";
import { isExpired } from "../../src/domain/durability.ts";
import { Mt19937 } from "../../src/random.ts";
import { listLeases } from "../../src/registry/leases.ts";
import { assertAtRest } from "../support/invariants.ts";
import { withFolder } from "../support/market.ts";
import { serveProcess } from "../support/processes.ts";
import {
  comeToRest,
  LEASE_SECONDS,
  openBranch,
  runProgram,
  servedFolder,
} from "../support/served_folder.ts";

const args = parseArgs(Deno.args, { string: ["kills", "seed"] });
const kills = Number(args.kills ?? 50);
const random = new Mt19937(Number(args.seed ?? 1));
/** A process is killed so long after it began to serve, at most. */
const MAX_LIFE_MS = 2_500;
/** Beside the lease: how often a process looks, and what it takes to begin. */
const LOOK_MS = 2_000;
const SPEED = "1000000";

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

await withFolder(async (folder) => {
  const { kv, env } = await servedFolder(folder);
  const words = ["serve", "--port", "0", "--speed", SPEED, "--kv", kv];
  const start = () => serveProcess({ cwd: folder, env, words });
  let longestMs = 0;
  let takenOver = 0;
  for (let i = 0; i < kills; i++) {
    await using served = await start();
    const watched = watchLeases(kv);
    await sleep(random.random() * MAX_LIFE_MS);
    Deno.kill(served.pid, "SIGKILL");
    await served.end("SIGKILL");
    const { unattendedMs, resumes } = await watched.end();
    longestMs = Math.max(longestMs, unattendedMs);
    takenOver += resumes;
  }
  await comeToRest({ cwd: folder, env, kv });
  using branch = await openBranch(kv);
  const rest = await assertAtRest(branch, {
    hourly: true,
    scheduled: ["ingest", "build_dataset", "validate_outcomes"],
  });
  const verified = await runProgram(folder, env, ["verify", "--kv", kv, "--json"]);
  if (verified.code !== 0) throw new Error(`verify: ${verified.output}`);
  say(JSON.stringify({ kills, longest_unattended_ms: longestMs, taken_over: takenOver, ...rest }));
  if (longestMs > LEASE_SECONDS * 1000 + LOOK_MS) {
    throw new Error(`a run was left alone for ${longestMs} ms beyond its last sign of life`);
  }
});

/** Watches from outside for how long a run is left alone whose process has died. */
function watchLeases(kv: string) {
  let unattendedMs = 0;
  let isOver = false;
  const since = new Map<number, number>();
  let resumes = 0;
  const watching = (async () => {
    using branch = await openBranch(kv);
    while (!isOver) {
      const now = Date.now();
      const leases = await listLeases(branch, branch.scopes.write);
      const dead = leases.filter((lease) => isExpired(lease, now));
      for (const { runId } of dead) since.set(runId, since.get(runId) ?? now);
      for (const [runId, fromMs] of since) {
        unattendedMs = Math.max(unattendedMs, now - fromMs);
        if (dead.some((lease) => lease.runId === runId)) continue;
        since.delete(runId);
        resumes++;
      }
      await sleep(50);
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await watching;
      return { unattendedMs, resumes };
    },
  };
}
