// From a counter's name back to the record that carries its newest number.

import type { CounterName, KeyMap } from "../store/keys.ts";
import { RECORD_KINDS } from "./references.ts";
import type { Missing } from "./verify_sequences.ts";

/** The record of a sequence's number; null for counters whose numbers stand on no record of their own. */
export function newestOf(name: CounterName, number: number, keys: KeyMap): Missing | null {
  const key = keyOf(name, number, keys);
  if (key === null) return null;
  const [, , , kind, ...rest] = key;
  const counted = RECORD_KINDS[String(kind)]!.counted!({ rest });
  return { counted, key };
}

function keyOf(name: CounterName, number: number, keys: KeyMap): Deno.KvKey | null {
  if (name === "run") return keys.run(number).parts;
  if (name === "event") return keys.event(number).parts;
  if (name === "audit") return keys.audit(number).parts;
  const [sequence, first, second] = name.split("/") as [string, string, string];
  if (sequence === "version") return keys.version(first as "data", second, number).parts;
  if (sequence === "evaluation") return keys.evaluation(first, Number(second), number).parts;
  // Tags are counted to be noticed, and an alias's numbers are shared by all aliases of a model.
  return null;
}
