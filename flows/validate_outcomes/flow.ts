// validate_outcomes: were the flags right? Every prediction that is due is decided, exactly once, by the
// price at its horizon; then what the models were worth is counted.

import { z } from "zod";
import { defineFlow, WithEffects } from "../../src/engine/flow.ts";
import { checkSource, jsonBytes, sourceParam } from "../market_data.ts";
import { decide } from "./decide.ts";
import { DEFAULT_LOOKBACK_HOURS, MAX_LOOKBACK_HOURS, outcomeReport } from "./report.ts";

const params = z.strictObject({
  source: sourceParam,
  crash_threshold_pct: z.number().max(0).min(-100).default(-15)
    .describe("a fall of so much or more within the horizon is a crash, %"),
  tolerance_minutes: z.int().min(1).max(180).default(45)
    .describe("how long after the horizon a price may be to count"),
  lookback_hours: z.int().min(1).max(MAX_LOOKBACK_HOURS).default(DEFAULT_LOOKBACK_HOURS)
    .describe("predictions that the report counts, back from the newest outcome; decides nothing"),
});

export const validateOutcomes = defineFlow({
  name: "validate_outcomes",
  originalName: "ValidateOutcomesFlow",
  summary: "Decide which flags were right, a day later.",
  description:
    "Each prediction is decided once, by the first snapshot within the tolerance after its horizon that " +
    "quotes the coin, else by a look-up of its price then, else it is unresolved and counted.",
  examples: ["anomaly validate_outcomes", "anomaly validate_outcomes --crash_threshold_pct -10"],
  consumes: "predictions that are due, later snapshots",
  produces: "outcomes, metrics per model version",
  card: async (ctx) => (await import("./card.tsx")).card(ctx),
  publishes: ["outcomes_validated"],
  params,
  check: checkSource,
  catchesUp: true,
  next: () => "anomaly outcomes",
})
  .step("decide", async (ctx) => {
    const decided = await decide(ctx);
    const { batches, predictions, resolved, looked_up, unresolved, waiting } = decided;
    ctx.log(
      `decided ${predictions} predictions in ${batches} batches: ${resolved} resolved, of which ` +
        `${looked_up} looked up, ${unresolved} unresolved; ${waiting} batches wait`,
    );
    return { decided };
  })
  .step("report", async (ctx, { decided }) => {
    const report = await outcomeReport(ctx.registry, {
      crashThresholdPct: ctx.params.crash_threshold_pct,
      lookbackHours: ctx.params.lookback_hours,
    });
    const { hits, false_alarms, crash_rate, coverage } = report.champion;
    const share = (rate: number | null) => rate === null ? "–" : rate.toFixed(3);
    ctx.log(
      `${hits} of the champion's ${
        hits + false_alarms
      } flags came before a crash (chance would be ` +
        `${share(crash_rate)} of them), coverage ${share(coverage)}`,
    );
    // A line a version and more: after some weeks it is too long to stand among the artifacts.
    const file = await ctx.putBlob(jsonBytes(report), "application/json");
    return new WithEffects({ report_file: file }, ({ summarize }) => {
      summarize({ ...decided, ...report.summary });
      return Promise.resolve();
    });
  })
  .build();
