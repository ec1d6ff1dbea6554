// Peak memory of each flow as a process of its own, on a week of 250 coins: what an instance of Deno
// Deploy has to have room for. Linux only, where the kernel keeps the peak.
//
// Usage: deno run --allow-all bench/flow_memory.ts [--hours 193] [--coins 250]

import { parseArgs } from "@std/cli";
import { flows } from "../flows/mod.ts";
import { findFlow } from "../src/engine/flow.ts";
import { runFlow } from "../src/engine/runner.ts";
import { Store } from "../src/store/kv.ts";
import { testRunner } from "../tests/support/registry.ts";
import { readScope, writeScope } from "../src/domain/scope.ts";
import { peakMemory } from "./peak_memory.ts";

const LIMIT_MB = 400;
const ROOT = new URL("../", import.meta.url).pathname;

const args = parseArgs(Deno.args, { string: ["hours", "coins"] });
const hours = Number(args.hours ?? 193);
const coins = Number(args.coins ?? 250);
const folder = await Deno.makeTempDir({ prefix: "anomaly_bench_" });
const kv = `${folder}/registry.kv`;

/** Ingests all but the last hours, which are left to the processes that are measured. */
async function prepare(): Promise<void> {
  using store = await Store.open(kv);
  const branch = "main";
  const scopes = {
    write: writeScope("crypto_anomaly", branch),
    read: readScope("crypto_anomaly", branch),
  };
  const runner = {
    ...testRunner({ store, scopes, actor: "bench", nowMs: Date.now }),
    env: (name: string) => name === "ANOMALY_SOURCE" ? "simulated" : undefined,
  };
  for (let hour = 0; hour < hours; hour++) {
    const params = { num_coins: coins };
    await runFlow(runner, findFlow(flows, "ingest"), { params, tags: [], triggeredBy: null });
  }
}

/** Runs a command as its own process on the store; gives its peak in MB. */
async function measure(words: string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "--no-check", `${ROOT}main.ts`, ...words, "--kv", kv],
    env: { ANOMALY_SOURCE: "simulated", ANOMALY_BRANCH: "main", NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const [peak, { stderr }] = await Promise.all([peakMemory(child), child.output()]);
  const { code } = await child.status;
  // 3: evaluated, and a gate failed.
  if (code !== 0 && code !== 3) throw new Error(new TextDecoder().decode(stderr));
  return peak;
}

const numCoins = ["--num_coins", String(coins)];
const COMMANDS: readonly (readonly [string, string[]])[] = [
  ["ingest", ["ingest", ...numCoins]],
  ["build_dataset", ["build_dataset"]],
  ["train (isolation forest)", ["train"]],
  ["train (local outlier factor)", ["train", "--model_config", "configs/model_lof.json"]],
  ["evaluate", ["evaluate", "--candidate_version", "1"]],
  ["evaluate (local outlier factor)", ["evaluate", "--candidate_version", "2"]],
  ["promote", ["promote", "--version", "1", "--force", "--reason", "measured"]],
  ["ingest, and score by --follow", ["ingest", ...numCoins, "--follow"]],
  ["score", ["score"]],
];

const lines: string[] = [];
let worst = 0;
try {
  await prepare();
  const note = async (name: string, words: string[]) => {
    const peak = await measure(words);
    worst = Math.max(worst, peak);
    lines.push(`| ${name.padEnd(36)} | ${peak.toFixed(0).padStart(4)} MB |`);
  };
  for (const [name, words] of COMMANDS) await note(name, words);
  // A day goes by, so that predictions are due.
  for (let hour = 0; hour < 26; hour++) await measure(["ingest", ...numCoins, "--follow"]);
  await note("validate_outcomes", ["validate_outcomes"]);
} finally {
  await Deno.remove(folder, { recursive: true });
}
const text = [
  `Peak memory by flow, ${coins} coins, ${hours} hours of history, Deno ${Deno.version.deno}:`,
  ...lines,
  worst < LIMIT_MB ? `All under ${LIMIT_MB} MB.` : `OVER ${LIMIT_MB} MB.`,
].join("\n");
await Deno.stdout.write(new TextEncoder().encode(text + "\n"));
if (worst >= LIMIT_MB) Deno.exit(1);
