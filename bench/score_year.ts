// How long one new snapshot of 250 coins takes to be scored, on a store with a week of history and on one
// with a year, in turn: the flow as the command runs it, on disk. Run with `deno run --allow-all
// bench/score_year.ts [hours of the long history]`.

import { flows } from "../flows/mod.ts";
import {
  evaluationConfigSchema,
  modelConfigSchema,
  trainingConfigSchema,
} from "../src/domain/config.ts";
import type { MarketRow } from "../src/domain/market.ts";
import type { RunRecord } from "../src/domain/run.ts";
import { readScope, writeScope } from "../src/domain/scope.ts";
import { HOUR_MS, iso } from "../src/domain/time.ts";
import { builtInProject } from "../src/config/mod.ts";
import { durabilityOf } from "../src/engine/durability.ts";
import { findFlow, type RunnerContext } from "../src/engine/flow.ts";
import { runFlow } from "../src/engine/runner.ts";
import { pointInTime } from "../src/features/point_in_time.ts";
import { Mt19937 } from "../src/random.ts";
import { indexSnapshot, registerVersion } from "../src/registry/assets.ts";
import { advanceMarket } from "../src/registry/context.ts";
import { putBlob, stageBlob } from "../src/store/blobs.ts";
import { Store } from "../src/store/kv.ts";
import { encodeTable } from "../src/store/tables.ts";

const COINS = 250;
const START_MS = Date.UTC(2024, 0, 1);
const LEARN_HOURS = 8 * 24;
/** Snapshots timed on each store. */
const MEASURED = 100;

const longHours = Number(Deno.args[0] ?? 8760);

/** A market of its own on a store of its own, at some hour. */
class Bench {
  #hour = 0;
  readonly #random = new Mt19937(1);
  readonly #prices: Float64Array;

  constructor(private readonly runner: RunnerContext) {
    this.#prices = Float64Array.from({ length: COINS }, () => Math.exp(3 * this.#random.normal()));
  }

  /** Learns from eight days, promotes, and goes on to the hour, scoring each snapshot. */
  async goOnTo(hours: number): Promise<void> {
    while (this.#hour < hours) {
      await this.addSnapshot();
      if (this.#hour > LEARN_HOURS) await this.score();
      if (this.#hour !== LEARN_HOURS) continue;
      await this.#run("build_dataset");
      await this.#run("train");
      await this.#run("evaluate");
      await this.#run("promote", { version: "1", force: true, reason: "bench" });
    }
  }

  score(): Promise<RunRecord> {
    return this.#run("score");
  }

  #run(name: string, params = {}): Promise<RunRecord> {
    return runFlow(this.runner, findFlow(flows, name), { params, tags: [], triggeredBy: null });
  }

  async addSnapshot(): Promise<void> {
    const { registry } = this.runner;
    const marketAtMs = START_MS + this.#hour++ * HOUR_MS;
    const rows = Array.from({ length: COINS }, (_, coin) => this.#row(coin, marketAtMs));
    const staged = await stageBlob(encodeTable(pointInTime(rows, marketAtMs)), { compress: false });
    const marketAt = iso(marketAtMs);
    await registry.store.commit(registry.scopes.write, async (tx) => {
      await putBlob(tx, staged, marketAt);
      const record = await registerVersion(registry, tx, {
        kind: "data",
        name: "market_snapshot",
        marketAt,
        runId: 0,
        flow: "ingest",
        description: "",
        tags: [],
        annotations: {},
        files: { table: { ...staged.ref, mediaType: "application/vnd.apache.parquet" } },
        inputs: [],
      });
      await indexSnapshot(registry, tx, marketAtMs, record.version);
      await advanceMarket(registry, tx, { kind: "simulated", key: "1" }, marketAtMs);
    });
  }

  /** A row of the market's next hour; a tenth of the coins is restless. */
  #row(coin: number, lastUpdatedMs: number): MarketRow {
    const spread = coin % 10 === 9 ? 6 : 1;
    const random = this.#random;
    const draw = (std: number) => std * spread * random.normal();
    const currentPrice = this.#prices[coin]! *= Math.exp(draw(0.004));
    return {
      coinId: `coin-${coin}`,
      symbol: `c${coin}`,
      name: `Coin ${coin}`,
      currentPrice,
      marketCap: 1e9 * currentPrice,
      marketCapRank: coin + 1,
      totalVolume: 1e7 * Math.exp(draw(0.2)),
      high24h: null,
      low24h: null,
      priceChangePct1h: draw(0.4),
      priceChangePct24h: draw(2),
      priceChangePct7d: draw(5),
      priceChangePct30d: draw(9),
      athChangePct: -50 + draw(2),
      lastUpdatedMs,
      sparkline: [1, 1 + 0.1 * random.random(), 1 + 0.1 * random.random()],
    };
  }
}

function runnerOn(store: Store): RunnerContext {
  const scopes = { write: writeScope("bench", "main"), read: readScope("bench", "main") };
  return {
    registry: { store, scopes, actor: "bench", nowMs: Date.now },
    configs: {
      model_config: modelConfigSchema.parse({ algorithm: "isolation_forest" }),
      training_config: trainingConfigSchema.parse({}),
      eval_config: evaluationConfigSchema.parse({}),
      environment: "dev",
      auto_promote: false,
    },
    codeVersion: "bench",
    env: () => undefined,
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    durability: durabilityOf(builtInProject().project),
    onLog: () => {},
  };
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function describe(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(1);
  return `median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, longest ${at(1)} ms`;
}

const folder = await Deno.makeTempDir();
try {
  using weekStore = await Store.open(`${folder}/week.kv`);
  using yearStore = await Store.open(`${folder}/year.kv`);
  const benches = [
    { name: "a week", hours: LEARN_HOURS + 1, bench: new Bench(runnerOn(weekStore)) },
    { name: `${longHours} hours`, hours: longHours, bench: new Bench(runnerOn(yearStore)) },
  ].map((one) => ({ ...one, times: [] as number[] }));
  for (const { bench, hours } of benches) await bench.goOnTo(hours);
  for (let i = 0; i < 2 * MEASURED; i++) {
    const { bench, times } = benches[i % 2]!;
    await bench.addSnapshot();
    const start = performance.now();
    await bench.score();
    times.push(performance.now() - start);
  }
  for (const { name, times } of benches) {
    print(`scoring 250 coins after ${name}: ${describe(times)}`);
  }
  const ratios = benches[1]!.times.map((time, i) => time / benches[0]!.times[i]!);
  print(`ratio by pairs: median ${ratios.sort((a, b) => a - b)[MEASURED >> 1]!.toFixed(2)}`);
  const { size } = await Deno.stat(`${folder}/year.kv`);
  print(`the store of ${longHours} hours has ${(size / 2 ** 20).toFixed(0)} MiB`);
} finally {
  await Deno.remove(folder, { recursive: true });
}
