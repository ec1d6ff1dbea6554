// Brings an older store to the present schema: one migration after the other, record by record, in checked
// commits. Several processes may do so at once, and one that died leaves nothing that the next one cannot go
// on with.

import { type ReadScope, writeScope } from "../domain/scope.ts";
import { recordsOfKind } from "./keys.ts";
import type { Store } from "./kv.ts";
import { type Change, type Migration, migrationsFrom } from "./migrations.ts";
import { allBranches, type ScannedEntry, scanPages } from "./scan.ts";
import { SCHEMA, SCHEMA_PROGRAM } from "./schema.ts";

/** Records of one commit: every one is checked, and all are well under KV's 800 KiB. */
const RECORDS_A_COMMIT = 90;
const CHARS_A_COMMIT = 300_000;

export interface MigrateOptions {
  /** Copies the store to a file before anything is changed, and gives its path; null where that cannot be. */
  backUp: (() => Promise<string>) | null;
  say(line: string): void;
}

/** Migrates the store where it is older than the program. */
export async function migrateStore(store: Store, options: MigrateOptions): Promise<void> {
  // Since the store was opened another process may have done it.
  await store.reloadSchema();
  while (store.schema.phase !== "current") await migrateOnce(store, options);
}

/** One migration, or the rest of one that has begun; another process may end it first. */
async function migrateOnce(store: Store, { backUp, say }: MigrateOptions): Promise<void> {
  const { version, record } = store.schema;
  const migration = migrationsFrom(version)[0]!;
  let backup = record?.migrating?.backup ?? null;
  const hasBegun = record?.migrating?.to === migration.to;
  if (!hasBegun) {
    backup ??= await backUp?.() ?? null;
    const migrating = { to: migration.to, backup };
    if (!await store.moveSchema({ version, program: SCHEMA_PROGRAM, migrating })) return;
  }
  const kept = backup === null ? "without a backup: it is no file" : `backup: ${backup}`;
  say(
    `${hasBegun ? "Going on to migrate" : "Migrating"} the store ${store.location} from schema ` +
      `${version} to ${migration.to}; ${kept}`,
  );
  store.schema.join();
  const stored = store.asStored();
  for (const scope of await allBranches(stored)) {
    for (const [kind, change] of Object.entries(migration.changes)) {
      if (!await changeKind(stored, { scope, kind, change, migration })) return;
    }
  }
  const isLast = migration.to === SCHEMA;
  await store.moveSchema({
    version: migration.to,
    program: SCHEMA_PROGRAM,
    migrating: isLast ? null : { to: migration.to + 1, backup },
  });
}

interface Work {
  scope: ReadScope;
  kind: string;
  change: Change;
  migration: Migration;
}

/** Changes all records of a kind on a branch. False where another process has ended the migration meanwhile. */
async function changeKind(store: Store, work: Work): Promise<boolean> {
  const prefix = recordsOfKind(work.scope, work.kind).parts;
  for await (const page of scanPages(store, prefix)) {
    const outdated = page.filter(({ value }) => work.change(value) !== value);
    for (const batch of batches(outdated)) {
      if (!await changeBatch(store, work, batch)) return false;
    }
  }
  return true;
}

async function changeBatch(
  store: Store,
  { scope, kind, change, migration }: Work,
  batch: readonly ScannedEntry[],
): Promise<boolean> {
  const write = writeScope(scope.project, scope.branch);
  return await store.commit(write, async (tx) => {
    if (store.schema.phase !== "migrating" || store.schema.version !== migration.to - 1) {
      return false;
    }
    const { parts } = recordsOfKind(write, kind);
    for (const found of batch) {
      const key = recordsOfKind(write, kind, found.key.slice(parts.length));
      const record = await tx.get(key);
      const changed = record === null ? null : change(record);
      if (changed !== record) tx.set(key, changed);
    }
    return true;
  });
}

/** Parts of the records that fit into one commit each. */
function batches(entries: readonly ScannedEntry[]): ScannedEntry[][] {
  const parts: ScannedEntry[][] = [];
  let chars = Infinity;
  for (const entry of entries) {
    const length = JSON.stringify(entry.value).length;
    if (chars + length > CHARS_A_COMMIT || parts.at(-1)!.length === RECORDS_A_COMMIT) {
      parts.push([]);
      chars = 0;
    }
    parts.at(-1)!.push(entry);
    chars += length;
  }
  return parts;
}
