import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { Client, openClient, type Run } from "../../src/engine/client.ts";
import { Store } from "../../src/store/kv.ts";
import { withFolder } from "../support/market.ts";
import {
  judgeModel,
  memoryRegistry,
  newChampion,
  PROJECT,
  promote,
  setMarketTime,
  START_MS,
  trainModel,
} from "../support/registry.ts";

async function all(runs: AsyncIterable<Run>): Promise<number[]> {
  const ids: number[] = [];
  for await (const run of runs) ids.push(run.id);
  return ids;
}

Deno.test("runs({ tag: 'champion' }) gives exactly the run that trained the champion", async () => {
  using registry = await memoryRegistry();
  const client = new Client(registry.store, PROJECT, "main");
  for (const name of ["train", "TrainDetectorFlow"]) {
    assertEquals(await all(client.flow(name).runs({ tag: "champion" })), []);
  }
  await newChampion(registry);
  const champion = await newChampion(registry);
  await trainModel(registry);
  for (const name of ["train", "TrainDetectorFlow"]) {
    assertEquals(await all(client.flow(name).runs({ tag: "champion" })), [champion.runId]);
  }
  assertEquals(await all(client.flow("evaluate").runs({ tag: "champion" })), []);
});

Deno.test("runs() gives all runs newest first, over any number of pages", async () => {
  using registry = await memoryRegistry();
  const client = new Client(registry.store, PROJECT, "main");
  const count = 101;
  for (let i = 0; i < count; i++) await trainModel(registry);
  const expected = Array.from({ length: count }, (_, i) => count - i);
  assertEquals(await all(client.flow("train").runs()), expected);
  assertEquals(await all(client.flow("train").runs({ tag: "branch:main" })), expected);
});

Deno.test("a run gives its steps, logs, tags and artifacts", async () => {
  using registry = await memoryRegistry();
  const client = new Client(registry.store, PROJECT, "main");
  const version = await newChampion(registry);
  const run = await client.run(version.runId);
  assertEquals([run.id, run.pathspec], [1, "train/1"]);
  assertEquals((await run.steps()).map((step) => step.name), ["fit", "register"]);
  assertEquals((await run.tags()).includes("champion"), true);
  assertEquals(await run.artifacts(), { model: version.files.model! });
  assertEquals(await run.logs(), []);
  const error = await assertRejects(() => client.run(99), AppError);
  assertEquals(error.code, "not_found");
});

Deno.test("a model gives versions, champions of now and then, history and files", async () => {
  using registry = await memoryRegistry();
  const client = new Client(registry.store, PROJECT, "main");
  assertEquals(await client.model().champion(), null);
  await setMarketTime(registry, START_MS);
  const first = await newChampion(registry);
  await setMarketTime(registry, START_MS + 1000);
  const second = await newChampion(registry);
  const model = client.model();
  assertEquals((await model.version("latest-1")).version, first.version);
  assertEquals((await model.champion())?.version, second.version);
  assertEquals(await model.champion("staging"), null);
  assertEquals((await model.championAt(new Date(START_MS + 999)))?.version, first.version);
  assertEquals((await model.history()).map((entry) => entry.version), [2, 1]);
  const bytes = await model.download(first);
  assertEquals(bytes.byteLength, first.files.model!.byteLength);
  await judgeModel(registry, first);
  await promote(registry, first.version, { alias: "staging" });
  assertEquals((await model.champion("staging"))?.version, first.version);
});

Deno.test("openClient() finds no store where there is none, and makes none", () =>
  withFolder(async (folder) => {
    const error = await assertRejects(() => openClient({ kv: `${folder}/typo.kv` }), AppError);
    assertEquals(error.code, "unavailable");
    assertStringIncludes(error.message, "typo.kv");
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("a client refuses a flow that is not known, and lists those that are", async () => {
  using registry = await memoryRegistry();
  const client = new Client(registry.store, PROJECT, "main");
  for (const name of ["trian", "constructor"]) {
    const error = assertThrows(() => client.flow(name), AppError);
    assertEquals(error.code, "invalid");
    assertStringIncludes(error.message, "train (TrainDetectorFlow)");
  }
});

Deno.test("openClient() reads the branch that it is asked for", () =>
  withFolder(async (folder) => {
    const kv = `${folder}/registry.kv`;
    {
      using store = await Store.open(kv);
      using registry = await memoryRegistry({ branch: "dev", store });
      await newChampion(registry);
    }
    {
      using main = await openClient({ kv });
      assertEquals(await main.model().champion(), null);
    }
    using dev = await openClient({ kv, branch: "dev" });
    assertEquals((await dev.model().champion())?.version, 1);
  }));
