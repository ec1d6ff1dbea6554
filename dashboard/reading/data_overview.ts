// What the page of data and its panels are made from: whether snapshots are fresh and complete, and the
// newest of everything that is made of them.

import type { VersionRecord } from "../../src/domain/asset.ts";
import type { Freshness } from "../../src/engine/freshness.ts";
import type { Coverage } from "./coverage.ts";
import type { BranchHoldings, SnapshotLine } from "./data_assets.ts";
import type { RunRow } from "./runs.ts";

export interface DataModel {
  freshness: Freshness;
  coverage: Coverage;
  snapshots: SnapshotLine[];
  newest: VersionRecord | null;
  lastIngest: RunRow | null;
  datasets: { training: VersionRecord; holdout: VersionRecord | null }[];
  evaluations: VersionRecord[];
  assets: { name: string; branch: string; latest: VersionRecord | null }[];
  branches: BranchHoldings[];
  /** Branches that are not shown. */
  moreBranches: number;
}
