// Is what is shown fresh? One answer for banners, /ready and status, from the branch, its newest snapshot,
// the schedule of ingest and the clock. A live market goes by the wall clock; a recorded or simulated one
// stands where its data ends, unless this process is to carry it on.

import { ASSET } from "../domain/asset.ts";
import { nextSlot, previousSlot } from "../domain/cron.ts";
import type { SourceKind } from "../domain/market.ts";
import type { ReadScope } from "../domain/scope.ts";
import { duration, HOUR_MS, iso, utc } from "../domain/time.ts";
import { latestVersion } from "../registry/assets.ts";
import { readBranch, type RegistryContext } from "../registry/context.ts";

/** Without a schedule a live market is expected hourly, as its features are. */
const USUAL_INTERVAL_MS = HOUR_MS;
/** Share of an interval that what is due may take to come before it is called late … */
export const GRACE = 1 / 12;
/** … and intervals after which it is called stale. */
const STALE_AFTER = 1.5;

export type FreshnessState = "fresh" | "late" | "stale" | "empty";

export interface Freshness {
  state: FreshnessState;
  source: SourceKind | null;
  /** Market time of the newest snapshot, and when it was recorded. */
  marketAt: string | null;
  recordedAt: string | null;
  /** Age of the newest snapshot on the clock that it goes by: see `isWatched`. */
  ageMs: number | null;
  /** False for a recorded or simulated market that nothing carries on: it cannot go stale. */
  isWatched: boolean;
  /** How often a snapshot is to come, and when the next is due; null where none is expected. */
  expectedEveryMs: number | null;
  dueAt: string | null;
  /** Snapshots that were due since and did not come. */
  missing: number;
  /** The finding for a person, with the units of `duration`. */
  sentence: string;
}

/** How snapshots are to come. */
export interface Expectation {
  /** Cron expression of ingest's schedule; null without one. */
  schedule: string | null;
  /** In place of what the schedule says, where a process runs on a clock of its own. */
  expectedEveryMs?: number;
  /** Whether this process runs the schedule on this branch. */
  runsHere: boolean;
}

export interface FreshnessFacts extends Expectation {
  branch: string;
  source: SourceKind | null;
  newest: { marketAt: string | null; recordedAt: string } | null;
  nowMs: number;
}

/** The freshness of a branch's snapshots now. */
export async function readFreshness(
  registry: RegistryContext,
  scope: ReadScope,
  expectation: Expectation,
): Promise<Freshness> {
  const [record, newest] = await Promise.all([
    readBranch(registry, scope),
    latestVersion(registry, scope, "data", ASSET.snapshot),
  ]);
  return freshnessOf({
    ...expectation,
    branch: scope.branch,
    source: record?.source.kind ?? null,
    newest,
    nowMs: registry.nowMs(),
  });
}

/** The same from facts. */
export function freshnessOf(facts: FreshnessFacts): Freshness {
  const { source, newest, runsHere, branch, nowMs } = facts;
  const marketAt = newest?.marketAt ?? null;
  const base = { source, marketAt, recordedAt: newest?.recordedAt ?? null, missing: 0 };
  const nothingExpected = { expectedEveryMs: null, dueAt: null };
  if (newest === null || marketAt === null) {
    const sentence = `There is no snapshot on branch ${branch} yet.`;
    return {
      ...base,
      ...nothingExpected,
      state: "empty",
      ageMs: null,
      isWatched: source === "coingecko" || runsHere,
      sentence,
    };
  }
  const isLive = source === "coingecko";
  const sinceMs = Date.parse(isLive ? marketAt : newest.recordedAt);
  const ageMs = Math.max(0, nowMs - sinceMs);
  const due = isLive || runsHere ? dueAfter(sinceMs, facts, isLive) : null;
  if (due === null) {
    const sentence = `${marketName(source)} It stands where its data ends, ${utc(marketAt)}.`;
    return { ...base, ...nothingExpected, state: "fresh", ageMs, isWatched: false, sentence };
  }
  const { everyMs, dueMs } = due;
  const overdueMs = nowMs - dueMs;
  const isLate = overdueMs > everyMs * GRACE;
  const state = !isLate ? "fresh" : ageMs > everyMs * STALE_AFTER ? "stale" : "late";
  const missing = isLate ? Math.floor(overdueMs / everyMs) + 1 : 0;
  const sentence = [
    ...(isLive ? [] : [marketName(source)]),
    state === "stale"
      ? `No new snapshot for ${duration(ageMs)}; one is due ${everyWords(everyMs)}.`
      : state === "late"
      ? `A snapshot was due ${duration(overdueMs)} ago; the newest is ${duration(ageMs)} old.`
      : `The newest snapshot is ${duration(ageMs)} old; the next is due ${dueWords(overdueMs)}.`,
    ...(isLive ? [] : [`The market stands at ${utc(marketAt)}.`]),
  ].join(" ");
  return {
    ...base,
    state,
    ageMs,
    isWatched: true,
    expectedEveryMs: everyMs,
    dueAt: iso(dueMs),
    missing,
    sentence,
  };
}

/** When the snapshot after one is due, and how often; null where none is expected. */
function dueAfter(
  sinceMs: number,
  { schedule, expectedEveryMs }: Expectation,
  isLive: boolean,
): { everyMs: number; dueMs: number } | null {
  if (expectedEveryMs !== undefined) {
    return { everyMs: expectedEveryMs, dueMs: sinceMs + expectedEveryMs };
  }
  const dueMs = schedule === null ? null : nextSlot(schedule, sinceMs);
  const slotMs = schedule === null ? null : previousSlot(schedule, sinceMs);
  if (dueMs !== null && slotMs !== null) return { everyMs: dueMs - slotMs, dueMs };
  return isLive ? { everyMs: USUAL_INTERVAL_MS, dueMs: sinceMs + USUAL_INTERVAL_MS } : null;
}

function marketName(source: SourceKind | null): string {
  return source === "simulated" ? "This market is simulated." : "This market is recorded.";
}

/** "every hour", "every 15 min" */
function everyWords(everyMs: number): string {
  if (everyMs === HOUR_MS) return "every hour";
  return everyMs === 24 * HOUR_MS ? "every day" : `every ${duration(everyMs)}`;
}

function dueWords(overdueMs: number): string {
  return overdueMs >= 0 ? "now" : `in ${duration(-overdueMs)}`;
}
