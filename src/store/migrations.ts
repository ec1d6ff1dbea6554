// What changed from one schema to the next, record by record. A change is a function of the record alone, and
// gives again what it gave: so it can be stopped anywhere and begun again, and a store that is only read is
// read through it.

import type { RunRecord, StepRecord } from "../domain/run.ts";
import { SCHEMA } from "./schema.ts";

/** The record in the next schema; the very same object where it has nothing to change. */
export type Change = (record: unknown) => unknown;

export interface Migration {
  /** The schema that it leads to, from the one before. */
  to: number;
  summary: string;
  /** By the first part of a key after its branch. Other records stay as they are. */
  changes: Readonly<Record<string, Change>>;
}

export const MIGRATIONS: readonly Migration[] = [{
  to: 2,
  summary: "runs can be resumed, and those that no process was left to end are interrupted",
  changes: { run: resumableRun, step: adoptableStep },
}];

type RunBefore2 = Omit<RunRecord, "attempt" | "resumes" | "resumedBy">;
type StepBefore2 = Omit<StepRecord, "tries" | "adoptedFrom">;

/** Before leases, a run whose process died stayed "running", and nobody could tell it from one that was. */
function resumableRun(record: unknown): unknown {
  const run = record as RunBefore2 | RunRecord;
  if ("attempt" in run) return run;
  const whole: RunRecord = { ...run, attempt: 1, resumes: null, resumedBy: null };
  if (run.status !== "running") return whole;
  return {
    ...whole,
    status: "interrupted",
    // Nothing is known of it from a later time.
    finishedAt: run.startedAt,
    error: {
      code: "interrupted",
      message:
        `The process of run ${run.id} ended before the run did. Next: anomaly runs resume ${run.id}`,
      step: null,
    },
  } satisfies RunRecord;
}

function adoptableStep(record: unknown): unknown {
  const step = record as StepBefore2 | StepRecord;
  if ("tries" in step) return step;
  return { ...step, tries: 1, adoptedFrom: null } satisfies StepRecord;
}

/** The migrations that lead from a schema to the present one, in their order. */
export function migrationsFrom(version: number): readonly Migration[] {
  return MIGRATIONS.filter(({ to }) => to > version && to <= SCHEMA);
}

/** A record of an older store as it will be once the store is migrated. */
export function asMigrated(version: number, kind: unknown, record: unknown): unknown {
  return migrationsFrom(version)
    .reduce((value, { changes }) => changes[String(kind)]?.(value) ?? value, record);
}
