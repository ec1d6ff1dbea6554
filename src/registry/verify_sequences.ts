// Numbers that commits gave out: none of them may be missing, and no counter may lag behind, or the next
// commit would write over what is there.

import type { ReadScope } from "../domain/scope.ts";
import { keysOf, type ReadKey } from "../store/keys.ts";
import type { Reader } from "../store/kv.ts";
import { type Suspicion, suspicionOf } from "./findings.ts";
import type { Counted } from "./references.ts";

/** Missing numbers of one sequence that are told one by one. */
const MAX_TOLD = 100;

/** A number of a sequence that should be there, to be looked at again. */
export interface Missing {
  counted: Counted;
  /** Where its record should be. */
  key: Deno.KvKey;
}

/**
 * Follows the numbers of a branch in the order of its keys, in which those of one sequence stand
 * together, and gives those that are left out.
 */
export class SequenceWalk {
  #last: { counted: Counted; key: Deno.KvKey } | null = null;

  /** The next number; gives what is missing before it. */
  next(counted: Counted, key: Deno.KvKey): Missing[] {
    const before = this.#last;
    this.#last = { counted, key };
    const from = before?.counted.counter === counted.counter ? before.counted.number + 1 : 1;
    return missingBetween(counted, key, from, counted.number);
  }

  /** What ends when the next number is of another sequence, or the walk is over; null for nothing. */
  ended(by: Counted | null): { counted: Counted; key: Deno.KvKey } | null {
    if (this.#last === null || this.#last.counted.counter === by?.counter) return null;
    const last = this.#last;
    if (by === null) this.#last = null;
    return last;
  }
}

/** Numbers from `from` to below `before`. */
export function missingBetween(
  counted: Counted,
  key: Deno.KvKey,
  from: number,
  before: number,
): Missing[] {
  const missing: Missing[] = [];
  for (let number = from; number < before; number++) {
    missing.push({ counted: { ...counted, number }, key: [...key.slice(0, -1), number] });
  }
  return missing;
}

/** Those numbers that were not taken by retention, and at most so many as are worth telling. */
export async function notForgotten(
  missing: readonly Missing[],
  scope: ReadScope,
  reader: Reader,
): Promise<Missing[]> {
  const name = missing[0]?.counted.forgotten;
  const mark = name ? await reader.get(keysOf(scope).forgotten(name)) : null;
  const through = mark?.through ?? -Infinity;
  return missing.filter(({ counted }) => counted.number > through).slice(0, MAX_TOLD);
}

/** Whether a number is missing indeed. */
export async function checkMissing(
  missing: Missing,
  scope: ReadScope,
  reader: Reader,
): Promise<Suspicion[]> {
  const { counted, key } = missing;
  const record: ReadKey<unknown> = { parts: key };
  const given = await reader.get(keysOf(scope).counter(counted.counter));
  if (given === null || given < counted.number) return [];
  if (await reader.get(record) !== null) return [];
  if ((await notForgotten([missing], scope, reader)).length === 0) return [];
  return [suspicionOf(scope, "sequence", key, {
    found: "no such record",
    expected: `one, as the counter "${counted.counter}" has given out ${given}`,
  })];
}

/** Whether a counter lags behind a number that is in use. */
export async function checkCounter(
  { counted, key }: Missing,
  scope: ReadScope,
  reader: Reader,
): Promise<Suspicion[]> {
  const counter = keysOf(scope).counter(counted.counter);
  const given = await reader.get(counter) ?? 0;
  const record: ReadKey<unknown> = { parts: key };
  if (given >= counted.number || await reader.get(record) === null) return [];
  return [suspicionOf(scope, "sequence", counter.parts, {
    found: String(given),
    expected: `${counted.number} at least, which is in use`,
    mend: {
      what: `set to ${counted.number}`,
      apply: (tx) => tx.set({ parts: counter.parts, writable: true }, counted.number),
    },
  })];
}
