// Going on with what stands still: a run that did not come to its end, an event that was given up. Once for
// forms and the API, with the reason in the audit log.

import { z } from "zod";
import type { DeliveryRecord } from "../../src/domain/durability.ts";
import { AppError } from "../../src/domain/errors.ts";
import { parseRunRef } from "../../src/domain/names.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { assertResumable } from "../../src/engine/resume.ts";
import { replayEvent } from "../../src/registry/replay.ts";
import { requireRun } from "../../src/registry/runs.ts";
import type { StartedRun } from "../context.ts";
import type { View } from "../view.ts";
import { reasonSchema } from "./run_flow.ts";

export const resumeSchema = z.strictObject({ reason: reasonSchema.optional() });

export const replaySchema = z.strictObject({
  consumer: z.string().min(1).max(200).optional()
    .describe("only for this listener; else for all that gave the event up"),
  reason: reasonSchema.optional(),
});

/**
 * Asks to go on with a run. Throws `not_found` for none, and `conflict` at once for one that completed, was
 * resumed, or is going on, whatever waits on the branch.
 */
export async function resume(
  { deps, setup, registry, visitor }: View,
  ref: string,
  { reason = "" }: z.output<typeof resumeSchema>,
): Promise<StartedRun & { run: RunRecord }> {
  const { flow, runId } = parseRunRef(ref);
  const scope = registry.scopes.write;
  const run = await requireRun(registry, scope, runId, flow);
  await assertResumable(registry.store, scope, run, deps.leaseNowMs());
  const begun = deps.resume(setup, { run, actor: visitor.actor, asked: { reason } });
  return { ...begun, run };
}

/** Makes an event due now for those who gave it up, or for one listener. Throws as `replayEvent` does. */
export async function replay(
  { registry }: View,
  eventId: string,
  { consumer, reason = "" }: z.output<typeof replaySchema>,
): Promise<DeliveryRecord[]> {
  if (!/^[1-9]\d{0,14}$/.test(eventId)) {
    throw new AppError(
      "not_found",
      `Cannot replay event "${eventId}": expected its number. Next: look at /events.`,
    );
  }
  return await replayEvent(registry, {
    eventId: Number(eventId),
    consumer: consumer ?? null,
    reason,
  });
}
