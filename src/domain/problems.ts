// What is wrong with a value that a schema refused, in words: where, what was found, what was
// expected. Config files, the command line and request bodies all report through it; what was
// expected is read from the schema itself, so that message and check cannot drift apart.

import { z } from "zod";

/** A JSON Schema node, as zod derives it. */
export type SchemaNode = z.core.JSONSchema.BaseSchema;

/** How a place in the value is named: `environments.dev` in a file, `--num_coins` on a command line. */
export type PathLabel = (path: readonly PropertyKey[]) => string;

const dotted: PathLabel = (path) => path.join(".");

/**
 * The schema as JSON Schema of what may be *written* (defaults are optional, transforms not yet
 * applied). A phrase given as `.meta({ expected })` replaces the derived one in messages.
 */
export function inputSchema(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}

/** One sentence, without a full stop, for every issue that the schema raised about `value`. */
export function describeProblems(
  schema: z.ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  label: PathLabel = dotted,
): string[] {
  const root = inputSchema(schema);
  return issues.flatMap((issue) => {
    if (issue.code === "custom") return [`${label(issue.path)} ${issue.message}`.trim()];
    if (issue.code === "unrecognized_keys") {
      const known = propertyNames(nodesAt(root, value, issue.path));
      return issue.keys.map((key) =>
        `${label([...issue.path, key])} is not known, expected ${oneOf(known)}${
          didYouMean(key, known)
        }`
      );
    }
    const nodes = nodesAt(root, value, issue.path);
    const place = label(issue.path) || "the content";
    const found = valueAt(value, issue.path);
    const is = found === undefined ? "is missing" : `is ${shown(found)}`;
    return [`${place} ${is}, expected ${expected(nodes)}`];
  });
}

/** What a schema node accepts, as a phrase: `a number in (0, 0.5] or "auto"`. */
export function expectedBy(node: SchemaNode): string {
  return expected([node]);
}

/**
 * ` (did you mean train?)` where a candidate is close to the word, by edits or as its beginning;
 * else the empty string.
 */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const begins = word.length >= 3 && candidate.startsWith(word);
    const distance = begins ? 1 : editDistance(word, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best === null ? "" : ` (did you mean ${best}?)`;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforePrevious[j - 2]! + 1);
      }
      row.push(cost);
    }
    [beforePrevious, previous] = [previous, row];
  }
  return previous[b.length]!;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}

/** The schema nodes that describe the place; several where it lies in an undecided union. */
function nodesAt(root: SchemaNode, value: unknown, path: readonly PropertyKey[]): SchemaNode[] {
  let nodes = alternatives(root, value);
  let at = value;
  for (const key of path) {
    at = valueAt(at, [key]);
    nodes = nodes.flatMap((node) => {
      const next = typeof key === "number"
        ? node.items
        : node.properties?.[String(key)] ?? node.additionalProperties;
      return isNode(next) ? alternatives(next, at) : [];
    });
  }
  return nodes;
}

/** The options of a union of objects that the value's constants allow; the node itself otherwise. */
function alternatives(node: SchemaNode, value: unknown): SchemaNode[] {
  const options = (node.oneOf ?? node.anyOf ?? []).filter(isNode);
  const objects = options.filter((option) => option.properties !== undefined);
  if (objects.length === 0) return [node];
  const fitting = objects.filter((option) =>
    Object.entries(option.properties ?? {}).every(([key, property]) =>
      !isNode(property) || property.const === undefined ||
      property.const === valueAt(value, [key])
    )
  );
  return fitting.length > 0 ? fitting : objects;
}

export function isNode(node: unknown): node is SchemaNode {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}

function propertyNames(nodes: readonly SchemaNode[]): string[] {
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** Phrases of all nodes without repetition; constants last, so that they read as exceptions. */
function expected(nodes: readonly SchemaNode[]): string {
  const phrases: string[] = [];
  const constants: string[] = [];
  const add = (node: SchemaNode) => {
    const options = (node.anyOf ?? node.oneOf ?? []).filter(isNode);
    if (typeof node.expected === "string") phrases.push(node.expected);
    else if (options.length > 0) options.forEach(add);
    else if (node.const !== undefined) constants.push(JSON.stringify(node.const));
    else if (node.enum) constants.push(...node.enum.map((item) => JSON.stringify(item)));
    else for (const type of [node.type ?? "any"].flat()) phrases.push(phraseOf(type, node));
  };
  nodes.forEach(add);
  const all = [...new Set([...phrases, ...constants])];
  return oneOf(all);
}

/** The items as prose: `a`, `a or b`, `a, b or c`. */
export function oneOf(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? "nothing";
  return `${items.slice(0, -1).join(", ")} or ${items.at(-1)}`;
}

function phraseOf(type: string, node: SchemaNode): string {
  switch (type) {
    case "integer":
      return `an integer${range(node)}`;
    case "number":
      return `a number${range(node)}`;
    case "boolean":
      return "true or false";
    case "string":
      if (node.format === "date-time") return "a time such as 2026-01-31T12:00:00Z";
      if (node.pattern !== undefined) return `text matching ${node.pattern}`;
      return textPhrase(node);
    case "array": {
      const list = node.maxItems === undefined ? "a list" : `a list of at most ${node.maxItems}`;
      return isNode(node.items) ? `${list}, each item ${expected([node.items])}` : list;
    }
    case "object":
      return "an object";
    case "null":
      return "null";
    default:
      return "a value";
  }
}

function textPhrase({ minLength = 0, maxLength }: SchemaNode): string {
  if (maxLength === undefined) return minLength > 0 ? "text that is not empty" : "text";
  return minLength > 0
    ? `text of ${minLength} to ${maxLength} characters`
    : `text of at most ${maxLength} characters`;
}

/** Bounds as an interval, ` in (0, 0.5]`, or one-sided, ` >= 1`; the limits of a double are none. */
function range(node: SchemaNode): string {
  const above = bound(node.exclusiveMinimum);
  const below = bound(node.exclusiveMaximum);
  const low = above ?? bound(node.minimum);
  const high = below ?? bound(node.maximum);
  if (low !== null && high !== null) {
    return ` in ${above === null ? "[" : "("}${low}, ${high}${below === null ? "]" : ")"}`;
  }
  if (low !== null) return ` ${above === null ? ">=" : ">"} ${low}`;
  if (high !== null) return ` ${below === null ? "<=" : "<"} ${high}`;
  return "";
}

function bound(value: unknown): number | null {
  return typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : null;
}

/** The value as JSON, cut short enough for one line of a terminal. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
