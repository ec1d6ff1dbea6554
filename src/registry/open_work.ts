// What is open on a branch and waits for somebody: events that nobody has handled, events that were given up,
// and runs that stand still. For whoever says what to do next.

import type { DeliveryRecord } from "../domain/durability.ts";
import type { RunRecord } from "../domain/run.ts";
import type { ReadScope } from "../domain/scope.ts";
import { iso } from "../domain/time.ts";
import { keysOf } from "../store/keys.ts";
import type { RegistryContext } from "./context.ts";
import { listAllOpen, listParked } from "./deliveries.ts";
import { listLeases, processesOf, type RunProcess } from "./leases.ts";
import { listRuns } from "./runs.ts";

/** Runs that are looked at for those that stand still, and events that are counted. */
const LOOKED_AT = 100;
const MAX_COUNTED = 1000;
const MAX_PARKED = 20;

/** A run that did not come to its end, and that nobody has gone on with. */
export interface StrandedRun {
  id: number;
  flow: string;
  /** Its process is gone; else it was stopped in order. */
  isCrashed: boolean;
  /** Whether a process that serves goes on with it by itself. */
  goesOn: boolean;
  /** The last that is known of it. */
  since: string;
}

export interface OpenWork {
  /** Events that wait, once for each listener; at most as many as are counted. */
  pending: number;
  /** Since when the first of them is due; null where none is due yet. */
  dueSince: string | null;
  running: number;
  /** The newest that were given up. */
  parked: DeliveryRecord[];
  /** Newest first. */
  stranded: StrandedRun[];
}

/** @param leaseNowMs real time, as leases are kept in */
export async function openWork(
  ctx: RegistryContext,
  scope: ReadScope,
  leaseNowMs: number,
): Promise<OpenWork> {
  const [open, parked, runs] = await Promise.all([
    listAllOpen(ctx, scope, { limit: MAX_COUNTED }),
    listParked(ctx, scope, { limit: MAX_PARKED }),
    listRuns(ctx, scope, { limit: LOOKED_AT }),
  ]);
  const pending = open.filter(({ state }) => state === "pending");
  const due = pending.map(({ dueAtMs }) => dueAtMs).filter((ms) => ms <= ctx.nowMs());
  const looked = [...runs, ...await olderWithLease(ctx, scope, runs)];
  const processes = await processesOf(ctx, scope, looked, leaseNowMs);
  return {
    pending: pending.length,
    dueSince: due.length === 0 ? null : iso(Math.min(...due)),
    running: open.length - pending.length,
    parked,
    stranded: strandedAmong(looked, processes),
  };
}

/** Runs before those, newest first, that somebody still has to end: they are not to drop out of sight. */
export async function olderWithLease(
  ctx: RegistryContext,
  scope: ReadScope,
  runs: readonly Pick<RunRecord, "id">[],
): Promise<RunRecord[]> {
  const firstId = runs.at(-1)?.id ?? 0;
  const older = (await listLeases(ctx, scope)).filter(({ runId }) => runId < firstId).reverse();
  const records = await ctx.store.getMany(older.map(({ runId }) => keysOf(scope).run(runId)));
  return records.filter((record) => record !== null);
}

/** What another run of the flow has made up for since is done with, unless somebody still goes on with it. */
export function strandedAmong(
  runs: readonly Pick<
    RunRecord,
    "id" | "flow" | "status" | "resumedBy" | "startedAt" | "finishedAt"
  >[],
  processes: ReadonlyMap<number, RunProcess>,
): StrandedRun[] {
  return runs.flatMap((run) => {
    const { id, flow, status, resumedBy } = run;
    const process = processes.get(id) ?? null;
    const isCrashed = status === "running" && process !== null && !process.isAlive;
    const isStopped = status === "interrupted" && resumedBy === null;
    if (!isCrashed && !isStopped) return [];
    const goesOn = process?.goesOn ?? false;
    const isMadeUp = runs.some((one) =>
      one.id > id && one.flow === flow && one.status === "completed"
    );
    if (isStopped && isMadeUp && !goesOn) return [];
    const since = run.finishedAt ?? process?.beatAt ?? run.startedAt;
    return [{ id, flow, isCrashed, goesOn, since }];
  });
}
