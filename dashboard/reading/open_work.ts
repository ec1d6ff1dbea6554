// Who is at work on the runs that have not ended, and what is left open on a branch. By leases and
// deliveries, which change without the runs: nothing of it is kept.

import type { DeliveryRecord } from "../../src/domain/durability.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { listParked } from "../../src/registry/deliveries.ts";
import { processesOf, type RunProcess } from "../../src/registry/leases.ts";
import { olderWithLease, strandedAmong, type StrandedRun } from "../../src/registry/open_work.ts";
import type { View } from "../view.ts";
import { lookBack } from "./runs.ts";

/** Runs that are looked at for those that stand still. */
const LOOKED_AT = 100;
const SHOWN_PARKED = 20;

/** A run with the process that is to end it; null where nobody has to. */
export type Attended<R> = R & { process: RunProcess | null };

export async function attended<R extends Pick<RunRecord, "id" | "status" | "triggeredBy">>(
  { registry, deps }: View,
  runs: readonly R[],
): Promise<Attended<R>[]> {
  const { write } = registry.scopes;
  const processes = await processesOf(registry, write, runs, deps.leaseNowMs());
  return runs.map((run) => ({ ...run, process: processes.get(run.id) ?? null }));
}

/** Whether it is under way by its record, and nobody is alive who ends it. */
export function isCrashed(
  { status, process = null }: Pick<RunRecord, "status"> & { process?: RunProcess | null },
): boolean {
  return status === "running" && process !== null && !process.isAlive;
}

export interface LeftOpen {
  /** Newest first. */
  stranded: StrandedRun[];
  parked: DeliveryRecord[];
}

/** What somebody has to take care of. */
export async function leftOpen({ registry, deps }: View): Promise<LeftOpen> {
  const { write } = registry.scopes;
  const [runs, parked] = await Promise.all([
    lookBack(registry, write, { limit: LOOKED_AT }),
    listParked(registry, write, { limit: SHOWN_PARKED }),
  ]);
  const looked = [...runs, ...await olderWithLease(registry, write, runs)];
  const processes = await processesOf(registry, write, looked, deps.leaseNowMs());
  return { stranded: strandedAmong(looked, processes), parked };
}
