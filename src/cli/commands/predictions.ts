// predictions: what was flagged, why, and what became of it.

import { z } from "zod";
import { ASSET } from "../../domain/asset.ts";
import { driversSentence } from "../../domain/drivers.ts";
import { DEFAULT_CRASH_PCT, type Standing, standingOf } from "../../domain/outcomes.ts";
import { PREDICTION_ROLES, type PredictionBatch } from "../../domain/prediction.ts";
import type { ReadScope } from "../../domain/scope.ts";
import { iso } from "../../domain/time.ts";
import { resolveVersion } from "../../registry/assets.ts";
import { marketNowMs, type RegistryContext } from "../../registry/context.ts";
import {
  getOutcome,
  listBatches,
  type PredictionRow,
  readBatch,
} from "../../registry/predictions.ts";
import { defineCommand, hint, openSession } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { duration, instant, metric, oneLine, price, signedPercent, wrap } from "../text.ts";
import { parseSpan, spanParams } from "../times.ts";

/** Batches that one listing opens at most. */
const MAX_BATCHES = 200;

export const crashParam = z.number().max(0).min(-100).default(DEFAULT_CRASH_PCT)
  .describe("a fall of so much or more within the horizon is a crash, %");

export const roleParam = z.enum([...PREDICTION_ROLES, "all"]).default("champion")
  .describe("whose scores: champion, challenger or all");

export interface ShownPrediction extends PredictionRow {
  marketAt: string;
  model: string;
  version: number;
  role: string;
  threshold: number;
  reason: string;
  outcome: Standing;
}

export const predictions = defineCommand({
  name: "predictions",
  group: "look",
  summary: "What was flagged, why, and what became of it.",
  params: z.strictObject({
    version: z.string().min(1).optional().describe("only of this model version"),
    role: roleParam,
    coin: z.string().min(1).optional().describe("only of the coin with this id"),
    all: z.boolean().default(false).describe("also what was not flagged"),
    crash_threshold_pct: crashParam,
    ...spanParams,
    limit: z.int().min(1).max(1000).default(20).describe("how many at most"),
    ...branchParams,
  }),
  examples: [
    "anomaly predictions",
    "anomaly predictions --from 2022-05-09 --to 2022-05-12 --limit 100 --json",
  ],
  run: async (app, call) => {
    const { params } = call;
    const span = parseSpan(params);
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const scope = registry.scopes.write;
    const version = params.version === undefined
      ? null
      : (await resolveVersion(registry, scope, "model", ASSET.detector, params.version)).version;
    const listed = await listBatches(registry, scope, {
      ...span,
      limit: MAX_BATCHES,
      reverse: true,
    });
    const shown: ShownPrediction[] = [];
    for (const batch of listed) {
      if (shown.length >= params.limit) break;
      if (version !== null && batch.version !== version) continue;
      if (version === null && params.role !== "all" && batch.role !== params.role) continue;
      const rows = await showBatch(registry, scope, batch, params.crash_threshold_pct);
      shown.push(
        ...rows.filter((row) => params.all || row.flagged)
          .filter((row) => params.coin === undefined || row.coinId === params.coin)
          .sort((a, b) => a.score - b.score),
      );
    }
    const found = shown.slice(0, params.limit);
    const nowMs = await marketNowMs(registry, scope) ?? registry.nowMs();
    const empty = listed.length === 0
      ? `Nothing was scored on branch ${scope.branch}${
        params.from || params.to ? " then" : " yet"
      }. ` +
        `Next: ${hint(call, "anomaly score")}`
      : params.all
      ? `No such predictions on branch ${scope.branch}. Next: ${hint(call, "anomaly predictions")}`
      : `Nothing was flagged. Next: ${hint(call, "anomaly predictions --all")}`;
    const text = found.map((row) => describe(row, nowMs)).join("\n");
    return { json: found, text: text || empty };
  },
});

async function showBatch(
  registry: RegistryContext,
  scope: ReadScope,
  batch: PredictionBatch,
  crashThresholdPct: number,
): Promise<ShownPrediction[]> {
  const outcome = await getOutcome(registry, scope, batch);
  const rows = await readBatch(registry, batch);
  return rows.map((row, i) => ({
    ...row,
    marketAt: iso(batch.marketAtMs),
    model: batch.model,
    version: batch.version,
    role: batch.role,
    threshold: batch.threshold,
    reason: driversSentence(row.drivers),
    // An outcome keeps the order of its batch.
    outcome: standingOf(outcome, i, { dueAtMs: batch.dueAtMs, crashThresholdPct }),
  }));
}

/** "−23.1 %, hit", "due in 5 h", "unresolved" */
export function standingWords(standing: Standing, nowMs: number): string {
  if ("dueAt" in standing) {
    const waitMs = Date.parse(standing.dueAt) - nowMs;
    return waitMs > 0 ? `due in ${duration(waitMs)}` : "due";
  }
  const verdict = standing.verdict.replace("_", " ");
  return standing.returnPct === null ? verdict : `${signedPercent(standing.returnPct)}, ${verdict}`;
}

/** Two lines: what was found, and why. */
function describe(row: ShownPrediction, nowMs: number): string {
  const line =
    `${instant(row.marketAt)}  ${oneLine(row.coinId)}  ${metric(row.score)}, flagged below ` +
    `${metric(row.threshold)}  ${price(row.price)}  ${standingWords(row.outcome, nowMs)}`;
  if (row.reason === "") return line;
  return `${line}\n${wrap(row.reason, 4)}`;
}
