// The look-up by coin against the batches: every coin of a batch's table is in its bucket, and no bucket
// has coins of a batch that is not there. The first look counts, the second compares coin by coin.

import { COIN_BUCKETS, type CoinScores, type PredictionBatch } from "../domain/prediction.ts";
import { canonicalJson } from "../domain/json.ts";
import type { Json } from "../domain/asset.ts";
import { toAppError } from "../domain/errors.ts";
import type { WriteKey } from "../store/keys.ts";
import { type Suspicion, suspicionOf } from "./findings.ts";
import type { Place } from "./pointers.ts";
import { coinBuckets, readBatch } from "./predictions.ts";

/** Which batch: market time, model, version. */
export type BatchKey = [number, string, number];

/** Counts the coins of batches that were met in buckets, one number a batch. */
export class CoinTally {
  readonly #counts = new Map<string, number>();

  /** @param rest bucket, market time, model, version */
  add(rest: Deno.KvKeyPart[], { coins }: CoinScores): void {
    const id = JSON.stringify(rest.slice(1));
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + coins.length);
  }

  /** Whether a batch has as many coins in the buckets as in its table; it is taken off the tally. */
  agrees(rest: Deno.KvKeyPart[], { rows }: PredictionBatch): boolean {
    const id = JSON.stringify(rest);
    const count = this.#counts.get(id) ?? 0;
    this.#counts.delete(id);
    return count === rows;
  }

  /** Batches that buckets speak of and that were not met. */
  *leftOver(): Iterable<BatchKey> {
    for (const id of this.#counts.keys()) yield JSON.parse(id);
  }
}

/** What is wrong with the buckets of one batch. */
export async function checkCoins(place: Place, batchKey: BatchKey): Promise<Suspicion[]> {
  const batch = await place.reader.get(place.keys.prediction(...batchKey));
  const expected = batch === null ? new Map<number, CoinScores>() : await bucketsOf(place, batch);
  // A table that cannot be read is a finding of its own.
  if (expected === null) return [];
  const suspicions: Suspicion[] = [];
  for (let bucket = 0; bucket < COIN_BUCKETS; bucket++) {
    const key = place.keys.coinScores(bucket, ...batchKey);
    const present = await place.reader.get(key);
    const wanted = expected.get(bucket) ?? null;
    if (isSame(present, wanted)) continue;
    suspicions.push(wrongBucket(place, key.parts, present, wanted));
  }
  return suspicions;
}

async function bucketsOf({ store }: Place, batch: PredictionBatch) {
  try {
    return coinBuckets(batch, await readBatch({ store }, batch));
  } catch (error) {
    if (toAppError(error).code === "internal") return null;
    throw error;
  }
}

function wrongBucket(
  { scope }: Place,
  parts: Deno.KvKey,
  present: CoinScores | null,
  wanted: CoinScores | null,
): Suspicion {
  const key: WriteKey<CoinScores> = { parts, writable: true };
  const mend: Suspicion["mend"] = wanted === null
    ? { what: "deleted", apply: (tx) => tx.delete(key) }
    : { what: "written anew", apply: (tx) => tx.set(key, wanted) };
  return suspicionOf(scope, "index", parts, {
    found: coinsText(present),
    expected: wanted === null
      ? "no entry, as the batch is not there or has no such coins"
      : `${coinsText(wanted)}, as the batch's table has them`,
    mend,
  });
}

function coinsText(scores: CoinScores | null): string {
  if (scores === null) return "no such entry";
  return `scores of ${scores.coins.map(({ coinId }) => coinId).join(", ") || "no coins"}`;
}

function isSame(a: CoinScores | null, b: CoinScores | null): boolean {
  return canonicalJson(a as unknown as Json) === canonicalJson(b as unknown as Json);
}
