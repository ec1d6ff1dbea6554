// A few commands in the shape of the real ones: what the tests of the command line are written against.

import { z } from "zod";
import { branchParams, type CommandSpec, flowParams } from "../../src/cli/parameters.ts";

export const train: CommandSpec = {
  name: "train",
  originalName: "TrainDetectorFlow",
  group: "flows",
  summary: "Learn what is normal from a dataset, or from fresh data",
  description:
    "The model is registered as a candidate. With no dataset ever built on the branch that is read, " +
    "it trains on fresh data and says so.\n\nNothing is promoted.",
  params: z.strictObject({
    source: z.string().regex(/^(coingecko|simulated|replay:.+)$/).optional()
      .meta({ placeholder: "source", expected: "coingecko, simulated or replay:<folder>" })
      .describe(
        "market to fetch from: coingecko, simulated or replay:<folder> (env ANOMALY_SOURCE, default " +
          "coingecko)",
      ),
    ...flowParams,
    fresh_data: z.boolean().default(false).describe("fetch now instead of reading a dataset"),
    model_config: z.string().optional().meta({ placeholder: "file" })
      .describe("model config to use in place of the environment's"),
    num_coins: z.int().min(1).max(1000).default(100).describe("coins to ask the market for"),
  }),
  examples: ["anomaly train --source simulated"],
};

export const validate: CommandSpec = {
  name: "validate_outcomes",
  originalName: "ValidateOutcomesFlow",
  group: "flows",
  summary: "Compare due predictions with what the market did",
  params: z.strictObject({
    crash_threshold_pct: z.number().max(0).default(-15).describe(
      "fall that counts as a crash, in %",
    ),
    lookback_hours: z.number().gt(0).optional().describe("hours that the report covers"),
  }),
  examples: [],
};

export const promote: CommandSpec = {
  name: "promote",
  originalName: "PromoteModelFlow",
  group: "flows",
  summary: "Make an evaluated model the champion",
  params: z.strictObject({
    ...branchParams,
    run_id: z.int().min(1).optional().describe("run that trained the model"),
    version: z.string().min(1).optional().describe("version of the model"),
    reason: z.string().min(1).optional().describe("why"),
    force: z.boolean().default(false).describe("override failed gates; needs a reason"),
  }).superRefine((params, context) => {
    if (!params.force || params.reason !== undefined) return;
    context.addIssue({ code: "custom", path: ["force"], message: "needs --reason <why>" });
  }),
  examples: ["anomaly promote --run_id 1"],
};

export const modelsList: CommandSpec = {
  name: "models list",
  group: "look",
  summary: "List the versions of the detector",
  params: z.strictObject({
    status: z.enum(["candidate", "evaluated", "champion", "revoked"]).optional()
      .describe("only these"),
    limit: z.union([z.literal("all"), z.int().min(1)]).default(20).describe("how many"),
  }),
  examples: ["anomaly models list --status evaluated"],
};

export const modelsShow: CommandSpec = {
  name: "models show",
  group: "look",
  summary: "Show one version",
  positionals: [{ name: "ref", description: "version, such as latest or v7", required: true }],
  params: z.strictObject({}),
  examples: ["anomaly models show latest"],
};

export const serve: CommandSpec = {
  name: "serve",
  group: "operate",
  summary: "Run the schedules and the dashboard",
  params: z.strictObject({
    port: z.int().min(0).max(65535).default(8001).describe("port to listen on"),
    no_schedules: z.boolean().default(false).describe("do not run the schedules"),
  }),
  examples: [],
};

export const runsTag: CommandSpec = {
  name: "runs tag",
  group: "operate",
  summary: "Add tags to a run",
  positionals: [
    { name: "run", description: "run, such as 12", required: true },
    { name: "tag", description: "tags to add", required: true, variadic: true },
  ],
  params: z.strictObject({}),
  examples: [],
};

export const shellCompletions: CommandSpec = {
  name: "completions",
  group: "operate",
  summary: "Print a completion script",
  positionals: [
    { name: "shell", description: "shell", required: true, choices: ["bash", "zsh", "fish"] },
  ],
  params: z.strictObject({}),
  examples: [],
};

export const restore: CommandSpec = {
  name: "restore",
  group: "operate",
  summary: "Restore a backup",
  positionals: [{ name: "file", description: "backup to read", required: true }],
  params: z.strictObject({ at: z.iso.datetime().describe("moment to restore") }),
  examples: [],
};

export const sampleSpecs: readonly CommandSpec[] = [
  train,
  validate,
  promote,
  modelsList,
  modelsShow,
  serve,
  runsTag,
  shellCompletions,
  restore,
];
