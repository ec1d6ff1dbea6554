import { assertEquals } from "@std/assert";
import { AppError, toAppError } from "../../src/domain/errors.ts";
import { heartbeat } from "../../src/engine/heartbeat.ts";
import { stageLease } from "../../src/registry/leases.ts";
import { memoryRegistry, START_MS, testDurability } from "../support/registry.ts";

Deno.test("a run outlives a sign of life that the store did not take, and is lost when another process has it", async () => {
  using registry = await memoryRegistry();
  const { store, scopes } = registry;
  const holder = { id: "a", forMs: 3, nowMs: () => START_MS };
  const give = (id: string) =>
    store.commit(scopes.write, (tx) => {
      stageLease(registry, tx, 1, { ...holder, id }, false);
      return Promise.resolve();
    });
  await give("a");
  const taken = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<unknown>();
  let beats = 0;
  const failing = {
    ...holder,
    nowMs: () => {
      if (++beats === 1) throw new AppError("unavailable", "no space left");
      taken.resolve();
      return START_MS;
    },
  };
  const durability = testDurability({ holder: failing });
  using _heart = heartbeat({ registry, durability }, 1, lost.resolve);
  await taken.promise;
  await give("b");
  assertEquals(toAppError(await lost.promise).code, "conflict");
});
