// A model goes from one store to another with all that it was made of: it scores as it did, its lineage
// walks down to the raw responses, it is a candidate there, and the other store's own market is as before.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import { loadDetector } from "../../flows/detectors.ts";
import type { JsonObject, VersionRecord } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { toMatrix } from "../../src/domain/table.ts";
import { findFlow } from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { getVersion, listSnapshots, readFile, readTable } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { modelStatus } from "../../src/registry/evaluations.ts";
import { listEvents } from "../../src/registry/events.ts";
import { type LineageNode, lineageOf } from "../../src/registry/lineage.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { verifyStore } from "../../src/registry/verify.ts";
import { verifyLineage } from "../../src/registry/verify_lineage.ts";
import { keysOf } from "../../src/store/keys.ts";
import { exportBytes, importBytes, openBytes, partsOf } from "../support/archives.ts";
import {
  dumpBranch,
  memoryRegistry,
  MODEL,
  newChampion,
  PROJECT,
  testRunner,
} from "../support/registry.ts";
import { HOURS, type Pipeline, withPipeline } from "./pipeline.ts";

/** A model on a dataset, judged. */
async function trained({ ingest, buildDataset, run, model }: Pipeline): Promise<VersionRecord> {
  await ingest(HOURS);
  await buildDataset();
  await run("train");
  await run("evaluate");
  return await model();
}

async function runIn(registry: RegistryContext, flow: string, params: JsonObject) {
  const runner = testRunner(registry);
  return await runFlow(runner, findFlow(flows, flow), { params, tags: [], triggeredBy: null });
}

/** Every file below a version, read and hashed. */
async function filesBelow(registry: RegistryContext, version: VersionRecord): Promise<string[]> {
  const hashes: string[] = [];
  const visit = async (record: VersionRecord) => {
    for (const [role, { sha256 }] of Object.entries(record.files)) {
      if (role === "origin") continue;
      await readFile(registry, record, role);
      hashes.push(`${record.name} ${role} ${sha256}`);
    }
    for (const { ref, firstVersion } of record.inputs) {
      for (let number = firstVersion; number <= ref.version; number++) {
        const scope = readScope(PROJECT, ref.branch);
        const input = await getVersion(registry, scope, ref.kind, ref.name, number);
        assert(input !== null, `${ref.name} v${number} of ${ref.branch}`);
        await visit(input);
      }
    }
  };
  await visit(version);
  return hashes;
}

async function scoresOf(registry: RegistryContext, model: VersionRecord, rows: VersionRecord) {
  const detector = await loadDetector(registry, model);
  return [
    ...detector.scoreSamples(toMatrix(await readTable(registry, rows), detector.featureNames)),
  ];
}

Deno.test("an imported model scores the same rows to the same bits, and its lineage ends at the same raw responses", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    const version = await trained(pipeline);
    const rows = await pipeline.data("eval_holdout");
    const archive = await exportBytes(registry, version);
    using other = await memoryRegistry({ branch: "theirs" });
    const { versions, isKnown, branches } = await importBytes(other, archive);
    const [model] = versions;
    assert(model !== undefined);
    assertEquals([versions.length, isKnown, branches.length], [1, false, 1]);
    assertEquals([model.branch, model.version], ["theirs", 1]);
    assertEquals(await scoresOf(other, model, rows), await scoresOf(registry, version, rows));
    const files = await filesBelow(other, model);
    assertEquals(files, await filesBelow(registry, version));
    assertEquals(files.filter((file) => file.startsWith("market_snapshot raw")).length, HOURS);
    const [dataset] = await lineageOf(other, model);
    const walk = (node: LineageNode): string[] => [node.ref.name, ...node.inputs.flatMap(walk)];
    assertEquals(walk(dataset!), ["training_dataset", "market_snapshot"]);
    assertEquals(model.annotations.imported, {
      project: PROJECT,
      branch: "main",
      version: 1,
      run_id: version.runId,
      content_sha256: (model.annotations.imported as JsonObject).content_sha256!,
    });
  }));

Deno.test("exported again from where it was imported, a model has the same files with the same hashes", () =>
  withPipeline(async (pipeline) => {
    const version = await trained(pipeline);
    const archive = await exportBytes(pipeline.registry, version);
    assertEquals(await exportBytes(pipeline.registry, version), archive, "equal bytes");
    using second = await memoryRegistry({ branch: "second" });
    const [model] = (await importBytes(second, archive)).versions;
    const again = await exportBytes(second, model!);
    const blobs = async (bytes: typeof archive) =>
      (await partsOf(bytes)).map(({ name }) => name).filter((name) => name.startsWith("blobs/"));
    const origin = `blobs/${model!.files.origin!.sha256}`;
    assertEquals((await blobs(again)).filter((name) => name !== origin), await blobs(archive));

    using third = await memoryRegistry({ branch: "third" });
    const imported = await importBytes(third, again);
    const [copy] = imported.versions;
    assertEquals(await filesBelow(third, copy!), await filesBelow(second, model!));
    // What was judged where it was made has come through both hands, and its branch is known by content.
    const { manifest } = await openBytes(again);
    assertEquals(manifest.judgements.map(({ branch, passed }) => [branch, passed]), [
      ["main", true],
    ]);
    assertEquals((await importBytes(third, archive)).isKnown, true);
  }));

Deno.test("a store that took in a model verifies, and proves the model's lineage down to the raw responses", () =>
  withPipeline(async (pipeline) => {
    const { registry, ingest, run } = pipeline;
    await ingest(4);
    await run("train", { fresh_data: true });
    await ingest(HOURS - 5);
    await pipeline.buildDataset();
    await run("train");
    const archive = await exportBytes(registry, await pipeline.model());
    using other = await memoryRegistry({ branch: "theirs" });
    const [model] = (await importBytes(other, archive)).versions;
    const report = await verifyStore(other.store, { repair: false, progress: () => {} });
    assertEquals(report.findings, []);
    assertEquals(report.branches, 2);
    const { steps, findings } = await verifyLineage(other.store, PROJECT, model!, () => {});
    assertEquals(findings, []);
    assertEquals(steps.map(({ ref, versions, rawFiles }) => [ref.name, versions, rawFiles]), [
      ["anomaly_detector", 1, 0],
      ["training_dataset", 1, 0],
      ["market_snapshot", HOURS - 1, HOURS - 1],
    ]);
  }));

Deno.test("an imported model is a candidate, whatever was judged of it before, and nothing listens for it", () =>
  withPipeline(async (pipeline) => {
    const version = await trained(pipeline);
    await pipeline.run("promote", { version: "1" });
    const archive = await exportBytes(pipeline.registry, version);
    using other = await memoryRegistry();
    await newChampion(other);
    const before = (await listEvents(other, other.scopes.write, { limit: 100 })).length;
    const [model] = (await importBytes(other, archive)).versions;
    const { write } = other.scopes;
    assertEquals(model!.version, 2);
    assertEquals(await modelStatus(other, write, MODEL, 2), "candidate");
    assertEquals(await modelStatus(other, write, MODEL, 1), "champion");
    assertEquals((await listEvents(other, write, { limit: 100 })).length, before);
    const origin = JSON.parse(
      new TextDecoder().decode(await readFile(other, model!, "origin")),
    );
    assertEquals(origin.run.flow, "train");
    assertEquals(origin.judgements.length, 1);
    assertEquals(origin.judgements[0].gates.length, 5);
  }));

Deno.test("an imported model is judged on the holdout that came with it, and promoted over one that was trained here", () =>
  withPipeline(async (pipeline) => {
    const archive = await exportBytes(pipeline.registry, await trained(pipeline));
    using other = await memoryRegistry();
    const champion = await newChampion(other);
    const [model] = (await importBytes(other, archive)).versions;
    const judged = await runIn(other, "evaluate", {
      candidate_version: String(model!.version),
      compare_to: "none",
    });
    assertEquals(judged.summary.passed, true);
    await runIn(other, "promote", {
      version: String(model!.version),
      force: true,
      reason: "imported",
    });
    const { write } = other.scopes;
    assertEquals(await modelStatus(other, write, MODEL, model!.version), "champion");
    // The tag went from the run that trained the one to the run that brought the other.
    const tagged = async (flow: string) =>
      (await listRuns(other, write, { flow, tag: "champion", limit: 10 })).map(({ id }) => id);
    assertEquals(await tagged("train"), []);
    assertEquals(await tagged("import"), [model!.runId]);
    assert(champion.runId !== model!.runId);
  }));

Deno.test("the same archive imported twice is one version, and so is one imported by two at once", () =>
  withPipeline(async (pipeline) => {
    const version = await trained(pipeline);
    const archive = await exportBytes(pipeline.registry, version);
    using other = await memoryRegistry();
    const both = await Promise.all([importBytes(other, archive), importBytes(other, archive)]);
    assertEquals(both.map(({ isKnown }) => isKnown).sort(), [false, true]);
    const before = await dumpBranch(other.store, "main");
    const { versions, isKnown } = await importBytes(other, archive);
    assertEquals([isKnown, versions.map((one) => one.version)], [true, [1]]);
    assertEquals(await dumpBranch(other.store, "main"), before);
    assertEquals(before.filter((line) => line.startsWith('["version"')).length, 1);
    // Where it was made it is known as what it is.
    const own = await importBytes(pipeline.registry, archive);
    assertEquals([own.isKnown, own.versions], [true, [version]]);
  }));

Deno.test("an import that another one of the same overtakes, between its last look and its commit, gives way", () =>
  withPipeline(async (pipeline) => {
    const archive = await exportBytes(pipeline.registry, await trained(pipeline));
    using other = await memoryRegistry();
    const { store } = other;
    const list = store.list.bind(store);
    let looks = 0;
    store.list = async (prefix, options) => {
      const found = await list(prefix, options);
      // The second look for runs of imports is the one inside the commit.
      if (prefix.parts.at(-1) === "import" && ++looks === 2) await importBytes(other, archive);
      return found;
    };
    const { versions, isKnown } = await importBytes(other, archive);
    assertEquals([isKnown, versions.map(({ version }) => version)], [true, [1]]);
    const lines = await dumpBranch(store, "main");
    assertEquals(lines.filter((line) => line.startsWith('["version"')).length, 1);
  }));

Deno.test("snapshots that come with a model are no snapshots of the branch: its market and clock stay as they were", () =>
  withPipeline(async (pipeline) => {
    const archive = await exportBytes(pipeline.registry, await trained(pipeline));
    using other = await memoryRegistry({ branch: "theirs" });
    const { branches } = await importBytes(other, archive);
    const range = { fromMs: 0, toMs: Infinity, limit: 100 };
    assertEquals(await listSnapshots(other, other.scopes.write, range), []);
    const kinds = new Set(
      (await dumpBranch(other.store, "theirs")).map((line) => JSON.parse(line.split(" ")[0]!)[0]),
    );
    assertEquals([...kinds].sort(), [
      "audit",
      "counter",
      "revision",
      "run",
      "run_of_flow",
      "run_with_tag",
      "tag_of_run",
      "version",
    ]);
    const mirror = readScope(PROJECT, branches[0]!);
    assertEquals((await listSnapshots(other, mirror, range)).length, HOURS);
    // They are data like any other, for whoever reads that branch.
    const reader = { ...other, scopes: { write: other.scopes.write, read: mirror } };
    const built = await runIn(reader, "build_dataset", { holdout_hours: 4 });
    assertEquals(built.summary.snapshots, HOURS);
  }));

Deno.test("a dataset is imported with its other half, and a model can be trained and judged on them", () =>
  withPipeline(async (pipeline) => {
    await pipeline.ingest(HOURS);
    await pipeline.buildDataset();
    const archive = await exportBytes(pipeline.registry, await pipeline.data("eval_holdout"));
    using other = await memoryRegistry();
    const { versions } = await importBytes(other, archive);
    assertEquals(versions.map(({ name }) => name).sort(), ["eval_holdout", "training_dataset"]);
    await runIn(other, "train", {});
    const judged = await runIn(other, "evaluate", {});
    assertEquals(judged.summary.eval_source, "eval_holdout v1");
  }));

Deno.test("a snapshot is imported to a branch of its own", () =>
  withPipeline(async (pipeline) => {
    await pipeline.ingest(2);
    const archive = await exportBytes(pipeline.registry, await pipeline.data("market_snapshot"));
    using other = await memoryRegistry({ branch: "theirs" });
    const { versions, branches } = await importBytes(other, archive);
    assertEquals([versions, branches.length], [[], 1]);
    const there = await getVersion(
      other,
      readScope(PROJECT, branches[0]!),
      "data",
      "market_snapshot",
      2,
    );
    assert(there !== null && (await readTable(other, there)).rowCount === 21);
    assertEquals((await importBytes(other, archive)).isKnown, true);
    const key = keysOf(writeScope(PROJECT, branches[0]!)).version("data", "market_snapshot", 2);
    await other.store.commit(
      writeScope(PROJECT, branches[0]!),
      (tx) => Promise.resolve(tx.delete(key)),
    );
    await importBytes(other, archive);
    assertEquals(await other.store.get(key), there, "it was forgotten, and is brought again");
  }));

Deno.test("a model that was trained on fresh data, with or without snapshots behind it, goes as well", () =>
  withPipeline(async (pipeline) => {
    const { registry, run, ingest, model } = pipeline;
    await run("train", { fresh_data: true });
    await ingest(3);
    await run("train", { fresh_data: true });
    for (const [ref, inputs] of [["1", 0], ["2", 1]] as const) {
      const version = await model(ref);
      assertEquals(version.inputs.length, inputs);
      using other = await memoryRegistry();
      const [copy] = (await importBytes(other, await exportBytes(registry, version))).versions;
      assertEquals(await filesBelow(other, copy!), await filesBelow(registry, version));
    }
  }));

class Crash extends Error {}

Deno.test("an import that dies after any of its commits leaves no version, and done again gives the whole one", () =>
  withPipeline(async (pipeline) => {
    const version = await trained(pipeline);
    const archive = await exportBytes(pipeline.registry, version);
    let points = 0;
    for (let survived = 0;; survived++) {
      using other = await memoryRegistry({ branch: "theirs" });
      const commit = other.store.commit.bind(other.store);
      let left = survived;
      other.store.commit = (scope, build) => {
        if (left-- <= 0) throw new Crash();
        return commit(scope, build);
      };
      const isDead = await importBytes(other, archive).then(() => false, (error) => {
        if (error instanceof Crash) return true;
        throw error;
      });
      other.store.commit = commit;
      if (!isDead) break;
      points++;
      assertEquals(await dumpBranch(other.store, "theirs"), [], `after ${survived} commits`);
      const { findings } = await verifyStore(other.store, { repair: false, progress: () => {} });
      assertEquals(findings, [], `after ${survived} commits`);
      const { versions: [copy], isKnown } = await importBytes(other, archive);
      assertEquals(isKnown, false);
      assertEquals(await filesBelow(other, copy!), await filesBelow(pipeline.registry, version));
    }
    // Two of snapshots, one of the two datasets, and that of the model.
    assert(points >= 4, `${points} points`);
  }));

Deno.test("what a version was made of must be there to export it with its lineage", () =>
  withPipeline(async (pipeline) => {
    const version = await trained(pipeline);
    const { registry } = pipeline;
    const gone = { ...version, inputs: [{ ...version.inputs[0]!, firstVersion: 9 }] };
    gone.inputs[0]!.ref = { ...gone.inputs[0]!.ref, version: 9 };
    const error = await assertRejects(() => exportBytes(registry, gone), AppError);
    assertEquals(error.code, "not_found");
    assert(error.message.includes("training_dataset v9 of main is no longer there"), error.message);
    const results = await pipeline.data("evaluation_results");
    const refused = await assertRejects(() => exportBytes(registry, results), AppError);
    assertEquals(refused.code, "invalid");
  }));
