// Opening the store, reading from it, and the one function through which every commit goes.

import { AppError } from "../domain/errors.ts";
import type { ReadScope, WriteScope } from "../domain/scope.ts";
import { BUSY_DEADLINE_MS, isBusy, pause, retryWhileBusy } from "./busy.ts";
import { belongsTo, branchRange, isBlobKey, keysOf, type ReadKey, type WriteKey } from "./keys.ts";

// Deno KV's own limits (a commit over them fails as a whole), checked here to say which was met. Of the
// mutations, one is the branch's revision.
const MAX_MUTATIONS = 1000 - 1;
const MAX_CHECKS = 100;
const GET_MANY_LIMIT = 10;

export interface ListOptions {
  limit: number;
  reverse?: boolean;
  /** Key parts after the prefix from which to start (inclusive). */
  from?: Deno.KvKeyPart[];
  /** Key parts after the prefix before which to end (exclusive). */
  before?: Deno.KvKeyPart[];
}

export interface StoreEntry<T> {
  /** The key parts after the prefix that was listed. */
  rest: Deno.KvKeyPart[];
  value: T;
}

/** Whatever gives values by key: the store as it is, or a transaction that will be checked. */
export interface Reader {
  get<T>(key: ReadKey<T>): Promise<T | null>;
}

/** One open KV database. One a process: two handles in one process lock each other out. */
export class Store implements Disposable, Reader {
  /** The store that this one is a look at; itself for one that was opened. */
  readonly root: Store;
  /** Commits that went through since the store was opened; the demo reports it. */
  commitCount = 0;

  private constructor(
    private readonly kv: Deno.Kv,
    /** As a person names it: the path, ":memory:", a URL, or "the platform's database". */
    readonly location: string,
    /** Nothing is stored at `location` yet: this is an empty one in memory in its place. */
    readonly absent: boolean,
    /** What was read so far; null where every read asks the database. */
    private readonly memory: Map<string, Promise<unknown>> | null = null,
    root: Store | null = null,
  ) {
    this.root = root ?? this;
  }

  /**
   * The same store for one look at it: what is read twice is read once. Whoever uses it says how long it
   * may be believed. What it gives is shared, and so must not be changed. Commits go past it.
   */
  remembering(): Store {
    return new Store(this.kv, this.location, this.absent, new Map(), this.root);
  }

  /**
   * Opens or creates the database. Undefined opens the platform's own (on Deploy).
   * Throws `unavailable` when the path is not a KV database or cannot be reached.
   *
   * @param options.standsInFor the path where there is no store yet, when an empty one is opened in
   *   its place
   */
  static async open(
    path: string | undefined,
    { standsInFor }: { standsInFor?: string } = {},
  ): Promise<Store> {
    const location = standsInFor ?? path ?? "the platform's database";
    let kv: Deno.Kv | null = null;
    try {
      kv = await retryWhileBusy(() => Deno.openKv(path));
      // Opening is lazy: only a read tells whether the file is a database at all.
      const opened = kv;
      await retryWhileBusy(() => opened.get(["open"]));
      return new Store(kv, location, standsInFor !== undefined);
    } catch (error) {
      kv?.close();
      throw new AppError(
        "unavailable",
        `Cannot open the store ${location}: ${
          messageOf(error)
        }. Expected a Deno KV database or a path ` +
          `where one can be made. Next: choose another with --kv <path>.`,
        { cause: error },
      );
    }
  }

  [Symbol.dispose](): void {
    this.kv.close();
  }

  async get<T>(key: ReadKey<T>): Promise<T | null> {
    const entry = await this.#remembered(() => `get ${keyId(key.parts)}`, () => this.entry(key));
    return entry.value;
  }

  /** The value with its versionstamp, as it is now, for transactions. */
  entry<T>(key: ReadKey<T>): Promise<Deno.KvEntryMaybe<T>> {
    return retryWhileBusy(() => this.kv.get<T>(key.parts));
  }

  #remembered<R>(idOf: () => string, read: () => Promise<R>): Promise<R> {
    const { memory } = this;
    if (memory === null) return read();
    const id = idOf();
    const known = memory.get(id) as Promise<R> | undefined;
    if (known !== undefined) return known;
    const value = read();
    memory.set(id, value);
    // A failure is told to whoever waits for it, and not kept.
    value.catch(() => memory.delete(id));
    return value;
  }

  /** Values in the order of the keys; null where there is none. Any number of keys. */
  async getMany<T>(keys: readonly ReadKey<T>[]): Promise<(T | null)[]> {
    const idOf = () => `many ${keys.map((key) => keyId(key.parts)).join()}`;
    return [...await this.#remembered(idOf, () => this.#readMany(keys))];
  }

  async #readMany<T>(keys: readonly ReadKey<T>[]): Promise<(T | null)[]> {
    const values: (T | null)[] = [];
    for (let i = 0; i < keys.length; i += GET_MANY_LIMIT) {
      const parts = keys.slice(i, i + GET_MANY_LIMIT).map((key) => key.parts);
      const entries = await retryWhileBusy(() => this.kv.getMany<T[]>(parts));
      for (const entry of entries) values.push(entry.value as T | null);
    }
    return values;
  }

  /** A bounded range below a prefix, in key order or reversed. */
  async list<T>(prefix: ReadKey<T>, options: ListOptions): Promise<StoreEntry<T>[]> {
    const idOf = () => `list ${keyId(prefix.parts)} ${JSON.stringify(options)}`;
    return [...await this.#remembered(idOf, () => this.#readRange(prefix, options))];
  }

  async #readRange<T>(prefix: ReadKey<T>, options: ListOptions): Promise<StoreEntry<T>[]> {
    const base = prefix.parts;
    const selector: Deno.KvListSelector = options.from && options.before
      ? { start: [...base, ...options.from], end: [...base, ...options.before] }
      : options.from
      ? { prefix: base, start: [...base, ...options.from] }
      : options.before
      ? { prefix: base, end: [...base, ...options.before] }
      : { prefix: base };
    const listing = { limit: options.limit, reverse: options.reverse ?? false };
    return await retryWhileBusy(async () => {
      const entries: StoreEntry<T>[] = [];
      for await (const entry of this.kv.list<T>(selector, listing)) {
        entries.push({ rest: entry.key.slice(base.length), value: entry.value });
      }
      return entries;
    });
  }

  /** Names of the branches of a project that hold anything: one read a branch, no scan. */
  async branchNames(project: string): Promise<string[]> {
    const names: string[] = [];
    for (;;) {
      const selector = branchRange(project, names.at(-1) ?? null);
      const next = await retryWhileBusy(async () => {
        for await (const entry of this.kv.list(selector, { limit: 1 })) return entry.key[2];
        return undefined;
      });
      if (next === undefined) return names;
      names.push(String(next));
    }
  }

  /**
   * What changes with every commit to the branch that writes anything, by whatever process; "" where
   * there was none. One read tells whether something that was derived from the branch still holds.
   */
  async revision(scope: ReadScope): Promise<string> {
    return (await this.entry(keysOf(scope).revision())).versionstamp ?? "";
  }

  /**
   * Commits what `build` stages, all of it or nothing. Everything that `build` reads through the
   * transaction is checked: if any of it changed meanwhile, or the database was busy, `build` runs
   * again on the new state. It must therefore have no other effects; it may throw to give up.
   *
   * Throws `conflict` when the store stayed contended for 30 s.
   */
  async commit<R>(scope: WriteScope, build: (tx: Transaction) => Promise<R>): Promise<R> {
    const deadline = performance.now() + BUSY_DEADLINE_MS;
    for (let attempt = 0;; attempt++) {
      const tx = new Transaction(this, scope);
      const result = await build(tx);
      if (await this.#tryCommit(tx)) {
        this.commitCount++;
        return result;
      }
      if (performance.now() > deadline) {
        throw new AppError(
          "conflict",
          `Cannot write to the store ${this.location}: others kept changing the same records for ` +
            `${BUSY_DEADLINE_MS / 1000} s. Next: try again, or stop the other writers.`,
        );
      }
      await pause(attempt);
    }
  }

  /** False when a check failed or the database was busy; both mean: read again. */
  async #tryCommit(tx: Transaction): Promise<boolean> {
    const operation = tx.stage(this.kv.atomic());
    try {
      return (await operation.commit()).ok;
    } catch (error) {
      if (isBusy(error)) return false;
      throw new AppError(
        "unavailable",
        `Cannot write to the store ${this.location}: ${
          messageOf(error)
        }. Expected a store that may be ` +
          `written, with room on its disk. Next: look at its folder, or choose another with --kv`,
        { cause: error },
      );
    }
  }
}

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

function keyId(parts: Deno.KvKey): string {
  return JSON.stringify(parts);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
