// What flags of a span were worth, with the episodes and the coin that a page shows of them.

import { ASSET } from "../../src/domain/asset.ts";
import type { CrashRule, OutcomeMetrics } from "../../src/domain/outcomes.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { iso } from "../../src/domain/time.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listDue } from "../../src/registry/predictions.ts";
import { batchesIn, newestBatches, type Whose } from "./batches.ts";
import { type CoinCourse, coinCourse, versionChanges } from "./course.ts";
import type { Span } from "./days.ts";
import { type Course, episodeCourses } from "./episode_courses.ts";
import { type AlertEpisode, recentEpisodes, type ShownEpisode } from "./episodes.ts";
import { type OutcomeDays, outcomeDays } from "./outcomes.ts";

const MAX_VERSIONS = 5;

export interface JudgementQuery extends Span {
  whose: Whose;
  rule: CrashRule;
  /** Of the episodes. */
  order: "newest" | "lowest";
  include: (episode: AlertEpisode) => boolean;
  limit: number;
  skip: number;
  /** Default: the coin of the strongest open episode. */
  coinId: string | undefined;
  /** The branch's market time. */
  clockMs: number;
}

export interface Judgement {
  /** Scored snapshots in the span, their scores and flags: decided or not. */
  scored: { batches: number; rows: number; flagged: number };
  /** The oldest scores that wait to be judged; null where none do. */
  due: { at: string; isOverdue: boolean } | null;
  outcomes: OutcomeDays;
  changes: { atMs: number; version: number }[];
  /** Each champion of the span by itself, where it changed; in whatever role it scored. */
  versions: { version: number; metrics: OutcomeMetrics }[];
  course: CoinCourse | null;
  episodes: { rows: { episode: ShownEpisode; course: Course[] }[]; total: number; open: number };
  /** Whether the champion has scored at any time. */
  hasAny: boolean;
}

export async function judgementOf(
  registry: RegistryContext,
  scope: ReadScope,
  query: JudgementQuery,
): Promise<Judgement> {
  const { fromMs, toMs, whose, rule, order, include, limit, skip, clockMs } = query;
  const span = { fromMs, toMs };
  const [batches, outcomes, listed, [due], [newest]] = await Promise.all([
    batchesIn(registry, scope, whose, span, clockMs),
    outcomeDays(registry, scope, { whose, rule, ...span }),
    recentEpisodes(registry, scope, { ...span, whose, rule, order, include, limit, skip }),
    listDue(registry, scope, { afterMs: 0, untilMs: Number.MAX_SAFE_INTEGER - 1, limit: 1 }),
    newestBatches(registry, scope, { limit: 1 }),
  ]);
  const changes = "role" in whose && whose.role === "champion" ? versionChanges(batches) : [];
  const coinId = query.coinId ?? listed.strongest?.coinId ?? null;
  const [versions, course, courses] = await Promise.all([
    byVersion(registry, scope, query, [batches[0]?.version, ...changes.map((one) => one.version)]),
    coinId === null ? null : coinCourse(registry, scope, coinId, { ...span, whose, rule }),
    episodeCourses(registry, scope, listed.episodes),
  ]);
  return {
    scored: {
      batches: batches.length,
      rows: batches.reduce((sum, batch) => sum + batch.rows, 0),
      flagged: batches.reduce((sum, batch) => sum + batch.flagged, 0),
    },
    due: due && due.model === ASSET.detector
      ? { at: iso(due.dueAtMs), isOverdue: due.dueAtMs <= clockMs }
      : null,
    outcomes,
    changes,
    versions,
    course: course?.course ?? null,
    episodes: {
      rows: listed.episodes.map((episode, i) => ({ episode, course: courses[i]! })),
      total: listed.total,
      open: listed.open,
    },
    hasAny: newest !== undefined,
  };
}

/** Nothing for a single version, or for so many that their numbers are for another page. */
async function byVersion(
  registry: RegistryContext,
  scope: ReadScope,
  { fromMs, toMs, rule }: JudgementQuery,
  versions: readonly (number | undefined)[],
): Promise<Judgement["versions"]> {
  const named = [...new Set(versions.filter((version) => version !== undefined))];
  if (named.length < 2 || named.length > MAX_VERSIONS) return [];
  return await Promise.all(named.map(async (version) => {
    const { total } = await outcomeDays(registry, scope, {
      fromMs,
      toMs,
      rule,
      whose: { version },
    });
    return { version, metrics: total };
  }));
}
