// Tags of runs against aliases: a tag must never claim a promotion that was not.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { assertTagFree, isAliasTag } from "../../src/registry/aliases.ts";
import { getTag, listRuns, requireRun, stageTag, stageUntag } from "../../src/registry/runs.ts";
import {
  holderOf,
  judgeModel,
  memoryRegistry,
  MODEL,
  newChampion,
  promote,
  promotionOf,
  type TestRegistry,
  trainModel,
} from "../support/registry.ts";
import { keysOf } from "../../src/store/keys.ts";
import type { Reader } from "../../src/store/kv.ts";
import { planPromotion, stagePromotion } from "../../src/registry/promotion.ts";

const PROD = { alias: "prod" };

function tagRun(registry: TestRegistry, id: number, tag: string): Promise<void> {
  const { store, scopes } = registry;
  return store.commit(
    scopes.write,
    (tx) => stageTag(registry, tx, { id, flow: "train" }, tag, false),
  );
}

async function untagRun(registry: TestRegistry, id: number, tag: string): Promise<void> {
  const { store, scopes } = registry;
  await store.commit(scopes.write, (tx) => {
    stageUntag(registry, tx, { id, flow: "train" }, tag);
    return Promise.resolve();
  });
}

async function tagged(registry: TestRegistry, tag: string): Promise<number[]> {
  const { read } = registry.scopes;
  return (await listRuns(registry, read, { limit: 9, flow: "train", tag })).map((run) => run.id);
}

Deno.test("an alias begins with no other run under its tag: what users tagged so has to go first", async () => {
  using registry = await memoryRegistry();
  const forger = await trainModel(registry);
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  await tagRun(registry, forger.runId, "prod");
  const error = await assertRejects(() => promote(registry, version.version, PROD), AppError);
  assertEquals(error.code, "conflict");
  assertStringIncludes(error.message, `run ${forger.runId} of train was given it as a tag`);
  assertStringIncludes(error.message, `Next: anomaly runs untag ${forger.runId} prod`);
  assertEquals([await holderOf(registry, "prod"), await tagged(registry, "prod")], [null, [
    forger.runId,
  ]]);
  await untagRun(registry, forger.runId, "prod");
  await promote(registry, version.version, PROD);
  assertEquals(await tagged(registry, "prod"), [version.runId]);
});

Deno.test("a tag that is put on a run while its name becomes an alias is not overlooked", async () => {
  using registry = await memoryRegistry();
  const forger = await trainModel(registry);
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  const plan = await planPromotion(registry, promotionOf(version.version, PROD));
  const { store, scopes } = registry;
  let builds = 0;
  const racing = store.commit(scopes.write, async (tx) => {
    await stagePromotion(registry, tx, plan);
    // After everything was read, and before any of it is committed.
    if (builds++ === 0) await tagRun(registry, forger.runId, "prod");
  });
  const error = await assertRejects(() => racing, AppError, "was given it as a tag");
  assertEquals([error.code, builds], ["conflict", 1]);
  assertEquals(await holderOf(registry, "prod"), null);
});

Deno.test("a tag is refused by the commit that adds it where its name has become an alias meanwhile", async () => {
  using registry = await memoryRegistry();
  const forger = await trainModel(registry);
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  const { store, scopes } = registry;
  const seen: boolean[] = [];
  await store.commit(scopes.write, async (tx) => {
    seen.push(await isAliasTag(tx, scopes.write, MODEL, "prod"));
    if (seen.at(-1)) return;
    await stageTag(registry, tx, { id: forger.runId, flow: "train" }, "prod", false);
    await promote(registry, version.version, PROD);
  });
  assertEquals(seen, [false, true]);
  assertEquals(await tagged(registry, "prod"), [version.runId]);
});

Deno.test("a tag on a run of another flow, and the tag of a present holder, do not stand in the way", async () => {
  using registry = await memoryRegistry();
  const version = await newChampion(registry);
  const { store, scopes } = registry;
  await store.commit(
    scopes.write,
    (tx) => stageTag(registry, tx, { id: 9, flow: "evaluate" }, "prod", false),
  );
  await assertTagFree(registry, store, version, "prod");
  await assertTagFree(registry, store, version, "champion");
});

Deno.test("getTag() tells who gave a tag, and null where a run has none of that name", async () => {
  using registry = await memoryRegistry();
  const { read } = registry.scopes;
  const { runId } = await trainModel(registry);
  await tagRun(registry, runId, "baseline");
  assertEquals((await getTag(registry.store, read, runId, "baseline"))?.system, false);
  assertEquals((await getTag(registry.store, read, runId, "branch:main"))?.system, true);
  assertEquals(await getTag(registry.store, read, runId, "other"), null);
});

Deno.test("requireRun() finds a run under its own flow only", async () => {
  using registry = await memoryRegistry();
  const { read } = registry.scopes;
  const { runId } = await trainModel(registry);
  assertEquals((await requireRun(registry, read, runId, "train")).id, runId);
  const error = await assertRejects(() => requireRun(registry, read, runId, "evaluate"), AppError);
  assertEquals(error.code, "not_found");
  assertStringIncludes(error.message, "Cannot find evaluate/1: run 1 is of train");
});

Deno.test("the tag of a promotion that was committed meanwhile is no user's claim: the race is found as one", async () => {
  using registry = await memoryRegistry();
  const winner = await newChampion(registry);
  // A reader that looked at the alias just before the winner's commit.
  const { store } = registry;
  const aliasKey = keysOf(registry.scopes.write).alias(MODEL, "champion");
  const early: Reader = {
    get: (key) =>
      String(key.parts) === String(aliasKey.parts) ? Promise.resolve(null) : store.get(key),
  };
  assertEquals(await tagged(registry, "champion"), [winner.runId]);
  await assertTagFree(registry, early, { name: MODEL, flow: "train" }, "champion");
});
