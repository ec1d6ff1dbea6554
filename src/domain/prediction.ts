// Predictions and outcomes: what a model said of every coin of a snapshot, and what became of it a day
// later. Between the detectors and the judgement over their flags.

import type { AssetFile } from "./asset.ts";

/** From a prediction to its outcome; fixed on the prediction when it is made. */
export const HORIZON_HOURS = 24;

/** How many `challenger-…` aliases are scored in shadow. */
export const MAX_CHALLENGERS = 3;
export const CHALLENGER_PREFIX = "challenger-";

/** Models that may have scored the same snapshot: a champion, three challengers, and some spare. */
export const SCORES_AN_HOUR = 8;

/** What a model was when it scored: frozen with the prediction. */
export const PREDICTION_ROLES = ["champion", "challenger"] as const;
export type PredictionRole = (typeof PREDICTION_ROLES)[number];

/** One feature that drove a score. Its words are in drivers.ts. */
export type Driver = {
  feature: string;
  /** As the market gave it, before imputation and clipping; a driver is never missing. */
  value: number;
  /** Share of the score's distance from the expected one; negative pushes towards a flag. */
  contribution: number;
  /** Median of the same feature over the snapshot's coins; null where none has it. */
  marketMedian: number | null;
  /** Median of the same feature over the training rows. */
  usual: number;
};

/** One model's scores of one snapshot; immutable. The rows are in the table. */
export interface PredictionBatch {
  model: string;
  version: number;
  role: PredictionRole;
  /** Alias that the version held at the snapshot's moment. */
  alias: string;
  marketAtMs: number;
  /** When its outcome can be known, in market time. */
  dueAtMs: number;
  snapshot: { branch: string; version: number };
  /** A score below it is a flag: the detector's offset. */
  threshold: number;
  /** What the detector gives a coin that is typical in every feature. */
  expectedScore: number;
  rows: number;
  flagged: number;
  /** Parquet, a row a coin; see `PREDICTION_COLUMNS`. */
  table: AssetFile;
  modelSha256: string;
  runId: number;
  recordedAt: string;
}

/** One coin in a batch, as the look-up by coin gives it; what drove a flag is in the batch's table. */
export type CoinScore = {
  coinId: string;
  price: number;
  score: number;
  flagged: boolean;
};

/** The coins of a batch whose ids fall into one bucket: the index behind a coin's history. */
export interface CoinScores {
  role: PredictionRole;
  threshold: number;
  coins: CoinScore[];
}

/** The columns of a batch's table; `drivers` is JSON, null for a coin that was not flagged. */
export const PREDICTION_COLUMNS = [
  "coin_id",
  "symbol",
  "name",
  "current_price",
  "score",
  "decision",
  "label",
  "drivers",
] as const;

/** How a coin's price at the horizon was found. */
export const DECIDED_BY = { nothing: 0, snapshot: 1, lookUp: 2 } as const;

/**
 * What became of one batch; written once. Arrays have one element a coin, in the order of the batch's
 * table. Crash thresholds are applied when it is read.
 */
export interface OutcomeRecord {
  model: string;
  version: number;
  role: PredictionRole;
  marketAtMs: number;
  dueAtMs: number;
  toleranceMinutes: number;
  coinIds: string[];
  scores: Float64Array;
  /** 1 where the coin was flagged. */
  flagged: Uint8Array;
  /** Price change from the prediction to the horizon, %; NaN where it could not be known. */
  returnsPct: Float64Array;
  /** Values of `DECIDED_BY`. */
  decidedBy: Uint8Array;
  /** From the horizon to the instant of the price that decided, ms; 0 where none did. */
  pricedAfterMs: Int32Array;
  /**
   * The coins that were looked up by id, and the file of the verbatim answers: a JSON object from coin to
   * answer. In stores from before schema 2 each coin has an element and a file of its own, the bare answer.
   */
  lookUps: { coinIds: string[]; answer: AssetFile }[];
  runId: number;
  recordedAt: string;
}

/** Buckets of the look-up by coin: a commit writes so many entries, however many coins there are. */
export const COIN_BUCKETS = 64;

/** The bucket of a coin's id: FNV-1a over its UTF-16 code units. */
export function coinBucket(coinId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < coinId.length; i++) {
    hash = Math.imul(hash ^ coinId.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % COIN_BUCKETS;
}
