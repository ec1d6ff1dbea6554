// Help, written from the command specs. At most 80 columns, so that it fits an unwidened terminal.

import {
  commandFlags,
  type CommandGroup,
  type CommandSpec,
  type Flag,
  flagsOf,
  globalParams,
  type Positional,
  positionalUsage,
} from "./parameters.ts";

const WIDTH = 80;
/** Names longer than this stand on a line of their own, their text below them. */
const MAX_NAME_WIDTH = 32;

const GROUPS: Record<CommandGroup, string> = {
  flows: "Flows",
  look: "Look",
  operate: "Operate",
};

const FIRST_STEPS: readonly Entry[] = [
  ["anomaly demo", "the whole story at once, told hour by hour"],
  ["anomaly train", "fetch the market and learn what is normal"],
  ["anomaly evaluate", "judge the model by the gates"],
  ["anomaly promote --version latest", "make it the champion"],
  ["anomaly serve", "watch it: dashboard, API and schedules"],
  ["anomaly status", "where am I, and what next"],
];

/**
 * The help that a topic asks for: all commands (""), one (`models show`), or those that share a first
 * word (`models`).
 */
export function help(specs: readonly CommandSpec[], topic: string): string {
  const spec = specs.find(({ name }) => name === topic);
  if (spec) return commandHelp(spec);
  if (topic === "") return overviewHelp(specs);
  const within = specs.filter(({ name }) => name.startsWith(`${topic} `));
  return blocks([`Usage: anomaly ${topic} <command> [flags]`, ...commandBlocks(within)]);
}

/** All commands by group, and how to begin. */
export function overviewHelp(specs: readonly CommandSpec[]): string {
  return blocks([
    "anomaly watches the cryptocurrency market, learns what normal looks like, and\n" +
    "flags the coins that do not fit.",
    "Usage: anomaly <command> [flags]",
    section("First steps", FIRST_STEPS),
    ...commandBlocks(specs),
    section("Flags of every command", flagsOf(globalParams).map(flagEntry)),
    paragraphs(
      "Without a network, add --source simulated (or set ANOMALY_SOURCE=simulated). What a command " +
        "takes, with examples: anomaly <command> --help",
    ),
  ]);
}

/** Usage, description, flags with their defaults, and examples of one command. */
export function commandHelp(spec: CommandSpec): string {
  const { own, global } = commandFlags(spec);
  const positionals = spec.positionals ?? [];
  const usage = ["anomaly", spec.name, ...positionals.map(positionalUsage), "[flags]"].join(" ");
  return blocks([
    `Usage: ${usage}`,
    paragraphs(spec.summary),
    spec.description ? paragraphs(spec.description) : "",
    spec.originalName ? `Its other name is accepted too: anomaly ${spec.originalName}` : "",
    section("Arguments", positionals.map(positionalEntry)),
    section("Flags", own.map(flagEntry)),
    section("Flags of every command", global.map(flagEntry)),
    spec.examples.length > 0
      ? ["Examples:", ...spec.examples.map((line) => `  ${line}`)].join("\n")
      : "",
  ]);
}

/** A section for every group that has commands, their columns in line with each other. */
function commandBlocks(specs: readonly CommandSpec[]): string[] {
  const entries = (group: string) =>
    specs.filter((spec) => spec.group === group)
      .map(({ name, summary }): Entry => [name, summary]);
  const indent = indentOf(Object.keys(GROUPS).flatMap(entries));
  return Object.entries(GROUPS).map(([group, title]) => section(title, entries(group), indent));
}

function positionalEntry(positional: Positional): Entry {
  const { description, choices } = positional;
  return [
    positionalUsage(positional),
    choices ? `${description}: ${choices.join(", ")}` : description,
  ];
}

function flagEntry(flag: Flag): Entry {
  const value = flag.kind === "boolean" ? "" : ` <${flag.placeholder}>`;
  const notes = [
    flag.required ? "required" : "",
    flag.repeatable ? "repeatable" : "",
    defaultNote(flag.defaultValue),
  ].filter((note) => note !== "");
  const note = notes.length > 0 ? ` (${notes.join(", ")})` : "";
  return [`--${flag.name}${value}`, `${flag.description}${note}`];
}

/** What is off or empty by default needs no words. */
function defaultNote(value: unknown): string {
  const silent = value === undefined || value === false || value === "" ||
    (Array.isArray(value) && value.length === 0);
  return silent ? "" : `default ${typeof value === "string" ? value : JSON.stringify(value)}`;
}

type Entry = readonly [name: string, text: string];

/** Column at which the texts of the entries begin. */
function indentOf(entries: readonly Entry[]): number {
  const widths = entries.map(([name]) => name.length).filter((width) => width <= MAX_NAME_WIDTH);
  return 2 + Math.max(0, ...widths) + 2;
}

/** A title and two columns; nothing where there are no entries. */
function section(title: string, entries: readonly Entry[], indent = indentOf(entries)): string {
  if (entries.length === 0) return "";
  const lines = entries.flatMap(([name, text]) => {
    const [first = "", ...more] = wrap(text, WIDTH - indent);
    const below = more.map((line) => " ".repeat(indent) + line);
    return name.length > MAX_NAME_WIDTH
      ? [`  ${name}`, " ".repeat(indent) + first, ...below]
      : [`  ${name.padEnd(indent - 2)}${first}`.trimEnd(), ...below];
  });
  return [`${title}:`, ...lines].join("\n");
}

function paragraphs(text: string): string {
  return text.split("\n\n").map((paragraph) => wrap(paragraph, WIDTH).join("\n")).join("\n\n");
}

/** Lines of at most `width` characters, broken between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

function blocks(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n") + "\n";
}
