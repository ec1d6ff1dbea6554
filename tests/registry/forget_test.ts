// What is decided again in the commit that forgets a record.

import { assertEquals } from "@std/assert";
import { ASSET } from "../../src/domain/asset.ts";
import { registerVersion } from "../../src/registry/assets.ts";
import { type Forgetting, forgetTogether, forgetVersion } from "../../src/registry/forget.ts";
import { Gone } from "../../src/registry/gone.ts";
import { keysOf } from "../../src/store/keys.ts";
import { memoryRegistry, MODEL } from "../support/registry.ts";

/** More than are read of what was made of one version at a time. */
const JUDGEMENTS = 150;

Deno.test("forgetVersion() keeps a dataset of which a model was made meanwhile, however often it was judged", async () => {
  using registry = await memoryRegistry();
  const { store, scopes, nowMs } = registry;
  const keys = keysOf(scopes.write);
  const use = (kind: "data" | "model", name: string, version: number) =>
    keys.usedBy("data", ASSET.trainingDataset, 1, kind, name, version);
  const dataset = await store.commit(scopes.write, async (tx) => {
    for (let version = 1; version <= JUDGEMENTS; version++) {
      tx.set(use("data", ASSET.evaluationResults, version), { role: "rows", firstVersion: 1 });
    }
    tx.set(use("model", MODEL, 1), { role: "dataset", firstVersion: 1 });
    return await registerVersion(registry, tx, {
      kind: "data",
      name: ASSET.trainingDataset,
      marketAt: null,
      runId: 1,
      flow: "build_dataset",
      description: "",
      tags: [],
      annotations: {},
      files: {},
      inputs: [],
    });
  });
  const gone = new Gone();
  const at: Forgetting = { store, scope: scopes.write, nowMs: nowMs(), gone, dryRun: false };
  const forget = async () => (await forgetTogether(at, [dataset], forgetVersion))[0]?.gone;
  assertEquals(await forget(), false);
  gone.addVersion({ branch: scopes.write.branch, kind: "model", name: MODEL, version: 1 });
  assertEquals(await forget(), true);
});
