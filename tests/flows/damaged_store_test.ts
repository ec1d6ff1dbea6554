// What the flows say of a store whose records contradict each other.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { ASSET } from "../../src/domain/asset.ts";
import { keysOf } from "../../src/store/keys.ts";
import { newChampion } from "../support/registry.ts";
import { withPipeline } from "./pipeline.ts";

Deno.test("evaluate does not take a champion whose version is missing for no champion", () =>
  withPipeline(async ({ registry, run, data }) => {
    const champion = await newChampion(registry);
    await run("train", { fresh_data: true });
    const { store, scopes } = registry;
    const key = keysOf(scopes.write).version("model", ASSET.detector, champion.version);
    await store.commit(scopes.write, (tx) => Promise.resolve(tx.delete(key)));
    const failed = await run("evaluate").then(() => null, (error: Error) => error);
    assertStringIncludes(
      failed?.message ?? "nothing was thrown",
      "champion of branch main is anomaly_detector v1, and there is no such version. The store is " +
        "damaged",
    );
    assertEquals(await data(ASSET.evaluationResults).catch(() => null), null);
  }));
