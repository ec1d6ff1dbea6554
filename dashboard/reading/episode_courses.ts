// The courses of prices around the first flags of episodes that a page shows. Beside episodes.ts.

import { SCORES_AN_HOUR } from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listCoinScores } from "../../src/registry/predictions.ts";
import type { ShownEpisode } from "./episodes.ts";
import { coinSeries } from "./predictions.ts";

/** What is drawn of an episode: from a day before its first flag to two days after it. */
export const BEFORE_MS = DAY_MS;
export const AFTER_MS = 2 * DAY_MS;
/** Batches of so many hours are held in memory anyway; beyond, each coin is looked up by itself. */
const MAX_SHARED_HOURS = 192;

export interface Course {
  atMs: number;
  price: number;
}

/** One course an episode, in their order; one without prices is empty. */
export async function episodeCourses(
  registry: RegistryContext,
  scope: ReadScope,
  episodes: readonly ShownEpisode[],
): Promise<Course[][]> {
  if (episodes.length === 0) return [];
  const starts = episodes.map(({ fromMs }) => fromMs);
  const fromMs = Math.min(...starts) - BEFORE_MS;
  const toMs = Math.max(...starts) + AFTER_MS;
  const hours = (toMs - fromMs) / HOUR_MS + 1;
  if (hours > MAX_SHARED_HOURS) {
    return await Promise.all(episodes.map((episode) => ownCourse(registry, scope, episode)));
  }
  const ids = [...new Set(episodes.map(({ coinId }) => coinId))];
  const series = await coinSeries(registry, scope, ids, { toMs, hours });
  return episodes.map((episode) =>
    (series.get(episode.coinId) ?? [])
      .map(({ marketAtMs, price }) => ({ atMs: marketAtMs, price }))
      .filter(({ atMs }) => isAround(atMs, episode))
  );
}

async function ownCourse(
  registry: RegistryContext,
  scope: ReadScope,
  { coinId, fromMs }: ShownEpisode,
): Promise<Course[]> {
  const found = await listCoinScores(registry, scope, coinId, {
    fromMs: fromMs - BEFORE_MS,
    toMs: fromMs + AFTER_MS,
    limit: SCORES_AN_HOUR * (BEFORE_MS + AFTER_MS) / HOUR_MS,
  });
  // Models that scored the same snapshot saw the same price.
  const prices = new Map(found.map(({ marketAtMs, price }) => [marketAtMs, price]));
  return [...prices].map(([atMs, price]) => ({ atMs, price }));
}

function isAround(atMs: number, { fromMs }: ShownEpisode): boolean {
  return atMs >= fromMs - BEFORE_MS && atMs <= fromMs + AFTER_MS;
}
