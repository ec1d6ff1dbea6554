// A record written at one time, as it would be at another: clocks and version numbers are moved,
// everything else stays what a flow wrote.

import { ASSET } from "../../src/domain/asset.ts";
import { HOUR_MS, iso } from "../../src/domain/time.ts";

export interface Move {
  marketMs: number;
  wallMs: number;
  /** What a bare "version" counts. */
  bareVersion: string;
  version(name: string, version: number): number;
}

/** Texts before this year are of the examples' wall clock, see `CLOCK_GAP_MS`. */
const FIRST_MARKET_YEAR = 2000;

const MARKET_CLOCKS = new Set(["marketAtMs", "dueAtMs", "market_at_ms", "now_ms"]);
const VERSION_KEYS: Readonly<Record<string, string>> = {
  snapshot_version: ASSET.snapshot,
  training_version: ASSET.trainingDataset,
  holdout_version: ASSET.evalHoldout,
  candidate_version: ASSET.detector,
  candidateVersion: ASSET.detector,
  previous_version: ASSET.detector,
  compared_to: ASSET.detector,
  resultVersion: ASSET.evaluationResults,
};
const NAMES = new Set<string>(Object.values(ASSET));
const MOVABLE_TEXT =
  /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|\b([a-z]+_[a-z]+) v(\d+)|\bhour (\d+) \(/g;

/** A copy; typed arrays and what holds nothing to move are shared with the original. */
export function moved<T>(value: T, move: Move): T {
  return moveValue(value, move, move.bareVersion) as T;
}

function moveValue(value: unknown, move: Move, asset: string): unknown {
  if (typeof value === "string") return moveText(value, move);
  if (Array.isArray(value)) return value.map((item) => moveValue(item, move, asset));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return moveObject(value as Record<string, unknown>, move, asset);
}

function moveObject(object: Record<string, unknown>, move: Move, asset: string) {
  const own = [object.name, object.model].find((name) => NAMES.has(name as string)) ?? asset;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    result[key] = moveField(key, value, move, own as string, object);
  }
  return result;
}

function moveField(
  key: string,
  value: unknown,
  move: Move,
  asset: string,
  object: Record<string, unknown>,
): unknown {
  if (MARKET_CLOCKS.has(key) && typeof value === "number") return value + move.marketMs;
  const counted = key === "version"
    ? asset
    : key === "firstVersion"
    ? nameOfRef(object)
    : VERSION_KEYS[key];
  if (counted !== undefined && typeof value === "number") return move.version(counted, value);
  if (counted !== undefined && typeof value === "string" && /^\d+$/.test(value)) {
    return String(move.version(counted, Number(value)));
  }
  if (key === "versions" && Array.isArray(value)) {
    return value.map((item) =>
      typeof item === "number" ? move.version(ASSET.detector, item) : moveValue(item, move, asset)
    );
  }
  return moveValue(value, move, key === "snapshot" ? ASSET.snapshot : asset);
}

function nameOfRef({ ref }: Record<string, unknown>): string | undefined {
  return (ref as { name: string } | undefined)?.name;
}

function moveText(text: string, move: Move): string {
  if (text.length < 8) return text;
  return text.replace(MOVABLE_TEXT, (found, name, version, hour) => {
    if (hour !== undefined) return `hour ${Number(hour) + move.marketMs / HOUR_MS} (`;
    if (version !== undefined) {
      return NAMES.has(name) ? `${name} v${move.version(name, Number(version))}` : found;
    }
    const ms = Date.parse(found);
    const isMarket = new Date(ms).getUTCFullYear() >= FIRST_MARKET_YEAR;
    return iso(ms + (isMarket ? move.marketMs : move.wallMs));
  });
}
