// coin: one coin along time: its prices, what was said of it, and what became of it.

import { z } from "zod";
import { driversSentence } from "../../domain/drivers.ts";
import { alertEpisodes, type Episode, worstOf } from "../../domain/outcomes.ts";
import { SCORES_AN_HOUR } from "../../domain/prediction.ts";
import type { ReadScope } from "../../domain/scope.ts";
import { HOUR_MS, iso } from "../../domain/time.ts";
import { coinNotFound } from "../../registry/coin_names.ts";
import { marketNowMs, type RegistryContext } from "../../registry/context.ts";
import {
  driversOf,
  listCoinScores,
  type ScoredCoin,
  withOutcome,
} from "../../registry/predictions.ts";
import { defineCommand, hint, openSession } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { columns, duration, instant, metric, oneLine, price, wrap } from "../text.ts";
import { parseSpan, spanParams } from "../times.ts";
import { crashParam, roleParam, standingWords } from "./predictions.ts";

/** Alerts that are shown, the newest. */
const MAX_EPISODES = 20;

export const coin = defineCommand({
  name: "coin",
  group: "look",
  summary: "One coin: prices, scores, flags, outcomes, episodes.",
  positionals: [{ name: "id", description: "a coin's id, as in predictions", required: true }],
  params: z.strictObject({
    hours: z.int().min(1).max(8760).default(168)
      .describe("how far back from the newest score, without --from"),
    ...spanParams,
    role: roleParam,
    crash_threshold_pct: crashParam,
    limit: z.int().min(1).max(10_000).default(24).describe("how many scores to show, newest first"),
    ...branchParams,
  }),
  examples: ["anomaly coin bitcoin", "anomaly coin bitcoin --from 2024-01-08 --json"],
  run: async (app, call) => {
    const { params } = call;
    const [id] = call.positionals;
    const span = parseSpan(params);
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const scope = registry.scopes.write;
    const [newest] = await listCoinScores(registry, scope, id!, {
      ...span,
      limit: 1000,
      reverse: true,
    });
    if (newest === undefined) {
      throw await coinNotFound(registry, scope, id!, "See: anomaly predictions --all");
    }
    const fromMs = span.fromMs ?? newest.marketAtMs - (params.hours - 1) * HOUR_MS;
    const hours = Math.ceil((newest.marketAtMs - fromMs) / HOUR_MS) + 1;
    const found = await listCoinScores(registry, scope, id!, {
      fromMs,
      toMs: newest.marketAtMs,
      limit: hours * SCORES_AN_HOUR,
    });
    const rule = { crashThresholdPct: params.crash_threshold_pct };
    const scores = await Promise.all(
      found.filter(({ role }) => params.role === "all" || role === params.role)
        .map((score) => withOutcome(registry, scope, score, rule)),
    );
    const episodes = await Promise.all(
      alertEpisodes(scores).reverse().slice(0, MAX_EPISODES)
        .map(async (episode) => ({ ...episode, reason: await reasonOf(registry, scope, episode) })),
    );
    const nowMs = await marketNowMs(registry, scope) ?? registry.nowMs();
    const shown = scores.toReversed().slice(0, params.limit);
    return {
      json: {
        coinId: id,
        from: iso(fromMs),
        to: iso(newest.marketAtMs),
        episodes: episodes.map(({ flags, fromMs, toMs, lowestScore, reason }) => ({
          from: iso(fromMs),
          to: iso(toMs),
          flags: flags.length,
          lowestScore,
          reason,
          outcome: worstOf(flags),
        })),
        scores: shown.map(({ marketAtMs, ...score }) => ({ marketAt: iso(marketAtMs), ...score })),
      },
      text: [
        `${oneLine(id!)}: ${scores.length} ${scores.length === 1 ? "score" : "scores"} from ${
          instant(iso(fromMs))
        } to ` +
        `${instant(iso(newest.marketAtMs))}, ${
          scores.filter((s) => s.flagged).length
        } of them flags`,
        episodeLines(episodes, nowMs),
        scoreTable(shown, nowMs),
        scores.length > shown.length
          ? `${scores.length - shown.length} more: ${hint(call, `anomaly coin ${id} --limit 1000`)}`
          : "",
      ].filter((block) => block !== "").join("\n\n"),
    };
  },
});

/** What drove the strongest flag of an episode. */
async function reasonOf(
  registry: RegistryContext,
  scope: ReadScope,
  { flags }: Episode<ScoredCoin>,
): Promise<string> {
  const strongest = flags.reduce((low, flag) => flag.score < low.score ? flag : low);
  return driversSentence(await driversOf(registry, scope, strongest));
}

function episodeLines(
  episodes: readonly (Episode<ScoredCoin> & { reason: string })[],
  nowMs: number,
): string {
  return episodes.map(({ flags, fromMs, toMs, lowestScore, reason }) => {
    const lasted = toMs > fromMs ? ` for ${duration(toMs - fromMs)}` : "";
    const head = `Alert ${instant(iso(fromMs))}${lasted}: ${flags.length} ` +
      `${flags.length === 1 ? "flag" : "flags"}, lowest score ${metric(lowestScore)}; ` +
      standingWords(worstOf(flags), nowMs);
    return `${head}\n${wrap(reason, 4)}`;
  }).join("\n");
}

function scoreTable(scores: readonly ScoredCoin[], nowMs: number): string {
  return columns(
    ["market time", "price", "score", "flag", "by", "24 h later"],
    scores.map((score) => [
      instant(iso(score.marketAtMs)),
      price(score.price),
      metric(score.score),
      score.flagged ? "flagged" : "",
      `v${score.version}${score.role === "champion" ? "" : ` (${score.role})`}`,
      standingWords(score.outcome, nowMs),
    ]),
  );
}
