import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { MAX_SNAPSHOTS } from "../../flows/snapshots.ts";
import { ASSET, type BlobRef, type VersionRecord } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { Table } from "../../src/domain/table.ts";
import { aliasHolder, CHAMPION } from "../../src/registry/aliases.ts";
import { readTable, registerVersion } from "../../src/registry/assets.ts";
import { latestEvaluation } from "../../src/registry/evaluations.ts";
import { listEvents } from "../../src/registry/events.ts";
import { type LineageNode, lineageOf } from "../../src/registry/lineage.ts";
import { listRuns, readLog } from "../../src/registry/runs.ts";
import { putBlob, stageBlob } from "../../src/store/blobs.ts";
import { blobKeys, keysOf } from "../../src/store/keys.ts";
import { encodeTable } from "../../src/store/tables.ts";
import { HOLDOUT_HOURS, HOURS, type Pipeline, withPipeline } from "./pipeline.ts";

const MODEL = ASSET.detector;

async function loseBlob({ registry }: Pipeline, { sha256 }: BlobRef): Promise<void> {
  await registry.store.commit(registry.scopes.write, (tx) => {
    tx.delete(blobKeys.meta(sha256));
    return Promise.resolve();
  });
}

/** Nothing but runs was written by the last run: no version and no event of it. */
async function assertFailedRunOnly({ registry }: Pipeline, step: string): Promise<void> {
  const { read } = registry.scopes;
  const [run] = await listRuns(registry, read, { limit: 1 });
  assertEquals([run!.status, run!.error?.step], ["failed", step]);
  assertEquals([run!.produced, run!.events], [[], []]);
  const events = await listEvents(registry, read, { limit: 100 });
  assertEquals(events.filter((event) => event.runId === run!.id), []);
}

Deno.test("the flows lead from recordings to a champion, and its lineage leads back to them", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    const { read } = registry.scopes;
    await pipeline.ingest(HOURS);
    const built = await pipeline.buildDataset();
    assertEquals(built.summary.snapshots, HOURS);
    const trained = await pipeline.run("train");
    const judged = await pipeline.run("evaluate");
    assertEquals([judged.summary.passed, judged.summary.failed_gates], [true, []]);
    assertEquals(judged.summary.eval_source, "eval_holdout v1");
    await pipeline.run("promote", { run_id: String(trained.id) });

    const holder = await aliasHolder(registry.store, read, MODEL, CHAMPION);
    assertEquals([holder?.version, holder?.runId], [1, trained.id]);
    const evaluation = await latestEvaluation(registry.store, read, MODEL, 1);
    const model = await pipeline.model();
    assertEquals(evaluation?.modelSha256, model.files.model!.sha256);

    const path: string[] = [];
    let nodes: LineageNode[] = await lineageOf(registry, model);
    for (let node = nodes[0]; node !== undefined; node = nodes[0]) {
      path.push(`${node.role}: ${node.ref.name} ${node.firstVersion}-${node.ref.version}`);
      assert(node.record !== null);
      nodes = node.inputs;
    }
    assertEquals(path, [
      "training_dataset: training_dataset 1-1",
      `members: market_snapshot 1-${HOURS}`,
    ]);
    const events = await listEvents(registry, read, { limit: 4 });
    assertEquals(events.map((event) => event.name), [
      "model_promoted",
      "evaluation_passed",
      "model_registered",
      "dataset_ready",
    ]);
  }));

Deno.test("training twice on the same dataset gives the same model file, bit for bit", () =>
  withPipeline(async (pipeline) => {
    await pipeline.ingest(HOURS);
    await pipeline.buildDataset();
    await pipeline.run("train");
    await pipeline.run("train", { data_version: "1" });
    const [first, second] = [await pipeline.model("1"), await pipeline.model("2")];
    assertEquals(second.files.model, first.files.model);
    assertNotEquals(second.runId, first.runId);
  }));

Deno.test("both halves of a dataset carry the hash of one member list", () =>
  withPipeline(async (pipeline) => {
    await pipeline.ingest(HOURS - 1);
    const { summary } = await pipeline.buildDataset();
    const halves = [
      await pipeline.data(ASSET.trainingDataset),
      await pipeline.data(ASSET.evalHoldout),
    ];
    for (const half of halves) {
      assertEquals(half.annotations.members_sha256, summary.members_sha256);
      assertEquals(half.files.members!.sha256, summary.members_sha256);
      assertEquals(half.inputs[0]!.sha256, summary.members_sha256);
    }
    await pipeline.ingest(1);
    const later = await pipeline.buildDataset();
    assertNotEquals(later.summary.members_sha256, summary.members_sha256);
  }));

Deno.test("other values in the holdout's snapshots change no byte of the training dataset", async () => {
  const files: Record<string, string>[] = [];
  const shift = { fromHour: HOURS - HOLDOUT_HOURS, standardDeviations: 3 };
  for (const recordings of [{}, { shift }]) {
    await withPipeline(async (pipeline) => {
      await pipeline.ingest(HOURS);
      await pipeline.buildDataset();
      await pipeline.run("train");
      files.push({
        training: (await pipeline.data(ASSET.trainingDataset)).files.table!.sha256,
        holdout: (await pipeline.data(ASSET.evalHoldout)).files.table!.sha256,
        model: (await pipeline.model()).files.model!.sha256,
      });
    }, recordings);
  }
  const [plain, shifted] = files;
  assertEquals([shifted!.training, shifted!.model], [plain!.training, plain!.model]);
  assertNotEquals(shifted!.holdout, plain!.holdout);
});

/** The table with every feature moved by so many of its own standard deviations. */
function shifted(table: Table, names: readonly string[], deviations: number): Table {
  const columns = { ...table.columns };
  for (const name of names) {
    const values = columns[name]!.values as Float64Array;
    const known = values.filter((value) => !Number.isNaN(value));
    const mean = known.reduce((a, b) => a + b, 0) / known.length;
    const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length;
    const step = deviations * Math.sqrt(variance);
    columns[name] = { type: "number", values: values.map((value) => value + step) };
  }
  return { ...table, columns };
}

/** Registers another version of a dataset with the same annotations and another table. */
async function registerTable(
  { registry }: Pipeline,
  version: VersionRecord,
  table: Table,
): Promise<VersionRecord> {
  const blob = await stageBlob(encodeTable(table), { compress: false });
  const file = { ...blob.ref, mediaType: "application/vnd.apache.parquet" };
  const { store, scopes } = registry;
  return await store.commit(scopes.write, async (tx) => {
    await putBlob(tx, blob, version.recordedAt);
    return await registerVersion(registry, tx, { ...version, files: { table: file } });
  });
}

Deno.test("a holdout moved by three standard deviations fails the stored model", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    await pipeline.ingest(HOURS);
    await pipeline.buildDataset();
    await pipeline.run("train");
    const holdout = await pipeline.data(ASSET.evalHoldout);
    const names = holdout.annotations.feature_names as string[];
    const moved = shifted(await readTable(registry, holdout), names, 3);
    await registerTable(pipeline, holdout, moved);
    const judged = await pipeline.run("evaluate", { eval_data_version: "2" });
    assertEquals([judged.status, judged.summary.passed], ["completed", false]);
    const failed = judged.summary.failed_gates as string[];
    assert(failed.includes("max_anomaly_rate") && failed.includes("max_rate_diff"), `${failed}`);
    const error = await assertRejects(() => pipeline.run("promote", { version: "1" }), AppError);
    assertEquals(error.exitCode, 3);
    assertStringIncludes(error.message, "max_rate_diff");
    assertEquals((await pipeline.run("evaluate")).summary.passed, true, "its own holdout passes");
  }));

Deno.test("a candidate is judged beside the champion, and is stale when that changes", () =>
  withPipeline(async (pipeline) => {
    await pipeline.ingest(HOURS);
    await pipeline.buildDataset();
    for (let i = 0; i < 3; i++) await pipeline.run("train");
    for (const version of ["1", "2", "3"]) {
      await pipeline.run("evaluate", { candidate_version: version });
    }
    await pipeline.run("promote", { version: "1" });
    const stale = await assertRejects(() => pipeline.run("promote", { version: "2" }), AppError);
    assertStringIncludes(stale.message, "made against no champion");
    const judged = await pipeline.run("evaluate", { candidate_version: "2" });
    assertEquals([judged.summary.compared_to, judged.summary.passed], [1, true]);
    await pipeline.run("promote", { version: "2", expect: "v1" });
  }));

Deno.test("train says in its first line that it uses fresh data where no dataset was ever built", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    const trained = await pipeline.run("train");
    const [line] = await readLog(registry, registry.scopes.read, trained.id);
    assertEquals(
      line!.message,
      "no training_dataset on branch main yet: training on fresh data instead",
    );
    const model = await pipeline.model();
    assertEquals(model.annotations.data_source, "replay_live");
    assertEquals(model.inputs, []);
    assertEquals(Object.keys(model.files).sort(), ["model", "raw", "table", "training_scores"]);

    const judged = await pipeline.run("evaluate");
    assertEquals(judged.summary.eval_source, "replay_live");
    const [said] = await readLog(registry, registry.scopes.read, judged.id);
    assertEquals(said!.message, "a fresh-trained model is judged on fresh data");
    assert(judged.marketAt! === model.marketAt!, "the market has gone on since");
  }));

Deno.test("train on a dataset whose file is gone is an error, and never falls back to fresh data", () =>
  withPipeline(async (pipeline) => {
    await pipeline.ingest(HOURS);
    await pipeline.buildDataset();
    const dataset = await pipeline.data(ASSET.trainingDataset);
    await loseBlob(pipeline, dataset.files.table!);
    const error = await assertRejects(() => pipeline.run("train"), AppError, "Cannot read blob");
    assertEquals(error.exitCode, 1);
    await assertFailedRunOnly(pipeline, "fit");
  }));

Deno.test("train on a version of the dataset that does not exist is not found", () =>
  withPipeline(async (pipeline) => {
    for (const data_version of ["1", "latest-1"]) {
      const error = await assertRejects(() => pipeline.run("train", { data_version }), AppError);
      assertEquals(error.code, "not_found");
    }
  }));

Deno.test("evaluate refuses a stored model whose bytes have changed", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    await pipeline.ingest(HOURS);
    await pipeline.buildDataset();
    await pipeline.run("train");
    const { sha256 } = (await pipeline.model()).files.model!;
    const chunk = (await registry.store.get(blobKeys.chunk(sha256, 0)))!;
    chunk[chunk.length - 1]! ^= 1;
    await registry.store.commit(registry.scopes.write, (tx) => {
      tx.set(blobKeys.chunk(sha256, 0), chunk);
      return Promise.resolve();
    });
    await assertRejects(() => pipeline.run("evaluate"), AppError, "its bytes hash to");
    await assertFailedRunOnly(pipeline, "score");
  }));

Deno.test("build_dataset says how many hours of snapshots are missing", () =>
  withPipeline(async (pipeline) => {
    for (const [ingested, missing] of [[0, 10], [4, 6]] as const) {
      await pipeline.ingest(ingested);
      const error = await assertRejects(() => pipeline.buildDataset(), AppError);
      assertEquals([error.code, error.exitCode], ["too_little_data", 1]);
      assertEquals(error.details.missing_hours, missing);
    }
    await pipeline.ingest(6);
    await pipeline.buildDataset();
  }));

Deno.test("ingest of a broken recording leaves its failed run and nothing else", () =>
  withPipeline(async (pipeline) => {
    await pipeline.ingest(1);
    const files = [...Deno.readDirSync(pipeline.folder)].map((entry) => entry.name).sort();
    await Deno.writeTextFile(`${pipeline.folder}/${files[1]}`, "<html><title>Sorry</title>");
    const error = await assertRejects(() => pipeline.run("ingest"), AppError, "Sorry");
    assertEquals([error.code, error.exitCode], ["unavailable", 6]);
    await assertFailedRunOnly(pipeline, "fetch");
    assertEquals((await pipeline.data(ASSET.snapshot)).version, 1);
  }));

Deno.test("ingest takes one recording after another, and none twice", () =>
  withPipeline(async (pipeline) => {
    const times = new Set<string | null>();
    for (let i = 0; i < 3; i++) {
      await pipeline.run("ingest");
      times.add((await pipeline.data(ASSET.snapshot)).marketAt);
    }
    assertEquals(times.size, 3);
    const error = await assertRejects(() => pipeline.run("ingest"), AppError);
    assertEquals(error.code, "not_found");
  }, { hours: 3 }));

Deno.test("build_dataset refuses a window of more snapshots than it may hold, instead of taking a part of it", () =>
  withPipeline(async ({ registry, run, ingest }) => {
    await ingest(1);
    const { store, scopes } = registry;
    const keys = keysOf(scopes.write);
    const { marketAtMs } = (await store.get(keys.branch()))!;
    for (let first = 1; first <= MAX_SNAPSHOTS; first += 900) {
      await store.commit(scopes.write, (tx) => {
        for (let i = first; i < first + 900; i++) tx.set(keys.snapshotAt(marketAtMs - i), 1);
        return Promise.resolve();
      });
    }
    const error = await assertRejects(() => run("build_dataset"), AppError);
    assertEquals(error.code, "invalid");
    assertStringIncludes(error.message, `found more than ${MAX_SNAPSHOTS} snapshots`);
  }));
