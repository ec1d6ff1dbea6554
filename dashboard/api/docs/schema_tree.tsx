// A JSON Schema as a tree that a person reads: a name, a type in words, what it means. Named schemas are
// shown once, and linked to from everywhere else.

import type { Child, FC } from "hono/jsx";
import { isNode, type SchemaNode } from "../../../src/domain/problems.ts";

const REFERENCE = "#/components/schemas/";

export function schemaAnchor(name: string): string {
  return `schema-${name}`;
}

/** What a node is, with the references in it as links. */
export const TypeText: FC<{ node: SchemaNode }> = ({ node }) => <>{typeOf(node)}</>;

function typeOf(given: SchemaNode): Child {
  const node = plain(given);
  const name = nameOf(node);
  if (name !== null) return <a href={`#${schemaAnchor(name)}`}>{name}</a>;
  const options = (node.anyOf ?? node.oneOf ?? []).filter(isNode);
  if (options.length > 0) return joined(options.map(typeOf), " or ");
  if (node.enum) {
    return node.enum.map((value) => value === null ? "null" : String(value)).join(" · ");
  }
  const types = [node.type ?? "any"].flat();
  return joined(types.map((type) => oneType(type, node)), " or ");
}

function oneType(type: string, node: SchemaNode): Child {
  switch (type) {
    case "array":
      return isNode(node.items) ? <>list of {typeOf(node.items)}</> : "list";
    case "object":
      return isNode(node.additionalProperties) && hasContent(node.additionalProperties)
        ? <>object of {typeOf(node.additionalProperties)}</>
        : "object";
    case "string":
      return textType(node);
    case "integer":
    case "number":
      return `${type}${range(node)}`;
    default:
      return type;
  }
}

function textType({ format, maxLength }: SchemaNode): string {
  if (format === "date-time") return "time";
  if (format === "date") return "date";
  return maxLength === undefined ? "text" : `text, at most ${maxLength} characters`;
}

/** " 1 … 200", " ≥ 1"; the limits of a double are none. */
function range({ minimum, maximum }: SchemaNode): string {
  const low = minimum !== undefined && Math.abs(minimum) < Number.MAX_SAFE_INTEGER;
  const high = maximum !== undefined && Math.abs(maximum) < Number.MAX_SAFE_INTEGER - 1;
  if (low && high) return ` ${sign(minimum)} … ${sign(maximum)}`;
  return low ? ` ≥ ${sign(minimum)}` : high ? ` ≤ ${sign(maximum)}` : "";
}

function sign(value: number): string {
  return String(value).replace("-", "−");
}

function joined(parts: Child[], word: string): Child {
  return parts.map((part, i) => <>{i === 0 ? "" : word}{part}</>);
}

function hasContent(node: SchemaNode): boolean {
  return Object.keys(node).length > 0;
}

/** A reference with a description comes as both of them together; the reference is what counts. */
function plain(node: SchemaNode): SchemaNode {
  const parts = (node.allOf ?? []).filter(isNode);
  return parts.find((part) => part.$ref !== undefined) ?? node;
}

function nameOf({ $ref }: SchemaNode): string | null {
  return $ref?.startsWith(REFERENCE) ? $ref.slice(REFERENCE.length) : null;
}

export function descriptionOf(node: SchemaNode): string {
  const parts = (node.allOf ?? []).filter(isNode);
  return node.description ?? parts.find((part) => part.description)?.description ?? "";
}

export type Schemas = Readonly<Record<string, SchemaNode>>;

/**
 * The fields of a node, and of the objects within it that have no name of their own. What `opened` knows
 * by name is shown in place where the node is it or lists it; deeper down a name is a link.
 */
export const SchemaTree: FC<{ node: SchemaNode; opened?: Schemas; isInner?: boolean }> = (
  { node, opened = {}, isInner = false },
) => {
  const objects = objectsIn(node, opened);
  if (objects.length === 0) return <p class="sch">{typeOf(node)}</p>;
  return (
    <>
      {objects.map((object, i) => (
        <>
          {i === 0 ? "" : <p class="small dim">or</p>}
          <ul class="sch">
            {Object.entries(object.properties ?? {}).map(([name, field]) =>
              isNode(field)
                ? (
                  <Field
                    name={name}
                    node={field}
                    isOptional={!(object.required ?? []).includes(name)}
                    opened={isInner ? {} : listedIn(field, opened)}
                  />
                )
                : ""
            )}
          </ul>
        </>
      ))}
    </>
  );
};

const Field: FC<{ name: string; node: SchemaNode; isOptional: boolean; opened: Schemas }> = (
  { name, node, isOptional, opened },
) => {
  const description = descriptionOf(node);
  const initial = node.default;
  return (
    <li>
      <code>{name}</code> <span class="ty">{typeOf(node)}</span>
      {isOptional && initial === undefined ? <span class="dim">, may be left out</span> : ""}
      {initial === undefined ? "" : <span class="dim">, default {JSON.stringify(initial)}</span>}
      {description === "" ? "" : <span class="dim">{` – ${description}`}</span>}
      {objectsIn(node, opened).length === 0
        ? ""
        : <SchemaTree node={node} opened={opened} isInner />}
    </li>
  );
};

/** A list opens what it lists; a field that is a named thing stays a link. */
function listedIn(field: SchemaNode, opened: Schemas): Schemas {
  return isNode(plain(field).items) ? opened : {};
}

/** Objects with known fields that a node is, may be, or lists; behind a name only where it is opened. */
function objectsIn(given: SchemaNode, opened: Schemas): SchemaNode[] {
  const node = plain(given);
  const name = nameOf(node);
  if (name !== null) {
    const known = opened[name];
    return known === undefined ? [] : objectsIn(known, {});
  }
  if (node.properties) return [node];
  if (isNode(node.items)) return objectsIn(node.items, opened);
  return (node.anyOf ?? node.oneOf ?? []).filter(isNode)
    .flatMap((option) => objectsIn(option, opened));
}
