// The newest runs as pages need them: what has ended never changes, so that a hundred runs that have
// ended are read once a process, and a look far back costs little. Beside batches.ts.

import type { RunRecord } from "../../src/domain/run.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { getRun, listRuns } from "../../src/registry/runs.ts";
import { branchKey } from "./days.ts";
import { Memo } from "./memo.ts";

/** Ids that are read and kept together. */
const BLOCK = 100;
const KEPT_BLOCKS = 200;

/** A run without what only its own page shows. */
export type RunRow = Omit<RunRecord, "configs" | "params">;

const kept = new Memo<readonly RunRow[]>(KEPT_BLOCKS);

export function rowOf({ configs: _configs, params: _params, ...row }: RunRecord): RunRow {
  return row;
}

export interface LookBack {
  /** Runs to look at, at most. */
  limit: number;
  /** Only what is older than this run. */
  before?: number;
  /** Stops at the first run of which this is true; that one is the last. */
  until?: (row: RunRow) => boolean;
}

/** Runs of all flows, newest first. */
export async function lookBack(
  registry: RegistryContext,
  scope: ReadScope,
  { limit, before = Infinity, until = () => false }: LookBack,
): Promise<RunRow[]> {
  const [newest] = await listRuns(registry, scope, { limit: 1 });
  const rows: RunRow[] = [];
  if (newest === undefined) return rows;
  const first = Math.min(newest.id, before - 1);
  for (let block = Math.floor(first / BLOCK); block >= 0; block--) {
    for (const row of await blockOf(registry, scope, block, newest.id)) {
      if (row.id > first) continue;
      rows.push(row);
      if (rows.length === limit || until(row)) return rows;
    }
  }
  return rows;
}

async function blockOf(
  registry: RegistryContext,
  scope: ReadScope,
  block: number,
  newestId: number,
): Promise<readonly RunRow[]> {
  const from = block * BLOCK;
  const end = from + BLOCK;
  const load = async () => {
    const runs = await listRuns(registry, scope, { limit: BLOCK, before: end });
    return runs.filter(({ id }) => id >= from).map(rowOf);
  };
  // Ids come from the commit of the record: once a later one is there, all of the block are.
  if (newestId < end - 1) return await load();
  const rows = await kept.get(registry, `${branchKey(scope)}/${block}`, load);
  return await Promise.all(rows.map(async (row) => {
    if (row.status !== "running") return row;
    const run = await getRun(registry, scope, row.id);
    return run === null ? row : rowOf(run);
  }));
}
