// Outcomes of a span, day by day, read once: an outcome never changes, so which ones are decided says
// all that there is to know of a day. Between predictions.ts and what is counted over them.

import { ASSET } from "../../src/domain/asset.ts";
import {
  MAX_CHALLENGERS,
  type OutcomeRecord,
  type PredictionBatch,
} from "../../src/domain/prediction.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listDue, listOutcomes } from "../../src/registry/predictions.ts";
import { MAX_BATCHES_A_DAY } from "./batches.ts";
import { branchKey } from "./days.ts";
import { Memo } from "./memo.ts";

/** Three months of days, some 150 kB each. */
const KEPT_DAYS = 92;

/** The decided predictions of a day. */
export interface DecidedDay {
  /** Midnight, UTC. */
  dayMs: number;
  /** Says exactly which outcomes these are: the same key, the same outcomes. */
  key: string;
  /** Oldest first, and never none. */
  batches: readonly PredictionBatch[];
}

const outcomesByDay = new Memo<readonly OutcomeRecord[]>(KEPT_DAYS);

/**
 * The days of batches on which anything is decided, oldest first.
 *
 * @param batches in the order of time, and listed before this is called: what is decided meanwhile is
 *   then still due here, or not among them
 */
export async function decidedDays(
  registry: RegistryContext,
  scope: ReadScope,
  batches: readonly PredictionBatch[],
  clock: number,
): Promise<DecidedDay[]> {
  const past = batches.filter(({ dueAtMs }) => dueAtMs <= clock);
  if (past.length === 0) return [];
  const due = await listDue(registry, scope, {
    afterMs: past.reduce((least, { dueAtMs }) => Math.min(least, dueAtMs), Infinity) - 1,
    untilMs: past.reduce((most, { dueAtMs }) => Math.max(most, dueAtMs), 0),
    limit: past.length * (1 + MAX_CHALLENGERS),
  });
  const waiting = new Set(due.map(batchName));
  const decided = past.filter((batch) => !waiting.has(batchName(batch)));
  const days = Map.groupBy(decided, ({ marketAtMs }) => Math.floor(marketAtMs / DAY_MS) * DAY_MS);
  return [...days].map(([dayMs, batches]) => ({
    dayMs,
    key: `${branchKey(scope)}/${batches.map(batchName).join()}`,
    batches,
  }));
}

/** A batch among all of a branch. */
export function batchName(
  { version, marketAtMs }: { version: number; marketAtMs: number },
): string {
  return `${version}@${marketAtMs}`;
}

/** The outcomes of a day, in the order of its batches. */
export function outcomesOf(
  registry: RegistryContext,
  scope: ReadScope,
  { key, batches }: DecidedDay,
): Promise<readonly OutcomeRecord[]> {
  return outcomesByDay.get(registry, key, async () => {
    const byVersion = Map.groupBy(batches, (batch) => batch.version);
    const lists = await Promise.all(
      [...byVersion].map(([version, of]) =>
        listOutcomes(registry, scope, ASSET.detector, version, {
          fromMs: of[0]!.marketAtMs,
          toMs: of.at(-1)!.marketAtMs,
          limit: MAX_BATCHES_A_DAY,
        })
      ),
    );
    const found = new Map(lists.flat().map((outcome) => [batchName(outcome), outcome]));
    return batches.flatMap((batch) => found.get(batchName(batch)) ?? []);
  });
}
