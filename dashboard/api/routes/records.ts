// What was announced, and who did what: events and the audit log.

import { z } from "@hono/zod-openapi";
import { AppError } from "../../../src/domain/errors.ts";
import { eventsAfter, listAudit, listEvents } from "../../../src/registry/events.ts";
import { defineOperation, type Operation } from "../operation.ts";
import { auditSchema, eventSchema } from "../schemas/runs.ts";
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
  answer: pageOf(eventSchema, "events"),
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
      return { items: await eventsAfter(registry, scope, after, limit), olderBefore: null };
    }
    const read = await listEvents(registry, scope, {
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    return page(read, limit, ({ id }) => id);
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

export const recordOperations: Operation[] = [events, audit];
