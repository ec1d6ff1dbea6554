import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadDetector } from "../../flows/detectors.ts";
import { scoreRows } from "../../flows/score_rows.ts";
import { AppError } from "../../src/domain/errors.ts";
import { numbers, toMatrix } from "../../src/domain/table.ts";
import { readTable } from "../../src/registry/assets.ts";
import { type Pipeline, withPipeline } from "./pipeline.ts";

/** A trained version, and the rows of its holdout by the names of its features. */
async function trained({ registry, ingest, buildDataset, run, data, model }: Pipeline) {
  await ingest(16);
  await buildDataset();
  await run("train");
  const record = await model();
  const detector = await loadDetector(registry, record);
  const table = await readTable(registry, await data("eval_holdout"));
  const rows = Array.from(
    { length: table.rowCount },
    (_, i) =>
      Object.fromEntries(detector.featureNames.map((name) => {
        const value = numbers(table, name)[i]!;
        return [name, Number.isNaN(value) ? null : value];
      })),
  );
  return { version: record.version, detector, table, rows };
}

Deno.test("scoreRows() gives the scores and labels that the stored model gives", async () => {
  await withPipeline(async (pipeline) => {
    const { version, detector, table, rows } = await trained(pipeline);
    const scored = await scoreRows(pipeline.registry, version, rows);
    const X = toMatrix(table, detector.featureNames);
    assertEquals(scored.rows.map((row) => row.score), [...detector.scoreSamples(X)]);
    assertEquals(scored.rows.map((row) => row.decision), [...detector.decisionFunction(X)]);
    assertEquals(scored.rows.map((row) => row.flagged), [...detector.predict(X)].map((l) => l < 0));
    assertEquals([scored.threshold, scored.feature_names], [
      detector.offset,
      [...detector.featureNames],
    ]);
  });
});

Deno.test("scoreRows() names the row and the features that it lacks; what it has beyond them is let be", async () => {
  await withPipeline(async (pipeline) => {
    const { version, rows } = await trained(pipeline);
    const [first] = Object.keys(rows[0]!);
    const { [first!]: _lacking, ...without } = rows[0]!;
    const { registry } = pipeline;
    const error = await assertRejects(
      () => scoreRows(registry, version, [{ ...rows[0]!, other: 1 }, without]),
      AppError,
      "Cannot score row 2",
    );
    assertStringIncludes(error.message, `it lacks ${first}, expected each of `);
    assertEquals([error.code, error.details.missing], ["invalid", [first]]);
    assertEquals((await scoreRows(registry, version, [])).rows, []);
  });
});

Deno.test("scoreRows() refuses a version that is not there", async () => {
  await withPipeline(async ({ registry }) => {
    const error = await assertRejects(
      () => scoreRows(registry, 7, []),
      AppError,
      "no such version",
    );
    assertEquals(error.code, "not_found");
  });
});
