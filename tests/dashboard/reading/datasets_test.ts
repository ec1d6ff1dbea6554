import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { datasetHistograms, trainingScoresOf } from "../../../dashboard/reading/datasets.ts";
import { evaluationScores } from "../../../dashboard/reading/evaluations.ts";
import { flows } from "../../../flows/mod.ts";
import { ASSET } from "../../../src/domain/asset.ts";
import { numbers } from "../../../src/domain/table.ts";
import { findFlow } from "../../../src/engine/flow.ts";
import { readTable } from "../../../src/registry/assets.ts";
import { latestEvaluation } from "../../../src/registry/evaluations.ts";
import { keysOf } from "../../../src/store/keys.ts";
import { MODEL } from "../../support/registry.ts";
import { HOURS, type Pipeline, withPipeline } from "../../flows/pipeline.ts";

const sum = (counts: readonly number[]) => counts.reduce((total, n) => total + n, 0);

Deno.test("a dataset pair stores what its features look like, the same with both halves", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    await pipeline.ingest(HOURS);
    await pipeline.buildDataset();
    const training = await pipeline.data(ASSET.trainingDataset);
    const holdout = await pipeline.data(ASSET.evalHoldout);
    const histograms = (await datasetHistograms(registry, training))!;
    assertStrictEquals(await datasetHistograms(registry, holdout), histograms);
    assertEquals(
      histograms.features.map(({ feature }) => feature),
      training.annotations.feature_names,
    );
    const [learned, judged] = [
      await readTable(registry, training),
      await readTable(registry, holdout),
    ];
    for (const { feature, bins, training_missing, holdout_missing, shift } of histograms.features) {
      const known = (values: Float64Array) => values.filter((value) => !Number.isNaN(value)).length;
      const [ofTraining, ofHoldout] = [numbers(learned, feature), numbers(judged, feature)];
      assertAlmostEquals(training_missing!, 1 - known(ofTraining) / learned.rowCount, 1e-12);
      assertAlmostEquals(holdout_missing!, 1 - known(ofHoldout) / judged.rowCount, 1e-12);
      if (bins === null) {
        assertEquals([known(ofTraining), shift], [0, null]);
        continue;
      }
      assertEquals([bins.training.length, bins.holdout.length], [24, 24]);
      assertEquals([sum(bins.training), sum(bins.holdout)], [known(ofTraining), known(ofHoldout)]);
      assert(shift! >= 0 && shift! <= 1);
    }
  }));

Deno.test("what is from before histograms were stored has none, and its card counts them", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    await pipeline.ingest(HOURS);
    const run = await pipeline.buildDataset();
    const { card } = findFlow(flows, "build_dataset");
    const now = await card!({ registry, run, artifacts: {} });
    assert(now.includes("lie elsewhere"));
    await forgetFile(pipeline, ASSET.trainingDataset, "histograms");
    const training = await pipeline.data(ASSET.trainingDataset);
    assertEquals(await datasetHistograms(registry, training), null);
    assertEquals(await card!({ registry, run, artifacts: {} }), now);
  }));

/** Makes a version one from before a file was stored with it. */
async function forgetFile({ registry, data }: Pipeline, name: string, role: string): Promise<void> {
  const record = await data(name);
  const { [role]: _forgotten, ...files } = record.files;
  const { store, scopes } = registry;
  await store.commit(scopes.write, (tx) => {
    tx.set(keysOf(scopes.write).version("data", name, record.version), { ...record, files });
    return Promise.resolve();
  });
}

Deno.test("a model stores what it scored in training, and an evaluation what both models scored", () =>
  withPipeline(async (pipeline) => {
    const { registry } = pipeline;
    await pipeline.ingest(HOURS);
    await pipeline.buildDataset();
    await pipeline.run("train");
    const model = await pipeline.model();
    const counts = (await trainingScoresOf(registry, model))!;
    assertEquals([sum(counts.counts), counts.counts.length], [model.annotations.training_rows, 60]);
    const { offset } = model.annotations;
    assert(counts.from < Number(offset) && Number(offset) < counts.to);

    const { read } = registry.scopes;
    const scoresOfLatest = async () =>
      await evaluationScores(
        registry,
        read,
        (await latestEvaluation(registry.store, read, MODEL, 1))!,
      );
    await pipeline.run("evaluate");
    const alone = (await scoresOfLatest())!;
    const judged = (await latestEvaluation(registry.store, read, MODEL, 1))!;
    assertEquals([alone.rows, alone.flagged], [
      judged.candidate.rowCount,
      judged.candidate.anomalyCount,
    ]);
    assertEquals(alone.champion, null);
    assertStrictEquals(await scoresOfLatest(), alone);

    await pipeline.run("promote", { version: "1", force: true, reason: "for the test" });
    await pipeline.run("evaluate");
    const both = (await scoresOfLatest())!;
    const { agreement, flagged, bins } = both.champion!;
    // The champion is the candidate itself, so they agree on every row.
    assertEquals([agreement.both, agreement.neither], [flagged, both.rows - flagged]);
    assertEquals([agreement.only_champion, agreement.only_challenger], [0, 0]);
    assertEquals(bins, both.bins);
  }));

Deno.test("an evaluation whose result is gone has no scores", () =>
  withPipeline(async ({ registry }) => {
    const { read } = registry.scopes;
    assertEquals(await evaluationScores(registry, read, { resultVersion: 7 }), null);
  }));
