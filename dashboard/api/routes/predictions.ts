// Predictions, coins, outcomes: what was said of the market, and what became of it.

import { z } from "@hono/zod-openapi";
import { driversSentence } from "../../../src/domain/drivers.ts";
import { DEFAULT_CRASH_PCT, standingOf } from "../../../src/domain/outcomes.ts";
import { PREDICTION_ROLES, type PredictionBatch } from "../../../src/domain/prediction.ts";
import { ASSET } from "../../../src/domain/asset.ts";
import { DAY_MS, iso } from "../../../src/domain/time.ts";
import { resolveVersion } from "../../../src/registry/assets.ts";
import type { RegistryContext } from "../../../src/registry/context.ts";
import { getOutcome, listBatches } from "../../../src/registry/predictions.ts";
import { batchRows, isBy, type Whose } from "../../reading/batches.ts";
import { clockMs } from "../../reading/days.ts";
import { outcomeDays } from "../../reading/outcomes.ts";
import type { View } from "../../view.ts";
import { defineOperation, type Operation } from "../operation.ts";
import { outcomesSchema, predictionPageSchema } from "../schemas/predictions.ts";
import { flag, limitParam } from "../schemas/shapes.ts";
import { assertSpan, timeParam } from "../schemas/times.ts";

/** Batches that one answer opens at most; where they hold too little, the answer says where to go on. */
const MAX_BATCHES = 48;
/** Days that one answer counts at most. */
const MAX_DAYS = 200;
const DEFAULT_DAYS = 30;

const version = z.string().min(1).max(100).optional()
  .describe("only by this model version, in whatever role");
const role = z.enum(PREDICTION_ROLES).default("champion")
  .describe("by whoever had this role at each snapshot");
export const crashParam = z.coerce.number().min(-100).max(0).default(DEFAULT_CRASH_PCT)
  .openapi({ type: "number", minimum: -100, maximum: 0, default: DEFAULT_CRASH_PCT }).describe(
    "a fall of so much or more within 24 h is a crash, %",
  );

/** Where a list of predictions goes on: in which batch, and after how many of its rows. */
const cursor = z.string().regex(/^\d{1,15}\.\d{1,15}\.\d{1,6}$/)
  .meta({ expected: "the older_before of an earlier answer" });

const list = defineOperation({
  method: "get",
  path: "/predictions",
  group: "predictions",
  summary: "Predictions with their reasons and outcomes, newest snapshot first",
  description:
    "A score below the threshold is a flag. Give at for one snapshot, from and to for a " +
    "span of market time; what is flagged comes first within a snapshot.",
  query: z.strictObject({
    at: timeParam.optional().describe("only of the snapshot of this market time"),
    from: timeParam.optional().describe("first market time"),
    to: timeParam.optional().describe("last market time"),
    version,
    role,
    flagged: flag.describe("only what was flagged"),
    crash_threshold_pct: crashParam,
    limit: limitParam(),
    before: cursor.optional().describe("where an earlier answer ended"),
  }),
  answer: predictionPageSchema,
  answers: "Predictions",
  example: { path: "/predictions?flagged=true&limit=5" },
  handle: async ({ view, query }) => {
    const { at, from, to, limit, before } = query;
    const position = before === undefined ? null : positionOf(before);
    const span = {
      fromMs: at ?? from ?? 0,
      toMs: Math.min(at ?? to ?? Infinity, position?.marketAtMs ?? Infinity),
    };
    if (at === undefined && to !== undefined) assertSpan({ fromMs: span.fromMs, toMs: to });
    const whose = await whoseOf(view, query);
    const batches = await olderBatches(view.registry, span, position);
    const items: object[] = [];
    for (const [i, batch] of batches.entries()) {
      if (!isBy(batch, whose)) continue;
      const rows = await shownRows(view.registry, batch, query);
      const skipped = i === 0 && position && isAt(batch, position) ? position.rank : 0;
      const taken = rows.slice(skipped, skipped + limit - items.length);
      items.push(...taken);
      const rank = skipped + taken.length;
      if (items.length < limit) continue;
      const isLast = i === batches.length - 1 && batches.length < MAX_BATCHES;
      const isEnd = rank === rows.length && isLast;
      return { items, olderBefore: isEnd ? null : cursorOf(batch, rank) };
    }
    const last = batches.length === MAX_BATCHES ? batches.at(-1)! : null;
    return { items, olderBefore: last && cursorOf(last, 999_999) };
  },
});

interface Position {
  marketAtMs: number;
  version: number;
  rank: number;
}

function positionOf(text: string): Position {
  const [marketAtMs, version, rank] = text.split(".").map(Number) as [number, number, number];
  return { marketAtMs, version, rank };
}

function cursorOf({ marketAtMs, version }: PredictionBatch, rank: number): string {
  return `${marketAtMs}.${version}.${rank}`;
}

function isAt(batch: PredictionBatch, { marketAtMs, version }: Position): boolean {
  return batch.marketAtMs === marketAtMs && batch.version === version;
}

/** Newest first; of one market time the highest version first, as the registry has them. */
async function olderBatches(
  registry: RegistryContext,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  position: Position | null,
): Promise<PredictionBatch[]> {
  const read = await listBatches(registry, registry.scopes.write, {
    fromMs,
    ...(toMs === Infinity ? {} : { toMs }),
    limit: MAX_BATCHES,
    reverse: true,
  });
  if (position === null) return read;
  const { marketAtMs, version } = position;
  return read.filter((batch) => batch.marketAtMs < marketAtMs || batch.version <= version);
}

async function shownRows(
  registry: RegistryContext,
  batch: PredictionBatch,
  { flagged, crash_threshold_pct }: { flagged: string; crash_threshold_pct: number },
) {
  const [rows, outcome] = await Promise.all([
    batchRows(registry, batch),
    getOutcome(registry, registry.scopes.write, batch),
  ]);
  const { dueAtMs, model, version, role, threshold } = batch;
  const rule = { dueAtMs, crashThresholdPct: crash_threshold_pct };
  return rows
    .map((row, i) => ({
      marketAt: iso(batch.marketAtMs),
      ...{ model, version, role, threshold },
      ...row,
      reason: driversSentence(row.drivers),
      // An outcome keeps the order of its batch.
      outcome: standingOf(outcome, i, rule),
    }))
    .filter((row) => flagged === "false" || row.flagged)
    .sort((a, b) => a.score - b.score);
}

const outcomes = defineOperation({
  method: "get",
  path: "/outcomes",
  group: "predictions",
  summary: "What the flags were worth: metrics by day and over a span",
  description: `A prediction is decided 24 h after it was made. At most ${MAX_DAYS} days.`,
  query: z.strictObject({
    from: timeParam.optional().describe(
      `first market time; default: ${DEFAULT_DAYS} days before to`,
    ),
    to: timeParam.optional().describe("last market time; default: the newest"),
    version,
    role,
    crash_threshold_pct: crashParam,
  }),
  answer: outcomesSchema,
  answers: "Metrics with their numbers of cases and intervals",
  example: { path: "/outcomes" },
  handle: async ({ view, query }) => {
    const { registry } = view;
    const scope = registry.scopes.write;
    const toMs = query.to ?? await clockMs(registry, scope) ?? registry.nowMs();
    const fromMs = Math.max(
      query.from ?? toMs - DEFAULT_DAYS * DAY_MS,
      toMs - (MAX_DAYS - 1) * DAY_MS,
    );
    assertSpan({ fromMs, toMs });
    const whose = await whoseOf(view, query);
    const rule = { crashThresholdPct: query.crash_threshold_pct };
    const { days, total } = await outcomeDays(registry, scope, { fromMs, toMs, whose, rule });
    return {
      crashThresholdPct: query.crash_threshold_pct,
      from: iso(fromMs),
      to: iso(toMs),
      version: "version" in whose ? whose.version : null,
      role: "role" in whose ? whose.role : null,
      total,
      days: days.map(({ dayMs, ...day }) => ({ day: iso(dayMs).slice(0, 10), ...day })),
    };
  },
});

export const predictionOperations: Operation[] = [list, outcomes];

async function whoseOf(
  { registry }: View,
  { version, role }: { version?: string | undefined; role: "champion" | "challenger" },
): Promise<Whose> {
  if (version === undefined) return { role };
  const { write } = registry.scopes;
  return await resolveVersion(registry, write, "model", ASSET.detector, version);
}
