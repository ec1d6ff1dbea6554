// What the dashboard is handed by the entries: the store, the flows, and how a process runs and names things.

import type { JsonObject } from "../src/domain/asset.ts";
import type { FlowConfigs, ProjectConfig } from "../src/domain/config.ts";
import type { AppError } from "../src/domain/errors.ts";
import type { OutcomeReport, ReportOptions } from "../src/domain/outcomes.ts";
import type { RunRecord } from "../src/domain/run.ts";
import type { Scopes } from "../src/domain/scope.ts";
import type { Flow } from "../src/engine/flow.ts";
import type { Asked } from "../src/engine/beginning.ts";
import type { RegistryContext } from "../src/registry/context.ts";
import type { Access } from "./auth.ts";

/** A branch as configs and flags have it. */
export interface BranchSetup {
  scopes: Scopes;
  environment: string;
  configs: FlowConfigs;
}

/** A run that was asked for: settled when it has begun, and when all that it triggered has ended. */
export interface StartedRun {
  /** Rejects where the run could not begin. */
  started: Promise<RunRecord>;
  /** Never rejects: a failure is in the run's record. */
  done: Promise<void>;
  /** Why the run itself failed or could not begin, with its details; null for a completed one. */
  failure: Promise<AppError | null>;
}

/** Scores of given rows by one stored version; null for a value that is missing. */
export interface RowScores {
  version: number;
  threshold: number;
  feature_names: string[];
  rows: { score: number; decision: number; flagged: boolean }[];
}

export interface DashboardDeps {
  registry: Pick<RegistryContext, "store" | "nowMs">;
  /** Who acts where no session says it: the user who started the process. */
  actor: string;
  flows: readonly Flow[];
  project: ProjectConfig;
  codeVersion: string;
  env: (name: string) => string | undefined;
  access: Access;
  /** Whether this process runs the schedules of the project. */
  runsSchedules: boolean;
  /** The branch of that name; of the process where none is named. Throws `invalid`. */
  setupOf(branch: string | undefined): Promise<BranchSetup>;
  /** Who is to hear of what an act on the branch publishes. */
  listenersOf(setup: BranchSetup): NonNullable<RegistryContext["listenersOf"]>;
  /** Real time, ms, which leases are kept in, whatever clock the process goes by. */
  leaseNowMs(): number;
  /** Flags that lead a command to this store and branch: " --kv demo.kv --branch demo". */
  commandFlags(setup: BranchSetup): string;
  /** Runs a flow and what its events trigger, after what already waits on the branch. */
  start(
    setup: BranchSetup,
    request: { flow: Flow; params: JsonObject; tags: string[]; actor: string; asked?: Asked },
  ): StartedRun;
  /** Goes on with a run, and with what its events trigger, after what already waits on the branch. */
  resume(
    setup: BranchSetup,
    request: { run: RunRecord; actor: string; asked: Asked },
  ): StartedRun;
  outcomeReport(registry: RegistryContext, options: ReportOptions): Promise<OutcomeReport>;
  /** Throws `invalid` where the rows lack a feature that the version needs. */
  scoreRows(
    registry: RegistryContext,
    version: number,
    rows: readonly Record<string, number | null>[],
  ): Promise<RowScores>;
  /** Aborted when the process stops: open streams end. */
  signal: AbortSignal;
}
