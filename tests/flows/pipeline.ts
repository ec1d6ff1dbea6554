// The real flows on a registry in memory, fed from recordings that are made up for the test. For tests
// that look at what runs leave behind, flow by flow.

import { flows } from "../../flows/mod.ts";
import type { JsonObject, VersionRecord } from "../../src/domain/asset.ts";
import type { LogLine, RunRecord } from "../../src/domain/run.ts";
import { findFlow } from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import { type RecordingOptions, withFolder, writeRecordings } from "../support/market.ts";
import { memoryRegistry, type TestRegistry, testRunner } from "../support/registry.ts";

/** The window of all datasets here: the last four hours are the holdout. */
export const HOLDOUT_HOURS = 4;
export const HOURS = 16;

export interface Pipeline {
  folder: string;
  registry: TestRegistry;
  /** What the runs have logged so far. */
  lines: LogLine[];
  run(flow: string, params?: JsonObject): Promise<RunRecord>;
  /** `ingest` of that many recordings. */
  ingest(count: number): Promise<void>;
  buildDataset(): Promise<RunRecord>;
  data(name: string, ref?: string): Promise<VersionRecord>;
  model(ref?: string): Promise<VersionRecord>;
}

/** Runs `work` on an empty registry in front of recordings of `HOURS` hours. */
export async function withPipeline(
  work: (pipeline: Pipeline) => Promise<void>,
  recordings: Partial<RecordingOptions> = {},
): Promise<void> {
  await withFolder(async (folder) => {
    await writeRecordings(folder, { hours: HOURS, ...recordings });
    using registry = await memoryRegistry();
    await work(pipelineOf(registry, folder));
  });
}

function pipelineOf(registry: TestRegistry, folder: string): Pipeline {
  const source = `replay:${folder}`;
  const runner = {
    ...testRunner(registry),
    env: (name: string) => name === "ANOMALY_SOURCE" ? source : undefined,
  };
  const run = (name: string, params: JsonObject = {}) =>
    runFlow(runner, findFlow(flows, name), { params, tags: [], triggeredBy: null });
  const resolve = (kind: "data" | "model", name: string, ref: string) =>
    resolveVersion(registry, registry.scopes.read, kind, name, ref);
  return {
    folder,
    registry,
    lines: runner.lines,
    run,
    ingest: async (count) => {
      for (let i = 0; i < count; i++) await run("ingest");
    },
    buildDataset: () => run("build_dataset", { holdout_hours: HOLDOUT_HOURS }),
    data: (name, ref = "latest") => resolve("data", name, ref),
    model: (ref = "latest") => resolve("model", "anomaly_detector", ref),
  };
}
