// Leases on runs: who ends a run, and whether they are alive. A lease keeps a crashed run apart from a slow
// one; that only its holder commits is what keeps effects single, whatever any clock says.

import { isExpired, type LeaseRecord } from "../domain/durability.ts";
import { AppError } from "../domain/errors.ts";
import type { RunRecord } from "../domain/run.ts";
import type { ReadScope } from "../domain/scope.ts";
import { iso } from "../domain/time.ts";
import { keysOf } from "../store/keys.ts";
import type { Transaction } from "../store/kv.ts";
import type { RegistryContext } from "./context.ts";

/** Runs that may be under way, or wait for somebody, on one branch; far more than one process begins. */
const MAX_LEASES = 1000;

/** A process, as one that holds leases. */
export interface LeaseHolder {
  /** Its name; another at every start. */
  id: string;
  /** How long it is believed alive after a sign of life. */
  forMs: number;
  /** Real time, ms: leases outlive the clock that a market goes by. */
  nowMs(): number;
}

export function stageLease(
  ctx: RegistryContext,
  tx: Transaction,
  runId: number,
  holder: LeaseHolder,
  goesOn: boolean,
): void {
  const { id, forMs } = holder;
  const lease = { holder: id, beatAtMs: holder.nowMs(), forMs, goesOn };
  tx.set(keysOf(ctx.scopes.write).lease(runId), lease);
}

/**
 * Makes a commit depend on the lease being the holder's. Throws `conflict` where the run was taken over:
 * the process looked dead for too long, and whatever it has in hand is no longer its to write.
 */
export async function requireLease(
  ctx: RegistryContext,
  tx: Transaction,
  runId: number,
  holder: LeaseHolder,
): Promise<LeaseRecord> {
  const lease = await tx.get(keysOf(ctx.scopes.write).lease(runId));
  if (lease?.holder === holder.id) return lease;
  throw new AppError(
    "conflict",
    `Cannot go on with run ${runId}: it showed no sign of life for ${
      holder.forMs / 1000
    } s, and was ` +
      `taken over or given up. See: anomaly runs show ${runId}`,
    { details: { run_id: runId } },
  );
}

/** A sign of life. Throws `conflict` where the run was taken over. */
export async function renewLease(
  ctx: RegistryContext,
  runId: number,
  holder: LeaseHolder,
): Promise<void> {
  await ctx.store.commit(ctx.scopes.write, async (tx) => {
    const { goesOn } = await requireLease(ctx, tx, runId, holder);
    stageLease(ctx, tx, runId, holder, goesOn);
  });
}

/** The run has ended: nobody has to end it any more. */
export function stageRelease(ctx: RegistryContext, tx: Transaction, runId: number): void {
  tx.delete(keysOf(ctx.scopes.write).lease(runId));
}

export interface Lease extends LeaseRecord {
  runId: number;
}

/** The runs that somebody has to end, oldest first. */
export async function listLeases(ctx: RegistryContext, scope: ReadScope): Promise<Lease[]> {
  const entries = await ctx.store.list(keysOf(scope).leases(), { limit: MAX_LEASES });
  return entries.map(({ rest, value }) => ({ runId: Number(rest[0]), ...value }));
}

export function getLease(
  ctx: RegistryContext,
  scope: ReadScope,
  runId: number,
): Promise<LeaseRecord | null> {
  return ctx.store.get(keysOf(scope).lease(runId));
}

/** What is known of the process that is to end a run. */
export interface RunProcess {
  isAlive: boolean;
  /** Its last sign of life; null where it left none. */
  beatAt: string | null;
  /** Whether a process that serves goes on with the run by itself. */
  goesOn: boolean;
}

/**
 * The processes of those runs that somebody has to end: of every run that is under way by its record, and
 * of one that was interrupted only where it was put down for others. By id.
 *
 * @param nowMs real time, as leases are kept in
 */
export async function processesOf(
  ctx: RegistryContext,
  scope: ReadScope,
  runs: readonly Pick<RunRecord, "id" | "status" | "triggeredBy">[],
  nowMs: number,
): Promise<Map<number, RunProcess>> {
  const open = runs.filter(({ status }) => status === "running" || status === "interrupted");
  const keys = keysOf(scope);
  const leases = await ctx.store.getMany(open.map(({ id }) => keys.lease(id)));
  const found = new Map<number, RunProcess>();
  for (const [i, run] of open.entries()) {
    const lease = leases[i] ?? null;
    if (lease === null && run.status === "interrupted") continue;
    found.set(run.id, {
      isAlive: lease !== null && !isExpired(lease, nowMs),
      beatAt: lease && iso(lease.beatAtMs),
      goesOn: lease !== null && (lease.goesOn || run.triggeredBy !== null),
    });
  }
  return found;
}
