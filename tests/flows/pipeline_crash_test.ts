// The smallest pipeline that yields outcomes, as `serve` drives it, by a process that dies between any two
// commits of it. Whoever is started next goes on by itself, and everything is as if nobody had died.

import { assert, assertEquals } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import { catchUp, registerSchedules, type ScheduleOptions } from "../../flows/schedules.ts";
import { MINUTE_MS } from "../../src/domain/time.ts";
import type { RunnerContext } from "../../src/engine/flow.ts";
import { listenersOf } from "../../src/engine/listening.ts";
import { RunQueue } from "../../src/engine/queue.ts";
import { notificationsSchema } from "../../src/domain/notifications.ts";
import { listAllOpen } from "../../src/registry/deliveries.ts";
import { listLeases } from "../../src/registry/leases.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { withFolder } from "../support/market.ts";
import { type Death, gated, MortalGate } from "../support/mortal_store.ts";
import {
  dumpBranch,
  HOUR_MS,
  memoryRegistry,
  START_MS,
  testConfigs,
  testDurability,
  type TestRegistry,
  testRunner,
} from "../support/registry.ts";
import { writeStory } from "./predictions_market.ts";

const LEASE_MS = 30_000;

/** Six snapshots to learn from, one to judge on, one to score, and one a day later. */
const RECORDED_HOURS = [0, 1, 2, 3, 4, 5, 29, 30, 54];
const schedules = {
  ingest: "0 * * * *",
  build_dataset: "30 7 * * *",
  validate_outcomes: "30 9 * * *",
};
/** Slots in their order, by this computer's clock, in hours. */
const SLOTS: [number, keyof typeof schedules][] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((hour): [number, "ingest"] => [hour, "ingest"]),
  [7.5, "build_dataset"],
  [8, "ingest"],
  [9, "ingest"],
  [9.5, "validate_outcomes"],
];

const configs = testConfigs({ auto_promote: true });
configs.model_config = {
  ...configs.model_config,
  n_estimators: 2,
  contamination: 0.4,
} as typeof configs.model_config;
Object.assign(configs.eval_config, {
  min_silhouette: -1,
  min_score_gap: 0,
  max_anomaly_rate: 1,
  min_anomaly_rate: 0,
  max_rate_diff: 1,
});

const NOBODY = notificationsSchema.parse({});

interface World {
  folder: string;
  registry: TestRegistry;
  /** Real time, by which leases are kept. */
  realMs: number;
}

/** A process that serves; it dies after so many of its commits. */
function processOf(world: World, life: { commits: number; death: Death }) {
  const { folder, registry } = world;
  const gate = new MortalGate(life.commits, life.death);
  const runner: RunnerContext = {
    ...testRunner(registry, configs),
    env: (name) => name === "ANOMALY_SOURCE" ? `replay:${folder}` : undefined,
    registry: {
      ...registry,
      nowMs: () => registry.clockMs,
      store: gated(registry.store, gate),
      listenersOf: listenersOf(flows, configs, NOBODY),
    },
    durability: testDurability({
      holder: { id: crypto.randomUUID(), forMs: LEASE_MS, nowMs: () => world.realMs },
    }),
  };
  const listener = { completed: () => {}, failed: () => {}, noted: () => {} };
  const queue = new RunQueue({ flows, listener });
  const handlers = new Map<string, () => Promise<unknown>>();
  const options: ScheduleOptions = {
    schedules,
    flows,
    queue,
    runner: () => Promise.resolve(runner),
    stopping: runner.stopping,
    say: () => {},
  };
  registerSchedules({ register: (name, _slots, handler) => handlers.set(name, handler) }, options);
  return {
    gate,
    start: async () => {
      const tended = queue.tend(runner);
      await catchUp(options).catch(() => {});
      await tended;
    },
    wake: (flow: string) => handlers.get(flow)!(),
    end: () => queue.idle(),
  };
}

/** All that is there at the end but who did it and when: records of runs, and times of this computer. */
async function stateOf({ store }: TestRegistry): Promise<string[]> {
  const lines = await dumpBranch(store, "main");
  return lines.filter((line) => !OF_RUNS.test(line)).map(withoutRuns);
}

const OF_RUNS =
  /^\["(revision|run|run_of_flow|step|log|tag_of_run|run_with_tag|counter","run|counter","tag)["/]/;

function withoutRuns(line: string): string {
  return line
    .replace(/"(runId|run_id|actingRunId)":(\d+|null)/g, '"$1":"-"')
    .replace(/"(recordedAt|updatedAt|takenAt|boundAt|setAt|dueAtMs)":("[^"]*"|\d+)/g, '"$1":"-"');
}

interface Story {
  commits: number;
  deaths: number;
  state: string[];
}

/** The whole story; the first process dies after so many commits, the ones after it do not. */
async function storyOf(folder: string, commits: number, death: Death): Promise<Story> {
  using registry = await memoryRegistry();
  const world: World = { folder, registry, realMs: START_MS };
  let deaths = 0;
  let process = processOf(world, { commits, death });
  /** Whatever is left to do when the process has died is done by the next one, as it starts. */
  const survive = async (work: () => Promise<unknown>) => {
    await work();
    await process.end();
    if (!process.gate.isDead) return;
    deaths++;
    world.realMs += LEASE_MS + 1;
    registry.clockMs += MINUTE_MS;
    process = processOf(world, { commits: Infinity, death });
    await process.start();
    await process.end();
  };
  registry.clockMs = START_MS + HOUR_MS / 2;
  await survive(() => process.start());
  for (const [hour, flow] of SLOTS) {
    registry.clockMs = START_MS + hour * HOUR_MS;
    await survive(() => process.wake(flow));
  }
  const { read } = registry.scopes;
  const runs = await listRuns(registry, read, { limit: 1000 });
  assertEquals(runs.filter(({ status }) => status === "running"), []);
  assertEquals(await listLeases(registry, read), []);
  assertEquals(await listAllOpen(registry, read, { limit: 1000 }), []);
  return { commits: registry.store.commitCount, deaths, state: await stateOf(registry) };
}

for (const death of ["before", "unheard"] as const) {
  const how = death === "before"
    ? "a process that dies between any two commits"
    : "a process that dies before it hears of a commit";
  Deno.test(`${how} of the smallest pipeline loses nothing and doubles nothing`, () =>
    withFolder(async (folder) => {
      const hours = RECORDED_HOURS.at(-1)! + 1;
      const missingHours = [...Array(hours).keys()].filter((hour) =>
        !RECORDED_HOURS.includes(hour)
      );
      await writeStory(folder, { hours, missingHours, coins: 8 });
      const whole = await storyOf(folder, Infinity, death);
      assertEquals(whole.deaths, 0);
      assert(whole.commits >= 80, `${whole.commits} points`);
      for (const kind of ["alias", "prediction", "outcome", "due"]) {
        assert(whole.state.some((line) => line.startsWith(`["${kind}",`)), kind);
      }
      for (let commits = 0; commits < whole.commits; commits++) {
        const broken = await storyOf(folder, commits, death);
        assertEquals(broken.deaths, 1);
        const differs = (mine: string[], other: string[]) =>
          mine.filter((line) => !other.includes(line));
        assertEquals(
          differs(broken.state, whole.state),
          differs(whole.state, broken.state),
          `died after ${commits} commits`,
        );
      }
    }));
}
