// A reader of the JSON Schema that the API's document is written in: what is wrong with a value, by its
// place. A keyword that it does not know is an error of the test, so that nothing passes unread.

import type { Json } from "../../../src/domain/asset.ts";

export type Node = { [keyword: string]: Json };
export type Schemas = Readonly<Record<string, Node>>;

const SAYS_NOTHING = ["description", "default", "example", "title"];
const FORMATS: Record<string, RegExp> = {
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  date: /^\d{4}-\d\d-\d\d$/,
};

export function problemsOf(schemas: Schemas, node: Node, value: Json, at = "answer"): string[] {
  return Object.entries(node).flatMap(([keyword, expected]) =>
    SAYS_NOTHING.includes(keyword)
      ? []
      : problemsBy(keyword, expected, { schemas, node, value, at })
  );
}

interface Place {
  schemas: Schemas;
  node: Node;
  value: Json;
  at: string;
}

function problemsBy(keyword: string, expected: Json, place: Place): string[] {
  const { schemas, node, value, at } = place;
  const wrong = (isWrong: boolean) =>
    isWrong ? [`${at} is ${JSON.stringify(value)}, ${keyword} ${JSON.stringify(expected)}`] : [];
  const inner = (next: Json, part: Json, name: string) =>
    problemsOf(schemas, next as Node, part, `${at}.${name}`);
  switch (keyword) {
    case "$ref":
      return problemsOf(schemas, referred(schemas, String(expected)), value, at);
    case "allOf":
      return (expected as Node[]).flatMap((one) => problemsOf(schemas, one, value, at));
    case "anyOf": {
      const all = (expected as Node[]).map((one) => problemsOf(schemas, one, value, at));
      return all.some((problems) => problems.length === 0)
        ? []
        : [`${at} is none of: ${all.map((problems) => problems[0]).join(" | ")}`];
    }
    case "type":
      return wrong(![expected].flat().some((type) => isOfType(String(type), value)));
    case "enum":
      return wrong(!(expected as Json[]).includes(value));
    case "minimum":
      return wrong(typeof value === "number" && value < Number(expected));
    case "maximum":
      return wrong(typeof value === "number" && value > Number(expected));
    case "minLength":
      return wrong(typeof value === "string" && value.length < Number(expected));
    case "maxLength":
      return wrong(typeof value === "string" && value.length > Number(expected));
    case "minItems":
      return wrong(Array.isArray(value) && value.length < Number(expected));
    case "maxItems":
      return wrong(Array.isArray(value) && value.length > Number(expected));
    case "pattern":
      return wrong(typeof value === "string" && !new RegExp(String(expected)).test(value));
    case "format":
      return wrong(typeof value === "string" && !formatOf(String(expected)).test(value));
    case "items":
      return Array.isArray(value)
        ? value.flatMap((item, i) => inner(expected, item, String(i)))
        : [];
    case "required":
      return (expected as string[]).flatMap((name) =>
        isObject(value) && !Object.hasOwn(value, name) ? [`${at}.${name} is missing`] : []
      );
    case "properties":
      return Object.entries(expected as Node).flatMap(([name, next]) =>
        isObject(value) && Object.hasOwn(value, name) ? inner(next, value[name]!, name) : []
      );
    case "additionalProperties": {
      const known = Object.keys((node.properties ?? {}) as Node);
      const others = isObject(value)
        ? Object.entries(value).filter(([name]) => !known.includes(name))
        : [];
      return expected === false
        ? others.map(([name]) => `${at}.${name} is not in the schema`)
        : others.flatMap(([name, part]) => inner(expected, part, name));
    }
    default:
      throw new Error(`this test cannot read the keyword ${keyword} at ${at}`);
  }
}

/** The schema behind a reference. Throws for one that leads nowhere. */
export function referred(schemas: Schemas, reference: string): Node {
  const found = schemas[reference.replace("#/components/schemas/", "")];
  if (found === undefined) throw new Error(`the reference ${reference} leads nowhere`);
  return found;
}

function formatOf(name: string): RegExp {
  const format = FORMATS[name];
  if (format === undefined) throw new Error(`this test cannot read the format ${name}`);
  return format;
}

function isObject(value: Json): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOfType(type: string, value: Json): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    default:
      throw new Error(`this test cannot read the type ${type}`);
  }
}
