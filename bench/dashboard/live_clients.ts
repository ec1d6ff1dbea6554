// Many who listen to /live at once, while another process commits events.

import { copyStore } from "./copied.ts";
import { BRANCH } from "./examples.ts";
import { percentile } from "./numbers.ts";
import { type ServedStore, serveStore } from "./served.ts";

const CLIENTS = 100;
/** Of these, so many lose their connection midway and come back. */
const RETURNING = 20;
const EVENTS = 200;
const GAP_MS = 30;
const PATIENCE_MS = 10_000;

export interface LiveResult {
  clients: number;
  events: number;
  returned: number;
  /** Clients that got each event, in order, once. */
  complete: number;
  latencyMs: { median: number; p99: number; max: number };
  problems: string[];
}

interface Heard {
  ids: number[];
  latencies: number[];
}

/** Listens on a copy of the store, as events are written to it. */
export async function measureLive(path: string): Promise<LiveResult> {
  await using copy = await copyStore(path);
  await using served = await serveStore(copy.path);
  const heard: Heard[] = Array.from({ length: CLIENTS }, () => ({ ids: [], latencies: [] }));
  const stop = new AbortController();
  const opened = heard.map((_, i) => new Listener(served, heard[i]!, i < RETURNING, stop.signal));
  await Promise.all(opened.map((listener) => listener.begin()));
  await commitEvents(copy.path);
  const deadline = performance.now() + PATIENCE_MS;
  while (heard.some(({ ids }) => ids.length < EVENTS) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  stop.abort();
  await Promise.all(opened.map((listener) => listener.ended));
  const problems = heard.flatMap(({ ids }, i) => {
    const problem = problemOf(ids);
    return problem === null ? [] : [`client ${i}: ${problem}`];
  });
  const latencies = heard.flatMap((one) => one.latencies);
  return {
    clients: CLIENTS,
    events: EVENTS,
    returned: opened.filter((listener) => listener.returned).length,
    complete: CLIENTS - problems.length,
    latencyMs: {
      median: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      max: percentile(latencies, 1),
    },
    problems,
  };
}

function problemOf(ids: readonly number[]): string | null {
  if (ids.length !== EVENTS) return `${ids.length} events, expected ${EVENTS}`;
  const gap = ids.findIndex((id, i) => i > 0 && id !== ids[i - 1]! + 1);
  return gap < 0 ? null : `event ${ids[gap]} after ${ids[gap - 1]}`;
}

async function commitEvents(path: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--quiet",
      new URL("committer.ts", import.meta.url).pathname,
      path,
      String(EVENTS),
      String(GAP_MS),
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`events were not committed: ${new TextDecoder().decode(stderr)}`);
}

/** A browser's EventSource, as far as it matters here. */
class Listener {
  ended: Promise<void> = Promise.resolve();
  returned = false;
  #leaving = false;

  constructor(
    private readonly served: ServedStore,
    private readonly heard: Heard,
    /** Drops the connection once, when half of the events have come. */
    private readonly drops: boolean,
    private readonly stop: AbortSignal,
  ) {}

  async begin(): Promise<void> {
    const stream = await this.#open();
    this.ended = this.#listen(stream);
  }

  async #open(): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const last = this.heard.ids.at(-1);
    const response = await fetch(`http://127.0.0.1:${this.served.port}/live?branch=${BRANCH}`, {
      headers: { accept: "text/event-stream", ...(last && { "last-event-id": String(last) }) },
    });
    if (!response.ok) throw new Error(`/live answered ${response.status}`);
    return response.body!;
  }

  async #listen(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    // Aborting the fetch itself leaves a body that is being read open.
    const cancel = () => void reader.cancel();
    this.stop.addEventListener("abort", cancel);
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const messages = (rest + value).split("\n\n");
      rest = messages.pop()!;
      for (const message of messages) this.#take(message);
      if (this.#leaving) await reader.cancel();
    }
    this.stop.removeEventListener("abort", cancel);
    if (this.stop.aborted || !this.#leaving) return;
    this.#leaving = false;
    this.returned = true;
    await new Promise((resolve) => setTimeout(resolve, 500));
    await this.#listen(await this.#open());
  }

  #take(message: string): void {
    const id = /^id: (\d+)$/m.exec(message)?.[1];
    // What comes in the same piece of the stream after leaving is lost with the connection.
    if (id === undefined || this.#leaving) return;
    const { payload } = JSON.parse(/^data: (.*)$/m.exec(message)![1]!);
    this.heard.ids.push(Number(id));
    // One that was away hears late: that is not the server's doing.
    if (!this.returned) this.heard.latencies.push(Date.now() - payload.sent_ms);
    this.#leaving = this.drops && !this.returned && this.heard.ids.length >= EVENTS / 2;
  }
}
