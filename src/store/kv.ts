// Opening the store, reading from it, and the one function through which every commit goes.

import { AppError } from "../domain/errors.ts";
import type { ReadScope, WriteScope } from "../domain/scope.ts";
import { BUSY_DEADLINE_MS, isBusy, pause, retryWhileBusy } from "./busy.ts";
import { branchRange, isBranchKey, keysOf, type ReadKey } from "./keys.ts";
import type { SchemaRecord } from "./records.ts";
import { asMigrated } from "./migrations.ts";
import { OpenSchema, readSchema } from "./schema.ts";
import { keyId, Transaction } from "./transaction.ts";

export type { Transaction };

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
  /** Migrates an older store before the first commit to it; without one, such a commit is refused. */
  #migrate: (() => Promise<void>) | null = null;
  #migrating: Promise<void> | null = null;

  private constructor(
    private readonly kv: Deno.Kv,
    readonly schema: OpenSchema,
    /** As a person names it: the path, ":memory:", a URL, or "the platform's database". */
    readonly location: string,
    /** Nothing is stored at `location` yet: this is an empty one in memory in its place. */
    readonly absent: boolean,
    /** What was read so far; null where every read asks the database. */
    private readonly memory: Map<string, Promise<unknown>> | null = null,
    root: Store | null = null,
    /** Records of an older store are given as they lie there. */
    private readonly isRaw = false,
  ) {
    this.root = root ?? this;
  }

  /**
   * The same store for one look at it: what is read twice is read once. Whoever uses it says how long it
   * may be believed. What it gives is shared, and so must not be changed. Commits go past it.
   */
  remembering(): Store {
    return new Store(this.kv, this.schema, this.location, this.absent, new Map(), this.root);
  }

  /** The same store without what makes an older one readable: for migrating it, and for nothing else. */
  asStored(): Store {
    return new Store(this.kv, this.schema, this.location, this.absent, null, this.root, true);
  }

  /** Has an older store migrated when something is first to be written to it. */
  migrateBeforeWriting(migrate: () => Promise<void>): void {
    this.root.#migrate = migrate;
  }

  /** One migration for all commits that wait for it. */
  async #requireWritable(): Promise<void> {
    const { root, schema } = this;
    if (!this.isRaw && schema.phase !== "current" && root.#migrate !== null) {
      root.#migrating ??= root.#migrate().finally(() => root.#migrating = null);
      await root.#migrating;
    }
    schema.requireWritable({ isMigration: this.isRaw });
  }

  /**
   * Opens or creates the database. Undefined opens the platform's own (on Deploy).
   * Throws `unavailable` when the path is not a KV database, cannot be reached, or needs a newer program.
   * An older store can be read; before it is written to, it is migrated (migrate.ts).
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
      const schema = new OpenSchema(location, await readSchema(kv));
      return new Store(kv, schema, location, standsInFor !== undefined);
    } catch (error) {
      kv?.close();
      if (error instanceof AppError) throw error;
      throw new AppError(
        "unavailable",
        `Cannot open the store ${location}: ${
          messageOf(error)
        }. Expected a Deno KV database or a path ` +
          `where one can be made, with room on its disk. Next: choose another with --kv <path>.`,
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
    return retryWhileBusy(async () => this.#asMigrated(await this.kv.get<T>(key.parts)));
  }

  /** A record of an older store, as it will be once that is migrated. */
  #asMigrated<E extends Deno.KvEntryMaybe<unknown>>(entry: E): E {
    const { phase, version } = this.schema;
    if (phase === "current" || this.isRaw) return entry;
    if (entry.value === null || !isBranchKey(entry.key)) return entry;
    return { ...entry, value: asMigrated(version, entry.key[3], entry.value) };
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
      for (const entry of entries) values.push(this.#asMigrated(entry).value as T | null);
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
        const { value } = this.#asMigrated(entry);
        entries.push({ rest: entry.key.slice(base.length), value });
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
   * Throws `conflict` when the store stayed contended for 30 s, `unavailable` when it needs a migration or
   * another process has migrated it.
   */
  async commit<R>(scope: WriteScope, build: (tx: Transaction) => Promise<R>): Promise<R> {
    await this.#requireWritable();
    const deadline = performance.now() + BUSY_DEADLINE_MS;
    for (let attempt = 0;; attempt++) {
      const tx = new Transaction(this, scope);
      const result = await build(tx);
      if (await this.#tryCommit(tx)) {
        this.commitCount++;
        return result;
      }
      this.schema.adopt(await readSchema(this.kv));
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

  /**
   * Changes what the store says of its schema; for migrations. False where another process was first: what
   * that one left is then what is known.
   */
  async moveSchema(record: SchemaRecord): Promise<boolean> {
    const moved = await this.#commitAtomic((operation) => this.schema.move(operation, record));
    await this.reloadSchema();
    return moved;
  }

  /** Looks again at what the store says of its schema. Throws `unavailable` as opening does. */
  async reloadSchema(): Promise<void> {
    this.schema.replace(await readSchema(this.kv));
  }

  async #tryCommit(tx: Transaction): Promise<boolean> {
    const isFirst = this.schema.record === null && tx.writes;
    const done = await this.#commitAtomic((operation) =>
      tx.stage(this.schema.guard(operation, tx.writes))
    );
    if (done && isFirst) await this.reloadSchema();
    return done;
  }

  /** False when a check failed or the database was busy; both mean: read again. */
  async #commitAtomic(
    stage: (operation: Deno.AtomicOperation) => Deno.AtomicOperation,
  ): Promise<boolean> {
    const operation = stage(this.kv.atomic());
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
