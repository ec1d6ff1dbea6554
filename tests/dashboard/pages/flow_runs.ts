// Runs of the real flows on a simulated market, for tests of pages that show them.

import { flows } from "../../../flows/mod.ts";
import type { JsonObject } from "../../../src/domain/asset.ts";
import type { AppError } from "../../../src/domain/errors.ts";
import type { RunRecord } from "../../../src/domain/run.ts";
import { findFlow } from "../../../src/engine/flow.ts";
import { runFlow } from "../../../src/engine/runner.ts";
import { HOUR_MS, type TestRegistry, testRunner } from "../../support/registry.ts";

interface Given {
  params?: JsonObject;
  tags?: string[];
  triggeredBy?: number | null;
}

/** Runs a flow to its end, without what its events trigger. */
export async function runOf(
  registry: TestRegistry,
  name: string,
  { params = {}, tags = [], triggeredBy = null }: Given = {},
): Promise<RunRecord> {
  const options = { params, tags, triggeredBy };
  return await runFlow(testRunner(registry), findFlow(flows, name), options);
}

/** So many hours of a market of a few coins, an hour of the clock apart. */
export async function ingestHours(registry: TestRegistry, hours: number): Promise<RunRecord> {
  let run: RunRecord | null = null;
  for (let i = 0; i < hours; i++) {
    registry.clockMs += HOUR_MS;
    run = await runOf(registry, "ingest", { params: { source: "simulated", num_coins: 12 } });
  }
  return run!;
}

/** A run that must fail, and its id. */
export async function failedRun(registry: TestRegistry, given: Given = {}): Promise<number> {
  const error = await runOf(registry, "build_dataset", given).then(
    () => null,
    (e) => e as AppError,
  );
  return Number(error?.details.run_id);
}

/** A dataset pair of ten hours, which must have been ingested. */
export function buildPair(registry: TestRegistry): Promise<RunRecord> {
  return runOf(registry, "build_dataset", {
    params: { max_history_hours: 10, holdout_hours: 3, min_snapshots_per_coin: 2 },
  });
}
