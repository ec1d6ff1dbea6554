// The store that landed first, brought to the present schema: in one go, after a crash between any two
// commits, and by several processes at once, it comes to the same store.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { RunRecord, StepRecord } from "../../src/domain/run.ts";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { verifyStore } from "../../src/registry/verify.ts";
import { backUpStore } from "../../src/store/backup.ts";
import { keysOf } from "../../src/store/keys.ts";
import { Store } from "../../src/store/kv.ts";
import { migrateStore } from "../../src/store/migrate.ts";
import { MIGRATIONS } from "../../src/store/migrations.ts";
import { scanPages } from "../../src/store/scan.ts";
import { SCHEMA } from "../../src/store/schema.ts";
import { withFolder } from "../support/market.ts";
import { writeOldStore } from "../support/old_store.ts";

const LIVE = keysOf(readScope("crypto_anomaly", "live"));
const MAIN = keysOf(readScope("crypto_anomaly", "main"));

class Crash extends Error {}

function withOldStore(test: (path: string, folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const path = `${folder}/registry.kv`;
    await writeOldStore(path);
    await test(path, folder);
  });
}

function quiet(lines: string[] = []) {
  return { backUp: null, say: (line: string) => void lines.push(line) };
}

/** All that a store holds, but for what every commit stamps. */
async function everything(store: Store): Promise<string[]> {
  const lines: string[] = [];
  for await (const page of scanPages(store, [])) {
    for (const { key, value } of page) {
      if (key[3] === "revision") continue;
      const shown = value instanceof Uint8Array ? value.toHex() : JSON.stringify(value);
      lines.push(`${JSON.stringify(key)} ${shown}`);
    }
  }
  return lines;
}

/** The same as it lies in the file, past all that this program makes of it. */
async function rawRecords(path: string): Promise<string[]> {
  using kv = await Deno.openKv(path);
  const entries = await Array.fromAsync(kv.list({ prefix: ["v1"] }));
  return entries.map(({ key, value }) => `${JSON.stringify(key)} ${JSON.stringify(value)}`);
}

/** Lets so many commits through; from then on the process is dead. */
function crashAfter(store: Store, commits: number): void {
  let left = commits;
  const dead = () => Promise.reject(new Crash());
  const [asStored, moveSchema] = [store.asStored.bind(store), store.moveSchema.bind(store)];
  store.asStored = () => {
    const stored = asStored();
    const commit = stored.commit.bind(stored);
    stored.commit = (scope, build) => left-- > 0 ? commit(scope, build) : dead();
    return stored;
  };
  store.moveSchema = (record) => left-- > 0 ? moveSchema(record) : dead();
}

Deno.test("there is one migration to every schema after the first, in their order", () => {
  const versions = Array.from({ length: SCHEMA - 1 }, (_, i) => i + 2);
  assertEquals(MIGRATIONS.map(({ to }) => to), versions);
});

Deno.test("a migration gives again what it gave, so that a record can meet it twice", () =>
  withOldStore(async (path) => {
    using store = await Store.open(path);
    let changed = 0;
    for await (const page of scanPages(store.asStored(), ["v1"])) {
      for (const { key, value } of page) {
        for (const { changes } of MIGRATIONS) {
          const once = changes[String(key[3])]?.(value) ?? value;
          if (once !== value) changed++;
          assert((changes[String(key[3])]?.(once) ?? once) === once, JSON.stringify(key));
        }
      }
    }
    assert(changed > 100, `${changed} records changed`);
  }));

Deno.test("the store that landed first migrates, and nothing is wrong with it then", () =>
  withOldStore(async (path) => {
    using store = await Store.open(path);
    assertEquals([store.schema.version, store.schema.phase], [1, "older"]);
    const lines: string[] = [];
    await migrateStore(store, quiet(lines));
    assertEquals([store.schema.version, store.schema.phase], [SCHEMA, "current"]);
    assertEquals(lines, [
      `Migrating the store ${path} from schema 1 to 2; without a backup: it is no file`,
    ]);
    const report = await verifyStore(store, { repair: false, progress: () => {} });
    assertEquals(report.findings, []);
    await migrateStore(store, quiet(lines));
    assertEquals(lines.length, 1);
  }));

Deno.test("a run that was left running is interrupted, whatever ended stays as it ended", () =>
  withOldStore(async (path) => {
    using store = await Store.open(path);
    await migrateStore(store, quiet());
    const left = (await store.get(LIVE.run(1)))!;
    assertEquals([left.status, left.attempt, left.resumes, left.resumedBy], [
      "interrupted",
      1,
      null,
      null,
    ]);
    assertEquals([left.finishedAt, left.error?.code], [left.startedAt, "interrupted"]);
    const runs = await store.list(MAIN.runs(), { limit: 1000 });
    assertEquals(runs.length, 37);
    for (const { value } of runs) {
      assertEquals([value.status, value.attempt, value.error], ["completed", 1, null]);
    }
    const [step] = await store.list(MAIN.steps(1), { limit: 1 });
    assertEquals([step?.value.tries, step?.value.adoptedFrom], [1, null]);
  }));

Deno.test("an older store that is only read shows what it will be, and is not changed", () =>
  withOldStore(async (path) => {
    const before = await rawRecords(path);
    const read: { runs: RunRecord[]; steps: StepRecord[] } = { runs: [], steps: [] };
    {
      using store = await Store.open(path);
      read.runs = [
        (await store.get(LIVE.run(1)))!,
        ...(await store.getMany([MAIN.run(1)])).map((run) => run!),
        ...(await store.list(MAIN.runs(), { limit: 1000 })).map(({ value }) => value),
      ];
      read.steps = (await store.list(MAIN.steps(31), { limit: 9 })).map(({ value }) => value);
    }
    assertEquals(await rawRecords(path), before);
    using store = await Store.open(path);
    await migrateStore(store, quiet());
    assertEquals(read.runs, [
      await store.get(LIVE.run(1)),
      await store.get(MAIN.run(1)),
      ...(await store.list(MAIN.runs(), { limit: 1000 })).map(({ value }) => value),
    ]);
    const steps = await store.list(MAIN.steps(31), { limit: 9 });
    assertEquals(read.steps, steps.map(({ value }) => value));
  }));

Deno.test("a migration that dies after any of its commits is gone on with, and comes to the same", () =>
  withOldStore(async (path, folder) => {
    await Deno.copyFile(path, `${folder}/whole.kv`);
    using whole = await Store.open(`${folder}/whole.kv`);
    await migrateStore(whole, quiet());
    const expected = await everything(whole);
    let points = 0;
    for (;; points++) {
      const broken = `${folder}/${points}.kv`;
      await Deno.copyFile(path, broken);
      {
        using store = await Store.open(broken);
        crashAfter(store, points);
        const died = await migrateStore(store, quiet()).then(() => false, (error) => {
          assert(error instanceof Crash, String(error));
          return true;
        });
        if (!died) break;
      }
      const lines: string[] = [];
      using store = await Store.open(broken);
      await migrateStore(store, quiet(lines));
      assertEquals(await everything(store), expected, `died after ${points} commits`);
      assertEquals(lines[0]?.startsWith(points === 0 ? "Migrating" : "Going on"), true, lines[0]);
    }
    assert(points >= 7, `${points} points`);
  }));

Deno.test("processes that open an old store at once all find it migrated, each record changed once", () =>
  withOldStore(async (path, folder) => {
    await Deno.copyFile(path, `${folder}/whole.kv`);
    using whole = await Store.open(`${folder}/whole.kv`);
    await migrateStore(whole, quiet());
    using stores = new DisposableStack();
    const opened = [];
    for (let i = 0; i < 4; i++) opened.push(stores.use(await Store.open(path)));
    await Promise.all(opened.map((store) => migrateStore(store, quiet())));
    for (const store of opened) assertEquals(store.schema.phase, "current");
    assertEquals(await everything(opened[0]!), await everything(whole));
  }));

Deno.test("a process that migrates too late changes no record of those that came after", () =>
  withOldStore(async (path) => {
    using late = await Store.open(path);
    using quick = await Store.open(path);
    const stored = late.asStored();
    const commit = stored.commit.bind(stored);
    late.asStored = () => stored;
    stored.commit = async (scope, build) => {
      stored.commit = commit;
      await migrateStore(quick, quiet());
      const scopes = (await quick.branchNames("crypto_anomaly")).length;
      assertEquals(scopes, 3);
      // A run of the new schema that is going on: its process and its lease are alive.
      await quick.commit(scope, async (tx) => {
        const run = (await tx.get(LIVE.run(1)))!;
        tx.set(keysOf(scope).run(99), { ...run, id: 99, status: "running", error: null });
      });
      return await commit(scope, build);
    };
    await migrateStore(late, quiet());
    const [run] = await quick.list(keysOf(readScope("crypto_anomaly", "dev")).runs(), {
      limit: 1,
      reverse: true,
    });
    assertEquals([run?.value.id, run?.value.status], [99, "running"]);
  }));

Deno.test("the first commit to an older store migrates it, once for all that wait; reads go on meanwhile", () =>
  withOldStore(async (path) => {
    using store = await Store.open(path);
    const lines: string[] = [];
    store.migrateBeforeWriting(() => migrateStore(store, quiet(lines)));
    const dev = writeScope("crypto_anomaly", "dev");
    const ids = Promise.all(
      [1, 2, 3].map(() => store.commit(dev, (tx) => tx.next(keysOf(dev).counter("audit")))),
    );
    const seen = [];
    while (store.schema.phase !== "current") {
      seen.push((await store.get(LIVE.run(1)))!.status);
    }
    assertEquals((await ids).toSorted(), [1, 2, 3]);
    assertEquals(lines.length, 1);
    assert(seen.length > 1 && seen.every((status) => status === "interrupted"), seen.join());
  }));

Deno.test("the copy that is made first is the store as it was, and nothing is migrated without it", () =>
  withOldStore(async (path) => {
    using store = await Store.open(path);
    const full = () => Promise.reject(new Crash());
    await assertRejects(() => migrateStore(store, { ...quiet(), backUp: full }), Crash);
    assertEquals([store.schema.version, store.schema.phase], [1, "older"]);
    const options = { overwrite: false, nowMs: Date.UTC(2026, 0, 1) };
    const lines: string[] = [];
    const backUp = async () => (await backUpStore(path, options)).path;
    await migrateStore(store, { ...quiet(lines), backUp });
    const copy = `${path}.backup-20260101T000000Z`;
    assertEquals(lines, [`Migrating the store ${path} from schema 1 to 2; backup: ${copy}`]);
    using before = await Store.open(copy);
    assertEquals([before.schema.version, before.schema.phase], [1, "older"]);
  }));

Deno.test("a process that opened the store before another migrated it copies nothing, and goes on", () =>
  withOldStore(async (path) => {
    using late = await Store.open(path);
    late.migrateBeforeWriting(() =>
      migrateStore(late, { ...quiet(), backUp: () => Promise.reject(new Error("copied")) })
    );
    using quick = await Store.open(path);
    await migrateStore(quick, quiet());
    const dev = writeScope("crypto_anomaly", "dev");
    assertEquals(await late.commit(dev, (tx) => tx.next(keysOf(dev).counter("run"))), 2);
  }));
