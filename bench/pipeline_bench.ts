// How long each stage of the data path takes, on the simulated market. Run with `deno task bench`.

import { toMatrix } from "../src/domain/table.ts";
import { fitDetector } from "../src/estimators/detector.ts";
import { silhouetteScore } from "../src/evaluation/silhouette.ts";
import type { Snapshot } from "../src/features/history.ts";
import { pointInTime } from "../src/features/point_in_time.ts";
import { buildDatasetPair } from "../src/features/split.ts";
import { parseMarkets } from "../src/market/parse.ts";
import { Simulator } from "../src/market/simulator.ts";
import { decodeTable, encodeTable } from "../src/store/tables.ts";
import modelConfig from "../configs/model.json" with { type: "json" };
import { modelConfigSchema } from "../src/domain/config.ts";

const HOURS = 192;

async function collect(): Promise<{ bodies: Uint8Array[]; snapshots: Snapshot[] }> {
  const market = new Simulator({ seed: 42 });
  const bodies: Uint8Array[] = [];
  const snapshots: Snapshot[] = [];
  let afterMs: number | null = null;
  for (let hour = 0; hour < HOURS; hour++) {
    const response = await market.fetch({ numCoins: 100, afterMs });
    afterMs = response.marketAtMs;
    bodies.push(response.body);
    const table = pointInTime(parseMarkets(response.body).rows, afterMs);
    snapshots.push({ marketAtMs: afterMs, table });
  }
  return { bodies, snapshots };
}

const { bodies, snapshots } = await collect();
const request = {
  snapshots,
  nowMs: snapshots.at(-1)!.marketAtMs,
  maxHistoryHours: 168,
  holdoutHours: 24,
  embargoHours: 0,
  minSnapshotsPerCoin: 6,
  addTargets: false,
};
const pair = buildDatasetPair(request);
const X = toMatrix(pair.training, pair.featureNames);
const config = modelConfigSchema.parse(modelConfig);
const detector = fitDetector(X, pair.featureNames, config);
const rows = toMatrix(pair.holdout, detector.featureNames);
const encoded = encodeTable(pair.training);

Deno.bench("parse one response, 100 coins", () => {
  parseMarkets(bodies[0]!);
});
Deno.bench("build the dataset pair, 192 h × 100 coins", () => {
  buildDatasetPair(request);
});
Deno.bench("encode the training table as Parquet", () => {
  encodeTable(pair.training);
});
Deno.bench("decode it", async () => {
  await decodeTable(encoded);
});
Deno.bench("fit the detector on the training rows", () => {
  fitDetector(X, pair.featureNames, config);
});
Deno.bench("score the holdout", () => {
  detector.scoreSamples(rows);
});
Deno.bench("silhouette of the holdout", () => {
  const labels = detector.predict(rows);
  silhouetteScore(detector.transform(rows), labels);
});
