// events list|tail|replay: what happened, who has heard of it, and giving it to them once more.

import { z } from "zod";
import type { DeliveryRecord } from "../../domain/durability.ts";
import { AppError } from "../../domain/errors.ts";
import type { EventRecord } from "../../domain/run.ts";
import { toJson } from "../../domain/json.ts";
import { boundTo } from "../../engine/listening.ts";
import { deliver } from "../../engine/triggers.ts";
import type { RegistryContext } from "../../registry/context.ts";
import { deliveriesOfEvents, listParked } from "../../registry/deliveries.ts";
import { eventsAfter, listAudit, listEvents } from "../../registry/events.ts";
import { replayEvent } from "../../registry/replay.ts";
import {
  type App,
  type Call,
  type Command,
  type CommandResult,
  defineCommand,
  hint,
  openSession,
  type Session,
} from "../command.ts";
import { deliveryWords } from "../delivery_words.ts";
import { branchParams } from "../parameters.ts";
import { columns, instant, printable, UNDEFINED } from "../text.ts";
import { runHere } from "./run_here.ts";

/** Other processes write to the same store; nothing tells this one, so it looks. */
const TAIL_INTERVAL_MS = 500;

const list = defineCommand({
  name: "events list",
  group: "look",
  summary: "Events, newest first, and who has heard of them.",
  description:
    "Each flow that listens handles an event once. Until then it waits (pending) for a " +
    "process that serves, or for a run by hand of the same flow about the same. What fails is " +
    "tried again after a while, and parked in the end; what waited too long expires.",
  params: z.strictObject({
    limit: z.int().min(1).max(1000).default(20).describe("how many at most"),
    parked: z.boolean().default(false).describe("only what was given up, and why"),
    audit: z.boolean().default(false).describe("who promoted, rolled back, revoked, and why"),
    ...branchParams,
  }),
  examples: ["anomaly events list", "anomaly events list --parked", "anomaly events list --audit"],
  run: async (app, call) => {
    const { limit, audit, parked } = call.params;
    if (audit && parked) {
      throw new AppError(
        "invalid",
        "Cannot list events: found both --audit and --parked, expected one of them.",
      );
    }
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    if (audit) return await listActs(registry, limit);
    if (parked) return await listGivenUp(registry, call, limit);
    const scope = registry.scopes.write;
    const events = await listEvents(registry, scope, { limit });
    const heard = await deliveriesOfEvents(registry, scope, events.map(({ id }) => id));
    const nowMs = registry.nowMs();
    const text = columns(
      ["id", "event", "time", "run", "names", "who listens"],
      events.map((event) => [
        String(event.id),
        event.name,
        instant(event.recordedAt),
        event.runId === null ? UNDEFINED : String(event.runId),
        payloadText(event),
        listenersText(heard.get(event.id) ?? [], nowMs),
      ]),
    );
    return {
      json: events.map((event) => ({ ...event, deliveries: heard.get(event.id) ?? [] })),
      text: text || `No events on branch ${scope.branch} yet.`,
    };
  },
});

function listenersText(deliveries: readonly DeliveryRecord[], nowMs: number): string {
  return deliveries.map((one) => `${one.consumer}: ${deliveryWords(one, nowMs)}`).join("; ") ||
    UNDEFINED;
}

async function listActs(registry: RegistryContext, limit: number): Promise<CommandResult> {
  const scope = registry.scopes.write;
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

async function listGivenUp(
  registry: RegistryContext,
  call: Call<object>,
  limit: number,
): Promise<CommandResult> {
  const scope = registry.scopes.write;
  const parked = await listParked(registry, scope, { limit });
  const table = columns(
    ["event", "for", "failures", "run", "since", "error"],
    parked.map((one) => [
      String(one.eventId),
      one.consumer,
      String(one.failures),
      one.runId === null ? UNDEFINED : String(one.runId),
      instant(one.updatedAt),
      one.error === null ? UNDEFINED : `${one.error.code}: ${one.error.message}`,
    ]),
  );
  const [newest] = parked;
  if (newest === undefined) {
    return { json: parked, text: `Nothing is parked on branch ${scope.branch}.` };
  }
  const replay = `anomaly events replay ${newest.eventId} --consumer ${newest.consumer}`;
  return { json: parked, text: `${table}\n\nNext, once the cause is gone: ${hint(call, replay)}` };
}

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

const replay = defineCommand({
  name: "events replay",
  group: "operate",
  summary: "Give an event once more to those who listen.",
  description: "Makes what was parked or has expired due now, with its failures forgotten; with " +
    "--consumer also what was done. It runs when a process serves, or at once with --run. A run " +
    "that had failed is gone on with: what it finished is not done again.",
  positionals: [{ name: "id", description: "an event: 12", required: true }],
  params: z.strictObject({
    consumer: z.string().min(1).max(200).optional().meta({ placeholder: "flow" })
      .describe("only for this listener (default: all that gave it up)"),
    reason: z.string().max(1000).default("").describe("why, for the audit log"),
    run: z.boolean().default(false).describe("run its flow here and now"),
    ...branchParams,
  }),
  examples: [
    "anomaly events replay 12",
    "anomaly events replay 12 --consumer score --reason 'the market is back' --run",
  ],
  run: async (app, call) => {
    const { consumer = null, reason, run } = call.params;
    const eventId = eventIdOf(call);
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const replayed = await replayEvent(registry, { eventId, consumer, reason });
    if (run) return await runReplayed(app, call, session, replayed);
    const whom = replayed.map((one) => one.consumer).join(", ");
    return {
      json: replayed,
      text: `Event ${eventId} is due for ${whom}, as soon as a process serves.\n` +
        `Next: ${hint(call, "anomaly serve")}`,
    };
  },
});

/** The flows of what was made due, one after another; the first failure ends it. */
async function runReplayed(
  app: App,
  call: Call<Record<string, unknown>>,
  session: Session,
  replayed: readonly DeliveryRecord[],
): Promise<CommandResult> {
  const { registry } = session;
  const results: CommandResult[] = [];
  for (const { eventId, consumer } of replayed) {
    const [event] = await eventsAfter(registry, registry.scopes.write, eventId - 1, 1);
    const flow = app.flows.find(({ name }) => name === consumer);
    const bound = flow && boundTo(flow, event!);
    if (!bound) {
      if (!call.globals.quiet) {
        app.say(`${consumer} hears of event ${eventId} when a process serves`);
      }
      continue;
    }
    results.push(
      await runHere(app, call, session, {
        title: `${consumer}, for event ${eventId},`,
        begin: (runner, onStarted) =>
          deliver(runner, app.flows, bound, { tags: [], goesOn: false, onStarted }),
        follow: null,
      }),
    );
  }
  return {
    json: results.map(({ json }) => json),
    text: results.map(({ text }) => text).join("\n"),
    exitCode: results.map(({ exitCode = 0 }) => exitCode).find((code) => code !== 0) ?? 0,
  };
}

function eventIdOf(call: Call<unknown>): number {
  const word = call.positionals[0]!;
  if (/^[1-9]\d{0,14}$/.test(word)) return Number(word);
  throw new AppError(
    "invalid",
    `Cannot read event "${word}": expected a number. See: anomaly events list`,
    { details: { event: word } },
  );
}

export const eventCommands: Command[] = [list, tail, replay];
