// Stand-in for jsr:@std/cli/parse-args, over minimist (whose behaviour parseArgs follows). It takes
// the options that this program uses; the tests hold what the real parseArgs does with them.
import minimist from "minimist";

export interface ParseOptions {
  /** Flags that never take the next word; false where they are absent. */
  boolean?: readonly string[];
  /** Flags whose value stays text, even "7"; `_` stands for the positional words. */
  string?: readonly string[];
  /** Flags that may be repeated: their value is a list, empty where they are absent. */
  collect?: readonly string[];
}

/** Parsed flags by name, and the words that belong to no flag under `_`. */
export interface Args extends Record<string, unknown> {
  _: (string | number)[];
}

/**
 * Cuts the words of a command line into flags and positional words. Validates nothing. An absent
 * `boolean` flag is false, an absent `string` flag is left out; of a repeated flag the last counts.
 */
export function parseArgs(args: readonly string[], options: ParseOptions = {}): Args {
  const { boolean = [], string = [], collect = [] } = options;
  const parsed = minimist([...args], { boolean: [...boolean], string: [...string] });
  const result: Args = { _: parsed._ };
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "_") continue;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    result[name] = collect.includes(name) ? values : values.at(-1);
  }
  for (const name of collect) result[name] ??= [];
  return result;
}
