// Server-sent events: what happened on a branch, in the order of its commits, whichever process did it.
// One look a moment at the branch's revision serves every listener; a listener that comes back goes on
// after the last event that it saw.

import type { Hono } from "hono";
import { toJson } from "../src/domain/json.ts";
import type { EventRecord, RunRecord } from "../src/domain/run.ts";
import { eventsAfter, listEvents } from "../src/registry/events.ts";
import type { RegistryContext } from "../src/registry/context.ts";
import { listRuns, listSteps } from "../src/registry/runs.ts";
import type { Views } from "./view.ts";

/** How often the revision is looked at while someone listens. */
const LOOK_MS = 400;
/** A comment that keeps proxies from closing a quiet stream. */
const HEARTBEAT_MS = 15_000;
/** Events kept for listeners that are a little behind; others read the store. */
const KEPT_EVENTS = 1000;
const READ_AT_ONCE = 500;
/** Runs whose progress is told: the newest. */
const WATCHED_RUNS = 20;
/** A listener that does not read this many messages is let go, and may come back. */
const MAX_UNREAD = 5000;

/** `id` is what a listener that comes back sends as Last-Event-ID. */
interface Message {
  id?: number;
  event: "event" | "run";
  data: string;
}

type Send = (messages: readonly Message[]) => void;

/** Watches one branch while anyone listens. */
class Watch {
  readonly #listeners = new Set<{ send: Send; afterId: number }>();
  #events: EventRecord[] = [];
  #lastId = 0;
  #revision = "";
  #progress = new Map<number, string>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly registry: RegistryContext) {}

  /** Sends what came after `afterId` (null: from now on), and then what comes. */
  async listen(afterId: number | null, send: Send): Promise<() => void> {
    if (this.#listeners.size === 0) await this.#begin();
    const listener = { send, afterId: afterId ?? this.#lastId };
    await this.#catchUp(listener);
    this.#listeners.add(listener);
    // Between the last read and this line nothing was awaited: no event is missed, none comes twice.
    if (this.#timer === null) this.#lookLater();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || this.#timer === null) return;
      clearTimeout(this.#timer);
      this.#timer = null;
    };
  }

  async #begin(): Promise<void> {
    const { write } = this.registry.scopes;
    this.#revision = await this.registry.store.revision(write);
    const [newest] = await listEvents(this.registry, write, { limit: 1 });
    this.#lastId = newest?.id ?? 0;
    this.#events = [];
    this.#progress = await this.#readProgress();
  }

  /** Reads from the store until only what the watch itself has seen is left. */
  async #catchUp(listener: { send: Send; afterId: number }): Promise<void> {
    const { write } = this.registry.scopes;
    while (listener.afterId < this.#lastId) {
      const oldest = this.#events[0]?.id ?? Infinity;
      const kept = listener.afterId + 1 >= oldest;
      const events = kept
        ? this.#events.filter((event) => event.id > listener.afterId)
        : await eventsAfter(this.registry, write, listener.afterId, READ_AT_ONCE);
      if (events.length === 0) return;
      listener.send(events.map(eventMessage));
      listener.afterId = events.at(-1)!.id;
    }
  }

  #lookLater(): void {
    this.#timer = setTimeout(async () => {
      try {
        await this.#look();
      } finally {
        if (this.#listeners.size > 0) this.#lookLater();
        else this.#timer = null;
      }
    }, LOOK_MS);
  }

  async #look(): Promise<void> {
    const { write } = this.registry.scopes;
    const revision = await this.registry.store.revision(write);
    if (revision === this.#revision) return;
    this.#revision = revision;
    const runs = await this.#runMessages();
    for (;;) {
      const events = await eventsAfter(this.registry, write, this.#lastId, READ_AT_ONCE);
      if (events.length === 0) break;
      this.#lastId = events.at(-1)!.id;
      this.#events = [...this.#events, ...events].slice(-KEPT_EVENTS);
      for (const listener of this.#listeners) {
        listener.send(events.filter((event) => event.id > listener.afterId).map(eventMessage));
        listener.afterId = Math.max(listener.afterId, this.#lastId);
      }
    }
    if (runs.length > 0) { for (const { send } of this.#listeners) send(runs); }
  }

  /** What has changed about the newest runs since the last look. */
  async #runMessages(): Promise<Message[]> {
    const before = this.#progress;
    this.#progress = await this.#readProgress();
    return [...this.#progress]
      .filter(([id, data]) => before.get(id) !== data)
      .map(([, data]) => ({ event: "run", data }));
  }

  async #readProgress(): Promise<Map<number, string>> {
    const { write } = this.registry.scopes;
    const runs = await listRuns(this.registry, write, { limit: WATCHED_RUNS });
    const entries = runs.map(async (run): Promise<[number, string]> => {
      const steps = run.status === "running" ? await listSteps(this.registry, write, run.id) : null;
      return [run.id, progressData(run, steps?.length ?? null)];
    });
    return new Map((await Promise.all(entries)).reverse());
  }
}

function progressData({ id, flow, status, error }: RunRecord, stepsDone: number | null): string {
  return JSON.stringify(toJson({ id, flow, status, stepsDone, error: error?.message ?? null }));
}

function eventMessage(event: EventRecord): Message {
  return { id: event.id, event: "event", data: JSON.stringify(toJson(event)) };
}

function wire({ id, event, data }: Message): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
}

export function mountLive(app: Hono, views: Views): void {
  const watches = new Map<string, Watch>();
  app.get("/live", async (c) => {
    const view = await views.of(c);
    const watch = watches.get(view.branch) ?? new Watch(view.registry);
    watches.set(view.branch, watch);
    const given = Number(c.req.header("last-event-id") ?? c.req.query("last_event_id") ?? NaN);
    const afterId = Number.isInteger(given) && given >= 0 ? given : null;
    c.header("content-type", "text/event-stream; charset=utf-8");
    c.header("cache-control", "no-store");
    return c.body(stream(watch, afterId, views.deps.signal));
  });
}

/** The stream of one listener; ends when the listener goes, falls behind, or the process stops. */
function stream(
  watch: Watch,
  afterId: number | null,
  stop: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let end = () => {};
  return new ReadableStream({
    start: async (controller) => {
      let isOpen = true;
      let leave = () => {};
      const heartbeat = setInterval(
        () => controller.enqueue(encoder.encode(": here\n\n")),
        HEARTBEAT_MS,
      );
      const close = () => {
        end();
        controller.close();
      };
      end = () => {
        if (!isOpen) return;
        isOpen = false;
        clearInterval(heartbeat);
        stop.removeEventListener("abort", close);
        leave();
      };
      stop.addEventListener("abort", close);
      if (stop.aborted) return close();
      controller.enqueue(encoder.encode("retry: 1000\n\n"));
      const stopListening = await watch.listen(afterId, (messages) => {
        if (!isOpen || messages.length === 0) return;
        controller.enqueue(encoder.encode(messages.map(wire).join("")));
        if ((controller.desiredSize ?? 0) < -MAX_UNREAD) close();
      });
      if (isOpen) leave = stopListening;
      else stopListening();
    },
    cancel: () => end(),
  });
}
