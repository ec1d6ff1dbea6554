// promote: gives an alias to an evaluated model, in one commit that proves what allowed it.

import { z } from "zod";
import { ASSET } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { checkAliasName, parseRunRef, parseVersionRef } from "../../src/domain/names.ts";
import { defineFlow, WithEffects } from "../../src/engine/flow.ts";
import { assertTagFree, CHAMPION } from "../../src/registry/aliases.ts";
import {
  assertAllowed,
  planPromotion,
  type PromotionRequest,
  stagePromotion,
} from "../../src/registry/promotion.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { requireRun } from "../../src/registry/runs.ts";

const params = z.strictObject({
  run_id: z.string().min(1).optional().describe("training run whose model to promote"),
  version: z.string().min(1).optional().describe("or: the model version to promote"),
  alias: z.string().default(CHAMPION).describe("alias to give, and run tag to move"),
  model_name: z.string().min(1).default(ASSET.detector).describe("model asset"),
  reason: z.string().min(1).max(1000).optional().describe(
    "why, for the history (required with --force)",
  ),
  force: z.boolean().default(false).describe("override failed gates; recorded"),
  dry_run: z.boolean().default(false).describe("say what would happen, and write nothing"),
  expect: z.string().regex(/^(none|v?[1-9]\d{0,14})$/).optional()
    .meta({ placeholder: "version|none", expected: "a version (7, v7) or none" })
    .describe("version that must hold the alias now, or none; else exit 5"),
});
type Params = z.infer<typeof params>;

export const promote = defineFlow({
  name: "promote",
  originalName: "PromoteModelFlow",
  summary: "Give an evaluated model an alias, champion by default.",
  description:
    "Refused (exit 3) unless the latest evaluation passed every hard gate and was made against the " +
    "present champion. One commit sets the alias, moves the run tag and writes the history.",
  examples: [
    "anomaly promote --run_id 12",
    "anomaly promote --version v5 --expect v3 --reason 'fewer false alarms'",
    "anomaly promote --version latest --dry_run",
  ],
  consumes: "an evaluated model",
  produces: "alias and run tag champion",
  card: async (ctx) => (await import("./card.tsx")).card(ctx),
  publishes: ["model_promoted"],
  on: [{
    event: "evaluation_passed",
    // A champion that could not be compared is for a person to decide.
    when: (event, configs) => configs.auto_promote && event.payload.needs_person !== true,
    bind: (payload) => ({
      version: String(payload.version),
      reason: `passed every gate (evaluation ${payload.evaluation})`,
    }),
  }],
  params,
  check: (given) => {
    checkParams(given);
    return Promise.resolve();
  },
  lookUp: async (registry, given) => {
    await requestOf(registry, given, null);
  },
  subject: async (registry, given) => {
    if (given.alias !== CHAMPION) return null;
    return { version: String((await requestOf(registry, given, null)).version) };
  },
  dryRun: async (registry, given) => {
    const plan = await planPromotion(registry, await requestOf(registry, given as Params, null));
    const open = plan.blockers.filter((blocker) => !(plan.request.force && blocker.forceable));
    return {
      allowed: open.length === 0,
      version: plan.request.version,
      alias: plan.request.alias,
      replaces: plan.holder?.version ?? null,
      blockers: plan.blockers,
    };
  },
  next: ({ summary: { alias } }) =>
    alias === CHAMPION ? "anomaly champion" : `anomaly champion --alias ${alias}`,
})
  .step("check", async (ctx) => {
    const plan = await planPromotion(
      ctx.registry,
      await requestOf(ctx.registry, ctx.params, ctx.run.id),
    );
    assertAllowed(plan);
    for (const blocker of plan.blockers) ctx.log(`overridden by force: ${blocker.message}`, "warn");
    return { plan };
  })
  .step("promote", (ctx, { plan }) =>
    Promise.resolve(
      new WithEffects({}, async ({ tx, published, summarize }) => {
        const { entry, eventId } = await stagePromotion(ctx.registry, tx, plan);
        published(eventId);
        summarize({
          model: plan.request.model,
          alias: plan.request.alias,
          version: entry.version,
          previous_version: entry.previousVersion,
          training_run_id: entry.runId,
          history_seq: entry.seq,
          forced: entry.forced,
          overridden: entry.overridden,
        });
      }),
    ))
  .build();

/** What is wrong with the parameters by themselves. Throws `invalid`. */
function checkParams(given: Params): void {
  checkAliasName(given.alias);
  const ways = [given.run_id, given.version].filter((way) => way !== undefined).length;
  if (ways !== 1) {
    throw new AppError(
      "invalid",
      `Cannot promote: found ${
        ways === 0 ? "neither --run_id nor" : "both --run_id and"
      } --version, expected one of them. See: anomaly models list`,
    );
  }
  if (given.force && given.reason === undefined) {
    throw new AppError(
      "invalid",
      "Cannot promote with --force: found no --reason, expected one for the history. Next: add " +
        "--reason <why>",
    );
  }
  parseVersionRef(wantedVersion(given));
}

function wantedVersion(given: Params): string {
  return given.version ?? `run:${parseRunRef(given.run_id!).runId}`;
}

function parseExpected(text: string): number | null {
  return text === "none" ? null : Number(text.replace("v", ""));
}

async function requestOf(
  registry: RegistryContext,
  given: Params,
  actingRunId: number | null,
): Promise<PromotionRequest> {
  const { write } = registry.scopes;
  const model = given.model_name;
  if (given.run_id !== undefined) {
    const { flow, runId } = parseRunRef(given.run_id);
    await requireRun(registry, write, runId, flow);
  }
  const record = await resolveVersion(registry, write, "model", model, wantedVersion(given));
  await assertTagFree(registry, registry.store, record, given.alias);
  return {
    model,
    version: record.version,
    alias: given.alias,
    expect: given.expect === undefined ? "any" : parseExpected(given.expect),
    force: given.force,
    reason: given.reason ?? "",
    actingRunId,
  };
}
