// evaluate: a stored model scores rows that it has not seen, beside the champion, and is held to the
// gates. What is judged is the stored model itself; nothing is fitted here.

import { z } from "zod";
import { ASSET, type JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { toJson } from "../../src/domain/json.ts";
import { defineFlow, WithEffects } from "../../src/engine/flow.ts";
import { CHAMPION } from "../../src/registry/aliases.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import { advanceMarket } from "../../src/registry/context.ts";
import { stageEvaluation } from "../../src/registry/evaluations.ts";
import { checkSource, sourceParam } from "../market_data.ts";
import { score } from "./score.ts";
import { FRESH, isChampion, select } from "./select.ts";

const params = z.strictObject({
  source: sourceParam,
  candidate_version: z.string().min(1).default("latest").describe("model version to judge"),
  compare_to: z.string().min(1).default(CHAMPION)
    .describe("champion, another version (latest-1, 7), or none"),
  eval_data_source: z.string().min(1).optional()
    .describe("data asset to judge on, or fresh (default: the holdout of the candidate's pair)"),
  eval_data_version: z.string().min(1).optional().describe("version of that data asset"),
});

export const evaluate = defineFlow({
  name: "evaluate",
  originalName: "EvaluateDetectorFlow",
  summary: "Judge a stored model on rows that it has not seen.",
  description:
    "The gates decide: exit 0 where all hard gates pass, exit 3 where one fails. Either way the run " +
    "completes and the judgement is recorded.",
  examples: [
    "anomaly evaluate",
    "anomaly evaluate --candidate_version v5 --compare_to none",
    "anomaly evaluate --eval_data_source fresh --source simulated",
  ],
  consumes: `a model, the ${ASSET.evalHoldout} of its pair, the champion`,
  produces: ASSET.evaluationResults,
  card: async (ctx) => (await import("./card.tsx")).card(ctx),
  publishes: ["evaluation_passed", "evaluation_failed"],
  on: [{
    event: "model_registered",
    bind: (payload) => ({ candidate_version: String(payload.version) }),
  }],
  params,
  check: async (given, env) => {
    if (given.eval_data_source === FRESH && given.eval_data_version !== undefined) {
      throw new AppError(
        "invalid",
        `Cannot judge on fresh data of a version: found --eval_data_version ` +
          `${given.eval_data_version} beside --eval_data_source ${FRESH}, expected one of them. ` +
          `See: anomaly evaluate --help`,
      );
    }
    // Whether the market is needed is known later; a source that cannot work is wrong in any case.
    await checkSource(given, env);
  },
  lookUp: async (registry, given, { eval_config }) => {
    const { write, read } = registry.scopes;
    await resolveVersion(registry, write, "model", ASSET.detector, given.candidate_version);
    const source = given.eval_data_source || eval_config.eval_data_source;
    const version = given.eval_data_version || eval_config.eval_data_version;
    if (source !== FRESH && (source !== "" || version !== "")) {
      const name = source || ASSET.evalHoldout;
      await resolveVersion(registry, read, "data", name, version || "latest");
    }
    if (given.compare_to !== "none" && !isChampion(given.compare_to)) {
      await resolveVersion(registry, write, "model", ASSET.detector, given.compare_to);
    }
  },
  // Judged on other rows or against another version it is another judgement than the one that waits.
  subject: async (registry, given) => {
    if (!isChampion(given.compare_to) || given.eval_data_source || given.eval_data_version) {
      return null;
    }
    const { write } = registry.scopes;
    const { candidate_version: ref } = given;
    const candidate = await resolveVersion(registry, write, "model", ASSET.detector, ref);
    return { candidate_version: String(candidate.version) };
  },
  exitCode: (summary) => summary.passed === true ? 0 : 3,
  next: (run) =>
    run.summary.passed === true
      ? `anomaly promote --version ${run.summary.version}`
      : `anomaly models why ${run.summary.version}`,
})
  .step("select", async (ctx) => await select(ctx))
  .step("score", async (ctx, selected) => await score(ctx, selected))
  .step("record", (ctx, { candidate, champion, rows, judged }) =>
    Promise.resolve(
      new WithEffects({}, async ({ tx, register, publish, summarize }) => {
        const { registry } = ctx;
        const version = candidate.ref.version;
        const marketAt = rows.market_at;
        const result = await register({
          kind: "data",
          name: ASSET.evaluationResults,
          marketAt,
          description: `${ASSET.detector} v${version} on ${rows.source}: ${
            judged.passed ? "passed" : "failed"
          }`,
          annotations: toJson({
            candidateVersion: version,
            passed: judged.passed,
            evalSource: rows.source,
            comparedTo: champion.compared?.ref ?? null,
            gates: judged.gates,
          }) as JsonObject,
          files: {
            table: judged.scores,
            metrics: judged.metrics_file,
            ...(rows.fetched ? { rows: rows.table, raw: rows.fetched.raw } : {}),
          },
          inputs: [
            candidate,
            ...(rows.input ? [rows.input] : []),
            ...(champion.compared ? [champion.compared] : []),
          ],
        });
        const evaluation = await stageEvaluation(registry, tx, {
          model: ASSET.detector,
          version,
          runId: ctx.run.id,
          marketAt,
          passed: judged.passed,
          needsPerson: judged.needs_person,
          gates: judged.gates,
          candidate: judged.candidate,
          champion: judged.champion,
          comparedTo: champion.compared?.ref ?? null,
          evalSource: rows.source,
          modelSha256: candidate.sha256,
          dataSha256: rows.table.sha256,
          configSha256: judged.config_sha256,
          resultVersion: result.version,
        });
        if (rows.fetched) {
          await advanceMarket(registry, tx, rows.fetched.source, rows.fetched.market_at_ms);
        }
        await publish(judged.passed ? "evaluation_passed" : "evaluation_failed", marketAt, {
          model: ASSET.detector,
          version,
          evaluation: evaluation.id,
          needs_person: judged.needs_person,
        });
        summarize({
          version,
          passed: judged.passed,
          evaluation: evaluation.id,
          anomaly_rate: judged.candidate.anomalyRate,
          silhouette: judged.candidate.silhouette,
          compared_to: champion.compared?.ref.version ?? null,
          failed_gates: judged.gates.filter((gate) => gate.status === "failed").map((gate) =>
            gate.name
          ),
          eval_source: rows.source,
        });
      }),
    ))
  .build();
