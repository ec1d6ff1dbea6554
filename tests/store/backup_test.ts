// Stores copied while others write to them, and put back: every copy is whole, and nothing is ever lost under
// it.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { writeScope } from "../../src/domain/scope.ts";
import { backUpStore, restoreStore } from "../../src/store/backup.ts";
import { keysOf, storeKeys } from "../../src/store/keys.ts";
import { Store } from "../../src/store/kv.ts";
import { SCHEMA } from "../../src/store/schema.ts";
import { withFolder } from "../support/market.ts";

const MAIN = writeScope("crypto_anomaly", "main");
const counter = keysOf(MAIN).counter("run");
const NOW_MS = Date.UTC(2026, 10, 25, 1, 20, 30);
const ONCE = { overwrite: false, nowMs: NOW_MS };

const count = (store: Store) => store.commit(MAIN, (tx) => tx.next(counter));

async function makeStore(path: string, runs: number): Promise<void> {
  using store = await Store.open(path);
  for (let i = 0; i < runs; i++) await count(store);
}

async function runsIn(path: string): Promise<number | null> {
  using store = await Store.open(path);
  return await store.get(counter);
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

/** Holds the store open in a process of its own, which may have to be killed. */
async function openElsewhere(path: string): Promise<AsyncDisposable> {
  const code = `const kv = await Deno.openKv(${JSON.stringify(path)}); await kv.get(["a"]);` +
    `console.log("open"); setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--unstable-kv", code],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

Deno.test("a backup is one file beside the store, named by the time, and opens as the store did", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.kv`;
    await makeStore(path, 3);
    const copy = await backUpStore(path, ONCE);
    assertEquals(copy.path, `${path}.backup-20261125T012030Z`);
    assertEquals(copy.schema, SCHEMA);
    const bytes = await Deno.readFile(copy.path);
    assertEquals(copy.byteLength, bytes.length);
    // SQLite's mark of a file that is read without a journal: so also from a medium that cannot be written.
    assertEquals([bytes[18], bytes[19]], [1, 1]);
    assertEquals(await names(folder), ["a.kv", "a.kv.backup-20261125T012030Z"]);
    assertEquals(await runsIn(copy.path), 3);
  }));

Deno.test("backups taken while another handle commits are each the store at one instant", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.kv`;
    await makeStore(path, 1);
    using store = await Store.open(path);
    const keys = keysOf(MAIN);
    let stopped = false;
    const writer = (async () => {
      // Two records of one commit: a copy that has one without the other is none of an instant.
      while (!stopped) {
        await store.commit(MAIN, async (tx) => {
          const n = await tx.next(counter);
          tx.set(keys.snapshotAt(n), n);
        });
      }
    })();
    try {
      let before = 0;
      for (let i = 0; i < 5; i++) {
        const { path: copy } = await backUpStore(path, { ...ONCE, to: `${folder}/${i}.kv` });
        using opened = await Store.open(copy);
        const n = (await opened.get(counter))!;
        assert(n >= before, `${n} after ${before}`);
        const [newest] = await opened.list(keys.snapshotsAt(), { limit: 1, reverse: true });
        assertEquals(newest?.value ?? 1, n);
        before = n;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert(before > 1, "nothing was written meanwhile");
    } finally {
      stopped = true;
      await writer;
    }
  }));

Deno.test("a backup never takes the place of a file unless it is told to", () =>
  withFolder(async (folder) => {
    const [path, to] = [`${folder}/a.kv`, `${folder}/b.kv`];
    await makeStore(path, 2);
    await makeStore(to, 7);
    const error = await assertRejects(() => backUpStore(path, { ...ONCE, to }), AppError);
    assertEquals([error.code, error.exitCode], ["conflict", 5]);
    assertStringIncludes(error.message, "add --force");
    assertEquals(await runsIn(to), 7);
    await backUpStore(path, { ...ONCE, to, overwrite: true });
    assertEquals(await runsIn(to), 2);
    assertEquals(await names(folder), ["a.kv", "b.kv"]);
  }));

Deno.test("a backup is refused of what is no file, is not there, or is no whole store, and leaves nothing", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/text.kv`, "a text and no database. ".repeat(500));
    await makeStore(`${folder}/whole.kv`, 1);
    {
      using store = await Store.open(`${folder}/whole.kv`);
      await store.commit(MAIN, (tx) => {
        for (let i = 0; i < 900; i++) tx.set(keysOf(MAIN).snapshotAt(i), i);
        return Promise.resolve();
      });
    }
    const bytes = await Deno.readFile(`${folder}/whole.kv`);
    await Deno.writeFile(`${folder}/half.kv`, bytes.subarray(0, bytes.length >> 1));
    const page = 4096 * Math.floor(bytes.length / 4096 / 2);
    await Deno.writeFile(`${folder}/torn.kv`, bytes.fill(255, page, page + 4096));
    const before = await names(folder);
    const cases: [string, string, string][] = [
      [":memory:", "invalid", "expected a path on this machine"],
      ["https://kv.example", "invalid", "that server's own backups"],
      [`${folder}/none.kv`, "not_found", "found no file there"],
      [`${folder}/text.kv`, "unavailable", "file is not a database"],
      [`${folder}/half.kv`, "unavailable", "malformed"],
      [`${folder}/torn.kv`, "unavailable", "its pages are damaged"],
    ];
    for (const [path, code, words] of cases) {
      const error = await assertRejects(() => backUpStore(path, ONCE), AppError, words);
      assertEquals(error.code, code, path);
    }
    const nowhere = { ...ONCE, to: `${folder}/no/such/place.kv` };
    const error = await assertRejects(() => backUpStore(`${folder}/whole.kv`, nowhere), AppError);
    assertEquals(error.code, "unavailable");
    assertEquals(await names(folder), before);
  }));

Deno.test("a restored store is the backup's, and the one before is kept under another name", () =>
  withFolder(async (folder) => {
    const [path, backup] = [`${folder}/a.kv`, `${folder}/backup.kv`];
    await makeStore(path, 2);
    await backUpStore(path, { ...ONCE, to: backup });
    await makeStore(path, 3);
    const refused = await assertRejects(() => restoreStore(backup, path, ONCE), AppError);
    assertEquals(refused.code, "conflict");
    assertEquals(await runsIn(path), 5);
    const restored = await restoreStore(backup, path, { ...ONCE, overwrite: true });
    assertEquals(restored.movedTo, `${path}.replaced-20261125T012030Z`);
    assertEquals(await names(folder), ["a.kv", "a.kv.replaced-20261125T012030Z", "backup.kv"]);
    assertEquals([await runsIn(path), await runsIn(restored.movedTo!)], [2, 5]);
    using store = await Store.open(path);
    assertEquals(await count(store), 3);
  }));

Deno.test("a restore to a place where nothing is moves nothing", () =>
  withFolder(async (folder) => {
    await makeStore(`${folder}/a.kv`, 2);
    const { path: backup } = await backUpStore(`${folder}/a.kv`, ONCE);
    const restored = await restoreStore(backup, `${folder}/b.kv`, ONCE);
    assertEquals([restored.movedTo, await runsIn(`${folder}/b.kv`)], [null, 2]);
  }));

Deno.test("a restore is refused while another process has the store open, and works when that is gone", () =>
  withFolder(async (folder) => {
    const [path, backup] = [`${folder}/a.kv`, `${folder}/backup.kv`];
    await makeStore(path, 2);
    await backUpStore(path, { ...ONCE, to: backup });
    await makeStore(path, 3);
    const force = { ...ONCE, overwrite: true };
    {
      await using _other = await openElsewhere(path);
      const error = await assertRejects(() => restoreStore(backup, path, force), AppError);
      assertEquals([error.code, error.exitCode], ["conflict", 5]);
      assertStringIncludes(error.message, "another process has it open");
      assertEquals((await names(folder)).filter((name) => !/-(wal|shm)$/.test(name)), [
        "a.kv",
        "backup.kv",
      ]);
    }
    // That process was killed: its journals lie there still, with commits that are not in the file.
    await restoreStore(backup, path, force);
    assertEquals(await runsIn(path), 2);
    assertEquals(await runsIn(`${path}.replaced-20261125T012030Z`), 5);
  }));

Deno.test("a damaged store is replaced with its journals, which reach nothing of the restored one", () =>
  withFolder(async (folder) => {
    const [path, backup] = [`${folder}/a.kv`, `${folder}/backup.kv`];
    await makeStore(path, 2);
    await backUpStore(path, { ...ONCE, to: backup });
    await Deno.writeTextFile(path, "a text and no database. ".repeat(500));
    await Deno.writeTextFile(`${path}-wal`, "what was written last");
    const { movedTo } = await restoreStore(backup, path, { ...ONCE, overwrite: true });
    assertEquals(await runsIn(path), 2);
    assertEquals(await Deno.readTextFile(`${movedTo}-wal`), "what was written last");
    assertEquals((await names(folder)).includes("a.kv-wal"), false);
  }));

Deno.test("a restore refuses files that no command could open, before it touches the store", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.kv`;
    await makeStore(path, 2);
    await Deno.writeTextFile(`${folder}/text`, "a text and no database. ".repeat(500));
    await makeStore(`${folder}/newer`, 1);
    {
      using kv = await Deno.openKv(`${folder}/newer`);
      const record = { version: SCHEMA + 1, program: "9.8.7", migrating: null };
      await kv.set(storeKeys.schema().parts, record);
    }
    {
      const { DatabaseSync } = await import("node:sqlite");
      using other = new DatabaseSync(`${folder}/other`);
      other.exec("CREATE TABLE kv (k TEXT)");
    }
    const before = await names(folder);
    const cases: [string, string, string][] = [
      ["none", "not_found", "found no file there"],
      ["text", "unavailable", "file is not a database"],
      ["other", "unavailable", "a database of another program"],
      ["newer", "unavailable", "use anomaly 9.8.7 or newer"],
    ];
    for (const [name, code, words] of cases) {
      const restoring = restoreStore(`${folder}/${name}`, path, { ...ONCE, overwrite: true });
      const error = await assertRejects(() => restoring, AppError, words);
      assertEquals(error.code, code, name);
      assertStringIncludes(error.message, `${folder}/${name}`);
    }
    assertEquals([await names(folder), await runsIn(path)], [before, 2]);
  }));
