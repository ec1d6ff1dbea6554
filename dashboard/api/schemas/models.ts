// Models, judgements, aliases and acts upon them, as the API answers them.

import { z } from "@hono/zod-openapi";
import { MODEL_STATUSES } from "../../../src/domain/asset.ts";
import { count, freeObject, id, orNull, time } from "./shapes.ts";
import { detailFields, lineageSchema, userSchema, versionRefSchema } from "./versions.ts";

export const gateSchema = z.strictObject({
  name: z.string(),
  value: z.number().nullable().describe("null where it could not be computed, which fails it"),
  comparison: z.enum(["<=", ">="]),
  threshold: z.number(),
  status: z.enum(["passed", "failed", "not_applicable"]),
  hard: z.boolean().describe("hard gates decide, soft ones are recorded"),
  note: z.string().nullable(),
}).openapi("Gate");

const metrics = z.strictObject({
  row_count: count,
  anomaly_count: count,
  anomaly_rate: z.number(),
  training_rate: z.number(),
  rate_diff: z.number(),
  silhouette: z.number().nullable(),
  score_gap: z.number().nullable(),
  score_mean: z.number(),
  score_std: z.number(),
}).openapi("ModelMetrics");

export const evaluationSchema = z.strictObject({
  id: id.describe("counts the evaluations of the version"),
  model: z.string(),
  version: id,
  run_id: id,
  recorded_at: time,
  market_at: time.nullable(),
  passed: z.boolean(),
  needs_person: z.boolean().describe("a champion could not be compared: a person decides"),
  gates: z.array(gateSchema),
  candidate: metrics,
  champion: orNull(metrics),
  compared_to: orNull(versionRefSchema),
  eval_source: z.string(),
  model_sha256: z.string(),
  data_sha256: z.string(),
  config_sha256: z.string(),
  result_version: id,
}).openapi("Evaluation");

const status = z.enum(MODEL_STATUSES);

export const modelBriefSchema = z.strictObject({
  version: id,
  status,
  aliases: z.array(z.string()),
  run_id: id,
  description: z.string(),
  recorded_at: time,
  market_at: time.nullable(),
  evaluation: orNull(evaluationSchema).describe("the latest one, which decides"),
}).openapi("ModelBrief");

export const modelSchema = z.strictObject({
  ...detailFields,
  status,
  aliases: z.array(z.string()),
  evaluations: z.array(evaluationSchema).describe("newest first, at most 10"),
}).openapi("Model");

export const blockerSchema = z.strictObject({
  reason: z.string().describe("a gate's name, or revoked, no_evaluation, stale_evaluation, …"),
  message: z.string(),
  forceable: z.boolean().describe("whether force with a reason may override it"),
}).openapi("Blocker");

export const whySchema = z.strictObject({
  model: z.string(),
  version: id,
  status,
  allowed: z.boolean(),
  blockers: z.array(blockerSchema),
  evaluation: orNull(evaluationSchema),
}).openapi("Why");

export const modelLineageSchema = z.strictObject({
  model: z.string(),
  version: id,
  made_of: z.array(lineageSchema),
  used_by: z.array(userSchema).describe("at most 20"),
}).openapi("ModelLineage");

const comparedSchema = z.strictObject({
  version: id,
  status,
  values: freeObject.describe("settings, training and judgement by name"),
}).openapi("Compared");

export const comparisonSchema = z.strictObject({
  a: comparedSchema,
  b: comparedSchema,
  different: z.array(z.string()).describe("names whose values differ"),
}).openapi("Comparison");

export const aliasSchema = z.strictObject({
  model: z.string(),
  alias: z.string(),
  version: id,
  run_id: id.describe("run that trained the version"),
  seq: id,
  set_at: time,
  market_at: time.nullable(),
}).openapi("Alias");

const entryFields = {
  seq: id.describe("counts the changes of all aliases of the model"),
  action: z.enum(["promote", "rollback"]),
  version: id,
  run_id: id,
  acting_run_id: id.nullable(),
  evaluation_id: id.nullable(),
  previous_version: id.nullable(),
  beneath_seq: id.nullable().describe("entry that a rollback from here returns to"),
  actor: z.string(),
  reason: z.string(),
  forced: z.boolean(),
  overridden: z.array(z.string()),
  recorded_at: time,
  market_at: time.nullable(),
};

export const aliasEntrySchema = z.strictObject(entryFields).openapi("AliasEntry");

export const holderSchema = z.strictObject({
  model: z.string(),
  alias: z.string(),
  ...entryFields,
}).openapi("Holder");

export const promotionSchema = z.strictObject({
  dry_run: z.boolean(),
  allowed: z.boolean(),
  alias: z.string(),
  version: id,
  replaces: id.nullable().describe("version that holds, or held, the alias before"),
  blockers: z.array(blockerSchema).describe("of a dry run: what stands in the way"),
  run_id: id.nullable().describe("run that did it; null for a dry run"),
  forced: z.boolean(),
  overridden: z.array(z.string()),
}).openapi("Promotion");

export const revocationSchema = z.strictObject({
  revocation: z.strictObject({
    model: z.string(),
    version: id,
    actor: z.string(),
    reason: z.string(),
    recorded_at: time,
  }),
  rolled_back: z.array(aliasEntrySchema),
}).openapi("Revocation");
