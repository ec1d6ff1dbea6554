import { assert, assertEquals } from "@std/assert";
import { type Hit, search } from "../../../dashboard/reading/search.ts";
import { flows } from "../../../flows/mod.ts";
import { HOURS, withPipeline } from "../../flows/pipeline.ts";
import { memoryRegistry, newChampion, type TestRegistry } from "../../support/registry.ts";
import { scoreHour } from "./scored_market.ts";

async function find(registry: TestRegistry, text: string): Promise<string[]> {
  const hits = await search(registry, registry.scopes.read, { text, flows });
  return hits.map(({ kind, path }: Hit) => `${kind} ${path}`);
}

Deno.test("a number may be a version or a run, and v7 only a version", async () => {
  using registry = await memoryRegistry();
  await newChampion(registry);
  assertEquals(await find(registry, "1"), ["model /models/1", "run /runs/1"]);
  assertEquals(await find(registry, " V1 "), ["model /models/1"]);
  for (const text of ["run 1", "run:1", "train/1", "TrainDetectorFlow/1"]) {
    assertEquals(await find(registry, text), ["run /runs/1"], text);
  }
  for (const text of ["v2", "2", "0", "score/1", "nothing/1", "99999999999999999999"]) {
    assertEquals(await find(registry, text), [], text);
  }
});

Deno.test("an alias leads to the version that holds it", async () => {
  using registry = await memoryRegistry();
  await newChampion(registry);
  for (const text of ["champion", "@champion", "champ"]) {
    assertEquals(await find(registry, text), ["model /models/1"], text);
  }
});

Deno.test("coins are found by id, symbol and name: what is it, what begins so, what has it", async () => {
  using registry = await memoryRegistry();
  const ids = ["a-bitsy", "bitsy-long", "bitsy", "x/y"];
  await scoreHour(registry, 0, ids.map((id) => [id, false, null]));
  assertEquals(await find(registry, "Bitsy"), [
    "coin /coins/bitsy",
    "coin /coins/bitsy-long",
    "coin /coins/a-bitsy",
  ]);
  assertEquals(await find(registry, "The a-bit"), ["coin /coins/a-bitsy"]);
  assertEquals(await find(registry, "x/y"), ["coin /coins/x%2Fy"]);
});

Deno.test("before anything is scored coins are those of the newest snapshot", () =>
  withPipeline(async ({ registry, ingest }) => {
    await ingest(1);
    assertEquals((await find(registry, "coin-20"))[0], "coin /coins/coin-20");
  }));

Deno.test("flows go by both of their names, features by what they are called, data by its name", () =>
  withPipeline(async ({ registry, ingest, buildDataset }) => {
    await ingest(HOURS);
    await buildDataset();
    assert((await find(registry, "traindetector")).includes("flow /flows/train"));
    assert((await find(registry, "build dataset")).includes("flow /flows/build_dataset"));
    assertEquals(await find(registry, "all-time high"), ["feature /features#ath_change_pct"]);
    assertEquals(await find(registry, "ath_change"), ["feature /features#ath_change_pct"]);
    assertEquals(await find(registry, "eval_holdout"), ["data /data/eval_holdout"]);
    assertEquals(await find(registry, "eval_holdout v1"), ["data /data/eval_holdout/1"]);
    assertEquals(await find(registry, "eval_holdout v2"), []);
  }));

Deno.test("hits are few whatever is asked, and nothing finds nothing", () =>
  withPipeline(async ({ registry, ingest, buildDataset }) => {
    await ingest(HOURS);
    await buildDataset();
    for (const text of ["a", "e", "o", "c"]) {
      assert((await find(registry, text)).length <= 30);
    }
    for (const text of ["", "   ", "<script>", "\u202e", "x".repeat(10_000)]) {
      assertEquals(await find(registry, text), []);
    }
  }));
