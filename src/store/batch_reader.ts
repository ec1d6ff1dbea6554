// Reads that are asked for one by one and go to the database together: for whoever looks up thousands
// of keys at a time, each where it is needed.

import type { ReadKey } from "./keys.ts";
import type { Reader, Store } from "./kv.ts";

/** Keys of one call; Deno KV's own limit. */
const KEYS_A_CALL = 10;

interface Waiting {
  key: ReadKey<unknown>;
  settle: { resolve: (value: unknown) => void; reject: (error: unknown) => void };
}

/** Remembers what it read: one is for one page of work, after which things may have changed. */
export class BatchReader implements Reader {
  readonly #known = new Map<string, Promise<unknown>>();
  #waiting: Waiting[] = [];

  constructor(private readonly store: Store) {}

  get<T>(key: ReadKey<T>): Promise<T | null> {
    const id = JSON.stringify(key.parts);
    const known = this.#known.get(id);
    if (known !== undefined) return known as Promise<T | null>;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#known.set(id, promise);
    this.#waiting.push({ key, settle: { resolve, reject } });
    if (this.#waiting.length === 1) queueMicrotask(() => void this.#readAll());
    return promise as Promise<T | null>;
  }

  async #readAll(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const calls: Promise<void>[] = [];
    for (let i = 0; i < waiting.length; i += KEYS_A_CALL) {
      calls.push(this.#read(waiting.slice(i, i + KEYS_A_CALL)));
    }
    await Promise.all(calls);
  }

  async #read(asked: readonly Waiting[]): Promise<void> {
    try {
      const values = await this.store.getMany(asked.map(({ key }) => key));
      asked.forEach(({ settle }, i) => settle.resolve(values[i]));
    } catch (error) {
      for (const { settle } of asked) settle.reject(error);
    }
  }
}
