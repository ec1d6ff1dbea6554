// Three `serve` on one store and a loop of commands beside them, for some minutes on a fast clock: each slot
// once, each event once, and nobody ever sees that the database was locked.
//
// Usage: deno run --allow-all tests/e2e/many_processes.ts [--seconds 300] [--speed 3600]

import { parseArgs } from "@std/cli";
import { withFolder } from "../support/market.ts";
import { servedFolder } from "../support/served_folder.ts";
import { shareOneStore } from "../support/soak.ts";

const args = parseArgs(Deno.args, { string: ["seconds", "speed"] });
const options = {
  processes: 3,
  seconds: Number(args.seconds ?? 300),
  speed: Number(args.speed ?? 3600),
};

await withFolder(async (folder) => {
  const found = await shareOneStore(folder, await servedFolder(folder), options);
  const text = JSON.stringify({ ...options, ...found });
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
});
