// `anomaly serve` on a simulated market and a fast clock, left to itself for some days from an empty
// store: what came of it. For the test that the chain runs by itself, and for the figures of a week.

import { outcomeReport } from "../../flows/validate_outcomes/report.ts";
import projectConfig from "../../configs/project.json" with { type: "json" };
import { ASSET } from "../../src/domain/asset.ts";
import type { OutcomeReport } from "../../src/domain/outcomes.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { aliasHistory } from "../../src/registry/alias_history.ts";
import { CHAMPION } from "../../src/registry/aliases.ts";
import { latestVersion } from "../../src/registry/assets.ts";
import { listRuns } from "../../src/registry/runs.ts";
import { Store } from "../../src/store/kv.ts";
import { type Served, serveProcess } from "./processes.ts";

const BRANCH = "main";
/** Faster than any work: the clock waits for it. */
const SPEED = 1_000_000;
const MAX_RUNS = 100_000;

export interface SimulatedDays {
  seconds: number;
  exitCode: number;
  snapshots: number;
  datasets: number;
  models: number;
  passed: number;
  promotions: number;
  /** Every run, oldest first. */
  runs: RunRecord[];
  /** Of all coins that champions scored. */
  anomalyRate: number;
  report: OutcomeReport;
  stderr: string;
}

/** Serves in the folder until the last of the days' snapshots is taken, then stops the process. */
export async function serveSimulatedDays(
  folder: string,
  { days, onStarted = () => {} }: { days: number; onStarted?: (served: Served) => void },
): Promise<SimulatedDays> {
  const kv = `${folder}/registry.kv`;
  await Deno.mkdir(`${folder}/configs`);
  // Daily, as ever, but at the same hours after the start whenever that is: some 14, 38, 62, …
  const hour = (new Date().getUTCHours() + 14) % 24;
  const schedules = { ...projectConfig.schedules, build_dataset: `30 ${hour} * * *` };
  const project = { ...projectConfig, auto_promote: true, schedules };
  await Deno.writeTextFile(`${folder}/configs/project.json`, JSON.stringify(project));
  const started = performance.now();
  await using served = await serveProcess({
    cwd: folder,
    env: { LOGNAME: "tester", ANOMALY_SOURCE: "simulated", ANOMALY_BRANCH: BRANCH },
    words: ["serve", "--port", "0", "--speed", String(SPEED), "--kv", kv],
  });
  onStarted(served);
  for (let day = 1; day <= days; day++) {
    await served.said(new RegExp(`market_snapshot v${24 * day}$`, "m"));
  }
  const exitCode = await served.end("SIGTERM");
  const seconds = (performance.now() - started) / 1000;
  return { seconds, exitCode, stderr: served.stderr(), ...await figuresOf(kv) };
}

async function figuresOf(kv: string) {
  using store = await Store.open(kv);
  const read = readScope(projectConfig.project, BRANCH);
  const scopes = { read, write: writeScope(projectConfig.project, BRANCH) };
  const registry = { store, scopes, actor: "tester", nowMs: Date.now };
  const runs = (await listRuns(registry, read, { limit: MAX_RUNS })).reverse();
  const count = async (name: string) =>
    (await latestVersion(registry, read, "data", name))?.version ?? 0;
  const scored = runs.filter(({ flow }) => flow === "score").map(({ summary }) => summary);
  const sum = (key: string) =>
    scored.reduce((total, summary) => total + Number(summary[key] ?? 0), 0);
  const history = await aliasHistory(registry, read, ASSET.detector, CHAMPION, 1000);
  return {
    runs,
    snapshots: await count(ASSET.snapshot),
    datasets: await count(ASSET.trainingDataset),
    models: (await latestVersion(registry, read, "model", ASSET.detector))?.version ?? 0,
    passed:
      runs.filter(({ flow, summary }) => flow === "evaluate" && summary.passed === true).length,
    promotions: history.length,
    anomalyRate: sum("flagged") / sum("rows"),
    report: await outcomeReport(registry, { crashThresholdPct: -15, lookbackHours: 8760 }),
  };
}
