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

interface Listener {
  send: Send;
  /** Closes its stream: it will come back, and say where it was. */
  end: () => void;
  /** The last event that it was sent. */
  afterId: number;
}

/** Watches one branch from its first listener to its last; then another one is made. */
class Watch {
  /** Those who listen, and those who are about to. */
  #interest = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #listeners = new Set<Listener>();
  readonly #begun: Promise<void>;
  #events: EventRecord[] = [];
  #lastId = 0;
  #revision = "";
  #progress = new Map<number, string>();

  constructor(private readonly registry: RegistryContext) {
    this.#begun = this.#begin();
  }

  /** Counts one who is going to listen. */
  enter(): void {
    this.#interest++;
  }

  /** Counts one who will not any more; true where that was the last. */
  leave(): boolean {
    if (--this.#interest > 0) return false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    return true;
  }

  /** Sends what came after `afterId` (null: from now on), and then what comes. */
  async listen(
    afterId: number | null,
    { send, end }: Pick<Listener, "send" | "end">,
  ): Promise<() => void> {
    await this.#begun;
    const listener = { send, end, afterId: afterId ?? this.#lastId };
    // Nothing is awaited between the last comparison and being one of those who are told.
    while (listener.afterId < this.#lastId) await this.#catchUp(listener);
    // It may have gone meanwhile, and been the last.
    if (this.#interest === 0) return () => {};
    this.#listeners.add(listener);
    if (this.#timer === null) this.#lookLater();
    return () => this.#listeners.delete(listener);
  }

  async #begin(): Promise<void> {
    const { write } = this.registry.scopes;
    this.#revision = await this.registry.store.revision(write);
    const [newest] = await listEvents(this.registry, write, { limit: 1 });
    this.#lastId = newest?.id ?? 0;
    this.#progress = await this.#readProgress();
  }

  /** Sends the next events that it lacks: from what is kept, else from the store. */
  async #catchUp(listener: Listener): Promise<void> {
    const { write } = this.registry.scopes;
    const isKept = listener.afterId + 1 >= (this.#events[0]?.id ?? Infinity);
    const events = isKept
      ? this.#events.filter((event) => event.id > listener.afterId)
      : await eventsAfter(this.registry, write, listener.afterId, READ_AT_ONCE);
    // Events that retention has taken leave a gap in the numbers.
    if (events.length === 0) listener.afterId = this.#lastId;
    tell(listener, events);
  }

  #lookLater(): void {
    this.#timer = setTimeout(async () => {
      try {
        await this.#look();
      } catch {
        // The store does not answer. Pages say why; listeners come back, and go on where they were.
        for (const { end } of this.#listeners) end();
      }
      if (this.#interest > 0) this.#lookLater();
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
      for (const listener of this.#listeners) tell(listener, events);
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

/** Sends those events that the listener has not had. */
function tell(listener: Listener, events: readonly EventRecord[]): void {
  const unknown = events.filter((event) => event.id > listener.afterId);
  if (unknown.length === 0) return;
  listener.send(unknown.map(eventMessage));
  listener.afterId = unknown.at(-1)!.id;
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
    c.header("content-type", "text/event-stream; charset=utf-8");
    c.header("cache-control", "no-store");
    // A stream that nobody reads is never cancelled.
    if (c.req.method === "HEAD") return c.body(null);
    const watch = watches.get(view.branch) ?? new Watch(view.registry);
    watches.set(view.branch, watch);
    const leave = () => {
      if (watch.leave() && watches.get(view.branch) === watch) watches.delete(view.branch);
    };
    watch.enter();
    const given = Number(c.req.header("last-event-id") ?? c.req.query("last_event_id") ?? NaN);
    const afterId = Number.isInteger(given) && given >= 0 ? given : null;
    return c.body(stream(watch, afterId, views.deps.signal, leave));
  });
}

/** The stream of one listener; ends when the listener goes, falls behind, or the process stops. */
function stream(
  watch: Watch,
  afterId: number | null,
  stop: AbortSignal,
  onEnd: () => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let end = () => {};
  return new ReadableStream({
    start: async (controller) => {
      let isOpen = true;
      let leave = () => {};
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      const heartbeat = setInterval(() => write(": here\n\n"), HEARTBEAT_MS);
      end = () => {
        if (!isOpen) return;
        isOpen = false;
        clearInterval(heartbeat);
        stop.removeEventListener("abort", close);
        leave();
        onEnd();
      };
      const close = () => {
        if (!isOpen) return;
        end();
        controller.close();
      };
      stop.addEventListener("abort", close);
      if (stop.aborted) return close();
      try {
        leave = await watch.listen(afterId, {
          end: close,
          send: (messages) => {
            if (!isOpen) return;
            write(messages.map(wire).join(""));
            if ((controller.desiredSize ?? 0) < -MAX_UNREAD) close();
          },
        });
        // The first bytes say that from here on all is heard.
        if (isOpen) write("retry: 1000\n\n");
        else leave();
      } catch {
        // As above: it comes back by itself.
        close();
      }
    },
    cancel: () => end(),
  });
}
