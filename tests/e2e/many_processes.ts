// Three `serve` on one store and a loop of commands beside them, for some minutes on a fast clock: each slot
// once, each event once, and nobody ever sees that the database was locked.
//
// Usage: deno run --allow-all tests/e2e/many_processes.ts [--seconds 300] [--speed 3600]

import { parseArgs } from "@std/cli";
import { assert, assertEquals } from "@std/assert";
import { assertAtRest } from "../support/invariants.ts";
import { withFolder } from "../support/market.ts";
import { type Served, serveProcess } from "../support/processes.ts";
import { comeToRest, openBranch, runProgram, servedFolder } from "../support/served_folder.ts";

const args = parseArgs(Deno.args, { string: ["seconds", "speed"] });
const seconds = Number(args.seconds ?? 300);
const speed = String(args.speed ?? 3600);
const PROCESSES = 3;

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
/** Done, gate failed, not found, conflict: whatever a busy branch may answer to them. */
const EXPECTED_CODES = [0, 1, 3, 4, 5];

await withFolder(async (folder) => {
  const { kv, env } = await servedFolder(folder);
  const words = ["serve", "--port", "0", "--speed", speed, "--kv", kv];
  const served: Served[] = [];
  for (let i = 0; i < PROCESSES; i++) {
    served.push(await serveProcess({ cwd: folder, env, words: [...words] }));
  }
  const until = Date.now() + seconds * 1000;
  const codes = new Map<string, number>();
  let commands = 0;
  while (Date.now() < until) {
    const command = COMMANDS[commands++ % COMMANDS.length]!;
    const { code, output } = await runProgram(folder, env, [...command, "--kv", kv]);
    assertNotLocked(command.join(" "), output);
    assert(EXPECTED_CODES.includes(code), `${command.join(" ")}: exit ${code}: ${output}`);
    const outcome = `${command[0]} ${code}`;
    codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
  }
  for (const one of served) {
    assertEquals(await one.end("SIGTERM"), 0, one.stderr());
    assertNotLocked("serve", one.stderr() + one.stdout());
  }
  await comeToRest({ cwd: folder, env, kv });
  const verified = await runProgram(folder, env, ["verify", "--kv", kv, "--json"]);
  assertEquals(verified.code, 0, verified.output);
  using branch = await openBranch(kv);
  const rest = await assertAtRest(branch, {
    // Before there is a dataset, people's train and evaluate take hours of the market for themselves.
    hourly: false,
    scheduled: ["ingest", "build_dataset", "validate_outcomes"],
  });
  const text = JSON.stringify({ seconds, commands, codes: Object.fromEntries(codes), ...rest });
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
});

function assertNotLocked(what: string, output: string): void {
  assertEquals(/database is locked|busy/i.test(output), false, `${what}: ${output}`);
}
