import { assertEquals, assertRejects } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { getLease, renewLease, requireLease, stageLease } from "../../src/registry/leases.ts";
import { keysOf } from "../../src/store/keys.ts";
import { memoryRegistry, START_MS } from "../support/registry.ts";

const holderOf = (id: string, nowMs = START_MS) => ({ id, forMs: 30_000, nowMs: () => nowMs });

Deno.test("a lease is its holder's alone: another process, or one that put it down, neither renews nor commits", async () => {
  using registry = await memoryRegistry();
  const { store, scopes: { write } } = registry;
  await store.commit(write, (tx) => {
    stageLease(registry, tx, 1, holderOf("a"), true);
    return Promise.resolve();
  });
  await renewLease(registry, 1, holderOf("a", START_MS + 7));
  const lease = (await getLease(registry, write, 1))!;
  assertEquals(lease, { holder: "a", beatAtMs: START_MS + 7, forMs: 30_000, goesOn: true });

  const refused = async (id: string) => {
    const committing = () =>
      store.commit(write, (tx) => requireLease(registry, tx, 1, holderOf(id)));
    for (const act of [committing, () => renewLease(registry, 1, holderOf(id))]) {
      assertEquals((await assertRejects(act, AppError)).code, "conflict");
    }
  };
  await refused("b");
  await store.commit(write, (tx) => {
    tx.set(keysOf(write).lease(1), { ...lease, holder: null });
    return Promise.resolve();
  });
  await refused("a");
});
