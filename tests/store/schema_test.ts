// The schema that a store says of itself: written with its first commit, checked by every other, and refused
// where it asks for a newer program.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { writeScope } from "../../src/domain/scope.ts";
import { keysOf, storeKeys } from "../../src/store/keys.ts";
import type { SchemaRecord } from "../../src/store/records.ts";
import { Store } from "../../src/store/kv.ts";
import { readSchema, SCHEMA, SCHEMA_PROGRAM } from "../../src/store/schema.ts";
import { CODE_VERSION } from "../../src/version.ts";
import { withFolder } from "../support/market.ts";

const MAIN = writeScope("crypto_anomaly", "main");
const keys = keysOf(MAIN);
const PRESENT: SchemaRecord = { version: SCHEMA, program: SCHEMA_PROGRAM, migrating: null };

const nextRun = (store: Store) => store.commit(MAIN, (tx) => tx.next(keys.counter("run")));

/** Sets a value as another program would, past the one function through which this one commits. */
async function setRaw(path: string, key: Deno.KvKey, value: unknown): Promise<void> {
  using kv = await Deno.openKv(path);
  await kv.set(key, value);
}

/** A store on disk; `path` can be opened as often as there are processes. */
function withPath(test: (path: string) => Promise<void>): Promise<void> {
  return withFolder((folder) => test(`${folder}/registry.kv`));
}

Deno.test("the first commit writes the schema down; opening, reading and an empty commit write nothing", () =>
  withPath(async (path) => {
    {
      using store = await Store.open(path);
      assertEquals([store.schema.version, store.schema.phase], [SCHEMA, "current"]);
      await store.commit(MAIN, (tx) => tx.get(keys.counter("run")));
      assertEquals(await store.get(storeKeys.schema()), null);
      await nextRun(store);
      assertEquals(await store.get(storeKeys.schema()), PRESENT);
    }
    using again = await Store.open(path);
    assertEquals(again.schema.record, PRESENT);
    assertEquals(await nextRun(again), 2);
  }));

Deno.test("two processes that begin the same store both write to it, and it says its schema once", () =>
  withPath(async (path) => {
    using one = await Store.open(path);
    using other = await Store.open(path);
    const ids = await Promise.all([one, other, one, other, one, other].map(nextRun));
    assertEquals(ids.toSorted(), [1, 2, 3, 4, 5, 6]);
    assertEquals(await other.get(storeKeys.schema()), PRESENT);
  }));

Deno.test("a store whose first commit comes while it is opened is no older store", async () => {
  using kv = await Deno.openKv(":memory:");
  const commitsFirst = {
    get: (key: Deno.KvKey) => kv.get(key),
    async *list(selector: Deno.KvListSelector) {
      await kv.atomic().set(storeKeys.schema().parts, PRESENT)
        .set(keys.counter("run").parts, 1).commit();
      yield* kv.list(selector, { limit: 1 });
    },
  };
  const read = await readSchema(commitsFirst as unknown as Deno.Kv);
  assertEquals([read.entry.value, read.isEmpty], [PRESENT, false]);
});

Deno.test("a store with data that says nothing of a schema follows the first one", () =>
  withPath(async (path) => {
    await setRaw(path, keys.counter("run").parts, 3);
    using store = await Store.open(path);
    assertEquals([store.schema.version, store.schema.phase], [1, "older"]);
    const error = await assertRejects(() => nextRun(store), AppError);
    assertEquals(error.code, "unavailable");
    assertStringIncludes(error.message, `follow schema 1, expected ${SCHEMA}`);
  }));

Deno.test("a store newer than the program is refused with the version that it needs, exit code 6", () =>
  withPath(async (path) => {
    const newer = { version: SCHEMA + 2, program: "9.8.7", migrating: null };
    const onItsWay = { ...PRESENT, program: "9.8.7", migrating: { to: SCHEMA + 2, backup: null } };
    for (const record of [newer, onItsWay]) {
      await setRaw(path, storeKeys.schema().parts, record);
      const error = await assertRejects(() => Store.open(path), AppError);
      assertEquals([error.code, error.exitCode], ["unavailable", 6]);
      assertStringIncludes(
        error.message,
        `${path}: its records follow schema ${SCHEMA + 2}, expected at most ${SCHEMA}`,
      );
      assertStringIncludes(error.message, "Next: use anomaly 9.8.7 or newer");
      assertEquals(error.details.needs_program, "9.8.7");
    }
  }));

Deno.test("a process that had the store open when another migrated it writes no more, and says so", () =>
  withPath(async (path) => {
    using store = await Store.open(path);
    await nextRun(store);
    await setRaw(path, storeKeys.schema().parts, {
      ...PRESENT,
      version: SCHEMA + 1,
      program: "9.8.7",
    });
    const error = await assertRejects(() => nextRun(store), AppError, "use anomaly 9.8.7 or newer");
    assertEquals(error.code, "unavailable");
    assertEquals(await store.get(keys.counter("run")), 1);
  }));

Deno.test("a process that opened a store before a migration of its own schema began starts again", () =>
  withPath(async (path) => {
    using store = await Store.open(path);
    await nextRun(store);
    const migrating = {
      version: SCHEMA - 1,
      program: SCHEMA_PROGRAM,
      migrating: { to: SCHEMA, backup: null },
    };
    await setRaw(path, storeKeys.schema().parts, migrating);
    await assertRejects(() => nextRun(store), AppError, "Next: start this one again");
    assertEquals(await store.get(keys.counter("run")), 1);
  }));

Deno.test("the program knows the schema that it writes", () => {
  const parts = (version: string) => version.split(".").map(Number);
  const [needed, own] = [parts(SCHEMA_PROGRAM), parts(CODE_VERSION)];
  const differing = needed.findIndex((part, i) => part !== own[i]);
  assertEquals(differing === -1 || own[differing]! > needed[differing]!, true);
});
