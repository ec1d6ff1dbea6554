// outcomes: what the flags were worth, and what became of each.

import { z } from "zod";
import { ASSET } from "../../domain/asset.ts";
import {
  type OutcomeMetrics,
  type OutcomeReport,
  type PairedComparison,
  type Rate,
  type Verdict,
  verdictOf,
  VERDICTS,
} from "../../domain/outcomes.ts";
import { DECIDED_BY, type OutcomeRecord } from "../../domain/prediction.ts";
import { iso } from "../../domain/time.ts";
import { aliasHolder, CHAMPION } from "../../registry/aliases.ts";
import { resolveVersion } from "../../registry/assets.ts";
import type { RegistryContext } from "../../registry/context.ts";
import { listBatches, listOutcomes } from "../../registry/predictions.ts";
import { defineCommand, hint, openSession } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { columns, duration, instant, metric, percent, signedPercent, UNDEFINED } from "../text.ts";
import { parseSpan, spanParams } from "../times.ts";
import { crashParam } from "./predictions.ts";

/** Outcome records that one listing opens at most. */
const MAX_RECORDS = 200;
const DECIDED_WORDS = { [DECIDED_BY.snapshot]: "snapshot", [DECIDED_BY.lookUp]: "look-up" };

export const outcomes = defineCommand({
  name: "outcomes",
  group: "look",
  summary: "Were the flags right? Metrics, and each case.",
  params: z.strictObject({
    version: z.string().min(1).optional()
      .describe("model version (default: the champion, else the newest that scored)"),
    kind: z.enum(VERDICTS).optional()
      .describe("only hit, false_alarm, missed, quiet or unresolved (default: all but quiet)"),
    crash_threshold_pct: crashParam,
    lookback_hours: z.int().min(1).max(8760).default(720)
      .describe("predictions that the metrics count, back from --to or the newest, without --from"),
    ...spanParams,
    limit: z.int().min(1).max(1000).default(20).describe("how many cases at most"),
    ...branchParams,
  }),
  examples: ["anomaly outcomes", "anomaly outcomes --kind missed --crash_threshold_pct -10"],
  run: async (app, call) => {
    const { params } = call;
    const span = parseSpan(params);
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const { write } = registry.scopes;
    const version = await versionOf(registry, params.version);
    const report = await app.outcomeReport(registry, {
      crashThresholdPct: params.crash_threshold_pct,
      lookbackHours: params.lookback_hours,
      ...span,
    });
    const records = version === null ? [] : await listOutcomes(
      registry,
      write,
      ASSET.detector,
      version,
      { ...span, limit: MAX_RECORDS, reverse: true },
    );
    const cases = records.flatMap((record) => casesOf(record, params.crash_threshold_pct))
      .filter(({ verdict }) => params.kind ? verdict === params.kind : verdict !== "quiet")
      .slice(0, params.limit);
    const own = report.versions.find((one) => one.version === version) ?? null;
    const { comparisons, kinds } = report;
    const paired = comparisons.filter(({ champion, challenger }) =>
      champion === version || challenger === version
    );
    const json = {
      version,
      crashThresholdPct: params.crash_threshold_pct,
      metrics: own?.metrics ?? null,
      comparisons: paired,
      kinds,
      cases,
    };
    if (own === null && cases.length === 0) {
      const text =
        `No outcomes on branch ${write.branch} yet: a prediction is decided 24 h after it ` +
        `was made. Next: ${hint(call, "anomaly validate_outcomes")}`;
      return { json, text };
    }
    const text = [
      own ? `${ASSET.detector} v${version}\n${metricLines(own.metrics)}` : "",
      ...paired.map(({ champion, challenger, paired }) =>
        `v${challenger} against champion v${champion}\n${pairedLines(paired)}`
      ),
      kindTable(kinds),
      caseTable(cases),
    ].filter((block) => block !== "").join("\n\n");
    return { json, text };
  },
});

async function versionOf(registry: RegistryContext, ref: string | undefined) {
  const { write } = registry.scopes;
  if (ref !== undefined) {
    return (await resolveVersion(registry, write, "model", ASSET.detector, ref)).version;
  }
  const holder = await aliasHolder(registry.store, write, ASSET.detector, CHAMPION);
  if (holder) return holder.version;
  const [newest] = await listBatches(registry, write, { limit: 1, reverse: true });
  return newest?.version ?? null;
}

interface OutcomeCase {
  marketAt: string;
  coinId: string;
  score: number;
  returnPct: number | null;
  verdict: Verdict;
  decidedBy: string | null;
  pricedAfterMs: number | null;
}

function casesOf(record: OutcomeRecord, crashThresholdPct: number): OutcomeCase[] {
  return record.coinIds.map((coinId, i) => {
    const by = record.decidedBy[i]!;
    const isDecided = by !== DECIDED_BY.nothing;
    return {
      marketAt: iso(record.marketAtMs),
      coinId,
      score: record.scores[i]!,
      returnPct: isDecided ? record.returnsPct[i]! : null,
      verdict: verdictOf(record, i, { crashThresholdPct }),
      decidedBy: DECIDED_WORDS[by as keyof typeof DECIDED_WORDS] ?? null,
      pricedAfterMs: isDecided ? record.pricedAfterMs[i]! : null,
    };
  });
}

function caseTable(cases: readonly OutcomeCase[]): string {
  return columns(
    ["market time", "coin", "score", "24 h later", "verdict", "decided by", "after"],
    cases.map((one) => [
      instant(one.marketAt),
      one.coinId,
      metric(one.score),
      one.returnPct === null ? UNDEFINED : signedPercent(one.returnPct),
      one.verdict.replace("_", " "),
      one.decidedBy ?? UNDEFINED,
      one.pricedAfterMs === null ? UNDEFINED : duration(one.pricedAfterMs),
    ]),
  );
}

/** What a model's flags were worth, in a few lines with counts and intervals. */
export function metricLines(metrics: OutcomeMetrics): string {
  const { predictions, resolved, looked_up, unresolved, hits, crashes, false_alarms } = metrics;
  const flags = hits + false_alarms;
  return [
    `  ${predictions} predictions of ${metrics.snapshots} snapshots, ${instant(metrics.from)} to ` +
    `${instant(metrics.to)}`,
    `  coverage   ${percent(metrics.coverage)}: ${resolved} resolved (${looked_up} looked up), ` +
    `${unresolved} unresolved`,
    `  precision  ${
      rateWords(metrics.precision)
    }: ${hits} of ${flags} flags came before a crash; ` +
    `chance would be ${metric(metrics.crash_rate)}`,
    `  recall     ${rateWords(metrics.recall)}: ${hits} of ${crashes} crashes were flagged`,
    `  false alarms ${metrics.false_alarms_a_day?.toFixed(1) ?? UNDEFINED} a day, ` +
    `${rateWords(metrics.false_alarm_share)} of what did not crash`,
  ].join("\n");
}

/** "0.067 [0.031, 0.136]" */
function rateWords({ value, interval }: Pick<Rate, "value" | "interval">): string {
  if (value === null) return UNDEFINED;
  return interval === null
    ? metric(value)
    : `${metric(value)} [${metric(interval.low)}, ${metric(interval.high)}]`;
}

function pairedLines(paired: PairedComparison): string {
  const { crashes, no_crashes } = paired;
  return [
    `  the same ${paired.n} rows of ${paired.snapshots} snapshots`,
    `  crashes: ${crashes.only_challenger} that only the challenger flagged, ` +
    `${crashes.only_champion} only the champion, ${crashes.both} both`,
    `  no crash: ${no_crashes.only_challenger} that only the challenger flagged, ` +
    `${no_crashes.only_champion} only the champion, ${no_crashes.both} both`,
    `  difference: precision ${rateWords(paired.precision)}, recall ${rateWords(paired.recall)}`,
  ].join("\n");
}

/** Recall by kind of labelled event; empty where the market labels none. */
export function kindTable(kinds: OutcomeReport["kinds"]): string {
  return columns(
    ["event", "scored", "flagged", "recall", "first flag after", "not scored"],
    (kinds ?? []).map((kind) => [
      kind.kind.replace("_", " "),
      String(kind.events),
      String(kind.caught),
      metric(kind.recall),
      kind.median_delay_hours === null ? UNDEFINED : `${kind.median_delay_hours} h`,
      String(kind.not_scored),
    ]),
  );
}
