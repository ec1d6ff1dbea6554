import { assert, assertEquals } from "@std/assert";
import { DECIDED_BY, type OutcomeRecord } from "../../src/domain/prediction.ts";
import { MINUTE_MS } from "../../src/domain/time.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listEvents } from "../../src/registry/events.ts";
import { listBatches, listDue, listOutcomes } from "../../src/registry/predictions.ts";
import { readBlob } from "../../src/store/blobs.ts";
import { withFolder } from "../support/market.ts";
import { dumpBranch, memoryRegistry, MODEL } from "../support/registry.ts";
import {
  hourMs,
  LEARN_HOURS,
  type MarketRuns,
  marketRuns,
  type MarketStory,
  writeStory,
} from "./predictions_market.ts";

/** The first snapshot that a champion scores, and its horizon. */
const SCORED = LEARN_HOURS;
const DUE = SCORED + 24;

/** A market whose first snapshot after LEARN_HOURS was scored; nothing else was. */
function withPrediction(
  story: Partial<MarketStory>,
  work: (market: MarketRuns, registry: RegistryContext) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    await writeStory(folder, { hours: DUE + 4, ...story });
    using registry = await memoryRegistry();
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.goOn(1);
    await work(market, registry);
  });
}

async function outcomeOf(registry: RegistryContext): Promise<OutcomeRecord | undefined> {
  const { write } = registry.scopes;
  const outcomes = await listOutcomes(registry, write, MODEL, 1, { limit: 10 });
  assert(outcomes.length <= 1);
  return outcomes[0];
}

async function dueCount(registry: RegistryContext): Promise<number> {
  const range = { afterMs: 0, untilMs: hourMs(1000), limit: 10 };
  return (await listDue(registry, registry.scopes.write, range)).length;
}

/** Every coin's price falls by a percent an hour from SCORED on. */
const falling = (_coin: number, hour: number) => ({ price: 200 - Math.max(0, hour - SCORED) });

Deno.test("the outcome is the price at the horizon, not the one at validation time", () =>
  withPrediction({ quote: falling }, async (market, registry) => {
    await market.goOn(26, { isScored: false });
    await market.run("validate_outcomes");
    const outcome = await outcomeOf(registry);
    assertEquals(new Set(outcome!.returnsPct), new Set([(176 - 200) / 200 * 100]));
    assertEquals(new Set(outcome!.pricedAfterMs), new Set([0]));
    assertEquals(new Set(outcome!.decidedBy), new Set([DECIDED_BY.snapshot]));
    assertEquals(await dueCount(registry), 0);
  }));

Deno.test("nothing is decided before the horizon", () =>
  withPrediction({ quote: falling }, async (market, registry) => {
    await market.goOn(23, { isScored: false });
    const run = await market.run("validate_outcomes");
    assertEquals([run.summary.batches, run.summary.waiting], [0, 0]);
    assertEquals(await outcomeOf(registry), undefined);
    assertEquals(await dueCount(registry), 1);
  }));

Deno.test("a price after the tolerance decides nothing: the coins end unresolved", () =>
  withPrediction({ quote: falling, missingHours: [DUE] }, async (market, registry) => {
    await market.goOn(24, { isScored: false });
    await market.run("validate_outcomes");
    const outcome = await outcomeOf(registry);
    assertEquals(new Set(outcome!.decidedBy), new Set([DECIDED_BY.nothing]));
    assert(outcome!.returnsPct.every(Number.isNaN));
  }));

Deno.test("a tolerance that reaches the next snapshot takes its price, and says how late it was", () =>
  withPrediction({ quote: falling, missingHours: [DUE] }, async (market, registry) => {
    await market.goOn(25, { isScored: false });
    await market.run("validate_outcomes", { tolerance_minutes: 60 });
    const outcome = await outcomeOf(registry);
    assertEquals(new Set(outcome!.returnsPct), new Set([(175 - 200) / 200 * 100]));
    assertEquals(new Set(outcome!.pricedAfterMs), new Set([60 * MINUTE_MS]));
  }));

Deno.test("a batch waits for the tolerance where the first snapshot lacks a coin, and is decided whole", () => {
  const quote = (coin: number, hour: number) => ({ isAbsent: coin === 3 && hour === DUE });
  return withPrediction({ quote }, async (market, registry) => {
    await market.goOn(24, { isScored: false });
    const early = await market.run("validate_outcomes");
    assertEquals([early.summary.batches, early.summary.waiting], [0, 1]);
    assertEquals(await outcomeOf(registry), undefined);

    await market.goOn(1, { isScored: false });
    const run = await market.run("validate_outcomes");
    const { predictions, resolved, unresolved } = run.summary;
    assertEquals([predictions, resolved, unresolved], [20, 19, 1]);
    const outcome = await outcomeOf(registry);
    const at = outcome!.coinIds.indexOf("coin-3");
    assertEquals(outcome!.decidedBy[at], DECIDED_BY.nothing);
    assert(Number.isNaN(outcome!.returnsPct[at]!));
    const [lookUp] = outcome!.lookUps;
    assertEquals(lookUp!.coinIds, ["coin-3"]);
    assert((await readBlob(registry.store, lookUp!.answer)).byteLength > 0, "the answer is kept");
  });
});

Deno.test("a look-up by id finds a coin that the ingested snapshots do not quote in time", () => {
  // At the horizon the snapshot's quote is a day old; a recording of twenty minutes later has a new one.
  const stale = hourMs(DUE - 24);
  const quote = (coin: number, hour: number) =>
    coin === 3 && hour === DUE ? { price: 500, updatedMs: stale } : undefined;
  return withFolder(async (folder) => {
    await writeStory(folder, { hours: DUE + 4, quote });
    using registry = await memoryRegistry();
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.goOn(1);
    await market.goOn(26, { isScored: false });
    // It appears after its time was ingested, so only a look-up can see it.
    const late = new Date(hourMs(DUE) + 20 * MINUTE_MS);
    const row = {
      id: "coin-3",
      symbol: "c3",
      name: "Coin 3",
      current_price: 80,
      last_updated: late.toISOString(),
    };
    const name = late.toISOString().replace(/[-:]|\.\d+/g, "");
    await Deno.writeTextFile(`${folder}/${name}.json`, JSON.stringify([row]));
    await market.run("validate_outcomes");
    const outcome = await outcomeOf(registry);
    const at = outcome!.coinIds.indexOf("coin-3");
    assertEquals(outcome!.decidedBy[at], DECIDED_BY.lookUp);
    assertEquals(outcome!.returnsPct[at], -20);
    assertEquals(outcome!.pricedAfterMs[at], 20 * MINUTE_MS);
    const kept = await readBlob(registry.store, outcome!.lookUps[0]!.answer);
    const answer = JSON.parse(new TextDecoder().decode(kept))["coin-3"];
    assertEquals(JSON.parse(answer).find(({ id }: { id: string }) => id === "coin-3"), row);
  });
});

Deno.test("a snapshot of 1000 coins is decided by look-ups alone, where no snapshot is near its horizon", () =>
  withFolder(async (folder) => {
    await writeStory(folder, { hours: DUE + 4, coins: 1000, missingHours: [DUE] });
    using registry = await memoryRegistry();
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.goOn(1);
    await market.goOn(26, { isScored: false });
    await market.run("validate_outcomes");
    const outcome = await outcomeOf(registry);
    assertEquals(outcome!.lookUps[0]!.coinIds.length, 1000);
  }));

Deno.test("validating once, ten times, early and late gives the same outcomes", async () => {
  const often = await outcomesWhen("every hour");
  assertEquals(often.length, 4);
  assertEquals(await outcomesWhen("once"), often);
  assertEquals(await outcomesWhen("ten times"), often);
});

/** Four scored snapshots; some coins come and go; validated now and then. Run ids and wall times apart. */
async function outcomesWhen(when: "every hour" | "once" | "ten times") {
  return await withFolder(async (folder) => {
    const quote = (coin: number, hour: number) => ({
      price: 100 + coin + hour,
      isAbsent: (coin + hour) % 9 === 0 && hour >= DUE,
    });
    await writeStory(folder, { hours: DUE + 8, quote });
    using registry = await memoryRegistry();
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.goOn(4);
    for (let hour = 0; hour < 26; hour++) {
      await market.goOn(1, { isScored: false });
      if (when === "every hour") await market.run("validate_outcomes");
    }
    for (let i = 0; i < (when === "ten times" ? 10 : 1); i++) {
      await market.run("validate_outcomes");
    }
    const { write } = registry.scopes;
    const outcomes = await listOutcomes(registry, write, MODEL, 1, { limit: 100 });
    const events = await listEvents(registry, write, { limit: 1000 });
    const decided = events.filter((event) => event.name === "outcomes_validated");
    assertEquals(decided.length, outcomes.length, "one event a snapshot");
    const batches = await listBatches(registry, write, { limit: 100 });
    assertEquals(
      outcomes.reduce((sum, { coinIds }) => sum + coinIds.length, 0),
      batches.reduce((sum, { rows }) => sum + rows, 0),
      "every prediction is decided",
    );
    assertEquals(
      (await dumpBranch(registry.store, "main")).filter((l) => l.startsWith('["due"')),
      [],
    );
    return outcomes.map(({ runId: _run, recordedAt: _at, ...outcome }) => outcome);
  });
}

Deno.test("of runs that validate at the same time each batch is decided by one", () =>
  withFolder(async (folder) => {
    await writeStory(folder, { hours: DUE + 8 });
    using registry = await memoryRegistry();
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.goOn(5);
    await market.goOn(26, { isScored: false });
    const runs = await Promise.all([1, 2, 3].map(() => market.run("validate_outcomes")));
    const decided = runs.map((run) => Number(run.summary.batches));
    assertEquals(decided.reduce((sum, batches) => sum + batches, 0), 5, decided.join(" "));
    const { write } = registry.scopes;
    assertEquals((await listOutcomes(registry, write, MODEL, 1, { limit: 10 })).length, 5);
    const events = await listEvents(registry, write, { limit: 1000 });
    assertEquals(events.filter((event) => event.name === "outcomes_validated").length, 5);
  }));
