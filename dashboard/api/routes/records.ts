// What was announced, and who did what: events and the audit log.

import { z } from "@hono/zod-openapi";
import { AppError } from "../../../src/domain/errors.ts";
import type { EventRecord } from "../../../src/domain/run.ts";
import type { RegistryContext } from "../../../src/registry/context.ts";
import { deliveriesOfEvents } from "../../../src/registry/deliveries.ts";
import { eventsAfter, listAudit, listEvents } from "../../../src/registry/events.ts";
import { replay, replaySchema } from "../../acts/open_work.ts";
import { defineOperation, type Operation } from "../operation.ts";
import { auditSchema, heardEventSchema, replayedSchema } from "../schemas/runs.ts";
import { listParams, page, pageOf } from "../schemas/shapes.ts";

const events = defineOperation({
  method: "get",
  path: "/events",
  group: "records",
  summary: "Events, newest first; after an id, oldest first",
  description:
    "Ids are in the order of commits. Whoever wants each of them asks after the last one " +
    "seen; GET /live pushes them as they come.",
  query: z.strictObject({
    ...listParams,
    after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER - 1).optional()
      .openapi({ type: "integer", minimum: 0 }).describe(
        "only what came after this id, oldest first",
      ),
  }),
  answer: pageOf(heardEventSchema, "events"),
  answers: "Events",
  example: { path: "/events?limit=5" },
  handle: async ({ view: { registry }, query: { limit, before, after } }) => {
    const scope = registry.scopes.write;
    if (after !== undefined && before !== undefined) {
      throw new AppError(
        "invalid",
        "Cannot list events: found both before and after, expected one of them.",
      );
    }
    if (after !== undefined) {
      const newer = await eventsAfter(registry, scope, after, limit);
      return { items: await withDeliveries(registry, newer), olderBefore: null };
    }
    const read = await listEvents(registry, scope, {
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    const { items, olderBefore } = page(read, limit, ({ id }) => id);
    return { items: await withDeliveries(registry, items), olderBefore };
  },
});

async function withDeliveries(registry: RegistryContext, events: readonly EventRecord[]) {
  const ids = events.map(({ id }) => id);
  const heard = await deliveriesOfEvents(registry, registry.scopes.write, ids);
  return events.map((event) => ({ ...event, deliveries: heard.get(event.id) ?? [] }));
}

const replayEvent = defineOperation({
  method: "post",
  path: "/events/{id}/replay",
  group: "records",
  summary: "Give an event once more to those who listen",
  description:
    "Makes what was parked or has expired due now, with its failures forgotten; with a " +
    "consumer also what was done. It runs when a process serves.",
  params: z.strictObject({ id: z.string().min(1).max(20).describe("an event: 12") }),
  body: replaySchema,
  answer: replayedSchema,
  answers: "What is due now",
  example: { path: "/events/1/replay", body: { consumer: "score", reason: "the market is back" } },
  handle: async ({ view, params, body }) => {
    const deliveries = await replay(view, params.id, body);
    return { eventId: deliveries[0]!.eventId, deliveries };
  },
});

const audit = defineOperation({
  method: "get",
  path: "/audit",
  group: "records",
  summary: "Who promoted, rolled back and revoked what, and why",
  query: z.strictObject(listParams),
  answer: pageOf(auditSchema, "acts, newest first"),
  answers: "Acts of authority",
  example: { path: "/audit" },
  handle: async ({ view: { registry }, query: { limit, before } }) => {
    const read = await listAudit(registry, registry.scopes.write, {
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    return page(read, limit, ({ id }) => id);
  },
});

export const recordOperations: Operation[] = [events, replayEvent, audit];
