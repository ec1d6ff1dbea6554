import { assertEquals, assertRejects } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { fileOf, resolveVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listEvents } from "../../src/registry/events.ts";
import { listBatches } from "../../src/registry/predictions.ts";
import { blobKeys } from "../../src/store/keys.ts";
import { withFolder } from "../support/market.ts";
import { memoryRegistry, MODEL } from "../support/registry.ts";
import { LEARN_HOURS, marketRuns, writeStory } from "./predictions_market.ts";

/** Takes a model's file out of the store; gives what puts it back. */
async function removeModelFile(registry: RegistryContext, version: number) {
  const { store, scopes } = registry;
  const record = await resolveVersion(registry, scopes.write, "model", MODEL, String(version));
  const key = blobKeys.meta(fileOf(record, "model").sha256);
  const meta = (await store.get(key))!;
  const change = (put: boolean) =>
    store.commit(scopes.write, (tx) => {
      if (put) tx.set(key, meta);
      else tx.delete(key);
      return Promise.resolve();
    });
  await change(false);
  return { putBack: () => change(true) };
}

// Fifteen coins: models that no other test has loaded in this process.
for (const broken of ["challenger-a", "champion"] as const) {
  Deno.test(`where the file of ${broken} is gone, only a champion keeps a snapshot from being scored`, () =>
    withFolder(async (folder) => {
      await writeStory(folder, { hours: LEARN_HOURS + 6, coins: broken === "champion" ? 15 : 16 });
      using registry = await memoryRegistry();
      const market = marketRuns(registry, folder);
      await market.goOn(LEARN_HOURS, { isScored: false });
      const champion = await market.newHolder();
      await market.goOn(1, { isScored: false });
      const challenger = await market.newHolder("challenger-a");
      await market.goOn(1, { isScored: false });
      const version = broken === "champion" ? champion : challenger;
      const { putBack } = await removeModelFile(registry, version);
      const scored = async () =>
        (await listBatches(registry, registry.scopes.write, { limit: 9 }))
          .map((batch) => batch.version);
      if (broken === "champion") {
        await assertRejects(() => market.run("score"), AppError, "no such blob");
        assertEquals(await scored(), []);
        return;
      }
      await market.run("score");
      assertEquals(await scored(), [champion]);
      const events = (await listEvents(registry, registry.scopes.write, { limit: 99 })).length;
      await putBack();
      await market.run("score");
      assertEquals(await scored(), [champion, challenger]);
      assertEquals(
        (await listEvents(registry, registry.scopes.write, { limit: 99 })).length,
        events,
      );
    }));
}
