import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { keysOf, type WriteKey } from "../../src/store/keys.ts";
import { Store } from "../../src/store/kv.ts";
import { withFolder } from "../support/market.ts";

const MAIN = writeScope("crypto_anomaly", "main");
const keys = keysOf(MAIN);

function counter(name: string): WriteKey<number> {
  return keys.counter(`alias/${name}`);
}

Deno.test("commit() builds again on the new value when a value that it read has changed", async () => {
  using store = await Store.open(":memory:");
  const seen: (number | null)[] = [];
  await store.commit(MAIN, async (tx) => {
    const value = await tx.get(counter("a"));
    seen.push(value);
    if (seen.length === 1) {
      await store.commit(MAIN, (other) => Promise.resolve(other.set(counter("a"), 7)));
    }
    tx.set(counter("b"), (value ?? 0) + 1);
  });
  assertEquals(seen, [null, 7]);
  assertEquals(await store.get(counter("b")), 8);
});

Deno.test("commit() depends on the first of several reads of one key, and all of them agree", async () => {
  using store = await Store.open(":memory:");
  const reads: [number | null, number | null][] = [];
  await store.commit(MAIN, async (tx) => {
    const first = await tx.get(counter("a"));
    if (reads.length === 0) {
      await store.commit(MAIN, (other) => Promise.resolve(other.set(counter("a"), 7)));
    }
    reads.push([first, await tx.get(counter("a"))]);
    tx.set(counter("b"), first ?? -1);
  });
  assertEquals(reads, [[null, null], [7, 7]]);
  assertEquals(await store.get(counter("b")), 7);
});

Deno.test("commit() sees within a transaction what it has staged itself", async () => {
  using store = await Store.open(":memory:");
  await store.commit(MAIN, async (tx) => {
    tx.set(counter("a"), 1);
    assertEquals(await tx.get(counter("a")), 1);
    assertEquals(await tx.next(counter("a")), 2);
    tx.delete(counter("a"));
    assertEquals(await tx.get(counter("a")), null);
  });
  assertEquals(await store.get(counter("a")), null);
});

Deno.test("next() gives 1 to n without gaps to 200 commits at once", async () => {
  using store = await Store.open(":memory:");
  const given = await Promise.all(
    Array.from({ length: 200 }, () => store.commit(MAIN, (tx) => tx.next(counter("a")))),
  );
  assertEquals(given.sort((a, b) => a - b), Array.from({ length: 200 }, (_, i) => i + 1));
  assertEquals(await store.get(counter("a")), 200);
});

Deno.test("commit() leaves nothing when building it throws, and gives the error on", async () => {
  using store = await Store.open(":memory:");
  const failing = store.commit(MAIN, (tx) => {
    tx.set(counter("a"), 1);
    return Promise.reject(new AppError("conflict", "changed my mind"));
  });
  const error = await assertRejects(() => failing, AppError, "changed my mind");
  assertEquals(error.code, "conflict");
  assertEquals(await store.get(counter("a")), null);
  assertEquals(store.commitCount, 0);
});

Deno.test("commit() says which of the platform's limits was met, and writes nothing", async () => {
  using store = await Store.open(":memory:");
  const tooMany = (mutations: number, checks: number) =>
    store.commit(MAIN, async (tx) => {
      for (let i = 0; i < checks; i++) await tx.get(counter(`check ${i}`));
      for (let i = 0; i < mutations; i++) tx.set(counter(`set ${i}`), i);
    });
  await assertRejects(() => tooMany(1000, 0), AppError, "1000 mutations");
  await assertRejects(() => tooMany(1, 101), AppError, "101 checks");
  assertEquals(await store.list(keys.branch(), { limit: 1 }), []);
  // With the branch's revision and the store's schema that is all that the platform takes.
  await tooMany(998, 99);
  assertEquals(await store.get(counter("set 997")), 997);
});

Deno.test("a transaction refuses the keys of another branch and of another project", async () => {
  using store = await Store.open(":memory:");
  for (const scope of [writeScope("crypto_anomaly", "dev"), writeScope("another", "main")]) {
    const key = keysOf(scope).counter("run");
    const error = await assertRejects(
      () => store.commit(MAIN, (tx) => Promise.resolve(tx.set(key, 1))),
      AppError,
    );
    assertStringIncludes(error.message, "writes to branch main only");
    await assertRejects(
      () => store.commit(MAIN, (tx) => Promise.resolve(tx.delete(key))),
      AppError,
    );
    assertEquals(await store.get(key), null);
  }
});

Deno.test("list() gives a range between bounds, limited, in either direction", async () => {
  using store = await Store.open(":memory:");
  await store.commit(MAIN, (tx) => {
    for (const at of [2, 10, 9, 1, 100]) tx.set(keys.snapshotAt(at), at);
    tx.set(keys.counter("run"), 1);
    return Promise.resolve();
  });
  const listed = async (options: Omit<Parameters<Store["list"]>[1], "limit">, limit = 100) => {
    const entries = await store.list(keys.snapshotsAt(), { limit, ...options });
    for (const { rest, value } of entries) assertEquals(rest, [value]);
    return entries.map((entry) => entry.value);
  };
  assertEquals(await listed({}), [1, 2, 9, 10, 100]);
  assertEquals(await listed({ reverse: true }, 2), [100, 10]);
  assertEquals(await listed({ from: [9] }), [9, 10, 100]);
  assertEquals(await listed({ before: [10] }), [1, 2, 9]);
  assertEquals(await listed({ before: [10], reverse: true }, 1), [9]);
  assertEquals(await listed({ from: [2], before: [10] }), [2, 9]);
  assertEquals(await listed({ from: [2], before: [100], reverse: true }, 2), [10, 9]);
});

Deno.test("getMany() gives any number of values in the order of the keys, null for none", async () => {
  using store = await Store.open(":memory:");
  await store.commit(MAIN, (tx) => {
    for (let i = 0; i < 25; i += 2) tx.set(keys.snapshotAt(i), i);
    return Promise.resolve();
  });
  const wanted = Array.from({ length: 25 }, (_, i) => 24 - i);
  const values = await store.getMany(wanted.map((i) => keys.snapshotAt(i)));
  assertEquals(values, wanted.map((i) => i % 2 === 0 ? i : null));
  assertEquals(await store.getMany([]), []);
});

Deno.test("branchNames() gives each branch of the project once, and no other project's", async () => {
  using store = await Store.open(":memory:");
  assertEquals(await store.branchNames("crypto_anomaly"), []);
  const branches = ["main", "user.ada", "user.ada.b", "dev/x", "main-2"];
  for (const branch of branches) {
    const scope = writeScope("crypto_anomaly", branch);
    await store.commit(scope, async (tx) => {
      await tx.next(keysOf(scope).counter("run"));
      await tx.next(keysOf(scope).counter("event"));
    });
  }
  const other = writeScope("another", "elsewhere");
  await store.commit(other, (tx) => tx.next(keysOf(other).counter("run")));
  assertEquals(await store.branchNames("crypto_anomaly"), branches.toSorted());
});

Deno.test("revision() changes with every commit to the branch that writes, and with no other", async () => {
  using store = await Store.open(":memory:");
  const dev = writeScope("crypto_anomaly", "dev");
  assertEquals(await store.revision(MAIN), "");
  const seen = new Set<string>();
  const written = async (build: Parameters<typeof store.commit>[1]) => {
    await store.commit(MAIN, build);
    seen.add(await store.revision(MAIN));
  };
  await written((tx) => tx.next(counter("a")));
  await written((tx) => Promise.resolve(tx.set(counter("a"), 1)));
  await written((tx) => Promise.resolve(tx.delete(counter("a"))));
  assertEquals(seen.size, 3);
  const before = await store.revision(MAIN);
  await store.commit(MAIN, (tx) => tx.get(counter("a")));
  await store.commit(dev, (tx) => tx.next(keysOf(dev).counter("run")));
  assertEquals(await store.revision(MAIN), before);
});

Deno.test("commits that read different keys do not have to be built again over the revision", async () => {
  using store = await Store.open(":memory:");
  // The first one also writes down the schema, which all others depend on.
  await store.commit(MAIN, (tx) => tx.next(counter("first")));
  let built = 0;
  await Promise.all(Array.from({ length: 20 }, (_, i) =>
    store.commit(MAIN, async (tx) => {
      built++;
      await tx.next(counter(`own ${i}`));
    })));
  assertEquals(built, 20);
});

Deno.test("open() refuses a folder with exit code 6", () =>
  withFolder(async (folder) => {
    const error = await assertRejects(() => Store.open(folder), AppError);
    assertEquals([error.code, error.exitCode], ["unavailable", 6]);
    assertStringIncludes(error.message, folder);
    assertStringIncludes(error.message, "--kv");
  }));

Deno.test("open() refuses a file that is no database with exit code 6, and leaves it as it was", () =>
  withFolder(async (folder) => {
    const path = `${folder}/notes.txt`;
    const text = "these are notes, and no database\n".repeat(200);
    await Deno.writeTextFile(path, text);
    const error = await assertRejects(() => Store.open(path), AppError);
    assertEquals([error.code, error.exitCode], ["unavailable", 6]);
    assertEquals(await Deno.readTextFile(path), text);
    const files = [...Deno.readDirSync(folder)].map((entry) => entry.name);
    assertEquals(files, ["notes.txt"]);
  }));

Deno.test("what was committed is there when the file is opened again", () =>
  withFolder(async (folder) => {
    const path = `${folder}/registry.kv`;
    {
      using store = await Store.open(path);
      await store.commit(MAIN, (tx) => tx.next(counter("a")));
      assertEquals(store.commitCount, 1);
    }
    using store = await Store.open(path);
    assertEquals(
      await store.get(keysOf(readScope("crypto_anomaly", "main")).counter("alias/a")),
      1,
    );
    assert(store.location.endsWith("registry.kv"));
  }));
