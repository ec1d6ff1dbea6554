// The end of a run, in whichever commit that is: its record, its lease, and the event that it handled.

import { AppError, recordedError } from "../domain/errors.ts";
import type { RunRecord } from "../domain/run.ts";
import { wallTime } from "../registry/context.ts";
import { afterFailure, type DeliveryChange, stageDelivery } from "../registry/deliveries.ts";
import { stageRelease } from "../registry/leases.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import type { RunnerContext } from "./flow.ts";

export type RunEnd =
  | { status: "completed" }
  | { status: "failed" | "interrupted"; error: AppError; step: string | null };

type Ending = Pick<RunnerContext, "registry" | "durability">;

/**
 * Stages the end. A run that was interrupted and that others go on with keeps its lease, put down; of any
 * other one nobody has to take care.
 */
export async function stageEnd(
  ctx: Ending,
  tx: Transaction,
  run: RunRecord,
  end: RunEnd,
): Promise<void> {
  const { registry } = ctx;
  const keys = keysOf(registry.scopes.write);
  run.status = end.status;
  run.finishedAt = wallTime(registry);
  if (end.status !== "completed") {
    run.error = { ...recordedError(end.error), step: end.step };
  }
  tx.set(keys.run(run.id), run);
  const lease = await tx.get(keys.lease(run.id));
  if (end.status === "interrupted" && lease?.goesOn) {
    tx.set(keys.lease(run.id), { ...lease, holder: null });
  } else stageRelease(registry, tx, run.id);
  if (run.triggeredBy === null) return;
  const key = { eventId: run.triggeredBy, consumer: run.flow };
  const delivery = await tx.get(keys.delivery(key.eventId, key.consumer));
  // A run that somebody resumed or replayed meanwhile handles the event, and not this one.
  if (delivery?.runId !== run.id) return;
  await stageDelivery(registry, tx, key, deliveryAfter(ctx, delivery, end));
}

function deliveryAfter(
  { registry, durability }: Ending,
  delivery: { failures: number },
  end: RunEnd,
): DeliveryChange {
  switch (end.status) {
    case "completed":
      return { state: "done", error: null };
    case "interrupted":
      return { state: "pending", dueAtMs: registry.nowMs() };
    case "failed":
      return afterFailure(registry, delivery, end.error, durability.maxFailures);
  }
}

/** What is known of a run whose process is gone. */
export function processDied(run: RunRecord): AppError {
  return new AppError(
    "interrupted",
    `The process of run ${run.id} ended before the run did. Next: anomaly runs resume ${run.id}`,
  );
}
