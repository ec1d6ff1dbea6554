// One coin along time: its prices, what was said of it, and what became of it.

import { z } from "@hono/zod-openapi";
import { alertEpisodes, worstOf } from "../../../src/domain/outcomes.ts";
import { HOUR_MS, iso } from "../../../src/domain/time.ts";
import { listCoinScores, type ScoredCoin } from "../../../src/registry/predictions.ts";
import { coinNotFound } from "../../../src/registry/coin_names.ts";
import { coinHistory } from "../../reading/predictions.ts";
import { defineOperation, type Operation } from "../operation.ts";
import { coinSchema } from "../schemas/predictions.ts";
import { limitParam } from "../schemas/shapes.ts";
import { timeParam } from "../schemas/times.ts";
import { crashParam } from "./predictions.ts";

/** Coins of one bucket of the index may share an hour with this many others' batches. */
const LOOKED_AT = 1000;

const coin = defineOperation({
  method: "get",
  path: "/coins/{id}",
  group: "predictions",
  summary: "One coin: prices, scores, flags, outcomes, episodes",
  description: "By the champions of the time, over the hours up to the newest score.",
  params: z.strictObject({
    id: z.string().min(1).max(200).describe("a coin's id, as in predictions"),
  }),
  query: z.strictObject({
    hours: z.coerce.number().int().min(1).max(1000).default(168).describe("how far back to look"),
    limit: limitParam(),
    before: timeParam.optional().describe("only scores before this market time"),
    crash_threshold_pct: crashParam,
  }),
  answer: coinSchema,
  answers: "The coin",
  example: { path: "/coins/bitcoin" },
  handle: async (
    { view, params: { id }, query: { hours, limit, before, crash_threshold_pct } },
  ) => {
    const { registry } = view;
    const scope = registry.scopes.write;
    const [newest] = await listCoinScores(registry, scope, id, {
      ...(before === undefined ? {} : { toMs: before - 1 }),
      limit: LOOKED_AT,
      reverse: true,
    });
    if (newest === undefined) {
      const next = `See: ${view.command("predictions --all")}`;
      throw await coinNotFound(view.registry, view.registry.scopes.write, id, next);
    }
    const toMs = newest.marketAtMs;
    const span = { fromMs: toMs - (hours - 1) * HOUR_MS, toMs };
    const rule = { crashThresholdPct: crash_threshold_pct };
    const scores = await coinHistory(registry, scope, id, { ...span, rule });
    const newestFirst = scores.toReversed();
    const shown = newestFirst.slice(0, limit);
    return {
      coinId: id,
      from: iso(span.fromMs),
      to: iso(span.toMs),
      flags: scores.filter((score) => score.flagged).length,
      episodes: episodesOf(scores),
      scores: shown.map(({ coinId: _id, marketAtMs, ...score }) => ({
        marketAt: iso(marketAtMs),
        ...score,
      })),
      olderBefore: newestFirst.length > limit ? iso(shown.at(-1)!.marketAtMs) : null,
    };
  },
});

export const coinOperations: Operation[] = [coin];

function episodesOf(scores: readonly ScoredCoin[]) {
  return alertEpisodes(scores).reverse().map(({ fromMs, toMs, flags, lowestScore }) => ({
    from: iso(fromMs),
    to: iso(toMs),
    flags: flags.length,
    lowestScore,
    outcome: worstOf(flags),
  }));
}
