// A command, described once: its name, its words, and one zod schema. Flags, help and completions are
// all derived from that schema here, so that none of them can tell another story than the check does.

import { z } from "zod";
import { inputSchema, isNode, type SchemaNode } from "../domain/problems.ts";

export type CommandGroup = "flows" | "look" | "operate";

/** A word of a command that belongs to no flag. */
export interface Positional {
  name: string;
  description: string;
  required?: boolean;
  /** Takes all remaining words; only the last positional may. */
  variadic?: boolean;
  /** The only words that are accepted. */
  choices?: readonly string[];
}

/** Everything that the command line, help and completions need to know of a command. */
export interface CommandSpec<P extends z.ZodObject = z.ZodObject> {
  /** One or two words: `train`, `models show`. */
  name: string;
  /** A flow's name in the original project, accepted in its place. */
  originalName?: string;
  group: CommandGroup;
  /** One line, for the overview. */
  summary: string;
  /** What is worth knowing before the first use; paragraphs parted by an empty line. */
  description?: string;
  positionals?: readonly Positional[];
  /**
   * Parameters in snake_case, with descriptions and defaults. `.meta({ placeholder: "file" })` names
   * the value in help (file, folder and path are completed as such); `.meta({ expected })` words it
   * in errors.
   */
  params: P;
  /** Whole command lines that work as written. */
  examples: readonly string[];
}

/** Parameters that every command has, before or after its name. */
export const globalParams = z.strictObject({
  kv: z.string().optional().meta({ placeholder: "path" }).describe(
    "registry: a path, :memory: or an http(s) URL (env ANOMALY_KV, default " +
      "anomaly_data/registry.kv)",
  ),
  json: z.boolean().default(false).describe("print one JSON value on stdout and nothing else"),
  quiet: z.boolean().default(false).describe("leave out progress and hints"),
  help: z.boolean().default(false).describe("show help, also as -h"),
  version: z.boolean().default(false).describe("show the program's version"),
});
export type GlobalParams = z.output<typeof globalParams>;

/** Parameters of every command that reads or writes a branch; spread into its schema. */
export const branchParams = {
  branch: z.string().optional().meta({ placeholder: "branch" }).describe(
    "branch to write to (env ANOMALY_BRANCH, default user.<login>)",
  ),
  read_branch: z.string().optional().meta({ placeholder: "branch" }).describe(
    "branch to read data and the champion from (default: dev-assets.branch of the project " +
      "outside of production, else the branch that is written)",
  ),
};

/** Parameters of every flow; spread into its schema. */
export const flowParams = {
  ...branchParams,
  tag: z.array(z.string().min(1)).max(20).default([]).meta({ placeholder: "tag" })
    .describe("tag of the run"),
  follow: z.boolean().default(false).describe(
    "also run, here and now, what the run's events trigger, to the end of the chain",
  ),
};

/** One flag, as derived from a property of a parameter schema. */
export interface Flag {
  /** In snake_case; `-` is accepted for `_` where it is written. */
  name: string;
  /** Whether its text is read as true/false, as a number where it looks like one, or kept. */
  kind: "boolean" | "number" | "text";
  repeatable: boolean;
  required: boolean;
  /** The only values, where the schema is an enumeration; else empty. */
  choices: readonly string[];
  /** Undefined where there is none. */
  defaultValue: unknown;
  /** What stands for the value in help: `integer`, `file`, `bash|zsh|fish`. */
  placeholder: string;
  description: string;
  /** The schema of one value. */
  node: SchemaNode;
}

/** The flags of a parameter schema, in the order of its properties. */
export function flagsOf(params: z.ZodObject): Flag[] {
  const schema = inputSchema(params);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const whole: SchemaNode = typeof property === "boolean" ? {} : property;
    const node = whole.type === "array" && isNode(whole.items) ? whole.items : whole;
    const types = typesOf(node);
    const choices = (node.enum ?? []).map(String);
    return {
      name,
      kind: kindOf(types),
      repeatable: node !== whole,
      required: schema.required?.includes(name) ?? false,
      choices,
      defaultValue: whole.default,
      placeholder: choices.join("|") || textOf(whole.placeholder) || textOf(node.placeholder) ||
        [...types].join("|"),
      description: whole.description ?? "",
      node,
    };
  });
}

/** The flags of a command: its own, then the global ones whose names it does not use itself. */
export function commandFlags(spec: CommandSpec): { own: Flag[]; global: Flag[] } {
  const own = flagsOf(spec.params);
  const names = new Set(own.map((flag) => flag.name));
  return { own, global: flagsOf(globalParams).filter((flag) => !names.has(flag.name)) };
}

/** `<ref>`, `[branch]`, `<id>...`: a positional as it stands in a usage line. */
export function positionalUsage({ name, required, variadic }: Positional): string {
  const word = required ? `<${name}>` : `[${name}]`;
  return variadic ? `${word}...` : word;
}

function kindOf(types: ReadonlySet<string>): Flag["kind"] {
  if (types.has("boolean")) return "boolean";
  const numeric = types.has("number") || types.has("integer");
  return numeric && !types.has("text") ? "number" : "text";
}

/** What a value of the node may be: any of `boolean`, `number`, `integer`, `text`, or a constant. */
function typesOf(node: SchemaNode): Set<string> {
  const options = (node.anyOf ?? node.oneOf ?? []).filter(isNode);
  if (options.length > 0) return new Set(options.flatMap((option) => [...typesOf(option)]));
  if (node.const !== undefined) return new Set([String(node.const)]);
  const types = [node.type ?? "string"].flat().filter((type) => type !== "null");
  return new Set(types.map((type) => type === "string" ? "text" : type));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
