import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { ASSET, type LineageInput } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import {
  fileOf,
  indexSnapshot,
  listSnapshots,
  listVersions,
  readFile,
  registerVersion,
  resolveVersion,
} from "../../src/registry/assets.ts";
import { lineageOf, usersOf } from "../../src/registry/lineage.ts";
import { putBlob, stageBlob } from "../../src/store/blobs.ts";
import { keysOf } from "../../src/store/keys.ts";
import {
  HOUR_MS,
  memoryRegistry,
  MODEL,
  newChampion,
  START_MS,
  type TestRegistry,
} from "../support/registry.ts";

/** Registers a version of a data asset with one small file. */
async function register(
  registry: TestRegistry,
  name: string,
  inputs: LineageInput[] = [],
) {
  const blob = await stageBlob(new TextEncoder().encode(`${name} rows`), { compress: false });
  return await registry.store.commit(registry.scopes.write, async (tx) => {
    await putBlob(tx, blob, "2024-01-01T00:00:00.000Z");
    return await registerVersion(registry, tx, {
      kind: "data",
      name,
      marketAt: null,
      runId: 1,
      flow: "ingest",
      description: "",
      tags: [],
      annotations: {},
      files: { table: { ...blob.ref, mediaType: "text/plain" } },
      inputs,
    });
  });
}

function resolve(registry: TestRegistry, text: string) {
  return resolveVersion(registry, registry.scopes.read, "model", MODEL, text);
}

Deno.test("registerVersion() counts the versions of each asset from 1", async () => {
  using registry = await memoryRegistry();
  const names = ["a", "b", "a", "a"];
  const versions = [];
  for (const name of names) versions.push((await register(registry, name)).version);
  assertEquals(versions, [1, 1, 2, 3]);
});

Deno.test("registerVersion() gives each of many writers at once a number of its own", async () => {
  using registry = await memoryRegistry();
  const made = await Promise.all(Array.from({ length: 20 }, () => register(registry, "a")));
  const numbers = made.map((record) => record.version).sort((a, b) => a - b);
  assertEquals(numbers, Array.from({ length: 20 }, (_, i) => i + 1));
});

Deno.test("registerVersion() refuses a file that is not in the store", async () => {
  using registry = await memoryRegistry();
  const file = { sha256: "f".repeat(64), byteLength: 3, mediaType: "text/plain" };
  const version = {
    kind: "data" as const,
    name: "a",
    marketAt: null,
    runId: 1,
    flow: "ingest",
    description: "",
    tags: [],
    annotations: {},
    files: { table: file },
    inputs: [],
  };
  const { store, scopes } = registry;
  await assertRejects(
    () => store.commit(scopes.write, (tx) => registerVersion(registry, tx, version)),
    AppError,
    "no such blob",
  );
  const listed = await listVersions(registry, scopes.read, "data", "a", { limit: 10 });
  assertEquals(listed, []);
});

Deno.test("resolveVersion() understands every form of reference", async () => {
  using registry = await memoryRegistry();
  const made = [];
  for (let i = 0; i < 11; i++) made.push(await newChampion(registry));
  const expected: [string, number][] = [
    ["latest", 11],
    ["latest-0", 11],
    ["latest-1", 10],
    ["latest-10", 1],
    ["7", 7],
    ["v7", 7],
    ["champion", 11],
    ["@champion", 11],
    [`run:${made[3]!.runId}`, 4],
  ];
  for (const [text, version] of expected) {
    assertEquals((await resolve(registry, text)).version, version, text);
  }
});

Deno.test("resolveVersion() says what it found of a reference that leads nowhere", async () => {
  using registry = await memoryRegistry();
  const none = await assertRejects(() => resolve(registry, "latest"), AppError);
  assertEquals(none.code, "not_found");
  assertStringIncludes(
    none.message,
    `Cannot find ${MODEL} latest on branch main: it has no versions`,
  );
  await newChampion(registry);
  for (const text of ["latest-1", "v2", "staging", "run:99", "latest-999"]) {
    const error = await assertRejects(() => resolve(registry, text), AppError);
    assertEquals(error.code, "not_found");
    assertStringIncludes(error.message, text);
    assertStringIncludes(error.message, "the newest version is v1");
    assertStringIncludes(error.message, "anomaly models list");
  }
  for (const text of ["", "Latest", "v0", "0", "-1", "run:", "run:x", "a b"]) {
    const error = await assertRejects(() => resolve(registry, text), AppError);
    assertEquals(error.code, "invalid", text);
  }
});

Deno.test("a version belongs to its branch: another branch does not find it", async () => {
  using main = await memoryRegistry();
  using dev = await memoryRegistry({ branch: "dev", store: main.store });
  await newChampion(main);
  const error = await assertRejects(() => resolve(dev, "latest"), AppError);
  assertStringIncludes(error.message, "on branch dev: it has no versions");
});

Deno.test("indexSnapshot() takes one snapshot for one market time, and says which is there", async () => {
  using registry = await memoryRegistry();
  const { store, scopes } = registry;
  const index = (hour: number, version: number) =>
    store.commit(
      scopes.write,
      (tx) => indexSnapshot(registry, tx, START_MS + hour * HOUR_MS, version),
    );
  for (const hour of [2, 0, 1]) await index(hour, hour + 10);
  const error = await assertRejects(() => index(1, 99), AppError, "v11 is of that very time");
  assertEquals(error.code, "conflict");
  const range = { fromMs: START_MS, toMs: START_MS + HOUR_MS, limit: 10 };
  const listed = await listSnapshots(registry, scopes.read, range);
  assertEquals(listed.map((entry) => entry.version), [10, 11]);
});

Deno.test("readFile() gives a version's file by its role, and lists the roles there are", async () => {
  using registry = await memoryRegistry();
  const version = await register(registry, "a");
  assertEquals(new TextDecoder().decode(await readFile(registry, version, "table")), "a rows");
  const error = assertThrows(() => fileOf(version, "raw"), AppError);
  assertEquals(error.code, "not_found");
  assertStringIncludes(error.message, "it has table");
});

Deno.test("lineage leads from a version to its inputs and back, also through ranges", async () => {
  using registry = await memoryRegistry();
  const snapshots = [];
  for (let i = 0; i < 5; i++) snapshots.push(await register(registry, ASSET.snapshot));
  const members: LineageInput = {
    role: "members",
    ref: { branch: "main", kind: "data", name: ASSET.snapshot, version: 4 },
    firstVersion: 2,
    sha256: "members",
  };
  const dataset = await register(registry, ASSET.trainingDataset, [members]);
  const [node] = await lineageOf(registry, dataset);
  assertEquals([node!.role, node!.firstVersion, node!.ref.version], ["members", 2, 4]);
  assertEquals(node!.record?.version, 4);
  const users = await Promise.all(
    snapshots.map(async (one) => (await usersOf(registry, registry.scopes.read, one, 10)).length),
  );
  assertEquals(users, [0, 1, 1, 1, 0]);
});

Deno.test("usersOf() passes over ranges that begin later, however many, and stops at the limit", async () => {
  using registry = await memoryRegistry();
  const snapshot = await register(registry, ASSET.snapshot);
  const { store, scopes } = registry;
  const range = (last: number, firstVersion: number) => {
    const keys = keysOf(scopes.write);
    const key = keys.usedBy("data", ASSET.snapshot, last, "data", ASSET.trainingDataset, last);
    return { key, value: { role: "members", firstVersion } };
  };
  // The last of the first page is among them.
  const matching = [99, 247, 248, 249];
  await store.commit(scopes.write, (tx) => {
    const edges = Array.from(
      { length: 250 },
      (_, i) => range(i + 2, matching.includes(i) ? 1 : i + 2),
    );
    for (const { key, value } of edges) tx.set(key, value);
    return Promise.resolve();
  });
  const found = async (limit: number) =>
    (await usersOf(registry, scopes.read, snapshot, limit)).map((user) => user.version);
  assertEquals(await found(3), [101, 249, 250]);
  assertEquals(await found(99), [101, 249, 250, 251]);
});

Deno.test("an input of another branch stands in the lineage, and nothing is written there", async () => {
  using main = await memoryRegistry();
  using dev = await memoryRegistry({ branch: "dev", readBranch: "main", store: main.store });
  const snapshot = await register(main, ASSET.snapshot);
  const input: LineageInput = {
    role: "members",
    ref: { branch: "main", kind: "data", name: ASSET.snapshot, version: 1 },
    firstVersion: 1,
    sha256: "members",
  };
  const dataset = await register(dev, ASSET.trainingDataset, [input]);
  const [node] = await lineageOf(dev, dataset);
  assertEquals(node!.record?.branch, "main");
  assertEquals(await usersOf(main, main.scopes.read, snapshot, 10), []);
});
