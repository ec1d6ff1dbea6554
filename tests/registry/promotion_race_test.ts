// Promotions that meet another change between what they read and their commit. The commits here are
// interleaved on purpose, so that every race is run exactly once and in the same way.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { aliasHistory, aliasHolderBefore } from "../../src/registry/alias_history.ts";
import { CHAMPION } from "../../src/registry/aliases.ts";
import { stageEvaluation } from "../../src/registry/evaluations.ts";
import { planPromotion, stagePromotion } from "../../src/registry/promotion.ts";
import {
  evaluationOf,
  gate,
  holderOf,
  HOUR_MS,
  judgeModel,
  memoryRegistry,
  MODEL,
  newChampion,
  promote,
  promotionOf,
  revoke,
  setMarketTime,
  START_MS,
  type TestRegistry,
  trainModel,
} from "../support/registry.ts";

const FAILED = gate({ value: 0.31, status: "failed" });

function history(registry: TestRegistry) {
  return aliasHistory(registry, registry.scopes.read, MODEL, CHAMPION, 100);
}

Deno.test("a promotion that lost the race is a conflict that names the winner", async () => {
  using registry = await memoryRegistry();
  const [winner, loser] = [await trainModel(registry), await trainModel(registry)];
  for (const version of [winner, loser]) await judgeModel(registry, version);
  const plan = await planPromotion(registry, promotionOf(loser.version));
  await promote(registry, winner.version);
  const { store, scopes } = registry;
  const error = await assertRejects(
    () => store.commit(scopes.write, (tx) => stagePromotion(registry, tx, plan)),
    AppError,
  );
  assertEquals([error.code, error.details.winner], ["conflict", winner.version]);
  assertStringIncludes(error.message, `champion is ${MODEL} v${winner.version}`);
  assertEquals((await history(registry)).length, 1);
});

Deno.test("a promotion that loses the race while it is planned is a conflict as well", async () => {
  using registry = await memoryRegistry();
  const [winner, loser] = [await trainModel(registry), await trainModel(registry)];
  for (const version of [winner, loser]) await judgeModel(registry, version);
  const { store } = registry;
  const get = store.get.bind(store);
  let reads = 0;
  // Who holds the alias has been read, what stands in the way has not.
  store.get = async (key) => {
    const value = await get(key);
    if (++reads === 1) await promote(registry, winner.version);
    return value;
  };
  const error = await assertRejects(
    () => planPromotion(registry, promotionOf(loser.version, { expect: null })),
    AppError,
  );
  assertEquals([error.code, error.details.winner], ["conflict", winner.version]);
});

Deno.test("a promotion by force that lost the race is a conflict as well", async () => {
  using registry = await memoryRegistry();
  const [winner, loser] = [await trainModel(registry), await trainModel(registry)];
  for (const version of [winner, loser]) await judgeModel(registry, version);
  const request = promotionOf(loser.version, { force: true, reason: "because" });
  const plan = await planPromotion(registry, request);
  const { store, scopes } = registry;
  let raced = false;
  const error = await assertRejects(
    () =>
      store.commit(scopes.write, async (tx) => {
        const staged = await stagePromotion(registry, tx, plan);
        // Between what this commit read and the commit itself.
        if (!raced) {
          raced = true;
          await promote(registry, winner.version);
        }
        return staged;
      }),
    AppError,
  );
  assertEquals([error.code, error.details.winner], ["conflict", winner.version]);
  assertEquals((await history(registry)).map((entry) => entry.version), [winner.version]);
});

Deno.test("a promotion is refused by an evaluation that failed after the promotion was planned", async () => {
  using registry = await memoryRegistry();
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  const plan = await planPromotion(registry, promotionOf(version.version));
  await judgeModel(registry, version, { gates: [FAILED] });
  const { store, scopes } = registry;
  const error = await assertRejects(
    () => store.commit(scopes.write, (tx) => stagePromotion(registry, tx, plan)),
    AppError,
    "max_anomaly_rate",
  );
  assertEquals(error.code, "gate_failed");
  assertEquals(await holderOf(registry), null);
});

for (const what of ["an evaluation that fails", "a revocation"] as const) {
  Deno.test(`a promotion reads again and is refused when it races with ${what}`, async () => {
    using registry = await memoryRegistry();
    const version = await trainModel(registry);
    await judgeModel(registry, version);
    const plan = await planPromotion(registry, promotionOf(version.version));
    const failing = await evaluationOf(registry, version, { gates: [FAILED] });
    const { store, scopes } = registry;
    let attempts = 0;
    const error = await assertRejects(
      () =>
        store.commit(scopes.write, async (tx) => {
          const staged = await stagePromotion(registry, tx, plan);
          if (++attempts > 1) return staged;
          if (what === "a revocation") await revoke(registry, version.version);
          else {
            const record = await store.commit(
              scopes.write,
              (other) => stageEvaluation(registry, other, failing),
            );
            assertEquals(record.id, 2);
          }
          return staged;
        }),
      AppError,
    );
    assertEquals(error.code, what === "a revocation" ? "conflict" : "gate_failed");
    assertEquals(await holderOf(registry), null);
    assertEquals(await history(registry), []);
  });
}

Deno.test("a promotion reads again and is refused when the champion that it reads changes", async () => {
  using main = await memoryRegistry();
  using dev = await memoryRegistry({ branch: "dev", readBranch: "main", store: main.store });
  await newChampion(main);
  const version = await trainModel(dev);
  await judgeModel(dev, version);
  const plan = await planPromotion(dev, promotionOf(version.version));
  let raced = false;
  const error = await assertRejects(
    () =>
      dev.store.commit(dev.scopes.write, async (tx) => {
        const staged = await stagePromotion(dev, tx, plan);
        if (!raced) {
          raced = true;
          await newChampion(main);
        }
        return staged;
      }),
    AppError,
    "made against v1 of main, expected the present champion v2 of main",
  );
  assertEquals(error.code, "gate_failed");
  assertEquals(await holderOf(dev), null);
});

Deno.test("a promotion that a snapshot overtakes has the market time of that snapshot, and not before", async () => {
  using registry = await memoryRegistry();
  const { store, scopes } = registry;
  await setMarketTime(registry, START_MS + 5 * HOUR_MS);
  const version = await trainModel(registry);
  await judgeModel(registry, version);
  const plan = await planPromotion(registry, promotionOf(version.version));
  let builds = 0;
  const { entry } = await store.commit(scopes.write, async (tx) => {
    const staged = await stagePromotion(registry, tx, plan);
    if (builds++ === 0) await setMarketTime(registry, START_MS + 6 * HOUR_MS);
    return staged;
  });
  assertEquals(builds, 2);
  assertEquals(entry.marketAt, new Date(START_MS + 6 * HOUR_MS).toISOString());
  const before = await aliasHolderBefore(
    registry,
    scopes.read,
    MODEL,
    CHAMPION,
    START_MS + 6 * HOUR_MS,
  );
  assertEquals(before, null, "that snapshot had no champion yet");
});
