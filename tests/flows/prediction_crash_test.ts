// A process that dies between any two commits of scoring and validating, and one that goes on where it
// stopped: nothing predicted or decided is lost, and nothing is there twice.

import { assert, assertEquals } from "@std/assert";
import type { JsonObject } from "../../src/domain/asset.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listEvents } from "../../src/registry/events.ts";
import { listBatches, listOutcomes } from "../../src/registry/predictions.ts";
import { withFolder } from "../support/market.ts";
import { dumpBranch, memoryRegistry, MODEL } from "../support/registry.ts";
import { LEARN_HOURS, marketRuns, writeStory } from "./predictions_market.ts";

const DUE = LEARN_HOURS + 24;

class Crash extends Error {}

/** A dead process cannot record its failure either; what it throws then has the crash as its cause. */
function isCrash(error: unknown): boolean {
  return error instanceof Crash || (error instanceof Error && error.cause instanceof Crash);
}

/** Lets so many commits through; from then on the process is dead, until it is started again. */
function crashAfter(registry: RegistryContext, commits: number): { restart(): void } {
  const { store } = registry;
  const commit = store.commit.bind(store);
  let left = commits;
  store.commit = (scope, build) => {
    if (left-- <= 0) throw new Crash();
    return commit(scope, build);
  };
  return { restart: () => store.commit = commit };
}

/** Two snapshots are scored, and a day later both are decided; the process dies after `crash` commits. */
async function storyOf(folder: string, crash: number) {
  using registry = await memoryRegistry();
  const market = marketRuns(registry, folder);
  await market.goOn(LEARN_HOURS, { isScored: false });
  await market.newHolder();
  await market.newHolder("challenger-b");
  await market.goOn(2, { isScored: false });
  let left = crash;
  let crashes = 0;
  const survive = async (flow: string, params: JsonObject = {}) => {
    const before = registry.store.commitCount;
    const process = crashAfter(registry, left);
    try {
      await market.run(flow, params);
    } catch (error) {
      if (!isCrash(error)) throw error;
      crashes++;
      process.restart();
      await market.run(flow, params);
      left = Infinity;
    } finally {
      process.restart();
      left -= registry.store.commitCount - before;
    }
  };
  await survive("score", { snapshot_version: String(LEARN_HOURS + 1) });
  await survive("score", { snapshot_version: String(LEARN_HOURS + 2) });
  await market.goOn(26, { isScored: false });
  await survive("validate_outcomes");
  const { write } = registry.scopes;
  const strip = <T extends { runId: number }>({ runId: _run, ...rest }: T) => rest;
  const events = (await listEvents(registry, write, { limit: 1000 }))
    .filter(({ name }) => name === "anomalies_detected" || name === "outcomes_validated")
    .map(({ name, marketAt, payload }) => ({ name, marketAt, payload }));
  const waiting = (await dumpBranch(registry.store, "main")).filter((l) => l.startsWith('["due"'));
  return {
    crashes,
    left,
    state: {
      predictions: (await listBatches(registry, write, { limit: 100 })).map(strip),
      outcomes: [
        ...await listOutcomes(registry, write, MODEL, 1, { limit: 100 }),
        ...await listOutcomes(registry, write, MODEL, 2, { limit: 100 }),
      ].map(strip),
      events,
      waiting,
    },
  };
}

Deno.test("a crash between any two commits of scoring and validating loses nothing and doubles nothing", () =>
  withFolder(async (folder) => {
    await writeStory(folder, {
      hours: DUE + 4,
      quote: (coin, hour) => ({ price: 100 + hour, isAbsent: coin === 2 && hour === DUE }),
    });
    const whole = await storyOf(folder, Infinity);
    assertEquals([whole.crashes, whole.state.waiting], [0, []]);
    assertEquals([whole.state.predictions.length, whole.state.outcomes.length], [4, 4]);
    assertEquals(whole.state.events.length, 4);
    let points = 0;
    for (let commits = 0;; commits++) {
      const broken = await storyOf(folder, commits);
      if (broken.crashes === 0) break;
      points++;
      assertEquals(broken.crashes, 1);
      assertEquals(broken.state, whole.state, `died after ${commits} commits`);
    }
    assert(points >= 11, `${points} points`);
  }));
