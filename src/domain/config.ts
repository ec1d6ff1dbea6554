// The shape of every configuration file, checked by zod when read. Key names are the files' own. What a
// key may name (a gate, a flow, a kind of record) is listed here, so that a misspelled one is refused
// with its file and key before anything runs.

import { z } from "zod";
import { isCronExpression } from "./cron.ts";
import { GATE_NAMES } from "./evaluation.ts";

const contamination = z.union([
  z.literal("auto"),
  z.number().gt(0).max(0.5),
]).describe('share of training rows to flag: a number in (0, 0.5], or "auto"');

// JSON does not tell 1 from 1.0: of max_samples and max_features a number up to 1 is a share, so that 1
// means all of them and not a single one, and a number above 1 is a count.
const isolationForest = z.strictObject({
  algorithm: z.literal("isolation_forest"),
  n_estimators: z.int().min(1).max(10_000).default(100).describe("number of trees"),
  max_samples: z.union([z.literal("auto"), z.int().min(1), z.number().gt(0).max(1)]).default("auto")
    .describe('rows drawn for each tree: a count, a share, or "auto" (at most 256)'),
  contamination: contamination.default(0.1),
  max_features: z.union([z.int().min(1), z.number().gt(0).max(1)]).default(1.0)
    .describe("features drawn for each tree: a count or a share"),
  bootstrap: z.boolean().default(false).describe("draw rows with replacement"),
  random_state: z.int().min(0).max(4_294_967_295).default(42).describe("seed"),
  n_jobs: z.int().nullable().optional().describe("accepted and ignored"),
});

const localOutlierFactor = z.strictObject({
  algorithm: z.literal("local_outlier_factor"),
  n_neighbors: z.int().min(1).default(20).describe("neighbours of each point"),
  contamination: contamination.default(0.1),
  n_jobs: z.int().nullable().optional().describe("accepted and ignored"),
});

/** `configs/model*.json`: the algorithm and its hyperparameters, named as in scikit-learn. */
export const modelConfigSchema = z.discriminatedUnion("algorithm", [
  isolationForest,
  localOutlierFactor,
]);
export type ModelConfig = z.infer<typeof modelConfigSchema>;

/** `configs/training.json`. */
export const trainingConfigSchema = z.strictObject({
  data_asset: z.string().min(1).default("training_dataset").describe("dataset to train on"),
  data_version: z.union([z.string().min(1), z.int().min(1).transform(String)]).default("latest")
    .describe("its version"),
  num_coins: z.int().min(1).max(1000).default(100).describe("coins to ask the market for"),
});
export type TrainingConfig = z.infer<typeof trainingConfigSchema>;

const rate = z.number().min(0).max(1);

/** `configs/evaluation.json`: where to judge, and the gates. */
export const evaluationConfigSchema = z.strictObject({
  eval_data_source: z.string().default("").describe("empty: the holdout of the candidate's pair"),
  eval_data_version: z.string().default("").describe("empty: the version of the candidate's pair"),
  max_anomaly_rate: rate.default(0.2),
  min_anomaly_rate: rate.default(0.02),
  max_rate_diff: rate.default(0.08),
  min_silhouette: z.number().min(-1).max(1).default(0),
  min_score_gap: z.number().min(0).default(0.05),
  champion_tolerance: z.number().min(0).max(1).default(0.02),
  soft_gates: z.array(z.enum(GATE_NAMES)).default([])
    .describe("gates that are recorded and do not decide"),
});
export type EvaluationConfig = z.infer<typeof evaluationConfigSchema>;

const flowConfigs = z.strictObject({
  model_config: z.string().min(1),
  training_config: z.string().min(1),
  eval_config: z.string().min(1),
});

const devAssets = z.strictObject({
  branch: z.string().min(1).optional().describe("branch to read data from outside production"),
});

const cronExpression = z.stringFormat("cron", isCronExpression).meta({
  expected: 'five cron fields in UTC (minute, hour, day, month, weekday) such as "0 * * * *"',
});

/** Every flow may be scheduled, by its own name. */
const schedules = z.strictObject({
  ingest: cronExpression,
  score: cronExpression,
  build_dataset: cronExpression,
  train: cronExpression,
  evaluate: cronExpression,
  promote: cronExpression,
  validate_outcomes: cronExpression,
}).partial();

const days = z.int().min(1);

/**
 * What `gc` may forget with time. Whoever held an alias, alias histories and the audit log never are, and a
 * version stays as long as a dataset or model that stays was made of it.
 */
const retention = z.strictObject({
  market_snapshot: days,
  training_dataset: days,
  eval_holdout: days,
  evaluation_results: days,
  anomaly_detector: days,
  predictions: days,
  runs: days,
  events: days,
  slots: days,
}).partial();
export type Retention = z.infer<typeof retention>;

/** How much is lived through before something is given up or left alone. */
const durability = z.strictObject({
  lease_seconds: z.int().min(1).max(3600).default(30)
    .describe("how long a process is believed alive after a sign of life"),
  max_failures: z.int().min(1).max(100).default(5)
    .describe("failures after which an event is parked for a person"),
  max_event_age_hours: z.number().gt(0).default(24)
    .describe("age at which an event that nobody handled is recorded, and not run"),
});

/** `configs/project.json`: the keys of the original's obproject.toml, and ours beside them. */
export const projectConfigSchema = z.strictObject({
  project: z.string().regex(/^[a-z][a-z0-9_]*$/).meta({
    expected: "lower-case letters, digits and _, beginning with a letter",
  }).default("crypto_anomaly"),
  title: z.string().default("Crypto Market Anomaly Detection"),
  description: z.string().default(""),
  branch_to_environment: z.record(z.string(), z.string())
    .describe("branch, or pattern with *, → environment; the most specific one counts"),
  environments: z.record(z.string(), z.strictObject({ flow_configs: flowConfigs })),
  "dev-assets": devAssets.optional(),
  dev_assets: devAssets.optional(),
  auto_promote: z.boolean().default(false)
    .describe("promote by itself what passed every gate"),
  schedules: schedules.default({})
    .describe("flow → cron expression, UTC; a flow that is not named is not scheduled"),
  retention: retention.default({}).describe("kind → days to keep"),
  durability: durability.prefault({}),
}).superRefine((project, context) => {
  const known = Object.keys(project.environments);
  for (const [pattern, environment] of Object.entries(project.branch_to_environment)) {
    if (known.includes(environment)) continue;
    context.addIssue({
      code: "custom",
      path: ["branch_to_environment", pattern],
      message: `is "${environment}", expected one of the environments: ${
        known.join(", ") || "none is named"
      }`,
    });
  }
  if (project["dev-assets"] && project.dev_assets) {
    context.addIssue({
      code: "custom",
      path: ["dev_assets"],
      message: "is a second spelling of dev-assets, expected only one of them",
    });
  }
});
export type ProjectConfig = z.infer<typeof projectConfigSchema>;

/** What a run pins. */
export interface FlowConfigs {
  model_config: ModelConfig;
  training_config: TrainingConfig;
  eval_config: EvaluationConfig;
  environment: string;
  auto_promote: boolean;
}
