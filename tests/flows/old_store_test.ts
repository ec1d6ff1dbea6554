// The store that landed first, in use: looked at without being changed, migrated by the first command that
// writes, and then as good as one of today.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ASSET } from "../../src/domain/asset.ts";
import { toMatrix } from "../../src/domain/table.ts";
import { labelsOf } from "../../src/estimators/detector.ts";
import { readTable, resolveVersion } from "../../src/registry/assets.ts";
import { verifyStore } from "../../src/registry/verify.ts";
import { verifyLineage } from "../../src/registry/verify_lineage.ts";
import { Store } from "../../src/store/kv.ts";
import { loadDetector } from "../../flows/detectors.ts";
import { type Terminal, withTerminal } from "../cli/app.ts";
import { memoryRegistry } from "../support/registry.ts";
import { writeOldStore } from "../support/old_store.ts";

function withOldStore(test: (terminal: Terminal) => Promise<void>): Promise<void> {
  return withTerminal(async (terminal) => {
    await writeOldStore(terminal.kv);
    terminal.env.ANOMALY_BRANCH = "main";
    await test(terminal);
  });
}

/** All that one may ask of a store without changing it. */
const LOOKS = [
  "status",
  "champion",
  "models list",
  "models show 1",
  "models show 2",
  "models compare 1 2",
  "models history",
  "models why 2",
  "data list",
  "data show training_dataset",
  "data inspect evaluation_results v1",
  "runs list",
  "runs show 31",
  "runs logs 31",
  "runs list --branch live",
  "runs show 1 --branch live",
  "events list",
  "events list --audit",
  "predictions",
  "outcomes",
];

Deno.test("every look at an old store is answered as before and after its migration, and none migrates", () =>
  withOldStore(async ({ kv, run, text }) => {
    const answers = async () => {
      const given = [];
      for (const look of LOOKS) {
        const { code, stdout, stderr } = await run(...look.split(" "), "--json");
        given.push({ look, code, stdout, stderr });
      }
      return given;
    };
    const before = await answers();
    assertEquals(before.filter(({ code, stderr }) => code === 1 || stderr !== ""), []);
    {
      using store = await Store.open(kv);
      assertEquals(store.schema.version, 1);
    }
    assertStringIncludes(await text("runs", "show", "1", "--branch", "live"), "interrupted");
    const { code, stderr } = await run("runs", "tag", "1", "seen", "--branch", "dev");
    assertEquals(code, 0, stderr);
    assertMatch(
      stderr,
      /^Migrating the store .*registry\.kv from schema 1 to 2; backup: .*\.backup-\w+Z$/,
    );
    assertEquals(await answers(), before);
  }));

Deno.test("an old store goes on: market, scores, dataset, model and judgement, and nothing is wrong then", () =>
  withOldStore(async ({ kv, run, text, json }) => {
    const ingest = await run("ingest", "--num_coins", "6");
    assertEquals(ingest.code, 0, ingest.stderr);
    await text("score");
    const { flagged: _, ...scored } = await json<Record<string, unknown>>("predictions");
    assertStringIncludes(JSON.stringify(scored), "2024-01-02T06:00:00.000Z");
    await text("build_dataset", "--holdout_hours", "8");
    await text("train");
    assert([0, 3].includes((await run("evaluate")).code));
    await text("promote", "--version", "3", "--force", "--reason", "it is newer");
    assertEquals((await json<{ version: number }>("champion")).version, 3);
    using store = await Store.open(kv);
    const report = await verifyStore(store, { repair: false, progress: () => {} });
    assertEquals(report.findings, []);
    using registry = await memoryRegistry({ store });
    const { write } = registry.scopes;
    for (const [ref, snapshots] of [["1", 30], ["3", 31]] as const) {
      const model = await resolveVersion(registry, write, "model", ASSET.detector, ref);
      const walked = await verifyLineage(store, write.project, model, () => {});
      assertEquals(walked.findings, []);
      assertEquals(walked.steps.reduce((sum, { rawFiles }) => sum + rawFiles, 0), snapshots);
    }
  }));

Deno.test("an old model scores to the last bit as it did when it was judged", () =>
  withOldStore(async ({ kv }) => {
    using store = await Store.open(kv);
    using registry = await memoryRegistry({ store });
    const { read } = registry.scopes;
    const version = (kind: "data" | "model", name: string, ref: string) =>
      resolveVersion(registry, read, kind, name, ref);
    const holdout = await readTable(registry, await version("data", ASSET.evalHoldout, "1"));
    for (const ref of ["1", "2"]) {
      const judged = await readTable(
        registry,
        await version("data", ASSET.evaluationResults, ref),
      );
      const detector = await loadDetector(registry, await version("model", ASSET.detector, ref));
      const scores = detector.scoreSamples(toMatrix(holdout, detector.featureNames));
      assertEquals(scores.length, 48);
      assertEquals({ type: "number", values: scores }, judged.columns.score);
      const labels = Float64Array.from(labelsOf(scores, detector.offset));
      assertEquals({ type: "number", values: labels }, judged.columns.label);
    }
  }));
