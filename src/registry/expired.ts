// Walking over the records of one branch whose days are over, kind by kind; versions are in retention.ts,
// because of them it also counts what was made of what.

import type { AliasEntry, VersionRecord } from "../domain/asset.ts";
import type { GapRecord, SlotRecord } from "../domain/durability.ts";
import type { PredictionBatch } from "../domain/prediction.ts";
import type { EventRecord, RunRecord } from "../domain/run.ts";
import { iso } from "../domain/time.ts";
import { keysOf } from "../store/keys.ts";
import type { Store } from "../store/kv.ts";
import { branchPrefix, scanPages } from "../store/scan.ts";
import type { Gone } from "./gone.ts";
import { type BranchAge, isOver } from "./retention.ts";

/** Predictions by market time, oldest first. */
export function expiredPredictions(
  store: Store,
  branch: BranchAge,
  days: number,
): AsyncGenerator<PredictionBatch[]> {
  return expired<PredictionBatch>(
    store,
    keysOf(branch.scope).predictions().parts,
    ({ marketAtMs, recordedAt }) => isOver(days, branch, { marketAt: iso(marketAtMs), recordedAt }),
  );
}

export function expiredEvents(
  store: Store,
  branch: BranchAge,
  days: number,
): AsyncGenerator<EventRecord[]> {
  const prefix = keysOf(branch.scope).events().parts;
  return expired<EventRecord>(store, prefix, (event) => isOver(days, branch, event));
}

/**
 * Runs that have ended. Those that made a model, or gave an alias its holder, are part of its history and
 * stay with it.
 */
export async function* expiredRuns(
  store: Store,
  branch: BranchAge,
  days: number,
  gone: Gone,
): AsyncGenerator<RunRecord[]> {
  const keys = keysOf(branch.scope);
  const acting = await actingRuns(store, branch);
  const pages = expired<RunRecord>(store, keys.runs().parts, (run) => {
    const { marketAt, startedAt, finishedAt } = run;
    const recordedAt = finishedAt ?? startedAt;
    return !acting.has(run.id) && isOver(days, branch, { marketAt, recordedAt });
  });
  for await (const runs of pages) {
    const models = runs.flatMap(({ id, produced }) =>
      produced.filter(({ kind }) => kind === "model").map((made) => ({ id, made }))
    );
    const versions = await store.getMany(
      models.map(({ made }) => keys.version("model", made.name, made.version)),
    );
    const stays = (version: VersionRecord | null) => version !== null && !gone.hasVersion(version);
    const needed = new Set(models.filter((_, i) => stays(versions[i]!)).map(({ id }) => id));
    yield runs.filter(({ id }) => !needed.has(id));
  }
}

/** The runs that an alias's history speaks of. */
async function actingRuns(store: Store, { scope }: BranchAge): Promise<Set<number>> {
  const ids = new Set<number>();
  for await (const page of scanPages(store, [...branchPrefix(scope), "alias_entry"])) {
    for (const { value } of page) {
      const { runId, actingRunId } = value as AliasEntry;
      ids.add(runId);
      if (actingRunId !== null) ids.add(actingRunId);
    }
  }
  return ids;
}

/**
 * Slots that were taken, and gaps, as keys. Never the newest of a schedule: by it is known what comes next.
 */
export async function* expiredSlots(
  store: Store,
  branch: BranchAge,
  days: number,
): AsyncGenerator<Deno.KvKey[]> {
  const keys = keysOf(branch.scope);
  for (const kind of ["slot", "gap"]) {
    for await (const page of scanPages(store, [...branchPrefix(branch.scope), kind])) {
      const over: Deno.KvKey[] = [];
      for (const { key, value } of page) {
        const [flow, slotMs] = key.slice(4) as [string, number];
        const schedule = await store.get(keys.schedule(flow));
        if (schedule === null || slotMs >= schedule.slotMs) continue;
        const recordedAt = kind === "slot"
          ? (value as SlotRecord).takenAt
          : (value as GapRecord).recordedAt;
        if (isOver(days, branch, { marketAt: null, recordedAt })) over.push(key);
      }
      yield over;
    }
  }
}

async function* expired<T>(
  store: Store,
  prefix: Deno.KvKey,
  isIt: (record: T) => boolean,
): AsyncGenerator<T[]> {
  for await (const page of scanPages(store, prefix)) {
    yield page.map(({ value }) => value as T).filter(isIt);
  }
}
