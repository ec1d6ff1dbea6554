// A registry in memory with a clock that tests move, and short ways to the states that they begin
// from: a trained model, a judged one, a champion. Everything goes through the real functions.

import { z } from "zod";
import { ASSET, type VersionRecord, type VersionRef } from "../../src/domain/asset.ts";
import {
  evaluationConfigSchema,
  type FlowConfigs,
  modelConfigSchema,
  trainingConfigSchema,
} from "../../src/domain/config.ts";
import type { EvaluationRecord, GateResult, ModelMetrics } from "../../src/domain/evaluation.ts";
import type { LogLine } from "../../src/domain/run.ts";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import {
  defineFlow,
  type Durability,
  type RunnerContext,
  WithEffects,
} from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import {
  aliasHolder,
  CHAMPION,
  stageRevocation,
  stageRollback,
} from "../../src/registry/aliases.ts";
import { getVersion, refOf } from "../../src/registry/assets.ts";
import { advanceMarket, type RegistryContext } from "../../src/registry/context.ts";
import { stageEvaluation } from "../../src/registry/evaluations.ts";
import {
  assertAllowed,
  planPromotion,
  type PromotionRequest,
  stagePromotion,
} from "../../src/registry/promotion.ts";
import { keysOf } from "../../src/store/keys.ts";
import { Store } from "../../src/store/kv.ts";

export const PROJECT = "crypto_anomaly";
export const START_MS = Date.UTC(2024, 0, 1);
export { HOUR_MS };
export const MODEL = ASSET.detector;

/** A registry with the wall clock as a field. */
export interface TestRegistry extends RegistryContext, Disposable {
  clockMs: number;
}

/** Opens a store in memory; `store` shares one that is open already, which is then left open. */
export async function memoryRegistry(
  { branch = "main", readBranch = branch, store }: {
    branch?: string;
    readBranch?: string;
    store?: Store;
  } = {},
): Promise<TestRegistry> {
  const opened = store ?? await Store.open(":memory:");
  const registry: TestRegistry = {
    store: opened,
    scopes: { write: writeScope(PROJECT, branch), read: readScope(PROJECT, readBranch) },
    actor: "tester",
    clockMs: START_MS,
    nowMs: () => registry.clockMs,
    [Symbol.dispose]: () => {
      if (!store) opened[Symbol.dispose]();
    },
  };
  return registry;
}

/** The configs that the schemas' defaults give. */
export function testConfigs(given: Partial<FlowConfigs> = {}): FlowConfigs {
  return {
    model_config: modelConfigSchema.parse({ algorithm: "isolation_forest", n_estimators: 20 }),
    training_config: trainingConfigSchema.parse({}),
    eval_config: evaluationConfigSchema.parse({}),
    environment: "dev",
    auto_promote: false,
    ...given,
  };
}

/** A process that is believed alive for long, and that gives up late. */
export function testDurability(given: Partial<Durability> = {}): Durability {
  return {
    holder: { id: crypto.randomUUID(), forMs: 60_000, nowMs: Date.now },
    maxFailures: 5,
    maxEventAgeMs: 24 * HOUR_MS,
    ...given,
  };
}

/** What running flows needs; the lines that runs log are kept. */
export function testRunner(
  registry: RegistryContext,
  configs: Partial<FlowConfigs> = {},
): RunnerContext & { lines: LogLine[] } {
  const lines: LogLine[] = [];
  return {
    registry,
    configs: testConfigs(configs),
    codeVersion: "test",
    env: () => undefined,
    signal: new AbortController().signal,
    stopping: new AbortController().signal,
    durability: testDurability(),
    lines,
    onLog: (line) => lines.push(line),
  };
}

/** Stands in for training: registers a model file that is as good as any other to the registry. */
const trainStandIn = defineFlow({
  name: "train",
  originalName: "TrainDetectorFlow",
  summary: "Registers a model file.",
  examples: [],
  consumes: "nothing",
  produces: MODEL,
  publishes: ["model_registered"],
  params: z.strictObject({ content: z.string() }),
})
  .step("fit", async (ctx) => ({
    model: await ctx.putBlob(new TextEncoder().encode(ctx.params.content), "text/plain"),
  }))
  .step("register", (_ctx, { model }) =>
    Promise.resolve(
      new WithEffects({}, async ({ register, publish }) => {
        const { version } = await register({
          kind: "model",
          name: MODEL,
          marketAt: null,
          description: "a stand-in",
          annotations: {},
          files: { model },
          inputs: [],
        });
        await publish("model_registered", null, { version });
      }),
    ))
  .build();

let contents = 0;

/** A new version of the detector, made by a run of a flow called train. */
export async function trainModel(registry: RegistryContext): Promise<VersionRecord> {
  const run = await runFlow(testRunner(registry), trainStandIn, {
    params: { content: `model ${++contents}` },
    tags: [],
    triggeredBy: null,
  });
  const { version } = run.produced[0]!;
  return (await getVersion(registry, registry.scopes.write, "model", MODEL, version))!;
}

export const METRICS: ModelMetrics = {
  rowCount: 100,
  anomalyCount: 10,
  anomalyRate: 0.1,
  trainingRate: 0.1,
  rateDiff: 0,
  silhouette: 0.4,
  scoreGap: 2,
  scoreMean: -0.45,
  scoreStd: 0.05,
};

export function gate(given: Partial<GateResult> = {}): GateResult {
  const passed: GateResult = {
    name: "max_anomaly_rate",
    value: 0.1,
    comparison: "<=",
    threshold: 0.2,
    status: "passed",
    hard: true,
    note: null,
  };
  return { ...passed, ...given };
}

export interface JudgeOptions {
  gates?: GateResult[];
  /** Default: the present champion of the read branch. */
  comparedTo?: VersionRef | null;
  modelSha256?: string;
}

/** The evaluation that `evaluate` would record, before it is recorded. */
export async function evaluationOf(
  registry: RegistryContext,
  version: VersionRecord,
  { gates = [gate()], comparedTo, modelSha256 }: JudgeOptions = {},
): Promise<Omit<EvaluationRecord, "id" | "recordedAt">> {
  return {
    model: version.name,
    version: version.version,
    runId: version.runId,
    marketAt: null,
    passed: !gates.some((one) => one.hard && one.status === "failed"),
    needsPerson: false,
    gates,
    candidate: METRICS,
    champion: null,
    comparedTo: comparedTo === undefined ? await championRef(registry) : comparedTo,
    evalSource: "eval_holdout v1",
    modelSha256: modelSha256 ?? version.files.model!.sha256,
    dataSha256: "data",
    configSha256: "config",
    resultVersion: 1,
  };
}

async function championRef(registry: RegistryContext): Promise<VersionRef | null> {
  const { read } = registry.scopes;
  const holder = await aliasHolder(registry.store, read, MODEL, CHAMPION);
  const record = holder && await getVersion(registry, read, "model", MODEL, holder.version);
  return record && refOf(record);
}

export async function judgeModel(
  registry: RegistryContext,
  version: VersionRecord,
  options: JudgeOptions = {},
): Promise<EvaluationRecord> {
  const evaluation = await evaluationOf(registry, version, options);
  const { store, scopes } = registry;
  return await store.commit(scopes.write, (tx) => stageEvaluation(registry, tx, evaluation));
}

export function promotionOf(
  version: number,
  given: Partial<PromotionRequest> = {},
): PromotionRequest {
  return {
    model: MODEL,
    version,
    alias: CHAMPION,
    expect: "any",
    force: false,
    reason: "",
    actingRunId: null,
    ...given,
  };
}

/** The two steps of the promote flow. */
export async function promote(
  registry: RegistryContext,
  version: number,
  given: Partial<PromotionRequest> = {},
) {
  const plan = await planPromotion(registry, promotionOf(version, given));
  assertAllowed(plan);
  const { store, scopes } = registry;
  return (await store.commit(scopes.write, (tx) => stagePromotion(registry, tx, plan))).entry;
}

/** A version that was trained, judged against the present champion, and promoted. */
export async function newChampion(registry: RegistryContext): Promise<VersionRecord> {
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  await promote(registry, version.version);
  return version;
}

export async function rollBack(registry: RegistryContext, alias: string = CHAMPION) {
  const request = { model: MODEL, alias, reason: "tested" };
  const { store, scopes } = registry;
  return (await store.commit(scopes.write, (tx) => stageRollback(registry, tx, request))).entry;
}

export async function revoke(registry: RegistryContext, version: number, rollback = false) {
  const request = { model: MODEL, version, reason: "tested", rollback };
  const { store, scopes } = registry;
  return await store.commit(scopes.write, (tx) => stageRevocation(registry, tx, request));
}

/** The version that holds an alias now; null for none. */
export async function holderOf(
  registry: RegistryContext,
  alias: string = CHAMPION,
): Promise<number | null> {
  const holder = await aliasHolder(registry.store, registry.scopes.write, MODEL, alias);
  return holder?.version ?? null;
}

/** Moves the market clock of the write branch as a recorded market does. */
export async function setMarketTime(registry: RegistryContext, marketAtMs: number): Promise<void> {
  const { store, scopes } = registry;
  const source = { kind: "simulated" as const, key: "42" };
  await store.commit(scopes.write, (tx) => advanceMarket(registry, tx, source, marketAtMs));
}

/** Every key and value of a branch, as text, to see that nothing was written. */
export async function dumpBranch(store: Store, branch: string): Promise<string[]> {
  const keys = keysOf(readScope(PROJECT, branch));
  const everything = { parts: keys.branch().parts.slice(0, -1) };
  const entries = await store.list(everything, { limit: 100_000 });
  return entries.map(({ rest, value }) => `${JSON.stringify(rest)} ${JSON.stringify(value)}`);
}
