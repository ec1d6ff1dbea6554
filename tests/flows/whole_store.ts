// A store with something of every kind in it, made by the real flows once and copied for each test that
// damages it or takes from it.

import { readScope, writeScope } from "../../src/domain/scope.ts";
import { Store } from "../../src/store/kv.ts";
import { withFolder } from "../support/market.ts";
import { memoryRegistry, type TestRegistry } from "../support/registry.ts";
import { LEARN_HOURS, type MarketRuns, marketRuns, writeStory } from "./predictions_market.ts";

/** Snapshots of the story: learned from, scored, and a day later the prices that decide. */
export const STORY_HOURS = 100;

let built: Promise<Uint8Array<ArrayBuffer>> | null = null;

/** The bytes of the store's file. */
async function wholeStore(): Promise<Uint8Array<ArrayBuffer>> {
  const path = await Deno.makeTempFile({ suffix: ".kv" });
  try {
    await withFolder(async (folder) => {
      // One coin is missing when it counts, so that its price is looked up and the answer kept.
      const quote = (coin: number, hour: number) => ({
        price: 100 + hour,
        isAbsent: coin === 2 && hour === LEARN_HOURS + 24,
      });
      await writeStory(folder, { hours: STORY_HOURS, quote });
      using store = await Store.open(path);
      await tellStory(await memoryRegistry({ store }), folder);
    });
    return await Deno.readFile(path);
  } finally {
    for (const suffix of ["", "-wal", "-shm"]) await Deno.remove(path + suffix).catch(() => {});
  }
}

async function tellStory(registry: TestRegistry, folder: string): Promise<void> {
  const market = marketRuns(registry, folder);
  await market.goOn(LEARN_HOURS, { isScored: false });
  await market.newHolder();
  await market.newHolder("challenger-b");
  // Another branch, made of this one's data.
  const dev = await memoryRegistry({ branch: "dev", readBranch: "main", store: registry.store });
  await marketRuns(dev, folder).newHolder();
  await market.goOn(4);
  await market.goOn(22, { isScored: false });
  await market.run("validate_outcomes");
  const again = { version: "2", alias: "champion", force: true, reason: "a second holder" };
  await market.run("promote", again);
  await market.goOn(52, { isScored: false });
  await newCandidate(market);
  await market.goOn(4, { isScored: false });
  await newCandidate(market);
  await market.goOn(2, { isScored: false });
}

/** A model of the last hours that nobody promotes. */
async function newCandidate({ run }: MarketRuns): Promise<void> {
  await run("build_dataset", { holdout_hours: 4, max_history_hours: 12 });
  await run("train");
  await run("evaluate");
}

export interface WholeStore {
  path: string;
  store: Store;
  registry: TestRegistry;
  market: MarketRuns;
}

export const MAIN = writeScope("crypto_anomaly", "main");
export const READ_MAIN = readScope("crypto_anomaly", "main");

/** Runs `work` on a copy of the store, in a file of its own. */
export async function withWholeStore(work: (whole: WholeStore) => Promise<void>): Promise<void> {
  const bytes = await (built ??= wholeStore());
  await withFolder(async (folder) => {
    const path = `${folder}/whole.kv`;
    await Deno.writeFile(path, bytes);
    using store = await Store.open(path);
    const registry = await memoryRegistry({ store });
    await work({ path, store, registry, market: marketRuns(registry, folder) });
  });
}
