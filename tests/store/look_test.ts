// A look at a store: what is read twice is read once, and commits know nothing of it.

import { assert, assertEquals } from "@std/assert";
import { keysOf } from "../../src/store/keys.ts";
import { memoryRegistry } from "../support/registry.ts";

Deno.test("a look gives the same as long as it lasts, and another one what is there then", async () => {
  using registry = await memoryRegistry();
  const { store, scopes } = registry;
  const keys = keysOf(scopes.write);
  const set = (value: number) =>
    store.commit(scopes.write, (tx) => Promise.resolve(tx.set(keys.counter("run"), value)));
  await set(1);
  const look = store.remembering();
  const read = async () => [
    await look.get(keys.counter("run")),
    (await look.getMany([keys.counter("run"), keys.counter("event")]))[0],
    (await look.list(keys.counter("run"), { limit: 9 })).length,
  ];
  assertEquals(await read(), [1, 1, 0]);
  await set(2);
  assertEquals(await read(), [1, 1, 0]);
  assertEquals(await store.remembering().get(keys.counter("run")), 2);
  assertEquals(await store.get(keys.counter("run")), 2);
});

Deno.test("what a look gives may be sorted by whoever got it, and is not for the next one", async () => {
  using registry = await memoryRegistry();
  const { store, scopes } = registry;
  const keys = keysOf(scopes.write);
  await store.commit(scopes.write, async (tx) => {
    await tx.next(keys.counter("event"));
    tx.set(keys.runOfFlow("train", 1), true);
    tx.set(keys.runOfFlow("train", 2), true);
  });
  const look = store.remembering();
  const ids = async () =>
    (await look.list(keys.runsOfFlow("train"), { limit: 9 })).map(({ rest }) => rest[0]);
  (await look.list(keys.runsOfFlow("train"), { limit: 9 })).reverse();
  assertEquals(await ids(), [1, 2]);
});

Deno.test("a commit through a look is decided by what is there, and not by what was read before", async () => {
  using registry = await memoryRegistry();
  const { store, scopes } = registry;
  const key = keysOf(scopes.write).counter("run");
  const look = store.remembering();
  assertEquals(await look.get(key), null);
  await store.commit(scopes.write, (tx) => tx.next(key));
  assertEquals(await look.commit(scopes.write, (tx) => tx.next(key)), 2);
  assert(look.root === store && store.root === store);
});
