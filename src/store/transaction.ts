// What one commit reads and writes: staged, checked against the platform's limits, kept to its branch.

import { AppError } from "../domain/errors.ts";
import type { WriteScope } from "../domain/scope.ts";
import { belongsTo, isBlobKey, keysOf, type ReadKey, type WriteKey } from "./keys.ts";
import type { Reader, Store } from "./kv.ts";

// Deno KV's own limits (a commit over them fails as a whole), checked here to say which was met. One of the
// checks is the schema's; of the mutations, one is the branch's revision, one may be the schema.
const MAX_MUTATIONS = 1000 - 2;
const MAX_CHECKS = 100 - 1;

/** What one commit reads and writes. Made by `Store.commit`; not kept beyond it. */
export class Transaction implements Reader {
  readonly #reads = new Map<string, Deno.KvEntryMaybe<unknown>>();
  readonly #sets = new Map<string, { key: Deno.KvKey; value: unknown }>();
  readonly #deletes = new Map<string, Deno.KvKey>();

  constructor(private readonly store: Store, readonly scope: WriteScope) {}

  /**
   * Reads a value and makes the commit depend on it. What this transaction staged is seen. A key is
   * read once: all that is decided by its value is decided by the one that the commit checks.
   */
  async get<T>(key: ReadKey<T>): Promise<T | null> {
    const id = keyId(key.parts);
    const staged = this.#sets.get(id);
    if (staged) return staged.value as T;
    if (this.#deletes.has(id)) return null;
    const read = this.#reads.get(id);
    if (read) return read.value as T | null;
    const entry = await this.store.entry(key);
    this.#reads.set(id, entry);
    return entry.value;
  }

  set<T>(key: WriteKey<T>, value: T): void {
    this.#assertWritable(key.parts);
    this.#deletes.delete(keyId(key.parts));
    this.#sets.set(keyId(key.parts), { key: key.parts, value });
  }

  delete<T>(key: WriteKey<T>): void {
    this.#assertWritable(key.parts);
    this.#sets.delete(keyId(key.parts));
    this.#deletes.set(keyId(key.parts), key.parts);
  }

  /** The next integer of a sequence, from 1; allocated by this commit and by no other. */
  async next(counter: WriteKey<number>): Promise<number> {
    const value = ((await this.get(counter)) ?? 0) + 1;
    this.set(counter, value);
    return value;
  }

  /** Whether anything would be written. */
  get writes(): boolean {
    return this.#sets.size + this.#deletes.size > 0;
  }

  /** Puts everything into an atomic operation, and asserts the platform's limits. */
  stage(operation: Deno.AtomicOperation): Deno.AtomicOperation {
    const mutations = this.#sets.size + this.#deletes.size;
    if (mutations > MAX_MUTATIONS || this.#reads.size > MAX_CHECKS) {
      throw new AppError(
        "internal",
        `Cannot commit ${mutations} mutations with ${this.#reads.size} checks: expected at most ` +
          `${MAX_MUTATIONS} and ${MAX_CHECKS}.`,
      );
    }
    for (const entry of this.#reads.values()) operation.check(entry);
    for (const { key, value } of this.#sets.values()) operation.set(key, value);
    for (const key of this.#deletes.values()) operation.delete(key);
    // Not read before, so that commits to one branch do not get into each other's way over it.
    if (mutations > 0) operation.set(keysOf(this.scope).revision().parts, true);
    return operation;
  }

  /** The types already say so; this holds where a type was cast away. */
  #assertWritable(parts: Deno.KvKey): void {
    if (belongsTo(this.scope, parts) || isBlobKey(parts)) return;
    throw new AppError(
      "internal",
      `Cannot write ${
        JSON.stringify(parts)
      }: this command writes to branch ${this.scope.branch} only.`,
    );
  }
}

/** A key as text: equal for equal keys. */
export function keyId(parts: Deno.KvKey): string {
  return JSON.stringify(parts);
}
