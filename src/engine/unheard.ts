// Events that wait for somebody who is no flow: a rule of notification, or a flow of another version of the
// program. Whoever knows it takes them; when nobody has for too long, that is recorded, and nobody waits.

import type { DeliveryRecord } from "../domain/durability.ts";
import { duration } from "../domain/time.ts";
import { listOpen, openConsumers, stageDelivery } from "../registry/deliveries.ts";
import { keysOf } from "../store/keys.ts";
import type { Flow, RunnerContext } from "./flow.ts";

/** Events of one listener that are settled at a look. */
const PAGE = 200;

/** Records what has waited for too long for whoever is none of the flows, and says so in a line each. */
export async function expireUnheard(
  ctx: RunnerContext,
  flows: readonly Flow[],
  noted: (line: string) => void,
): Promise<void> {
  const { registry, durability } = ctx;
  const { write } = registry.scopes;
  for (const consumer of await openConsumers(registry, write)) {
    if (ctx.stopping.aborted) return;
    if (flows.some(({ name }) => name === consumer)) continue;
    // The oldest alone tells, at most looks, that there is nothing to do.
    const [oldest] = await listOpen(registry, write, consumer, { limit: 1 });
    if (!oldest || !isUnheard(ctx, oldest)) continue;
    const open = await listOpen(registry, write, consumer, { limit: PAGE });
    const unheard = open.filter((delivery) => isUnheard(ctx, delivery));
    for (const { eventId } of unheard) await expire(ctx, eventId, consumer);
    const which = unheard.length === 1
      ? `event ${oldest.eventId}`
      : `${unheard.length} events, the first of them ${oldest.eventId}`;
    const limit = duration(durability.maxEventAgeMs);
    noted(`${consumer} has not heard of ${which}: nobody has taken that for ${limit}`);
  }
}

/** Due for too long; or taken then, by a sender that has not said since what came of it. */
function isUnheard(
  { registry, durability }: RunnerContext,
  { state, runId, dueAtMs }: DeliveryRecord,
): boolean {
  const isLeft = state === "pending" || (state === "running" && runId === null);
  return isLeft && registry.nowMs() - dueAtMs > durability.maxEventAgeMs;
}

async function expire(ctx: RunnerContext, eventId: number, consumer: string): Promise<void> {
  const { registry } = ctx;
  const { write } = registry.scopes;
  await registry.store.commit(write, async (tx) => {
    const present = await tx.get(keysOf(write).delivery(eventId, consumer));
    if (present === null || !isUnheard(ctx, present)) return;
    await stageDelivery(registry, tx, { eventId, consumer }, { state: "expired" });
  });
}
