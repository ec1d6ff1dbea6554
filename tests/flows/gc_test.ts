// Collecting a store that flows have written: what stays is whole, whatever the retention; what a rehearsal
// says is what happens; and nobody who writes meanwhile loses anything.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ASSET } from "../../src/domain/asset.ts";
import type { Retention } from "../../src/domain/config.ts";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { aliasHistory } from "../../src/registry/alias_history.ts";
import { listVersions, registerVersion } from "../../src/registry/assets.ts";
import { blobRefsIn } from "../../src/registry/blob_refs.ts";
import { collectGarbage, type GcOptions } from "../../src/registry/gc.ts";
import { listRuns, listSteps } from "../../src/registry/runs.ts";
import { verifyStore } from "../../src/registry/verify.ts";
import { verifyLineage } from "../../src/registry/verify_lineage.ts";
import { putBlob, readBlob, stageBlob, writeBlob } from "../../src/store/blobs.ts";
import { blobKeys, keysOf } from "../../src/store/keys.ts";
import type { Store } from "../../src/store/kv.ts";
import { blobHashes } from "../../src/store/scan.ts";
import { HOUR_MS, PROJECT, promote, START_MS, trainModel } from "../support/registry.ts";
import { MAIN, READ_MAIN, type WholeStore, withWholeStore } from "./whole_store.ts";

const MODEL = ASSET.detector;
const keys = keysOf(MAIN);
/** After everything was stored. */
const NOW_MS = START_MS + 1;

function options(given: Partial<GcOptions> = {}): GcOptions {
  return {
    project: PROJECT,
    branch: "main",
    retention: {},
    graceHours: 0,
    dryRun: false,
    nowMs: NOW_MS,
    progress: () => {},
    ...given,
  };
}

/** So short that everything goes that may. */
const NOTHING: Required<Retention> = {
  market_snapshot: 0.01,
  training_dataset: 0.01,
  eval_holdout: 0.01,
  evaluation_results: 0.01,
  anomaly_detector: 0.01,
  predictions: 0.01,
  runs: 0.01,
  events: 0.01,
  slots: 0.01,
};

async function nothingIsWrong(store: Store): Promise<void> {
  const report = await verifyStore(store, { repair: false, progress: () => {} });
  assertEquals(report.findings, []);
  assertEquals(report.leftOverBlobs, 0);
}

/** Whoever holds or held an alias, and every model that is there, leads to the raw answers it was made of. */
async function lineagesAreWhole({ store, registry }: WholeStore): Promise<number> {
  const held = (await aliasHistory(registry, READ_MAIN, MODEL, "champion", 100))
    .map(({ version }) => version);
  const models = await listVersions(registry, READ_MAIN, "model", MODEL, { limit: 100 });
  for (const version of held) assert(models.some((model) => model.version === version));
  for (const model of models) {
    const { steps, findings } = await verifyLineage(store, PROJECT, model, () => {});
    assertEquals(findings, []);
    assert(steps.reduce((sum, step) => sum + step.rawFiles, 0) >= 16);
  }
  return models.length;
}

const days = fc.option(fc.constantFrom(0.01, 0.3, 0.9, 1.2, 5), { nil: undefined });

Deno.test("whatever the retention, what stays is whole: verify finds nothing, every lineage leads to raw bytes", async () => {
  const retentions = fc.record({
    market_snapshot: days,
    training_dataset: days,
    eval_holdout: days,
    evaluation_results: days,
    anomaly_detector: days,
    predictions: days,
    runs: days,
    events: days,
    slots: days,
  });
  await fc.assert(
    fc.asyncProperty(retentions, (drawn) =>
      withWholeStore(async (whole) => {
        const retention = Object.fromEntries(
          Object.entries(drawn).filter(([, value]) => value !== undefined),
        ) as Retention;
        const rehearsal = await collectGarbage(whole.store, options({ retention, dryRun: true }));
        const report = await collectGarbage(whole.store, options({ retention }));
        assertEquals({ ...rehearsal, dryRun: false }, report);
        await nothingIsWrong(whole.store);
        await lineagesAreWhole(whole);
        const again = await collectGarbage(whole.store, options({ retention }));
        assertEquals(again.kinds.filter(({ records, blobs }) => records + blobs > 0), []);
      })),
    { numRuns: 12, seed: 5, examples: [[NOTHING]] },
  );
});

Deno.test("with nothing to be kept, histories and lineages stay, and the rest goes with its bytes", () =>
  withWholeStore(async ({ store, registry }) => {
    const report = await collectGarbage(store, options({ retention: NOTHING }));
    const of = (kind: string) => report.kinds.find((one) => one.kind === kind)!;
    // The one that nobody promoted and that is not the newest, with its pair and its judgement.
    for (const kind of [MODEL, "training_dataset", "eval_holdout", "evaluation_results"]) {
      assertEquals(of(kind).records, 1, kind);
    }
    assert(of("market_snapshot").records > 40);
    assert(of("market_snapshot").bytes > 100_000);
    // Two batches are decided, by two models; two still wait for their outcome.
    assertEquals(of("predictions").records, 4);
    assert(of("runs").records > 100 && of("events").records > 100);
    const snapshots = await listVersions(registry, READ_MAIN, "data", ASSET.snapshot, {
      limit: 1000,
    });
    const hours = snapshots.map(({ version }) => version).reverse();
    assertEquals(hours.slice(0, 16), Array.from({ length: 16 }, (_, i) => i + 1));
    assert(hours[16]! > 50, `v${hours[16]}`);
    const models = await listVersions(registry, READ_MAIN, "model", MODEL, { limit: 10 });
    assertEquals(models.map(({ version }) => version), [4, 2, 1]);
    // The runs that made them stay, and those that moved an alias.
    const history = await aliasHistory(registry, READ_MAIN, MODEL, "champion", 10);
    assertEquals(history.map(({ version }) => version), [2, 1]);
    const runIds = [...models.map(({ runId }) => runId), ...history.map((one) => one.actingRunId!)];
    for (const id of runIds) assert(await store.get(keys.run(id)), `run ${id}`);
  }));

Deno.test("a holder that was forced without any judgement stays as well", () =>
  withWholeStore(async ({ store, registry }) => {
    const { version } = await trainModel(registry);
    await promote(registry, version, { alias: "staging", force: true, reason: "tested" });
    await trainModel(registry);
    const spare = await trainModel(registry);
    await trainModel(registry);
    await collectGarbage(store, options({ retention: NOTHING, nowMs: NOW_MS + 5000 * HOUR_MS }));
    assert(await store.get(keys.version("model", MODEL, version)));
    assertEquals(await store.get(keys.version("model", MODEL, spare.version)), null);
    await nothingIsWrong(store);
  }));

Deno.test("a rehearsal writes nothing", () =>
  withWholeStore(async ({ store }) => {
    const commits = store.commitCount;
    const report = await collectGarbage(store, options({ retention: NOTHING, dryRun: true }));
    assert(
      report.kinds.every(({ kind, records, blobs }) => kind === "slots" || records + blobs > 0),
    );
    assertEquals(store.commitCount, commits);
  }));

Deno.test("blobs that no record refers to go when the grace since they were touched is over", () =>
  withWholeStore(async ({ store }) => {
    const put = async (text: string, touchedMs: number) => {
      const blob = await stageBlob(new TextEncoder().encode(text), { compress: false });
      await writeBlob(store, MAIN, blob, new Date(touchedMs).toISOString());
      return blob.ref;
    };
    const nowMs = START_MS + 100 * HOUR_MS;
    const old = await put("old", nowMs - 25 * HOUR_MS);
    const young = await put("young", nowMs - 23 * HOUR_MS);
    const report = await collectGarbage(store, options({ nowMs, graceHours: 24 }));
    assertEquals(report.waiting, { blobs: 1, bytes: 5 });
    assertEquals(await store.get(blobKeys.meta(old.sha256)), null);
    assertEquals(await store.get(blobKeys.chunk(old.sha256, 0)), null);
    assertEquals((await readBlob(store, young)).byteLength, 5);
  }));

/** Bytes of which gzip makes nothing smaller, so that they are many chunks. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 65_536) {
    crypto.getRandomValues(bytes.subarray(i, Math.min(length, i + 65_536)));
  }
  return bytes;
}

for (const size of [100, 60_000_000]) {
  Deno.test(`a blob of ${size} bytes that is stored again between mark and sweep survives`, () =>
    withWholeStore(async ({ store }) => {
      const blob = await stageBlob(noise(size), { compress: false });
      const at = (ms: number) => new Date(ms).toISOString();
      await writeBlob(store, MAIN, blob, at(START_MS));
      let isAgain = false;
      await collectGarbage(store, {
        ...options({ graceHours: 0 }),
        // A grace of 0 hours still spares what is touched after the collection began.
        progress: async (what) => {
          if (what !== "marking" || isAgain) return;
          isAgain = true;
          await writeBlob(store, MAIN, blob, at(NOW_MS + 5));
        },
      });
      assert(isAgain);
      assertEquals((await readBlob(store, blob.ref)).byteLength, size);
      // Nobody needs it after all: once the grace is over it goes, however many commits that takes.
      await collectGarbage(store, options({ nowMs: NOW_MS + 10 }));
      const hashes = await Array.fromAsync(blobHashes(store));
      assertEquals(hashes.includes(blob.ref.sha256), false);
    }));
}

Deno.test("a blob that is touched while the sweep has it in hand survives: the deletion checks that", () =>
  withWholeStore(async ({ store }) => {
    const blob = await stageBlob(noise(100), { compress: false });
    await writeBlob(store, MAIN, blob, new Date(START_MS).toISOString());
    const get = store.get.bind(store);
    const meta = blobKeys.meta(blob.ref.sha256);
    store.get = async (key) => {
      const value = await get(key);
      if (JSON.stringify(key.parts) === JSON.stringify(meta.parts)) {
        store.get = get;
        await store.commit(MAIN, (tx) => putBlob(tx, blob, new Date(NOW_MS + 5).toISOString()));
      }
      return value;
    };
    const report = await collectGarbage(store, options());
    assertEquals(report.waiting.blobs, 1);
    assertEquals((await readBlob(store, blob.ref)).byteLength, 100);
  }));

Deno.test("chunks that a dead writer left go at the second collection a grace later, unless somebody writes them", () =>
  withWholeStore(async ({ store }) => {
    const stray = await stageBlob(noise(200_000), { compress: false });
    const late = await stageBlob(noise(200_000), { compress: false });
    const writeFirst = (blob: typeof stray) =>
      store.commit(MAIN, (tx) => {
        tx.set(blobKeys.chunk(blob.ref.sha256, 0), blob.stored.slice(0, 65_536));
        tx.set(blobKeys.chunk(blob.ref.sha256, 1), blob.stored.slice(65_536, 131_072));
        return Promise.resolve();
      });
    for (const blob of [stray, late]) await writeFirst(blob);
    const leftOver = async (hours: number) => {
      const nowMs = NOW_MS + hours * HOUR_MS;
      const { waiting } = await collectGarbage(store, options({ nowMs, graceHours: 24 }));
      const hashes = await Array.fromAsync(blobHashes(store));
      return {
        waiting: waiting.blobs,
        isThere: [stray, late].map(({ ref }) => hashes.includes(ref.sha256)),
      };
    };
    assertEquals((await leftOver(0)).isThere, [true, true]);
    assertEquals((await leftOver(23)).isThere, [true, true]);
    await writeFirst(late);
    assertEquals((await leftOver(25)).isThere, [false, true]);
    await writeBlob(store, MAIN, late, new Date(NOW_MS).toISOString());
    assertEquals((await readBlob(store, late.ref)).byteLength, 200_000);
  }));

Deno.test("what another branch or another project refers to stays", () =>
  withWholeStore(async ({ store, registry }) => {
    const { nowMs } = options();
    const blob = await stageBlob(noise(50), { compress: false });
    const other = writeScope("another", "main");
    const scopes = { write: other, read: other };
    await store.commit(other, async (tx) => {
      await putBlob(tx, blob, new Date(START_MS).toISOString());
      await registerVersion({ ...registry, scopes }, tx, {
        kind: "data",
        name: "a",
        marketAt: null,
        runId: 1,
        flow: "ingest",
        description: "",
        tags: [],
        annotations: {},
        files: { table: { ...blob.ref, mediaType: "text/plain" } },
        inputs: [],
      });
    });
    await collectGarbage(store, options({ retention: NOTHING, nowMs: nowMs + 5000 * HOUR_MS }));
    assertEquals((await readBlob(store, blob.ref)).byteLength, 50);
    const dev = readScope(PROJECT, "dev");
    const [model] = await listVersions(registry, dev, "model", MODEL, { limit: 1 });
    const { findings, steps } = await verifyLineage(store, PROJECT, model!, () => {});
    assertEquals(findings, []);
    // Its snapshots are on the main branch.
    assert(steps.some(({ ref, rawFiles }) => ref.branch === "main" && rawFiles >= 16));
  }));

Deno.test("the steps of a run that can be gone on with stay, with what they made", () =>
  withWholeStore(async ({ store, registry }) => {
    const runs = await listRuns(registry, READ_MAIN, { limit: 1000, flow: "ingest" });
    const run = runs.find(({ produced }) => produced[0]?.version === 30)!;
    await store.commit(MAIN, (tx) => {
      tx.set(keys.run(run.id), { ...run, status: "interrupted" });
      return Promise.resolve();
    });
    await collectGarbage(store, options({ retention: NOTHING }));
    assertEquals(await store.get(keys.version("data", ASSET.snapshot, 30)), null);
    const steps = await listSteps(registry, READ_MAIN, run.id);
    assertEquals(steps.length, 3);
    const refs = steps.flatMap(({ artifacts }) => blobRefsIn(artifacts));
    assert(refs.length > 0);
    for (const ref of refs) await readBlob(store, ref);
    await nothingIsWrong(store);
  }));

for (const commits of [1, 4, 9, 16, 25, 60]) {
  Deno.test(`a collection that dies after ${commits} commits leaves a whole store, and the next one goes on`, () =>
    withWholeStore(async ({ store }) => {
      const rehearsal = await collectGarbage(
        store,
        options({ retention: NOTHING, dryRun: true }),
      );
      const commit = store.commit.bind(store);
      let left = commits;
      store.commit = (scope, build) => {
        if (left-- <= 0) throw new Error("died");
        return commit(scope, build);
      };
      await collectGarbage(store, options({ retention: NOTHING })).catch(() => {});
      store.commit = commit;
      await nothingIsWrong(store);
      const { kept } = await collectGarbage(store, options({ retention: NOTHING }));
      assertEquals(kept, rehearsal.kept);
      await nothingIsWrong(store);
    }));
}
