// Giving an event once more to those who listen, because a person says so: what was given up, was too old, or
// was handled and is to be handled again. One commit, with its line in the audit log.

import type { DeliveryRecord } from "../domain/durability.ts";
import { AppError } from "../domain/errors.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import type { RegistryContext } from "./context.ts";
import { listDeliveries, requireDelivery, stageDelivery } from "./deliveries.ts";
import { stageAudit } from "./events.ts";

export interface ReplayRequest {
  eventId: number;
  /** One listener; null for all that have given the event up, or found it too old. */
  consumer: string | null;
  reason: string;
}

/**
 * Makes an event due now for its listeners, with their failures forgotten: whoever handles it begins anew,
 * with the configs of then, for those of the run that failed may be why it did. Throws `not_found` for no such
 * event and for somebody who was not to hear of it, `conflict` where it is being handled, or where nobody
 * is named and nobody has given it up.
 */
export async function replayEvent(
  ctx: RegistryContext,
  request: ReplayRequest,
): Promise<DeliveryRecord[]> {
  const { eventId, reason } = request;
  const event = await ctx.store.get(keysOf(ctx.scopes.write).event(eventId));
  if (event === null) {
    throw new AppError(
      "not_found",
      `Cannot replay event ${eventId}: there is none on branch ${ctx.scopes.write.branch}. See: ` +
        `anomaly events list`,
      { details: { event_id: eventId } },
    );
  }
  const consumers = await consumersOf(ctx, request);
  return await ctx.store.commit(ctx.scopes.write, async (tx) => {
    const replayed: DeliveryRecord[] = [];
    for (const consumer of consumers) {
      replayed.push(await stageReplay(ctx, tx, { eventId, consumer }));
      await stageAudit(ctx, tx, {
        action: "replay",
        subject: `event ${eventId} (${event.name}) for ${consumer}`,
        reason,
        details: { event_id: eventId, consumer },
      });
    }
    return replayed;
  });
}

async function consumersOf(
  ctx: RegistryContext,
  { eventId, consumer }: ReplayRequest,
): Promise<string[]> {
  const { write } = ctx.scopes;
  if (consumer !== null) {
    return [(await requireDelivery(ctx, write, { eventId, consumer })).consumer];
  }
  const all = await listDeliveries(ctx, write, eventId);
  const givenUp = all.filter(({ state }) => state === "parked" || state === "expired");
  if (givenUp.length > 0) return givenUp.map((delivery) => delivery.consumer);
  const found = all.length === 0
    ? "nobody listens to it"
    : `nobody has given it up: ${
      all.map((one) => `${one.consumer} ${one.state}`).join(", ")
    }. Next: ` +
      `anomaly events replay ${eventId} --consumer ${all[0]!.consumer}`;
  throw new AppError("conflict", `Cannot replay event ${eventId}: ${found}`, {
    details: { event_id: eventId },
  });
}

/** Checked in the commit: what is being handled is not to be handled beside it. */
async function stageReplay(
  ctx: RegistryContext,
  tx: Transaction,
  { eventId, consumer }: { eventId: number; consumer: string },
): Promise<DeliveryRecord> {
  const present = await tx.get(keysOf(ctx.scopes.write).delivery(eventId, consumer));
  if (present?.state === "running") {
    const by = present.runId === null ? "it is being sent" : `run ${present.runId} is handling it`;
    const see = present.runId === null ? "events list" : `runs show ${present.runId}`;
    throw new AppError(
      "conflict",
      `Cannot replay event ${eventId} for ${consumer}: ${by}. See: anomaly ${see}`,
      { details: { event_id: eventId, consumer, run_id: present.runId } },
    );
  }
  // What waits may be a run that stands still and is gone on with; what was given up or done begins anew.
  const isWaiting = present?.state === "pending";
  return await stageDelivery(ctx, tx, { eventId, consumer }, {
    state: "pending",
    failures: 0,
    dueAtMs: ctx.nowMs(),
    error: null,
    ...isWaiting ? {} : { runId: null },
  });
}
