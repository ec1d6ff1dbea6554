// A simulated year on one store, hour by hour, by the flows themselves: is the 8,760th hour as quick as the first
// ones, does the process keep its size, and how large does the store grow with and without retention?
//
// Usage: deno run --allow-all --v8-flags=--expose-gc bench/simulated_year.ts <folder> [--hours 8760] [--num_coins 100]
//
// The early store is a copy made on the tenth day. At the end cycles and look-ups are timed on the one and the
// other in turn, so that what the machine does meanwhile befalls both.

import { parseArgs } from "@std/cli";
import { flows } from "../flows/mod.ts";
import { builtInProject, loadFlowConfigs } from "../src/config/mod.ts";
import { ASSET, type JsonObject } from "../src/domain/asset.ts";
import type { RunRecord } from "../src/domain/run.ts";
import { readScope, writeScope } from "../src/domain/scope.ts";
import { durabilityOf } from "../src/engine/durability.ts";
import { findFlow, type RunnerContext } from "../src/engine/flow.ts";
import { listenersOf } from "../src/engine/listening.ts";
import { runFlow } from "../src/engine/runner.ts";
import { followEvents } from "../src/engine/triggers.ts";
import { aliasHolder, CHAMPION } from "../src/registry/aliases.ts";
import { latestVersion, listVersions, resolveVersion } from "../src/registry/assets.ts";
import { readBranch } from "../src/registry/context.ts";
import { listEvents } from "../src/registry/events.ts";
import { listBatches } from "../src/registry/predictions.ts";
import { listRuns } from "../src/registry/runs.ts";
import { copyDatabase } from "../src/store/database_file.ts";
import { Store } from "../src/store/kv.ts";
import { CODE_VERSION } from "../src/version.ts";

const BRANCH = "main";
const DAY_HOURS = 24;
/** The hour of the day at which a dataset is built, and all that follows from it. */
const BUILD_HOUR = 14;
const EARLY_HOURS = 10 * DAY_HOURS;
const MEASURED_CYCLES = 48;
const MEASURED_LOOKS = 300;

const args = parseArgs(Deno.args, { string: ["hours", "num_coins"] });
const folder = String(args._[0] ?? await Deno.makeTempDir({ prefix: "anomaly_year_" }));
const hours = Number(args.hours ?? 8760);
const numCoins = Number(args.num_coins ?? 100);
const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

/** One branch of one store, fed by the simulated market. */
class Year implements Disposable {
  private constructor(private readonly store: Store, readonly runner: RunnerContext) {}

  static async open(path: string): Promise<Year> {
    const project = builtInProject();
    const { configs } = await loadFlowConfigs(project, BRANCH);
    const promoting = { ...configs, auto_promote: true };
    const store = await Store.open(path);
    const never = new AbortController().signal;
    const name = project.project.project;
    return new Year(store, {
      registry: {
        store,
        scopes: { write: writeScope(name, BRANCH), read: readScope(name, BRANCH) },
        actor: "bench",
        nowMs: Date.now,
        listenersOf: listenersOf(flows, promoting, project.notifications.config),
      },
      configs: promoting,
      codeVersion: CODE_VERSION,
      env: (key) => key === "ANOMALY_SOURCE" ? "simulated" : undefined,
      signal: never,
      stopping: never,
      durability: durabilityOf(project.project),
      onLog: () => {},
    });
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }

  /** The next hour: one snapshot, its score, and what is due by then. */
  async hour(): Promise<void> {
    await this.cycle();
    await this.#run("validate_outcomes");
  }

  /** One ingest with what follows from it. */
  async cycle(): Promise<void> {
    await this.#chain("ingest", { num_coins: numCoins });
  }

  /** A dataset, a model, its judgement, and its promotion where it passed. */
  async learn(): Promise<void> {
    await this.#chain("build_dataset");
  }

  async #chain(name: string, params: JsonObject = {}): Promise<void> {
    const run = await this.#run(name, params);
    const inherited = { params: {}, tags: [], goesOn: false };
    const { error } = await followEvents(this.runner, flows, run, inherited);
    if (error !== null && error.code !== "gate_failed") throw error;
  }

  #run(name: string, params: JsonObject = {}): Promise<RunRecord> {
    return runFlow(this.runner, findFlow(flows, name), { params, tags: [], triggeredBy: null });
  }

  /** What people and pages ask for most. */
  looks(): Record<string, () => Promise<unknown>> {
    const { registry } = this.runner;
    const { write } = registry.scopes;
    const { detector, snapshot } = ASSET;
    return {
      champion: () => aliasHolder(registry.store, write, detector, CHAMPION),
      latest: () => latestVersion(registry, write, "data", snapshot),
      "latest-50": () => resolveVersion(registry, write, "data", snapshot, "latest-50"),
      "list of 20 versions": () => listVersions(registry, write, "data", snapshot, { limit: 20 }),
      "list of 20 runs": () => listRuns(registry, write, { limit: 20 }),
      "list of 20 runs of a flow": () => listRuns(registry, write, { limit: 20, flow: "score" }),
      "list of 20 events": () => listEvents(registry, write, { limit: 20 }),
      "list of 24 batches": () => listBatches(registry, write, { limit: 24, reverse: true }),
    };
  }

  async count(): Promise<number> {
    const { registry } = this.runner;
    const branch = await readBranch(registry, registry.scopes.write);
    if (branch === null) return 0;
    const [newest] = await listVersions(registry, registry.scopes.write, "data", ASSET.snapshot, {
      limit: 1,
    });
    return newest?.version ?? 0;
  }
}

const gc = (globalThis as { gc?: () => void }).gc;

/** Heap in use after a collection, MB; null where the process may not ask for one. */
function heapMb(): number | null {
  gc?.();
  return gc ? Deno.memoryUsage().heapUsed / 1e6 : null;
}

async function sizeMb(path: string): Promise<number> {
  return (await Deno.stat(path)).size / 1e6;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Both stores in turn, so many times; the median of each, ms. */
async function inTurn(times: number, early: () => Promise<unknown>, late: () => Promise<unknown>) {
  const ms = { early: [] as number[], late: [] as number[] };
  for (let i = 0; i < times; i++) {
    ms.early.push(await timed(early));
    ms.late.push(await timed(late));
  }
  return { early: median(ms.early), late: median(ms.late) };
}

function line(what: string, { early, late }: { early: number; late: number }): string {
  const ratio = (late / early).toFixed(2);
  return `${what.padEnd(28)} ${early.toFixed(2).padStart(8)} ms ${
    late.toFixed(2).padStart(8)
  } ms  × ${ratio}`;
}

await Deno.mkdir(folder, { recursive: true });
const [latePath, earlyPath] = [`${folder}/year.kv`, `${folder}/early.kv`];
const started = performance.now();
let firstDayMb: number | null = null;
{
  using year = await Year.open(latePath);
  for (let hour = await year.count(); hour < hours; hour++) {
    await year.hour();
    if (hour % DAY_HOURS === BUILD_HOUR && hour > DAY_HOURS) await year.learn();
    // The first day on which everything ran that runs on any other.
    if (hour === 3 * DAY_HOURS) firstDayMb = heapMb();
    if (hour === EARLY_HOURS) await copyDatabase(latePath, earlyPath);
    if (hour % (30 * DAY_HOURS) === 0) {
      const seconds = (performance.now() - started) / 1000;
      say(`hour ${hour}: ${seconds.toFixed(0)} s, heap ${heapMb()?.toFixed(1)} MB`);
    }
  }
  say(
    `heap after the first days ${firstDayMb?.toFixed(1)} MB, at the end ${heapMb()?.toFixed(1)} MB`,
  );
}
say(
  `store: ${(await sizeMb(earlyPath)).toFixed(0)} MB after ${EARLY_HOURS} hours, ` +
    `${(await sizeMb(latePath)).toFixed(0)} MB after ${hours}`,
);
{
  using early = await Year.open(earlyPath);
  using late = await Year.open(latePath);
  await early.cycle();
  await late.cycle();
  say(`${"".padEnd(28)} ${"day 10".padStart(11)} ${"the end".padStart(11)}`);
  say(
    line("ingest + score", await inTurn(MEASURED_CYCLES, () => early.cycle(), () => late.cycle())),
  );
  const earlyLooks = early.looks();
  for (const [name, look] of Object.entries(late.looks())) {
    say(line(name, await inTurn(MEASURED_LOOKS, earlyLooks[name]!, look)));
  }
}
