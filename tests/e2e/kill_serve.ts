// A real `serve` under load, killed at random moments and started again each time, then left to come to rest:
// nothing is lost, nothing is there twice, and no run stays unattended for longer than its lease.
//
// Usage: deno run --allow-all tests/e2e/kill_serve.ts [--kills 50] [--seed 1]

import { parseArgs } from "@std/cli";
import { Mt19937 } from "../../src/random.ts";
import { withFolder } from "../support/market.ts";
import { servedFolder } from "../support/served_folder.ts";
import { killAgainAndAgain } from "../support/soak.ts";

const args = parseArgs(Deno.args, { string: ["kills", "seed"] });
const kills = Number(args.kills ?? 50);
const random = new Mt19937(Number(args.seed ?? 1));

await withFolder(async (folder) => {
  const found = await killAgainAndAgain(folder, await servedFolder(folder), {
    kills,
    random: () => random.random(),
  });
  const text = JSON.stringify({ kills, ...found });
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
});
