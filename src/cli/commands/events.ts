// events list|tail: what was announced, in order.

import { z } from "zod";
import type { EventRecord } from "../../domain/run.ts";
import { toJson } from "../../domain/json.ts";
import { eventsAfter, listAudit, listEvents } from "../../registry/events.ts";
import { type App, type Command, defineCommand, openSession } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { columns, instant, printable, UNDEFINED } from "../text.ts";

/** Other processes write to the same store; nothing tells this one, so it looks. */
const TAIL_INTERVAL_MS = 500;

const list = defineCommand({
  name: "events list",
  group: "look",
  summary: "Events, newest first; with --audit who did what.",
  params: z.strictObject({
    limit: z.int().min(1).max(1000).default(20).describe("how many at most"),
    audit: z.boolean().default(false).describe("who promoted, rolled back, revoked, and why"),
    ...branchParams,
  }),
  examples: ["anomaly events list", "anomaly events list --audit"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const scope = registry.scopes.write;
    const { limit, audit } = call.params;
    if (audit) {
      const records = await listAudit(registry, scope, { limit });
      const text = columns(
        ["id", "time", "by", "act", "subject", "reason"],
        records.map((r) => [
          String(r.id),
          instant(r.recordedAt),
          r.actor,
          r.action,
          r.subject,
          r.reason || UNDEFINED,
        ]),
      );
      return { json: records, text: text || `No acts on branch ${scope.branch} yet.` };
    }
    const events = await listEvents(registry, scope, { limit });
    const text = columns(
      ["id", "event", "time", "run", "names"],
      events.map((event) => [
        String(event.id),
        event.name,
        instant(event.recordedAt),
        event.runId === null ? UNDEFINED : String(event.runId),
        payloadText(event),
      ]),
    );
    return { json: events, text: text || `No events on branch ${scope.branch} yet.` };
  },
});

function payloadText(event: EventRecord): string {
  return Object.entries(event.payload).map(([name, value]) => `${name} ${value}`).join(", ");
}

const tail = defineCommand({
  name: "events tail",
  group: "look",
  summary: "Print events as they come, until interrupted.",
  params: z.strictObject({
    after: z.int().min(0).optional().describe("begin after this event id (default: now)"),
    ...branchParams,
  }),
  examples: ["anomaly events tail", "anomaly events tail --after 0 --json"],
  run: async (app, call) => {
    // Made where there is none: a stand-in in memory would never see what others write.
    using session = await openSession(app, call, { write: true });
    const { registry } = session;
    const scope = registry.scopes.write;
    const [newest] = await listEvents(registry, scope, { limit: 1 });
    let after = call.params.after ?? newest?.id ?? 0;
    while (!app.signal.aborted) {
      const events = await eventsAfter(registry, scope, after, 100);
      for (const event of events) {
        const line = `${event.recordedAt} ${event.id} ${event.name} ${payloadText(event)}`;
        app.emit(call.globals.json ? JSON.stringify(toJson(event)) : printable(line));
        after = event.id;
      }
      if (events.length === 0) await pause(app, TAIL_INTERVAL_MS);
    }
    return { json: undefined, text: "" };
  },
});

function pause(app: App, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      app.signal.removeEventListener("abort", done);
      resolve();
    }
    app.signal.addEventListener("abort", done);
  });
}

export const eventCommands: Command[] = [list, tail];
