// The live stream: every event once, in order, whoever wrote it, and on from where a listener was.

import { assertEquals } from "@std/assert";
import { memoryRegistry, newChampion, type TestRegistry, trainModel } from "../support/registry.ts";
import { dashboardOn, ORIGIN, type TestDashboard } from "./dashboard.ts";

interface Message {
  id: number | null;
  event: string;
  data: { id: number; name?: string; status?: string };
}

/** A listener that reads until it has what it waits for. */
class Listener {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";
  readonly messages: Message[] = [];

  constructor(response: Response) {
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async on(dashboard: TestDashboard, headers: Record<string, string> = {}) {
    const listener = new Listener(
      await dashboard.fetch(new Request(`${ORIGIN}/live`, { headers })),
    );
    // The first bytes come when the stream begins; what is committed after them is heard.
    await listener.#read();
    return listener;
  }

  async #read(): Promise<boolean> {
    const { value, done } = await deadline(this.#reader.read());
    if (done) return false;
    this.#text += value;
    const blocks = this.#text.split("\n\n");
    this.#text = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
      const data = field("data");
      if (data === undefined) continue;
      const id = field("id");
      this.messages.push({
        id: id === undefined ? null : Number(id),
        event: field("event")!,
        data: JSON.parse(data),
      });
    }
    return true;
  }

  async until(found: (messages: Message[]) => boolean): Promise<void> {
    while (!found(this.messages)) {
      if (!await this.#read()) throw new Error("the stream ended before it came");
    }
  }

  /** Ids of the events that came, in their order. */
  get ids(): number[] {
    return this.messages.filter(({ event }) => event === "event").map(({ id }) => id!);
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** A stream that stays silent is a failure, and not a test that never ends. */
async function deadline<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("nothing came within 10 s")), 10_000);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function withRegistry(
  work: (registry: TestRegistry, dashboard: TestDashboard) => Promise<void>,
): Promise<void> {
  using registry = await memoryRegistry();
  const stop = new AbortController();
  try {
    await work(registry, await dashboardOn(registry, { signal: stop.signal }));
  } finally {
    stop.abort();
  }
}

const hasIds = (count: number) => (messages: Message[]) =>
  messages.filter(({ event }) => event === "event").length >= count;

Deno.test("a listener is told of events and of the progress of runs as they are committed", async () => {
  await withRegistry(async (registry, dashboard) => {
    await trainModel(registry);
    const listener = await Listener.on(dashboard);
    await newChampion(registry);
    await listener.until(hasIds(2));
    await listener.until((all) => all.some(({ event }) => event === "run"));
    const events = listener.messages.filter(({ event }) => event === "event");
    // What was there before it came is not news.
    assertEquals(events.map(({ id, data }) => [id, data.name]), [
      [2, "model_registered"],
      [3, "model_promoted"],
    ]);
    const run = listener.messages.find(({ event }) => event === "run")!;
    assertEquals([run.id, run.data.id, run.data.status], [null, 2, "completed"]);
    await listener.close();
  });
});

Deno.test("a listener that comes back gets what it missed, once and in order, then what comes", async () => {
  await withRegistry(async (registry, dashboard) => {
    for (let i = 0; i < 6; i++) await trainModel(registry);
    const listener = await Listener.on(dashboard, { "last-event-id": "2" });
    await listener.until(hasIds(4));
    await trainModel(registry);
    await listener.until(hasIds(5));
    assertEquals(listener.ids, [3, 4, 5, 6, 7]);
    await listener.close();
  });
});

Deno.test("many listeners that come at different times all get every event in order", async () => {
  await withRegistry(async (registry, dashboard) => {
    const listeners: Listener[] = [];
    for (let i = 0; i < 10; i++) {
      listeners.push(await Listener.on(dashboard, { "last-event-id": "0" }));
      await trainModel(registry);
    }
    for (const listener of listeners) {
      await listener.until(hasIds(10));
      assertEquals(listener.ids, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      await listener.close();
    }
  });
});

Deno.test("whoever asks for the headers of the stream alone becomes no listener", async () => {
  using registry = await memoryRegistry();
  const { signal } = new AbortController();
  let listeners = 0;
  // Every stream waits for the process to stop.
  signal.addEventListener = () => listeners++;
  const dashboard = await dashboardOn(registry, { signal });
  const answer = await dashboard.fetch(new Request(`${ORIGIN}/live`, { method: "HEAD" }));
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assertEquals(listeners, 0);
});

Deno.test("a branch that nobody has listened to for a while is heard again", async () => {
  await withRegistry(async (registry, dashboard) => {
    const first = await Listener.on(dashboard);
    await trainModel(registry);
    await first.until(hasIds(1));
    await first.close();
    await trainModel(registry);
    const second = await Listener.on(dashboard, { "last-event-id": "1" });
    await trainModel(registry);
    await second.until(hasIds(2));
    assertEquals(second.ids, [2, 3]);
    await second.close();
  });
});

Deno.test("streams end when the process stops", async () => {
  using registry = await memoryRegistry();
  const stop = new AbortController();
  const dashboard = await dashboardOn(registry, { signal: stop.signal });
  const response = await dashboard.fetch(new Request(`${ORIGIN}/live`));
  const reader = response.body!.getReader();
  await reader.read();
  stop.abort();
  assertEquals((await reader.read()).done, true);
});
