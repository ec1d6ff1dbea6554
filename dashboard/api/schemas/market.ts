// Where a branch stands, as the API answers it.

import { z } from "@hono/zod-openapi";
import { MODEL_STATUSES } from "../../../src/domain/asset.ts";
import { RUN_STATUSES } from "../../../src/domain/run.ts";
import { evaluationSchema, holderSchema } from "./models.ts";
import { count, id, orNull, time } from "./shapes.ts";
import { versionBriefSchema } from "./versions.ts";

export const freshnessSchema = z.strictObject({
  state: z.enum(["fresh", "late", "stale", "empty"]),
  source: z.enum(["coingecko", "simulated", "replay"]).nullable(),
  market_at: time.nullable().describe("of the newest snapshot"),
  recorded_at: time.nullable(),
  age_ms: z.number().nullable(),
  is_watched: z.boolean().describe(
    "false for a market that nothing carries on: it cannot go stale",
  ),
  expected_every_ms: z.number().nullable(),
  due_at: time.nullable(),
  missing: count.describe("snapshots that were due since and did not come"),
  sentence: z.string(),
}).openapi("Freshness");

const flowStateSchema = z.strictObject({
  flow: z.string(),
  last_run: z.union([
    z.strictObject({
      id,
      status: z.enum(RUN_STATUSES),
      started_at: time,
      finished_at: time.nullable(),
    }),
    z.null(),
  ]),
  starts_by: z.enum(["schedule", "event", "hand"]),
  due_at: time.nullable(),
  is_late: z.boolean(),
}).openapi("FlowState");

export const statusSchema = z.strictObject({
  branch: z.string(),
  read_branch: z.string().describe("where data and the champion to compare with are read"),
  environment: z.string(),
  source: z.string().nullable(),
  market_at: time.nullable(),
  freshness: freshnessSchema,
  snapshot: orNull(versionBriefSchema),
  dataset: orNull(versionBriefSchema),
  model: orNull(versionBriefSchema).describe("the newest version"),
  model_status: z.enum(MODEL_STATUSES).nullable(),
  champion: orNull(holderSchema),
  gates: orNull(evaluationSchema).describe("the newest model's latest judgement"),
  flagged: z.union([
    z.strictObject({ market_at: time, version: id, flagged: count, rows: count }),
    z.null(),
  ]).describe("the champion's newest predictions"),
  flows: z.array(flowStateSchema),
  waiting: z.array(z.string()).describe("what flows still wait for"),
  next: z.union([z.strictObject({ flow: z.string(), due_at: time }), z.null()])
    .describe("the flow that is due first; null where nothing is scheduled"),
}).openapi("Status");
