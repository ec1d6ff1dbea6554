// Records to multiply: two and a half weeks as the flows themselves write them, on a store in memory.

import { flows } from "../../flows/mod.ts";
import { builtInProject, loadFlowConfigs, loadProject } from "../../src/config/mod.ts";
import { ASSET, type JsonObject, type VersionRecord } from "../../src/domain/asset.ts";
import type { EvaluationRecord } from "../../src/domain/evaluation.ts";
import {
  coinBucket,
  type CoinScores,
  HORIZON_HOURS,
  type OutcomeRecord,
  type PredictionBatch,
} from "../../src/domain/prediction.ts";
import type { EventRecord, LogLine, RunRecord, StepRecord } from "../../src/domain/run.ts";
import { type Scopes, writeScope } from "../../src/domain/scope.ts";
import { HOUR_MS, iso } from "../../src/domain/time.ts";
import { durabilityOf } from "../../src/engine/durability.ts";
import { findFlow, type RunnerContext } from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";

import { keysOf } from "../../src/store/keys.ts";
import { Store } from "../../src/store/kv.ts";
import { CODE_VERSION } from "../../src/version.ts";

export const PROJECT = "crypto_anomaly";
export const BRANCH = "main";
export const ACTOR = "operator";
/** The simulated market's first hour. */
export const MARKET_START_MS = Date.UTC(2024, 0, 1);

/** A week to learn from, and a day before it for its lags. */
export const LEARN_HOURS = 192;
/** Hours whose predictions and outcomes are multiplied; whole days, so that the hour of day stays. */
export const CYCLE_HOURS = 192;
/** Where the examples end: every prediction of the cycle is decided by then, late ones included. */
export const LAST_HOUR = LEARN_HOURS + CYCLE_HOURS + HORIZON_HOURS + 3;
/** The examples' wall clock is this much before their market clock, so that a text tells which it is. */
export const CLOCK_GAP_MS = 18_262 * 24 * HOUR_MS;

/** The champion's, and those of its challengers: two that pass their gates, two that do not. */
const CHAMPION_CONTAMINATION = 0.1;
const CONTAMINATIONS = [0.1, 0.09, 0.3, 0.15];

/** One run with everything that was written by it. */
export interface ExampleRun {
  run: RunRecord;
  steps: StepRecord[];
  logs: { index: number; part: number; lines: LogLine[] }[];
  events: EventRecord[];
  versions: VersionRecord[];
}

/** What was said of one snapshot, and what became of it. */
export interface ExampleScore {
  batch: PredictionBatch;
  coinScores: { bucket: number; value: CoinScores }[];
  outcome: OutcomeRecord;
}

/** Arrays by hour begin with the first hour after `LEARN_HOURS`, and have `CYCLE_HOURS` elements. */
export interface Examples {
  store: Store;
  scopes: Scopes;
  ingests: ExampleRun[];
  scores: (ExampleRun & ExampleScore)[];
  /** The run that decided the prediction of the hour, a day later. */
  validations: ExampleRun[];
  idleValidation: ExampleRun;
  failedIngest: ExampleRun;
  dataset: ExampleRun;
  /** Each judged beside a champion: candidates that pass, and candidates that do not. */
  models: { train: ExampleRun; evaluate: ExampleRun; evaluation: EvaluationRecord }[];
  promotion: ExampleRun;
  refusedPromotion: ExampleRun;
}

/** Runs the flows hour by hour, and keeps what they wrote. */
export async function makeExamples(): Promise<Examples> {
  const store = await Store.open(":memory:");
  const story = new Story(await runnerOn(store));
  return await story.tell();
}

async function runnerOn(store: Store): Promise<RunnerContext & { clock: { nowMs: number } }> {
  const clock = { nowMs: MARKET_START_MS - CLOCK_GAP_MS };
  const write = writeScope(PROJECT, BRANCH);
  const loaded = await loadProject({ env: () => undefined });
  const { configs } = await loadFlowConfigs(loaded, BRANCH);
  return {
    clock,
    registry: {
      store,
      scopes: { write, read: write },
      actor: ACTOR,
      nowMs: () => clock.nowMs += 7,
    },
    configs: {
      ...configs,
      model_config: { ...configs.model_config, contamination: CHAMPION_CONTAMINATION },
    },
    codeVersion: CODE_VERSION,
    env: () => undefined,
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    durability: durabilityOf(builtInProject().project),
    onLog: () => {},
  };
}

class Story {
  readonly #scopes: Scopes;
  #hour = 0;

  constructor(private readonly runner: RunnerContext & { clock: { nowMs: number } }) {
    this.#scopes = runner.registry.scopes;
  }

  async tell(): Promise<Examples> {
    for (let hour = 0; hour < LEARN_HOURS; hour++) await this.#ingest();
    const dataset = await this.#run("build_dataset");
    await this.#run("train");
    await this.#run("evaluate");
    await this.#run("promote", { version: "1", reason: "the first to pass every gate" });
    const models = [];
    for (const contamination of CONTAMINATIONS) models.push(await this.#model(contamination));
    const refusedPromotion = await this.#failing("promote", { version: "4" });
    const hours = [];
    while (this.#hour < LAST_HOUR) hours.push(await this.#goOn());
    const cycle = hours.slice(0, CYCLE_HOURS);
    const scores = await Promise.all(cycle.map((hour) => this.#scoreOf(hour.score)));
    const runs = new Map(hours.map(({ validation }) => [validation.run.id, validation]));
    return {
      store: this.runner.registry.store,
      scopes: this.#scopes,
      ingests: cycle.map((hour) => hour.ingest),
      scores,
      validations: scores.map(({ outcome }) => inTime(runs.get(outcome.runId)!, outcome.dueAtMs)),
      idleValidation: cycle[0]!.validation,
      failedIngest: await this.#failing("ingest", { source: "replay:recordings" }),
      dataset,
      models,
      promotion: await this.#run("promote", { version: "2", reason: "quieter, and as sharp" }),
      refusedPromotion,
    };
  }

  async #ingest(): Promise<ExampleRun> {
    this.runner.clock.nowMs = MARKET_START_MS - CLOCK_GAP_MS + this.#hour++ * HOUR_MS + 4000;
    return await this.#run("ingest", { source: "simulated" });
  }

  async #goOn() {
    const ingest = await this.#ingest();
    const score = await this.#run("score");
    this.runner.clock.nowMs += HOUR_MS / 4;
    return {
      ingest,
      score,
      validation: await this.#run("validate_outcomes", { source: "simulated" }),
    };
  }

  async #model(contamination: number) {
    const { configs } = this.runner;
    const model_config = { ...configs.model_config, contamination };
    const train = await this.#run("train", {}, {
      ...this.runner,
      configs: { ...configs, model_config },
    });
    const evaluate = await this.#run("evaluate");
    const { version } = train.versions[0]!;
    const key = keysOf(this.#scopes.write).evaluation(ASSET.detector, version, 1);
    return { train, evaluate, evaluation: (await this.runner.registry.store.get(key))! };
  }

  async #run(name: string, params: JsonObject = {}, runner: RunnerContext = this.runner) {
    const run = await runFlow(runner, findFlow(flows, name), {
      params,
      tags: [],
      triggeredBy: null,
    });
    return await this.#gather(run.id);
  }

  async #failing(name: string, params: JsonObject): Promise<ExampleRun> {
    const failed = await this.#run(name, params).then(() => null, (error) => error.details.run_id);
    if (failed === null) throw new Error(`${name} went well, expected a failed run to multiply`);
    return await this.#gather(failed);
  }

  async #gather(id: number): Promise<ExampleRun> {
    const { store } = this.runner.registry;
    const keys = keysOf(this.#scopes.write);
    const run = (await store.get(keys.run(id)))!;
    const steps = await store.list(keys.steps(id), { limit: 100 });
    const logs = await store.list(keys.logs(id), { limit: 100 });
    const events = await store.getMany(run.events.map((event) => keys.event(event)));
    const versions = await store.getMany(
      run.produced.map((made) => keys.version(made.kind, made.name, made.version)),
    );
    return {
      run,
      steps: steps.map((entry) => entry.value),
      logs: logs.map(({ rest, value }) => ({
        index: Number(rest[0]),
        part: Number(rest[1]),
        lines: value,
      })),
      events: events.filter((event) => event !== null),
      versions: versions.filter((version) => version !== null),
    };
  }

  async #scoreOf(example: ExampleRun): Promise<ExampleRun & ExampleScore> {
    const { store } = this.runner.registry;
    const keys = keysOf(this.#scopes.write);
    const marketAtMs = Date.parse(example.run.marketAt!);
    const batch = (await store.get(keys.prediction(marketAtMs, ASSET.detector, 1)))!;
    const outcome = (await store.get(keys.outcome(ASSET.detector, 1, marketAtMs)))!;
    const coinScores = [];
    for (const bucket of new Set(outcome.coinIds.map(coinBucket))) {
      const value = await store.get(keys.coinScores(bucket, marketAtMs, ASSET.detector, 1));
      coinScores.push({ bucket, value: value! });
    }
    return { ...example, batch, coinScores, outcome };
  }
}

/** A run that decided late, because a coin had no quote at the horizon, as if it had not. */
function inTime(example: ExampleRun, dueAtMs: number): ExampleRun {
  const marketAt = iso(dueAtMs);
  const lateMs = Date.parse(example.run.marketAt!) - dueAtMs;
  const earlier = (at: string | null) => at && iso(Date.parse(at) - lateMs);
  const { startedAt, finishedAt } = example.run;
  return {
    ...example,
    run: {
      ...example.run,
      marketAt,
      startedAt: earlier(startedAt)!,
      finishedAt: earlier(finishedAt),
    },
    events: example.events.slice(0, 1).map((event) => ({
      ...event,
      marketAt,
      recordedAt: earlier(event.recordedAt)!,
    })),
  };
}
