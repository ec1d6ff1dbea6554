// Who sends a notification. It is taken in a commit before it is sent and settled in one after it, so that
// no two processes send it at a time, and one that dies between the two leaves it to be sent again.

import type { DeliveryRecord } from "../domain/durability.ts";
import type { RegistryContext } from "../registry/context.ts";
import {
  afterFailure,
  type DeliveryChange,
  type DeliveryKey,
  MAX_BACKOFF_MS,
  stageDelivery,
} from "../registry/deliveries.ts";
import { keysOf } from "../store/keys.ts";
import type { Outcome } from "./outcome.ts";

/** How a process takes and gives up. */
export interface ClaimOptions {
  /** Real time, by which claims run out; the registry's clock may be another. */
  wallMs(): number;
  /** How long a claim holds. Longer than sending can take. */
  claimMs: number;
  maxFailures: number;
  /** How long a delivery may have been due and is still sent. */
  maxAgeMs: number;
}

/** Whether it is to be sent now: it is due, or whoever was sending it has gone. */
export function isDue(
  { state, runId, dueAtMs }: DeliveryRecord,
  nowMs: number,
  { wallMs, claimMs }: Pick<ClaimOptions, "wallMs" | "claimMs">,
): boolean {
  // A time that no claim and no backoff reaches was written by a clock that ran ahead.
  if (state === "pending") return dueAtMs <= nowMs || dueAtMs > nowMs + MAX_BACKOFF_MS;
  if (state !== "running" || runId !== null) return false;
  const leftMs = dueAtMs - wallMs();
  return leftMs <= 0 || leftMs > claimMs;
}

/**
 * Takes a delivery: it is `running`, or, where it had been due for too long, `expired` and not to be sent.
 * Null where it is not due any more, or another process has it.
 */
export async function claim(
  registry: RegistryContext,
  key: DeliveryKey,
  options: ClaimOptions,
): Promise<DeliveryRecord | null> {
  const { write } = registry.scopes;
  return await registry.store.commit(write, async (tx) => {
    const present = await tx.get(keysOf(write).delivery(key.eventId, key.consumer));
    if (present === null || !isDue(present, registry.nowMs(), options)) return null;
    const isOld = present.state === "pending" &&
      registry.nowMs() - present.dueAtMs > options.maxAgeMs;
    if (isOld) return await stageDelivery(registry, tx, key, { state: "expired" });
    const dueAtMs = options.wallMs() + options.claimMs;
    return await stageDelivery(registry, tx, key, { state: "running", dueAtMs });
  });
}

/**
 * Records what came of a claim; null puts it back as it was. Gives the record as it will be, or null where
 * the claim had run out and another process has the delivery.
 */
export async function settle(
  registry: RegistryContext,
  claimed: DeliveryRecord,
  outcome: Outcome | null,
  { maxFailures }: Pick<ClaimOptions, "maxFailures">,
): Promise<DeliveryRecord | null> {
  const { write } = registry.scopes;
  const { eventId, consumer } = claimed;
  return await registry.store.commit(write, async (tx) => {
    const present = await tx.get(keysOf(write).delivery(eventId, consumer));
    if (present?.state !== "running" || present.dueAtMs !== claimed.dueAtMs) return null;
    const change = changeOf(registry, claimed, outcome, maxFailures);
    return await stageDelivery(registry, tx, { eventId, consumer }, change);
  });
}

function changeOf(
  registry: RegistryContext,
  claimed: DeliveryRecord,
  outcome: Outcome | null,
  maxFailures: number,
): DeliveryChange {
  if (outcome === null) return { state: "pending", dueAtMs: registry.nowMs() };
  const { answer } = outcome;
  if (outcome.kind === "sent") return { state: "done", error: null, answer };
  const failed = afterFailure(registry, claimed, outcome.error, maxFailures);
  const asked = registry.nowMs() + outcome.retryAfterMs;
  return { ...failed, answer, dueAtMs: Math.max(failed.dueAtMs ?? 0, asked) };
}
