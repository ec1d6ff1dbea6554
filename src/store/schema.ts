// Which schema the records of a store follow. The first commit to a store writes it down, every other one
// depends on it, and a program that knows less than the store needs is refused: docs/adr/0013.

import { AppError } from "../domain/errors.ts";
import { retryWhileBusy } from "./busy.ts";
import { storeKeys } from "./keys.ts";
import type { SchemaRecord } from "./records.ts";

/** What this program writes. Raised together with a migration in migrations.ts. */
export const SCHEMA = 2;
/** The first version of the program that knows it: what a store tells an older one. */
export const SCHEMA_PROGRAM = "0.1.0";

/** Of a store that was made before stores wrote down their schema. */
const FIRST_SCHEMA = 1;

/** What was read of a store's schema: the record as a commit checks it, and whether there is anything else. */
export interface ReadSchema {
  entry: Deno.KvEntryMaybe<SchemaRecord>;
  isEmpty: boolean;
}

/**
 * `current`: as this program writes it, or empty. `older`: to be migrated before anything is written.
 * `migrating`: this process, and perhaps others with it, brings it to a newer version.
 */
export type SchemaPhase = "current" | "older" | "migrating";

/** The schema of one open store, shared by all looks at it. */
export class OpenSchema {
  #read: ReadSchema;
  #joined = false;

  /** Throws `unavailable` for a store that needs a newer program. */
  constructor(private readonly location: string, read: ReadSchema) {
    this.#read = read;
    this.#refuseNewer();
  }

  /** The version that its records follow, or that those of an empty store will. */
  get version(): number {
    const { entry, isEmpty } = this.#read;
    return entry.value?.version ?? (isEmpty ? SCHEMA : FIRST_SCHEMA);
  }

  get phase(): SchemaPhase {
    if (this.#joined) return "migrating";
    const isWhole = (this.#read.entry.value?.migrating ?? null) === null;
    return this.version === SCHEMA && isWhole ? "current" : "older";
  }

  /** The record that commits depend on; null before there is one. */
  get record(): SchemaRecord | null {
    return this.#read.entry.value;
  }

  /** From here on this process takes part in the migration, and commits. */
  join(): void {
    this.#joined = true;
  }

  /** What is there now, after this process or another has changed it. Throws as the constructor does. */
  replace(read: ReadSchema): void {
    this.#read = read;
    if (!read.entry.value?.migrating) this.#joined = false;
    this.#refuseNewer();
  }

  /**
   * Makes a commit depend on the schema being the one that was read; the first one writes it down. So a process
   * that was running when another migrated the store cannot write what the new schema does not have.
   */
  guard(operation: Deno.AtomicOperation, writes: boolean): Deno.AtomicOperation {
    const { entry } = this.#read;
    operation.check(entry);
    if (writes && entry.value === null) {
      operation.set(entry.key, { version: SCHEMA, program: SCHEMA_PROGRAM, migrating: null });
    }
    return operation;
  }

  /** Changes the record, if it is still the one that was read. */
  move(operation: Deno.AtomicOperation, record: SchemaRecord): Deno.AtomicOperation {
    const { entry } = this.#read;
    return operation.check(entry).set(entry.key, record);
  }

  /** Throws `unavailable` where nothing may be written before a migration. */
  requireWritable({ isMigration }: { isMigration: boolean }): void {
    if (this.phase === "current" || (this.phase === "migrating" && isMigration)) return;
    throw new AppError(
      "unavailable",
      `Cannot write to the store ${this.location}: its records follow schema ${this.version}, expected ` +
        `${SCHEMA}. Next: migrate it, as every anomaly command that writes does.`,
    );
  }

  /**
   * Whether another process has changed the schema since it was read. The record that a first commit wrote is
   * taken over. Throws `unavailable` where this process must not go on with what it knows.
   */
  adopt(read: ReadSchema): boolean {
    if (read.entry.versionstamp === this.#read.entry.versionstamp) return false;
    const wasEmpty = this.#read.entry.value === null && this.#read.isEmpty;
    const wasMigrating = this.phase === "migrating";
    const before = this.version;
    this.replace(read);
    if (wasMigrating || (wasEmpty && this.phase === "current")) return true;
    throw new AppError(
      "unavailable",
      `Cannot write to the store ${this.location}: another process migrates it from schema ${before}, ` +
        `which this one has opened. Next: start this one again.`,
    );
  }

  #refuseNewer(): void {
    const { record } = this;
    const needed = Math.max(this.version, record?.migrating?.to ?? 0);
    if (needed <= SCHEMA) return;
    throw new AppError(
      "unavailable",
      `Cannot open the store ${this.location}: its records follow schema ${needed}, expected at most ` +
        `${SCHEMA}, which this program knows. Next: use anomaly ${
          record?.program ?? ""
        } or newer, ` +
        `or restore a backup of before: anomaly restore <file>`,
      { details: { schema: needed, known_schema: SCHEMA, needs_program: record?.program ?? null } },
    );
  }
}

/** What the store says of its schema: one read, and two more where it says nothing. */
export async function readSchema(kv: Deno.Kv): Promise<ReadSchema> {
  const read = () => retryWhileBusy(() => kv.get<SchemaRecord>(storeKeys.schema().parts));
  const entry = await read();
  if (entry.value !== null) return { entry, isEmpty: false };
  const isEmpty = await retryWhileBusy(async () => {
    for await (const _ of kv.list({ prefix: [] }, { limit: 1 })) return false;
    return true;
  });
  // What is there may have come with a first commit, and the record with it, since the record was not there.
  return isEmpty ? { entry, isEmpty } : { entry: await read(), isEmpty };
}
