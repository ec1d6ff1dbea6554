// The data path measured as a whole and in its stages, on the simulated market: from a raw response to
// committed predictions on a store on disk, the demo as a person runs it, and each stage by itself.

import { flows } from "../flows/mod.ts";
import { modelConfigSchema } from "../src/domain/config.ts";
import { readScope, writeScope } from "../src/domain/scope.ts";
import { type Matrix, toMatrix } from "../src/domain/table.ts";
import { findFlow } from "../src/engine/flow.ts";
import { runFlow } from "../src/engine/runner.ts";
import { fitDetector } from "../src/estimators/detector.ts";
import { silhouetteScore } from "../src/evaluation/silhouette.ts";
import type { Snapshot } from "../src/features/history.ts";
import { pointInTime } from "../src/features/point_in_time.ts";
import { buildDatasetPair } from "../src/features/split.ts";
import { parseMarkets } from "../src/market/parse.ts";
import { Simulator } from "../src/market/simulator.ts";
import { Store } from "../src/store/kv.ts";
import { decodeTable, encodeTable } from "../src/store/tables.ts";
import modelConfig from "../configs/model.json" with { type: "json" };
import { testRunner } from "../tests/support/registry.ts";

const ROOT = new URL("../", import.meta.url);
/** A week to learn from, and a day before it for its lags. */
const HOURS = 192;
const COINS = 100;
/** Snapshots, or calls of a stage, that are timed; the first tenth of them is not. */
const REPETITIONS = 50;

/** Wall time of one call in milliseconds: the first, and the median and longest of warm ones. */
export interface WallTiming {
  name: string;
  firstMs: number;
  medianMs: number;
  longestMs: number;
}

async function timed(name: string, work: () => unknown): Promise<WallTiming> {
  const calls: number[] = [];
  for (let i = 0; i < REPETITIONS; i++) {
    const before = performance.now();
    await work();
    calls.push(performance.now() - before);
  }
  const warm = calls.slice(REPETITIONS / 10).sort((a, b) => a - b);
  return {
    name,
    firstMs: calls[0]!,
    medianMs: warm[warm.length >> 1]!,
    longestMs: warm.at(-1)!,
  };
}

/** From the moment a raw response is asked of the simulator to the commit of its predictions. */
export async function snapshotToAlarm(folder: string): Promise<WallTiming> {
  using store = await Store.open(`${folder}/registry.kv`);
  const scopes = { write: writeScope("bench", "main"), read: readScope("bench", "main") };
  const runner = {
    ...testRunner({ store, scopes, actor: "bench", nowMs: Date.now }),
    env: (name: string) => name === "ANOMALY_SOURCE" ? "simulated" : undefined,
  };
  const run = (name: string, params = {}) =>
    runFlow(runner, findFlow(flows, name), { params, tags: [], triggeredBy: null });
  const ingest = () => run("ingest", { num_coins: COINS });
  for (let hour = 0; hour < HOURS; hour++) await ingest();
  await run("build_dataset");
  await run("train");
  await run("evaluate");
  await run("promote", { version: "1", force: true, reason: "measured" });
  return await timed(`raw response in, predictions committed, ${COINS} coins`, async () => {
    await ingest();
    await run("score");
  });
}

/** `anomaly demo` as a process of its own, from start to exit. */
export async function wholeDemo(folder: string): Promise<WallTiming> {
  const before = performance.now();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", `${ROOT.pathname}main.ts`, "demo"],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const firstMs = performance.now() - before;
  return { name: "the whole demo, 240 hours", firstMs, medianMs: NaN, longestMs: NaN };
}

/** Each stage by itself, in the order of the data path. */
export async function stages(): Promise<WallTiming[]> {
  const { bodies, snapshots } = await collect();
  const request = {
    snapshots,
    nowMs: snapshots.at(-1)!.marketAtMs,
    maxHistoryHours: HOURS - 24,
    holdoutHours: 24,
    embargoHours: 0,
    minSnapshotsPerCoin: 6,
    addTargets: false,
  };
  const pair = buildDatasetPair(request);
  const X = toMatrix(pair.training, pair.featureNames);
  const config = modelConfigSchema.parse(modelConfig);
  const detector = fitDetector(X, pair.featureNames, config);
  const holdout = toMatrix(pair.holdout, detector.featureNames);
  const scaled = detector.transform(holdout);
  const labels = detector.predict(holdout);
  const encoded = encodeTable(pair.training);
  const size = (rows: Matrix) => `${rows.rowCount.toLocaleString("en")} × ${rows.columnCount}`;
  const training = size(X);
  const held = size(holdout);
  const works: [string, () => unknown][] = [
    [`parse one response, ${COINS} coins`, () => parseMarkets(bodies[0]!)],
    [`build the dataset pair, ${HOURS} h × ${COINS} coins`, () => buildDatasetPair(request)],
    [`encode the training table as Parquet, ${training}`, () => encodeTable(pair.training)],
    [`decode it, ${training}`, () => decodeTable(encoded)],
    [`fit the detector, ${training}`, () => fitDetector(X, pair.featureNames, config)],
    [`score the holdout, ${held}`, () => detector.scoreSamples(holdout)],
    [`silhouette of the holdout, ${held}`, () => silhouetteScore(scaled, labels)],
  ];
  const timings: WallTiming[] = [];
  for (const [name, work] of works) timings.push(await timed(name, work));
  return timings;
}

async function collect(): Promise<{ bodies: Uint8Array[]; snapshots: Snapshot[] }> {
  const market = new Simulator({ seed: 42 });
  const bodies: Uint8Array[] = [];
  const snapshots: Snapshot[] = [];
  let afterMs: number | null = null;
  for (let hour = 0; hour < HOURS; hour++) {
    const response = await market.fetch({ numCoins: COINS, afterMs });
    afterMs = response.marketAtMs;
    bodies.push(response.body);
    const table = pointInTime(parseMarkets(response.body).rows, afterMs);
    snapshots.push({ marketAtMs: afterMs, table });
  }
  return { bodies, snapshots };
}
