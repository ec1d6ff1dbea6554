// Promotion as pages and the API ask for it: the promote flow, by its own parameters, with its own
// refusals, and what it would do.

import { z } from "zod";
import type { JsonObject } from "../../src/domain/asset.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { type DryRun, findFlow, type Flow } from "../../src/engine/flow.ts";
import { CHAMPION } from "../../src/registry/aliases.ts";
import type { View } from "../view.ts";
import { checkedParams, endOf, startRun } from "./run_flow.ts";

/** What may be asked beside the version; a form's fields and the API's body. */
export const promotionSchema = z.strictObject({
  alias: z.string().min(1).max(64).default(CHAMPION).describe("alias to give, and run tag to move"),
  reason: z.string().min(1).max(1000).optional()
    .describe("why, for the history; required where gates are overridden"),
  force: z.boolean().default(false).describe("override failed gates; recorded"),
  expect: z.string().regex(/^(none|v?[1-9]\d{0,14})$/).optional()
    .meta({ expected: "a version (7, v7) or none" })
    .describe("version that must hold the alias now, or none; else nothing is done"),
});
export type PromotionAsked = z.output<typeof promotionSchema>;

/** Promotes a version, and waits for it. Throws `gate_failed` or `conflict` as the command does. */
export async function promote(
  view: View,
  version: string,
  asked: PromotionAsked,
): Promise<RunRecord> {
  const params = paramsOf(version, asked);
  return await endOf(view, await startRun(view, { flow: "promote", params, tags: [] }));
}

/** What a promotion would meet; nothing is written. */
export async function previewPromotion(
  view: View,
  version: string,
  asked: PromotionAsked,
): Promise<DryRun> {
  const flow = findFlow(view.deps.flows, "promote");
  const checked = checkedParams(flow, paramsOf(version, asked));
  await flow.check?.(checked as never, view.deps.env);
  return await dryRunOf(flow)(view.registry, checked);
}

function dryRunOf(flow: Flow): NonNullable<Flow["dryRun"]> {
  if (flow.dryRun) return flow.dryRun;
  throw new Error(`the flow ${flow.name} cannot say what it would do`);
}

function paramsOf(version: string, { alias, reason, force, expect }: PromotionAsked): JsonObject {
  return {
    version,
    alias,
    force,
    ...(reason === undefined ? {} : { reason }),
    ...(expect === undefined ? {} : { expect }),
  };
}
