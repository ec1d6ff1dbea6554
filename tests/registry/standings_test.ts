// Where many versions stand, told at once.

import { assertEquals } from "@std/assert";
import { modelStatus, standingsOf } from "../../src/registry/evaluations.ts";
import {
  gate,
  judgeModel,
  memoryRegistry,
  MODEL,
  newChampion,
  revoke,
  trainModel,
} from "../support/registry.ts";

Deno.test("standingsOf() says of many versions what modelStatus() says of each, in the order asked for", async () => {
  using registry = await memoryRegistry();
  const scope = registry.scopes.write;
  await newChampion(registry);
  await trainModel(registry);
  await judgeModel(registry, await trainModel(registry), { gates: [gate({ status: "failed" })] });
  await judgeModel(registry, await trainModel(registry));
  await revoke(registry, 4);
  const twice = await trainModel(registry);
  await judgeModel(registry, twice, { gates: [gate({ status: "failed" })] });
  await judgeModel(registry, twice);

  const versions = [5, 4, 3, 2, 1];
  const standings = await standingsOf(registry, scope, MODEL, versions);
  assertEquals(
    standings.map(({ status }) => status),
    ["evaluated", "revoked", "candidate", "candidate", "champion"],
  );
  assertEquals(standings.map(({ evaluation }) => evaluation?.id ?? null), [2, 1, 1, null, 1]);
  for (const [i, version] of versions.entries()) {
    assertEquals(standings[i]!.status, await modelStatus(registry, scope, MODEL, version));
  }
});

Deno.test("standingsOf() finds every version's latest judgement beside one that was judged over and over", async () => {
  using registry = await memoryRegistry();
  await judgeModel(registry, await trainModel(registry));
  const restless = await trainModel(registry);
  for (let i = 0; i < 110; i++) await judgeModel(registry, restless);
  const standings = await standingsOf(registry, registry.scopes.write, MODEL, [2, 1]);
  assertEquals(standings.map(({ evaluation }) => evaluation?.id), [110, 1]);
});
