import { assert, assertEquals } from "@std/assert";
import type { RunRecord } from "../../src/domain/run.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listEvents } from "../../src/registry/events.ts";
import {
  listBatches,
  listCoinScores,
  listDue,
  readBatch,
  stageBatch,
} from "../../src/registry/predictions.ts";
import { readTable, resolveVersion } from "../../src/registry/assets.ts";
import { putBlob, readBlob, stageBlob } from "../../src/store/blobs.ts";
import { decodeTable } from "../../src/store/tables.ts";
import { numbers, texts, toMatrix } from "../../src/domain/table.ts";
import { bulkFeatures } from "../../src/features/temporal.ts";
import { loadDetector } from "../../flows/detectors.ts";
import { withFolder } from "../support/market.ts";
import { dumpBranch, HOUR_MS, memoryRegistry, MODEL, START_MS } from "../support/registry.ts";
import { hourMs, LEARN_HOURS, marketRuns, writeStory } from "./predictions_market.ts";

const EVERYTHING = { limit: 1000 };

function batchesOf(registry: RegistryContext) {
  return listBatches(registry, registry.scopes.write, EVERYTHING);
}

/** Market hours with the version and role that scored them, and the scores. */
async function whoScored(registry: RegistryContext) {
  return await Promise.all((await batchesOf(registry)).map(async (batch) => ({
    hour: (batch.marketAtMs - START_MS) / HOUR_MS,
    version: batch.version,
    role: batch.role,
    scores: numbers(await decodeTable(await readBlob(registry.store, batch.table)), "score"),
  })));
}

function withMarket(
  work: (registry: RegistryContext, folder: string) => Promise<void>,
  hours = LEARN_HOURS + 12,
): Promise<void> {
  return withFolder(async (folder) => {
    await writeStory(folder, { hours });
    using registry = await memoryRegistry();
    await work(registry, folder);
  });
}

Deno.test("score writes predictions, their due time and the event in one commit", () =>
  withMarket(async (registry, folder) => {
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    const version = await market.newHolder();
    await market.goOn(1, { isScored: false });
    const before = registry.store.commitCount;
    const run = await market.run("score");
    assertEquals(registry.store.commitCount - before, 3, "the run, select, score");

    const [batch] = await batchesOf(registry);
    assertEquals(batch!.version, version);
    assertEquals(batch!.marketAtMs, hourMs(LEARN_HOURS));
    assertEquals(batch!.dueAtMs, hourMs(LEARN_HOURS + 24));
    assertEquals(run.summary.flagged, batch!.flagged);
    const due = await listDue(registry, registry.scopes.write, {
      afterMs: 0,
      untilMs: hourMs(1000),
      limit: 10,
    });
    assertEquals(due.map((one) => one.marketAtMs), [batch!.marketAtMs]);
    assert(batch!.flagged > 0, "the market has restless coins, of which some are flagged");
    const [event] = await listEvents(registry, registry.scopes.write, { limit: 1 });
    assertEquals(event!.name, "anomalies_detected");
    assertEquals(event!.payload.flagged, batch!.flagged);
  }));

Deno.test("the scores are those of the stored model on the features as a dataset has them", () =>
  withMarket(async (registry, folder) => {
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.goOn(3);
    const model = await resolveVersion(registry, registry.scopes.write, "model", MODEL, "1");
    const detector = await loadDetector(registry, model);
    const snapshots = [];
    for (let version = 1; version <= LEARN_HOURS + 3; version++) {
      const record = await resolveVersion(
        registry,
        registry.scopes.write,
        "data",
        "market_snapshot",
        String(version),
      );
      snapshots.push({
        marketAtMs: Date.parse(record.marketAt!),
        table: await readTable(registry, record),
      });
    }
    for (const { hour, scores } of await whoScored(registry)) {
      const window = { fromMs: hourMs(hour), toMs: hourMs(hour) };
      const rows = bulkFeatures(snapshots, window);
      const expected = detector.scoreSamples(toMatrix(rows, detector.featureNames));
      assertEquals(scores, expected);
    }
  }));

Deno.test("a snapshot that a version has scored is not scored by it again", () =>
  withMarket(async (registry, folder) => {
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.goOn(1);
    const state = async () =>
      (await dumpBranch(registry.store, "main")).filter((line) =>
        /^\["(prediction|due|coin_scores|event)"/.test(line)
      );
    const before = await state();
    const run = await market.run("score");
    assertEquals(run.summary.new_batches, 0);
    assertEquals(run.events, []);
    assertEquals(await state(), before);
  }));

Deno.test("without a champion score completes, says so, and predicts nothing", () =>
  withMarket(async (registry, folder) => {
    const market = marketRuns(registry, folder);
    await market.goOn(2);
    const run: RunRecord = await market.run("score");
    assertEquals([run.status, run.summary.champion], ["completed", null]);
    assertEquals(await batchesOf(registry), []);
  }));

Deno.test("the hot swap is exact: each snapshot is scored by who was champion when it came", () =>
  withMarket(async (registry, folder) => {
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    const first = await market.newHolder();
    await market.goOn(3);
    const second = await market.newHolder();
    await market.goOn(3);
    const lived = await whoScored(registry);
    assertEquals(
      lived.map(({ hour, version }) => [hour, version]),
      [16, 17, 18, 19, 20, 21].map((hour) => [hour, hour < 19 ? first : second]),
    );
  }));

Deno.test("a history that is scored late, in any order, gives what was predicted as it went by", () =>
  withFolder(async (folder) => {
    await writeStory(folder, { hours: LEARN_HOURS + 12 });
    const live = await predictionsOf(folder, "as it goes");
    assertEquals(live.length, 9, "six hours with a champion, three of them with a challenger");
    assertEquals(await predictionsOf(folder, "late"), live);
  }));

/** Two champions and a challenger; the snapshots are scored as they come, or all of them at the end. */
async function predictionsOf(folder: string, when: "as it goes" | "late") {
  using registry = await memoryRegistry();
  const market = marketRuns(registry, folder);
  const isScored = when === "as it goes";
  await market.goOn(LEARN_HOURS, { isScored });
  await market.newHolder();
  await market.goOn(3, { isScored });
  await market.newHolder();
  await market.newHolder("challenger-late");
  await market.goOn(3, { isScored });
  if (!isScored) {
    for (let version = LEARN_HOURS + 6; version > 0; version--) {
      await market.run("score", { snapshot_version: String(version) });
    }
  }
  return await whoScored(registry);
}

Deno.test("at most three challengers score in shadow, on the same rows, each version once", () =>
  withMarket(async (registry, folder) => {
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    const champion = await market.newHolder();
    const versions = [];
    for (const name of ["a", "b", "c", "d"]) {
      versions.push(await market.newHolder(`challenger-${name}`));
    }
    await market.run("promote", {
      version: String(versions[0]),
      alias: "challenger-again",
      force: true,
      reason: "for the test",
    });
    await market.goOn(1);
    const batches = await batchesOf(registry);
    assertEquals(
      batches.map(({ version, role, alias }) => [version, role, alias]),
      [
        [champion, "champion", "champion"],
        [versions[0], "challenger", "challenger-a"],
        [versions[1], "challenger", "challenger-b"],
        [versions[2], "challenger", "challenger-c"],
      ],
    );
    const coins = await Promise.all(
      batches.map(async ({ table }) =>
        texts(await decodeTable(await readBlob(registry.store, table)), "coin_id")
      ),
    );
    for (const ids of coins) assertEquals(ids, coins[0]);
  }));

Deno.test("every flag has its drivers in the batch's table, and what was not flagged has none", () =>
  withMarket(async (registry, folder) => {
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.goOn(4);
    for (const batch of await batchesOf(registry)) {
      for (const { flagged, drivers } of await readBatch(registry, batch)) {
        assertEquals(drivers.length > 0, flagged);
        assert(drivers.every(({ value, contribution }) => contribution < 0 && value !== null));
      }
    }
  }));

Deno.test("a thousand coins that are all flagged by four models are one commit", async () => {
  using registry = await memoryRegistry();
  const { store, scopes } = registry;
  const coins = Array.from({ length: 1000 }, (_, i) => ({
    coinId: `a-coin-with-a-rather-long-name-${i}`,
    price: i + 0.5,
    score: -0.7,
    flagged: true,
  }));
  const table = await stageBlob(new Uint8Array(90_000).fill(7), { compress: false });
  const staged = await store.commit(scopes.write, async (tx) => {
    await putBlob(tx, table, "2024-01-01T00:00:00.000Z");
    const isNew = [];
    for (const version of [1, 2, 3, 4]) {
      isNew.push(
        await stageBatch(registry, tx, {
          model: MODEL,
          version,
          role: "champion",
          alias: "champion",
          marketAtMs: START_MS,
          dueAtMs: hourMs(24),
          snapshot: { branch: "main", version: 1 },
          threshold: -0.5,
          expectedScore: -0.4,
          rows: 1000,
          flagged: 1000,
          table: { ...table.ref, mediaType: "application/vnd.apache.parquet" },
          modelSha256: "model",
          runId: 1,
          recordedAt: "2024-01-01T00:00:00.000Z",
        }, coins),
      );
    }
    return isNew;
  });
  assertEquals(staged, [true, true, true, true]);
  const found = await listCoinScores(registry, scopes.write, coins[999]!.coinId, EVERYTHING);
  assertEquals(
    found.map(({ version, price }) => [version, price]),
    [1, 2, 3, 4].map((v) => [v, 999.5]),
  );
});

Deno.test("a coin's scores are found by its id, in the order of time", () =>
  withMarket(async (registry, folder) => {
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.goOn(4);
    const { write } = registry.scopes;
    const scores = await listCoinScores(registry, write, "coin-6", EVERYTHING);
    assertEquals(
      scores.map((score) => score.marketAtMs),
      [16, 17, 18, 19].map(hourMs),
    );
    for (const { flagged, score, threshold } of scores) assertEquals(flagged, score < threshold);
    const range = { fromMs: hourMs(17), toMs: hourMs(18), limit: 10, reverse: true };
    const newest = await listCoinScores(registry, write, "coin-6", range);
    assertEquals(newest.map((score) => score.marketAtMs), [18, 17].map(hourMs));
    assertEquals(await listCoinScores(registry, write, "coin-600", EVERYTHING), []);
  }));
