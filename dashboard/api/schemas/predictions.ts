// Predictions, coins, outcomes, features and scores as the API answers them. Scores: lower is more
// abnormal, and below the threshold is a flag.

import { z } from "@hono/zod-openapi";
import type { FeatureUnit } from "../../../src/domain/drivers.ts";
import { VERDICTS } from "../../../src/domain/outcomes.ts";
import { PREDICTION_ROLES } from "../../../src/domain/prediction.ts";
import { count, id, time } from "./shapes.ts";

const verdict = z.enum(VERDICTS);

export const standingSchema = z.union([
  z.strictObject({
    verdict,
    return_pct: z.number().nullable().describe("price change over 24 h, %; null if not known"),
  }),
  z.strictObject({ due_at: time.describe("when it can be known, in market time") }),
]).openapi("Standing", { description: "What became of a prediction, or when that can be known." });

const role = z.enum(PREDICTION_ROLES);

export const driverSchema = z.strictObject({
  feature: z.string(),
  value: z.number(),
  contribution: z.number().describe("share of the distance from the expected score"),
  market_median: z.number().nullable(),
  usual: z.number().describe("median over the training rows"),
}).openapi("Driver");

export const predictionSchema = z.strictObject({
  market_at: time,
  coin_id: z.string(),
  symbol: z.string(),
  name: z.string(),
  price: z.number().nullable().describe("USD"),
  score: z.number(),
  threshold: z.number(),
  flagged: z.boolean(),
  model: z.string(),
  version: id,
  role,
  drivers: z.array(driverSchema).describe("strongest first; empty for what was not flagged"),
  reason: z.string().describe("the drivers in words"),
  outcome: standingSchema,
}).openapi("Prediction");

export const predictionPageSchema = z.strictObject({
  items: z.array(predictionSchema).max(200)
    .describe("newest snapshot first, in it the lowest score first"),
  older_before: z.string().nullable()
    .describe("give it as before to get what follows; null at the end"),
}).openapi("PredictionPage");

const coinScoreSchema = z.strictObject({
  market_at: time,
  price: z.number().nullable(),
  score: z.number(),
  threshold: z.number(),
  flagged: z.boolean(),
  model: z.string(),
  version: id,
  role,
  outcome: standingSchema,
}).openapi("CoinScore");

export const coinSchema = z.strictObject({
  coin_id: z.string(),
  from: time,
  to: time,
  flags: count.describe("scores of the span that were flags"),
  episodes: z.array(z.strictObject({
    from: time,
    to: time,
    flags: count,
    lowest_score: z.number(),
    outcome: standingSchema.describe("of its flags the one that fell the most"),
  })).describe("runs of flags, newest first"),
  scores: z.array(coinScoreSchema).describe("newest first"),
  older_before: time.nullable().describe("give it as before to get older scores"),
}).openapi("Coin");

const interval = z.strictObject({ low: z.number(), high: z.number() }).nullable();

const rate = z.strictObject({
  value: z.number().nullable(),
  n: count.describe("cases that it was taken from"),
  interval: interval.describe("95 %; null for too few coins or days"),
}).openapi("Rate");

export const outcomeMetricsSchema = z.strictObject({
  snapshots: count,
  from: time.nullable(),
  to: time.nullable(),
  predictions: count,
  resolved: count,
  looked_up: count,
  unresolved: count,
  flagged: count,
  flagged_unresolved: count,
  crashes: count,
  hits: count,
  false_alarms: count,
  missed: count,
  quiet: count,
  coverage: z.number().nullable().describe("resolved of all predictions"),
  flag_rate: z.number().nullable(),
  crash_rate: z.number().nullable().describe("the precision of flags at random"),
  precision: rate,
  recall: rate,
  false_alarm_share: rate,
  false_alarms_a_day: z.number().nullable(),
  lift: z.number().nullable().describe("precision over crash_rate"),
}).openapi("OutcomeMetrics");

export const outcomesSchema = z.strictObject({
  crash_threshold_pct: z.number(),
  from: time,
  to: time,
  version: id.nullable().describe("null: whoever was in the role at each snapshot"),
  role: role.nullable(),
  total: outcomeMetricsSchema,
  days: z.array(z.strictObject({
    day: z.iso.date(),
    versions: z.array(id),
    metrics: outcomeMetricsSchema,
  })).max(200).describe("days on which anything is decided, oldest first"),
}).openapi("Outcomes");

/** All of them, as the compiler sees to. */
const UNITS: Record<FeatureUnit, true> = { percent: true, ratio: true, points: true, number: true };

export const featuresSchema = z.strictObject({
  model: z.string(),
  version: id.nullable().describe("version whose features these are; null where there is none yet"),
  items: z.array(z.strictObject({
    name: z.string(),
    label: z.string(),
    unit: z.enum(Object.keys(UNITS) as FeatureUnit[]),
    meaning: z.string(),
    family: z.string().describe("what it is a lag, window or logarithm of"),
    dropped: z.boolean().describe("without any value in the training rows, and so not used"),
  })),
}).openapi("Features");

export const scoresSchema = z.strictObject({
  model: z.string(),
  version: id,
  threshold: z.number().describe("a score below it is a flag"),
  feature_names: z.array(z.string()).describe("in the order in which the version takes them"),
  scores: z.array(z.number()).describe("one a row, in the order of the rows"),
  decisions: z.array(z.number()).describe("score less threshold; negative is a flag"),
  flags: z.array(z.boolean()),
}).openapi("Scores");
