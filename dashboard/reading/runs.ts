// The newest runs as pages need them: what has ended never changes, so that those that have ended
// are read once a process, and a look far back costs little. Beside batches.ts.

import { SCHEDULED_TAG } from "../../src/domain/names.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { getRun, listRunIds, listRuns, runsHaving } from "../../src/registry/runs.ts";
import { branchKey } from "./days.ts";
import { Memo } from "./memo.ts";

/** Ids that are read and kept together; of the newest so many are read each time. */
const BLOCK = 20;
const KEPT_BLOCKS = 1000;

/** A run without what only its own page shows. */
export type RunRow = Omit<RunRecord, "configs" | "params">;

/** As lists show it. */
export type ListedRun = RunRow & { isScheduled: boolean };

/** Runs of a flow, and of what was looked at by id. */
const KEPT_RUNS = 2000;

const kept = new Memo<readonly ListedRun[]>(KEPT_BLOCKS);
const ended = new Memo<ListedRun | null>(KEPT_RUNS);

export function rowOf({ configs: _configs, params: _params, ...row }: RunRecord): RunRow {
  return row;
}

/** Whether a run is what it will always be; one that did not come to its end may be gone on with. */
export function hasEnded(run: RunRow | null): boolean {
  return run !== null && (run.status === "completed" || run.resumedBy !== null);
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
): Promise<ListedRun[]> {
  const [newest] = await listRuns(registry, scope, { limit: 1 });
  const rows: ListedRun[] = [];
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
): Promise<readonly ListedRun[]> {
  const from = block * BLOCK;
  const end = from + BLOCK;
  const load = async () => {
    const runs = await listRuns(registry, scope, { limit: BLOCK, before: end });
    return await listed(registry, scope, runs.filter(({ id }) => id >= from));
  };
  // Ids come from the commit of the record: once a later one is there, all of the block are.
  if (newestId < end - 1) return await load();
  const rows = await kept.get(registry, `${branchKey(scope)}/${block}`, load);
  return rows.every(hasEnded)
    ? rows
    : await Promise.all(rows.map((row) => refreshed(registry, scope, row)));
}

async function refreshed(
  registry: RegistryContext,
  scope: ReadScope,
  row: ListedRun,
): Promise<ListedRun> {
  const run = hasEnded(row) ? null : await getRun(registry, scope, row.id);
  return run === null ? row : { ...rowOf(run), isScheduled: row.isScheduled };
}

/** Runs as lists show them. */
export async function listed(
  registry: RegistryContext,
  scope: ReadScope,
  runs: readonly RunRecord[],
): Promise<ListedRun[]> {
  const byHand = runs.filter(({ triggeredBy }) => triggeredBy === null).map(({ id }) => id);
  const scheduled = await runsHaving(registry, scope, byHand, SCHEDULED_TAG);
  return runs.map((run) => ({ ...rowOf(run), isScheduled: scheduled.has(run.id) }));
}

/** Runs of one flow, newest first; `before` is exclusive. */
export async function flowRuns(
  registry: RegistryContext,
  scope: ReadScope,
  flow: string,
  newest: { limit: number; before?: number },
): Promise<ListedRun[]> {
  const ids = await listRunIds(registry, scope, flow, newest);
  const rows = await Promise.all(ids.map((id) => runById(registry, scope, id)));
  return rows.filter((row) => row !== null);
}

/** Kept once it has ended, read again as long as it goes on. */
async function runById(
  registry: RegistryContext,
  scope: ReadScope,
  id: number,
): Promise<ListedRun | null> {
  return await ended.get(registry, `${branchKey(scope)}/${id}`, async () => {
    const run = await getRun(registry, scope, id);
    return run && (await listed(registry, scope, [run]))[0]!;
  }, hasEnded);
}
