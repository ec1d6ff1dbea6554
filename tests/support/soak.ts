// What processes that serve have to live through, as functions: killed again and again, and many on one store
// with people beside them. Short in the tests, long in tests/e2e.

import { assert, assertEquals } from "@std/assert";
import { isExpired } from "../../src/domain/durability.ts";
import { listLeases } from "../../src/registry/leases.ts";
import { assertAtRest, type Rest } from "./invariants.ts";
import { type Served, serveProcess } from "./processes.ts";
import {
  comeToRest,
  LEASE_SECONDS,
  openBranch,
  runProgram,
  type ServedFolder,
} from "./served_folder.ts";

/** A process is killed so long after it began to serve, at most. */
const MAX_LIFE_MS = 2_500;
/** Beside the lease: how often a process looks, and what it takes to begin. */
const LOOK_MS = 2_000;
const SCHEDULED = ["ingest", "build_dataset", "validate_outcomes"];

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export interface Killed extends Rest {
  /** Runs whose process died, and that another process went on with before it was killed itself. */
  takenOver: number;
  /** The longest time from the end of a dead run's lease until somebody went on with it. */
  longestUnattendedMs: number;
}

/**
 * Serves at full load, kills the process at a random moment, starts it again, so many times; then lets the
 * branch come to rest. Throws an AssertionError naming what was lost, doubled or left alone.
 */
export async function killAgainAndAgain(
  folder: string,
  { kv, env }: ServedFolder,
  { kills, random }: { kills: number; random: () => number },
): Promise<Killed> {
  let [takenOver, longestUnattendedMs] = [0, 0];
  for (let i = 0; i < kills; i++) {
    const words = ["serve", "--port", "0", "--speed", "1000000", "--kv", kv];
    await using served = await serveProcess({ cwd: folder, env, words });
    const watched = watchLeases(kv);
    await sleep(random() * MAX_LIFE_MS);
    await served.end("SIGKILL");
    const { unattendedMs, resumes } = await watched.end();
    longestUnattendedMs = Math.max(longestUnattendedMs, unattendedMs);
    takenOver += resumes;
  }
  const found = `a run was left alone for ${longestUnattendedMs} ms beyond its lease`;
  assert(longestUnattendedMs <= LEASE_SECONDS * 1000 + LOOK_MS, found);
  const rest = await restOf(folder, { kv, env }, { hourly: true });
  return { takenOver, longestUnattendedMs, ...rest };
}

/** Watches from outside for how long a run is left alone whose process has died. */
function watchLeases(kv: string) {
  let isOver = false;
  let [unattendedMs, resumes] = [0, 0];
  const since = new Map<number, number>();
  const watching = (async () => {
    using branch = await openBranch(kv);
    while (!isOver) {
      const now = Date.now();
      const dead = (await listLeases(branch, branch.scopes.write))
        .filter((lease) => isExpired(lease, now)).map(({ runId }) => runId);
      for (const runId of dead) since.set(runId, since.get(runId) ?? now);
      for (const [runId, fromMs] of since) {
        unattendedMs = Math.max(unattendedMs, now - fromMs);
        if (dead.includes(runId)) continue;
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

/** What people type meanwhile. Some of it fails: there may be no champion yet, or nothing new to score. */
const COMMANDS: readonly string[][] = [
  ["status"],
  ["runs", "list", "--limit", "5"],
  ["score"],
  ["events", "list"],
  ["validate_outcomes"],
  ["champion"],
  ["train", "--follow"],
  ["ingest", "--follow"],
  ["outcomes"],
  ["models", "list"],
  ["evaluate"],
  ["doctor"],
];
/** Done, a check of doctor failed, gate failed, not found, conflict. */
const EXPECTED_CODES = [0, 1, 3, 4, 5];

export interface Shared extends Rest {
  commands: number;
  /** "train 0" → how often it came to that exit code. */
  codes: Record<string, number>;
}

/** Several processes serve one store on fast clocks, and commands are typed beside them. */
export async function shareOneStore(
  folder: string,
  { kv, env }: ServedFolder,
  { processes, seconds, speed }: { processes: number; seconds: number; speed: number },
): Promise<Shared> {
  const words = ["serve", "--port", "0", "--speed", String(speed), "--kv", kv];
  const served: Served[] = [];
  const codes: Record<string, number> = {};
  let commands = 0;
  try {
    for (let i = 0; i < processes; i++) {
      served.push(await serveProcess({ cwd: folder, env, words: [...words] }));
    }
    for (const until = Date.now() + seconds * 1000; Date.now() < until; commands++) {
      const command = COMMANDS[commands % COMMANDS.length]!;
      const { code, output } = await runProgram(folder, env, [...command, "--kv", kv]);
      assertNotLocked(command.join(" "), output);
      assert(EXPECTED_CODES.includes(code), `${command.join(" ")}: exit ${code}: ${output}`);
      const outcome = `${command[0]} ${code}`;
      codes[outcome] = (codes[outcome] ?? 0) + 1;
    }
    for (const one of served) {
      assertEquals(await one.end("SIGTERM"), 0, one.stderr());
      assertNotLocked("serve", one.stderr() + one.stdout());
    }
  } finally {
    for (const one of served) await one[Symbol.asyncDispose]();
  }
  // Before there is a dataset, people's train and evaluate take hours of the market for themselves.
  return { commands, codes, ...await restOf(folder, { kv, env }, { hourly: false }) };
}

function assertNotLocked(what: string, output: string): void {
  assertEquals(/database is locked|busy/i.test(output), false, `${what}: ${output}`);
}

/** Lets the branch come to rest; what must hold then holds, and the store verifies. */
async function restOf(
  folder: string,
  { kv, env }: ServedFolder,
  { hourly }: { hourly: boolean },
): Promise<Rest> {
  await comeToRest({ cwd: folder, env, kv });
  const verified = await runProgram(folder, env, ["verify", "--kv", kv, "--json"]);
  assertEquals(verified.code, 0, verified.output);
  using branch = await openBranch(kv);
  return await assertAtRest(branch, { hourly, scheduled: SCHEDULED });
}
