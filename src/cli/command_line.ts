// From the words of a command line to a command with checked parameters. Nothing is opened here: a
// wrong line is told from a right one before any store, file or market is touched.

import { parseArgs } from "@std/cli";
import type { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { describeProblems, didYouMean, expectedBy, oneOf } from "../domain/problems.ts";
import {
  commandFlags,
  type CommandSpec,
  type Flag,
  flagsOf,
  type GlobalParams,
  globalParams,
  positionalUsage,
} from "./parameters.ts";

/** What a command line asks for. */
export type Invocation<S extends CommandSpec = CommandSpec> =
  | { kind: "version" }
  /** `topic` is empty, a command, or the first word of several (`models`). */
  | { kind: "help"; topic: string }
  | {
    kind: "command";
    spec: S;
    params: z.output<S["params"]>;
    positionals: string[];
    globals: GlobalParams;
  };

/** A word that begins with `-` and yet is no flag: `-20`, `-.5`. */
const NEGATIVE_NUMBER = /^-\.?\d/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Finds the command and checks its parameters by its schema. Throws one AppError `invalid` that
 * names everything that is wrong with the line: each with what was found and what was expected.
 *
 * Flags are written `--name value` or `--name=value`, with `_` or `-`; a boolean one is `--name`,
 * `--no-name` or `--name=false`; `--` ends the flags. A value that begins with `-` and is no number
 * needs the form with `=`. A command's own flag hides the global one of the same name.
 */
export function parseCommandLine<S extends CommandSpec>(
  specs: readonly S[],
  words: readonly string[],
): Invocation<S> {
  const { topic, spec, before, rest } = findCommand(specs, words);
  const { own, global } = spec ? commandFlags(spec) : { own: [], global: GLOBAL_FLAGS };
  const flags = [...own, ...global];
  const leading = spellOut(before, GLOBAL_FLAGS);
  const following = spellOut(rest, flags);
  const asks = (name: string) =>
    leading.flags.includes(`--${name}=true`) ||
    (global.some((flag) => flag.name === name) && following.flags.includes(`--${name}=true`));
  if (asks("help")) return { kind: "help", topic };
  if (asks("version")) return { kind: "version" };
  if (spec === null) {
    if (leading.problems.length > 0) throw wrongUsage(topic, leading.problems);
    return overviewOrThrow(specs, topic);
  }

  const names = flags.map((flag) => flag.name);
  const cut = parseArgs([...leading.flags, ...following.flags, "--", ...following.positionals], {
    string: ["_", ...names],
    collect: names,
  });
  const troubled = new Set([...leading.troubled, ...following.troubled]);
  const params = readParams<S["params"]>(spec.params, own, cut, troubled);
  const globals = readParams(globalParams, global, cut, troubled);
  const positionals = cut._.map(String);
  const problems = [
    ...leading.problems,
    ...following.problems,
    ...params.problems,
    ...globals.problems,
    ...(following.lostTrack ? [] : positionalProblems(spec, positionals)),
  ];
  if (problems.length > 0 || params.values === null || globals.values === null) {
    throw wrongUsage(topic, problems);
  }
  return { kind: "command", spec, params: params.values, positionals, globals: globals.values };
}

const GLOBAL_FLAGS = flagsOf(globalParams);

interface FoundCommand<S> {
  /** Name of the command; a beginning of it, or nothing, where `spec` is null. */
  topic: string;
  spec: S | null;
  /** Global flags before the command, with their values. */
  before: string[];
  rest: readonly string[];
}

/** `help` as the first word is read as `--help`. Throws `invalid` for an unknown command. */
function findCommand<S extends CommandSpec>(
  specs: readonly S[],
  words: readonly string[],
): FoundCommand<S> {
  const before: string[] = [];
  let topic = "";
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word.startsWith("-")) {
      const { flag, text } = readFlagWord(word, GLOBAL_FLAGS);
      if (flag === undefined) {
        const first = oneOf(GLOBAL_FLAGS.map(({ name }) => `--${name}`));
        const problem = `${word} stands before the command, where only ${first} may stand`;
        throw wrongUsage(topic, [problem]);
      }
      before.push(word);
      const next = words[i + 1];
      if (flag.kind !== "boolean" && text === undefined && next !== undefined) {
        before.push(next);
        i++;
      }
      continue;
    }
    if (topic === "" && word === "help") {
      before.push("--help");
      continue;
    }
    const name = `${topic} ${snakeCase(word)}`.trim();
    const spec = specs.find((spec) => spec.name === name || spec.originalName === word);
    if (spec) return { topic: spec.name, spec, before, rest: words.slice(i + 1) };
    if (subcommands(specs, name).length === 0) throw unknownCommand(specs, topic, word);
    topic = name;
  }
  return { topic, spec: null, before, rest: [] };
}

/** Second words of the commands that begin with `topic`. */
function subcommands(specs: readonly CommandSpec[], topic: string): string[] {
  return specs.filter(({ name }) => name.startsWith(`${topic} `))
    .map(({ name }) => name.slice(topic.length + 1));
}

function unknownCommand(specs: readonly CommandSpec[], topic: string, word: string): AppError {
  const known = topic === ""
    ? specs.flatMap(({ name, originalName = name }) => [name.split(" ")[0]!, originalName])
    : subcommands(specs, topic);
  const expected = topic === "" ? "" : `, expected ${oneOf(known)}`;
  const guess = didYouMean(snakeCase(word), known) || didYouMean(word, known);
  return wrongUsage(topic, [
    `there is no command "${`${topic} ${word}`.trim()}"${expected}${guess}`,
  ]);
}

/** No words at all ask for the overview; `models` alone lacks its second word. */
function overviewOrThrow(specs: readonly CommandSpec[], topic: string): Invocation<never> {
  if (topic === "") return { kind: "help", topic };
  const known = oneOf(subcommands(specs, topic));
  throw wrongUsage(topic, [`${topic} lacks its second word, expected ${known}`]);
}

interface SpelledOut {
  /** Each as one word, `--name=text`, so that nothing is left to guess when they are cut. */
  flags: string[];
  positionals: string[];
  problems: string[];
  /** Names of flags that already have a problem. */
  troubled: string[];
  /** After an unknown flag nobody knows which words were its value. */
  lostTrack: boolean;
}

function spellOut(words: readonly string[], flags: readonly Flag[]): SpelledOut {
  const none = { flags: [], positionals: [], problems: [], troubled: [] };
  const out: SpelledOut = { ...none, lostTrack: false };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      out.positionals.push(...words.slice(i + 1));
      break;
    }
    if (!looksLikeFlag(word)) {
      out.positionals.push(word);
      continue;
    }
    const { flag, written, text, negated } = readFlagWord(word, flags);
    if (flag === undefined) {
      const guess = didYouMean(snakeCase(written), flags.map(({ name }) => `--${name}`));
      out.problems.push(`${written} is not known${guess}`);
      out.lostTrack = true;
      continue;
    }
    const next = words[i + 1];
    const takesNext = flag.kind !== "boolean" && text === undefined && next !== undefined &&
      !looksLikeFlag(next) && next !== "--";
    if (takesNext) i++;
    const value = takesNext
      ? next
      : text ?? (flag.kind === "boolean" ? String(!negated) : undefined);
    const problem = valueProblem(flag, value, next) ??
      (negated && text !== undefined ? `${written} takes no value, found "${text}"` : null);
    if (problem === null) {
      out.flags.push(`--${flag.name}=${value}`);
    } else {
      out.problems.push(problem);
      out.troubled.push(flag.name);
    }
  }
  return out;
}

/** What is wrong with a flag's value as a word, before its schema looks at it. */
function valueProblem(flag: Flag, value: string | undefined, next: string | undefined) {
  const expected = expectedBy(flag.node);
  if (value === "") return `--${flag.name} is empty, expected ${expected}`;
  if (value !== undefined) return null;
  const hint = next?.startsWith("-") && next !== "--"
    ? `, found the flag ${next} (as a value: --${flag.name}=${next})`
    : "";
  return `--${flag.name} has no value, expected ${expected}${hint}`;
}

function looksLikeFlag(word: string): boolean {
  return word.startsWith("-") && word !== "-" && !NEGATIVE_NUMBER.test(word);
}

/** A word such as `--name`, `--name=text`, `--no-name` or `-h`, and the flag that it means. */
function readFlagWord(word: string, flags: readonly Flag[]) {
  const [, written = word, text] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
  const name = written === "-h" ? "help" : snakeCase(written.replace(/^--/, ""));
  const named = flags.find((flag) => flag.name === name);
  const negated = named === undefined && name.startsWith("no_");
  const flag = negated
    ? flags.find((flag) => flag.kind === "boolean" && `no_${flag.name}` === name)
    : named;
  return { flag, written, text, negated };
}

function snakeCase(word: string): string {
  return word.replace(/(?<=\w)-/g, "_");
}

/** Texts of the flags → values of the declared types → what the schema makes of them. */
function readParams<P extends z.ZodObject>(
  schema: P,
  flags: readonly Flag[],
  cut: Record<string, unknown>,
  troubled: ReadonlySet<string>,
): { values: z.output<P> | null; problems: string[] } {
  const given: Record<string, unknown> = {};
  const problems: string[] = [];
  const reported = new Set(troubled);
  for (const flag of flags) {
    const texts = [cut[flag.name] ?? []].flat().map(String);
    if (texts.length > 1 && !flag.repeatable) {
      problems.push(`--${flag.name} is given ${texts.length} times, expected once`);
      reported.add(flag.name);
    } else if (texts.length > 0) {
      const values = texts.map((text) => valueOf(flag, text));
      given[flag.name] = flag.repeatable ? values : values[0];
    }
  }
  const checked = schema.safeParse(given);
  if (checked.success) return { values: checked.data, problems };
  const issues = checked.error.issues.filter(({ path }) => !reported.has(String(path[0])));
  const label = (path: readonly PropertyKey[]) => path.length > 0 ? `--${String(path[0])}` : "";
  problems.push(...describeProblems(schema, given, issues, label));
  return { values: null, problems };
}

/** A text that cannot be converted stays text, for the schema to refuse as what it is. */
function valueOf(flag: Flag, text: string): unknown {
  if (flag.kind === "boolean") return text === "true" ? true : text === "false" ? false : text;
  return flag.kind === "number" && NUMBER.test(text) ? Number(text) : text;
}

function positionalProblems(spec: CommandSpec, words: readonly string[]): string[] {
  const positionals = spec.positionals ?? [];
  const variadic = positionals.some((positional) => positional.variadic);
  const problems = positionals.slice(words.length).filter(({ required }) => required)
    .map(({ name, description, choices }) =>
      `<${name}> is missing, expected ${choices ? oneOf(choices) : description}`
    );
  words.forEach((word, i) => {
    const positional = positionals[i] ?? (variadic ? positionals.at(-1) : undefined);
    if (positional === undefined) {
      const usage = positionals.map(positionalUsage).join(" ") || "no words";
      problems.push(`"${word}" is one word too many, expected ${usage}`);
    } else if (positional.choices?.includes(word) === false) {
      const guess = didYouMean(word, positional.choices);
      problems.push(
        `<${positional.name}> is "${word}", expected ${oneOf(positional.choices)}${guess}`,
      );
    }
  });
  return problems;
}

function wrongUsage(topic: string, problems: readonly string[]): AppError {
  const what = `Cannot run anomaly ${topic}`.trim();
  const see = `See: anomaly ${topic}`.trim() + " --help";
  const message = problems.length === 1
    ? `${what}: ${problems[0]}. ${see}`
    : [`${what}: ${problems.length} problems.`, ...problems.map((text) => `  ${text}`), see]
      .join("\n");
  return new AppError("invalid", message, { details: { command: topic, problems } });
}
