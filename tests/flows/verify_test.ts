// Damage of every kind, put into a store that flows have written: each is found and named; what follows
// from records is mended and nothing else is touched.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ASSET } from "../../src/domain/asset.ts";
import { coinBucket } from "../../src/domain/prediction.ts";
import type { FindingKind } from "../../src/registry/findings.ts";
import { stageDelivery } from "../../src/registry/deliveries.ts";
import { stageTag, stageUntag } from "../../src/registry/runs.ts";
import { verifyStore } from "../../src/registry/verify.ts";
import { blobKeys, keysOf, type WriteKey } from "../../src/store/keys.ts";
import type { Transaction } from "../../src/store/kv.ts";
import { dumpBranch, HOUR_MS, START_MS, trainModel } from "../support/registry.ts";
import { LEARN_HOURS } from "./predictions_market.ts";
import { MAIN, withWholeStore } from "./whole_store.ts";

const LOOK = { repair: false, progress: () => {} };
const REPAIR = { ...LOOK, repair: true };
const MODEL = ASSET.detector;
const keys = keysOf(MAIN);

/** The market time of a snapshot that was scored and decided, and of one that still waits. */
const DECIDED_MS = START_MS + LEARN_HOURS * HOUR_MS;
const WAITING_MS = DECIDED_MS + 3 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;

interface Damage {
  what: string;
  damage: (tx: Transaction) => Promise<void> | void;
  /** The findings, each by its kind and a part of its key, of what was found and what was expected. */
  finds: [FindingKind, string, string, string][];
  /** Whether it follows from what is there, and so can be mended. */
  mends: boolean;
}

function gone(key: WriteKey<unknown>): Damage["damage"] {
  return (tx) => tx.delete(key);
}

/** An index entry that is missing. */
function missing(what: string, key: WriteKey<unknown>, at: string): Damage {
  return {
    what: `a missing entry of ${what}`,
    damage: gone(key),
    finds: [["index", at, "no such entry", "as a record has it"]],
    mends: true,
  };
}

/** An index entry that follows from nothing. */
function stray(what: string, key: WriteKey<unknown>, value: unknown, at: string): Damage {
  return {
    what: `an entry of ${what} that follows from no record`,
    damage: (tx) => tx.set(key, value),
    finds: [["index", at, JSON.stringify(value), "no entry, as "]],
    mends: true,
  };
}

async function change<T extends object>(
  tx: Transaction,
  key: WriteKey<T>,
  changed: Partial<T>,
): Promise<void> {
  const value = await tx.get(key);
  assert(value !== null, `nothing at ${JSON.stringify(key.parts)}`);
  tx.set(key, { ...value, ...changed });
}

const COIN = coinBucket("coin-3");

const INDEXES: Damage[] = [
  missing("snapshots by time", keys.snapshotAt(START_MS + HOUR_MS), '["snapshot_at",17'),
  stray("snapshots by time", keys.snapshotAt(START_MS - 1), 3, '["snapshot_at",17'),
  missing(
    "reverse edges",
    keys.usedBy("data", ASSET.trainingDataset, 1, "model", MODEL, 1),
    '["used_by","data","training_dataset",1',
  ),
  stray(
    "reverse edges",
    keys.usedBy("data", ASSET.trainingDataset, 1, "model", MODEL, 77),
    { role: "training_dataset", firstVersion: 1 },
    '"anomaly_detector",77]',
  ),
  missing("holders", keys.alias(MODEL, "champion"), '["alias","anomaly_detector","champion"]'),
  missing(
    "the history by time",
    keys.aliasAt(MODEL, "champion", START_MS + 15 * HOUR_MS, 1),
    '["alias_at"',
  ),
  stray("the history by time", keys.aliasAt(MODEL, "champion", START_MS, 1), 1, '["alias_at"'),
  missing("what is due", keys.due(WAITING_MS + DAY_MS, WAITING_MS, MODEL, 1), '["due"'),
  stray("what is due", keys.due(DECIDED_MS + DAY_MS, DECIDED_MS, MODEL, 1), true, '["due"'),
  {
    what: "a missing entry of the look-up by coin",
    damage: gone(keys.coinScores(COIN, DECIDED_MS, MODEL, 1)),
    finds: [["index", `["coin_scores",${COIN},`, "no such entry", "scores of coin-3"]],
    mends: true,
  },
  {
    what: "coins of a batch that is not there",
    damage: (tx) =>
      tx.set(keys.coinScores(COIN, 5, MODEL, 1), { role: "champion", threshold: 0, coins: [] }),
    finds: [["index", `["coin_scores",${COIN},5,`, "scores of no coins", "no entry, as"]],
    mends: true,
  },
  missing("runs by flow", keys.runOfFlow("train", 18), '["run_of_flow","train",18]'),
  stray("runs by flow", keys.runOfFlow("train", 1), true, '["run_of_flow","train",1]'),
  missing("runs by tag", keys.runWithTag("train", "flow:train", 18), '["run_with_tag"'),
  stray("runs by tag", keys.runWithTag("train", "odd", 18), true, '["run_with_tag","train","odd"'),
];

const REFERENCES: Damage[] = [
  {
    what: "a dangling reference to a run",
    damage: (tx) => change(tx, keys.event(1), { runId: 999 }),
    finds: [["reference", '["event",1]', 'no record at ["run",999]', "run 999"]],
    mends: false,
  },
  {
    what: "a dangling reference to a version",
    damage: async (tx) => {
      const key = keys.evaluation(MODEL, 1, 1);
      await change(tx, key, { resultVersion: 50 });
    },
    finds: [["reference", '["evaluation"', '"evaluation_results",50]', "evaluation_results v50"]],
    mends: false,
  },
  {
    what: "a dangling reference to a blob",
    damage: async (tx) => {
      const key = keys.prediction(DECIDED_MS, MODEL, 1);
      const { table } = (await tx.get(key))!;
      await change(tx, key, { table: { ...table, sha256: "0".repeat(64) } });
    },
    finds: [[
      "reference",
      '["prediction"',
      `no such blob at ${"0".repeat(64)}`,
      "to which the record",
    ]],
    mends: false,
  },
  {
    what: "a reference to a blob of another length",
    damage: async (tx) => {
      const key = keys.prediction(DECIDED_MS, MODEL, 1);
      const { table } = (await tx.get(key))!;
      await change(tx, key, { table: { ...table, byteLength: 1 } });
    },
    finds: [["reference", '["prediction"', "a blob of ", "a blob of 1 bytes"]],
    mends: false,
  },
  {
    what: "a missing run",
    damage: gone(keys.run(3)),
    finds: [["sequence", '["run",3]', "no such record", 'the counter "run" has given out']],
    mends: false,
  },
  {
    what: "a missing newest event",
    damage: async (tx) => tx.delete(keys.event((await tx.get(keys.counter("event")))!)),
    finds: [["sequence", '["event",', "no such record", 'the counter "event" has given out']],
    mends: false,
  },
  {
    what: "the only evaluation of a version missing",
    damage: gone(keys.evaluation(MODEL, 2, 1)),
    finds: [["sequence", '["evaluation","anomaly_detector",2,1]', "no such record", "counter"]],
    mends: false,
  },
  {
    what: "a counter that lags behind",
    damage: (tx) => tx.set(keys.counter("audit"), 1),
    finds: [["sequence", '["counter","audit"]', "1", " at least, which is in use"]],
    mends: true,
  },
  {
    what: "a record of an unknown kind",
    damage: (tx) => {
      const parts = [...keys.run(1).parts.slice(0, 3), "mystery", 1];
      tx.set({ parts, writable: true }, 1);
    },
    finds: [["key", '["mystery",1]', 'a record of the kind "mystery"', "kinds that this program"]],
    mends: false,
  },
];

for (const { what, damage, finds, mends } of [...INDEXES, ...REFERENCES]) {
  Deno.test(`verify finds and names ${what}${mends ? ", and mends it" : ""}`, () =>
    withWholeStore(async ({ store }) => {
      const whole = await dumpBranch(store, "main");
      await store.commit(MAIN, async (tx) => await damage(tx));
      const damaged = await dumpBranch(store, "main");
      const report = await verifyStore(store, REPAIR);
      for (const [kind, at, found, expected] of finds) {
        const finding = report.findings.find((one) => one.kind === kind && one.at.includes(at));
        assert(finding, JSON.stringify(report.findings));
        assertStringIncludes(finding.found, found);
        assertStringIncludes(finding.expected, expected);
        assertStringIncludes(finding.next, mends ? "verify --repair" : "backup");
        assertEquals([finding.branch, finding.mended !== null], ["main", mends]);
      }
      if (mends) {
        assertEquals([report.wrong, report.mended], [finds.length, finds.length]);
        assertEquals(await dumpBranch(store, "main"), whole);
      } else if (report.mended === 0) assertEquals(await dumpBranch(store, "main"), damaged);
    }));
}

Deno.test("verify without --repair finds nothing wrong in what flows have written, and writes nothing", () =>
  withWholeStore(async ({ store }) => {
    const damage = (tx: Transaction) => Promise.resolve(tx.delete(keys.runOfFlow("train", 18)));
    const whole = await verifyStore(store, LOOK);
    assertEquals([whole.findings, whole.branches], [[], 2]);
    assert(whole.records > 1000 && whole.blobs > 100);
    await store.commit(MAIN, damage);
    const damaged = await dumpBranch(store, "main");
    const report = await verifyStore(store, LOOK);
    assertEquals([report.wrong, report.mended], [1, 0]);
    assertEquals(await dumpBranch(store, "main"), damaged);
  }));

Deno.test("verify holds the deliveries of events to their two indexes, and mends these", () =>
  withWholeStore(async ({ store, registry }) => {
    const of = (consumer: string) => ({ eventId: 1, consumer });
    await store.commit(MAIN, async (tx) => {
      await stageDelivery(registry, tx, of("score"), {});
      await stageDelivery(registry, tx, of("train"), { state: "parked" });
      await stageDelivery(registry, tx, of("promote"), { state: "done" });
    });
    const whole = await dumpBranch(store, "main");
    assertEquals((await verifyStore(store, LOOK)).findings, []);
    await store.commit(MAIN, (tx) => {
      tx.delete(keys.openDelivery("score", 1));
      tx.delete(keys.parkedDelivery(1, "train"));
      tx.set(keys.openDelivery("promote", 1), true);
      tx.set(keys.parkedDelivery(1, "promote"), true);
      return Promise.resolve();
    });
    const report = await verifyStore(store, REPAIR);
    assertEquals([report.wrong, report.mended], [4, 4]);
    assertEquals(await dumpBranch(store, "main"), whole);
  }));

/** What may befall a blob, and what is said of it. */
const BLOB_DAMAGES: {
  what: string;
  damage: (tx: Transaction, sha256: string) => Promise<void> | void;
  found: string;
}[] = [
  {
    what: "a flipped byte in a blob",
    damage: async (tx, sha256) => {
      const chunk = (await tx.get(blobKeys.chunk(sha256, 0)))!.slice();
      chunk[100]! ^= 1;
      tx.set(blobKeys.chunk(sha256, 0), chunk);
    },
    found: "its bytes hash to ",
  },
  {
    what: "a deleted chunk",
    damage: (tx, sha256) => tx.delete(blobKeys.chunk(sha256, 0)),
    found: "chunk 0 of 1 is missing",
  },
  {
    what: "a chunk that is cut off",
    damage: async (tx, sha256) => {
      const chunk = (await tx.get(blobKeys.chunk(sha256, 0)))!;
      tx.set(blobKeys.chunk(sha256, 0), chunk.slice(0, -1));
    },
    found: "stored bytes, expected",
  },
  {
    what: "a chunk too many",
    damage: (tx, sha256) => tx.set(blobKeys.chunk(sha256, 1), new Uint8Array(1)),
    found: "more chunks than it is made of",
  },
  {
    what: "a length that is another",
    damage: (tx, sha256) => change(tx, blobKeys.meta(sha256), { byteLength: 1 }),
    found: " bytes",
  },
];

for (const { what, damage, found } of BLOB_DAMAGES) {
  Deno.test(`verify finds and names ${what}, and lets it be`, () =>
    withWholeStore(async ({ store }) => {
      const { table } = (await store.get(keys.prediction(DECIDED_MS, MODEL, 1)))!;
      await store.commit(MAIN, async (tx) => await damage(tx, table.sha256));
      const report = await verifyStore(store, REPAIR);
      const finding = report.findings.find(({ kind }) => kind === "blob");
      assert(finding, JSON.stringify(report.findings));
      assertEquals(finding.at, JSON.stringify(["blob_v1", table.sha256]));
      assertStringIncludes(finding.found, found);
      assertStringIncludes(finding.next, "backup");
      assertEquals(finding.mended, null);
    }));
}

Deno.test("a blob whose meta record is gone is named by the record that refers to it", () =>
  withWholeStore(async ({ store }) => {
    const { table } = (await store.get(keys.prediction(DECIDED_MS, MODEL, 1)))!;
    await store.commit(MAIN, (tx) => Promise.resolve(tx.delete(blobKeys.meta(table.sha256))));
    const report = await verifyStore(store, REPAIR);
    assertEquals(report.leftOverBlobs, 1);
    const places = new Set(report.findings.map(({ at }) => JSON.parse(at)[0]));
    assertEquals(places, new Set(["prediction", "step"]));
    for (const { found } of report.findings) assertStringIncludes(found, table.sha256);
  }));

Deno.test("chunks that a dead process left are no damage, and are counted", () =>
  withWholeStore(async ({ store }) => {
    const key = blobKeys.chunk("a".repeat(64), 0);
    await store.commit(MAIN, (tx) => Promise.resolve(tx.set(key, new Uint8Array(9))));
    const report = await verifyStore(store, LOOK);
    assertEquals([report.wrong, report.leftOverBlobs], [0, 1]);
  }));

Deno.test("what retention has taken is no dangling reference, and what lies behind it is", () =>
  withWholeStore(async ({ store }) => {
    await store.commit(MAIN, (tx) => {
      for (const id of [1, 2]) {
        tx.delete(keys.run(id));
        tx.delete(keys.runOfFlow("ingest", id));
      }
      tx.set(keys.forgotten("run"), { through: 1, count: 1, at: "2024-01-01T00:00:00.000Z" });
      return Promise.resolve();
    });
    const { findings } = await verifyStore(store, LOOK);
    const missing = findings.filter(({ kind }) => kind === "sequence").map(({ at }) => at);
    assertEquals(missing, ['["run",2]']);
    // The version that a run made stays; that the run is no longer kept is known of the first alone.
    const dangling = findings.filter(({ at }) => at.startsWith('["version"')).map(({ at }) => at);
    assertEquals(dangling, ['["version","data","market_snapshot",2]']);
  }));

Deno.test("verify of a store that others write to gives no false alarm", () =>
  withWholeStore(async ({ store, registry }) => {
    let isOver = false;
    const write = async () => {
      for (let i = 0; !isOver; i++) {
        const { runId: id } = await trainModel(registry);
        await store.commit(MAIN, async (tx) => {
          await stageTag(registry, tx, { id, flow: "train" }, `tag-${i}`, false);
        });
        await store.commit(MAIN, (tx) => {
          stageUntag(registry, tx, { id, flow: "train" }, `tag-${i}`);
          return Promise.resolve();
        });
      }
    };
    const writers = [write(), write()];
    try {
      for (let look = 0; look < 2; look++) {
        assertEquals((await verifyStore(store, LOOK)).findings, []);
      }
    } finally {
      isOver = true;
      await Promise.all(writers);
    }
  }));
