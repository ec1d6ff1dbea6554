// Stores to look at: the demo with a model that fails its gates and one that passes them, and a market
// whose coins are named to do harm. Made by the program itself, a process a command.

import { assert } from "@std/assert";
import { HOSTILE } from "../../support/hostile.ts";
import { writeRecordings } from "../../support/market.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;
export const BRANCH = "demo";

/** The versions of the demo's store. */
export const CHAMPION = 1;
export const REFUSED = 2;
export const PROMOTABLE = 3;

/** Runs `anomaly <words>` on the store; exit 3 is a judgement, not a failure. */
export async function anomaly(kv: string, words: readonly string[]): Promise<string> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "--no-check", MAIN, ...words, "--kv", kv],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  const said = text.decode(output.stdout) + text.decode(output.stderr);
  assert([0, 3].includes(output.code), `anomaly ${words.join(" ")}: exit ${output.code}\n${said}`);
  return text.decode(output.stdout);
}

/** v1 is champion; v2 flags too much of its holdout and is refused; v3 flags less and may follow. */
export async function makeDemoStore(kv: string, demo: readonly string[]): Promise<void> {
  await anomaly(kv, ["demo", ...demo]);
  for (const config of ["aggressive", "conservative"]) {
    const words = ["--branch", BRANCH, "--source", "simulated", "--tag", `looked-at/${config}`];
    await anomaly(kv, ["train", "--model_config", `configs/model_${config}.json`, ...words]);
    await anomaly(kv, ["evaluate", "--branch", BRANCH]);
  }
  // Something on another branch, so that there is one to switch to.
  await anomaly(kv, ["ingest", "--source", "simulated", "--branch", "other"]);
}

/** The demo on recordings of such a market, with a reason of the same kind in its history. */
export async function makeHostileStore(kv: string, folder: string): Promise<void> {
  await writeRecordings(folder, { hours: 60, coins: 2 * HOSTILE.length });
  for await (const { name } of Deno.readDir(folder)) {
    const rows: Record<string, unknown>[] = JSON.parse(
      await Deno.readTextFile(`${folder}/${name}`),
    );
    rows.forEach((row, i) => {
      const hostile = HOSTILE[i % HOSTILE.length]!;
      const name = HOSTILE[(i + 1) % HOSTILE.length];
      Object.assign(row, { id: `${hostile}${i}`, symbol: hostile, name });
    });
    await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(rows));
  }
  await anomaly(kv, ["demo", "--source", `replay:${folder}`]);
  await anomaly(kv, ["train", "--branch", BRANCH]);
  await anomaly(kv, ["evaluate", "--branch", BRANCH]);
  const words = ["--version", "2", "--force", "--reason", HOSTILE[1]!];
  await anomaly(kv, ["promote", ...words, "--branch", BRANCH]);
  await anomaly(kv, ["models", "rollback", "--reason", HOSTILE[3]!, "--branch", BRANCH]);
}
