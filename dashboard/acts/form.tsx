// Forms and their schemas: one zod schema gives the fields, and reads what was filled in. The same schema
// is the command line's flags and the API's body, so that all three accept the same.

import type { Context } from "hono";
import type { FC } from "hono/jsx";
import type { z } from "zod";
import { AppError } from "../../src/domain/errors.ts";
import {
  describeProblems,
  inputSchema,
  isNode,
  type SchemaNode,
} from "../../src/domain/problems.ts";
import { CSRF_FIELD } from "../auth.ts";
import { readForm } from "../bodies.ts";
import type { View } from "../view.ts";

/** What every form carries, so that it is known for ours and acts on the branch that is looked at. */
export const FormMarks: FC<{ view: View }> = ({ view }) => (
  <input type="hidden" name={CSRF_FIELD} value={view.visitor.csrf} />
);

/** Where a form is sent: the branch stays in the URL, as in a link. */
export function actionOf(view: View, path: string): string {
  return view.href(path);
}

/** Reads a form by its schema. Empty fields were not filled in. Throws `invalid` with what is wrong. */
export async function parseForm<S extends z.ZodObject>(
  c: Context,
  schema: S,
  what: string,
): Promise<z.output<S>> {
  const body = await readForm(c);
  const properties = inputSchema(schema).properties ?? {};
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (name === CSRF_FIELD || value === "") continue;
    const node = properties[name];
    given[name] = isNode(node) ? valueOf(node, value) : value;
  }
  const checked = schema.safeParse(given);
  if (checked.success) return checked.data;
  const problems = describeProblems(schema, given, checked.error.issues);
  throw new AppError(
    "invalid",
    `Cannot ${what}: ${problems.join("; ")}. Next: go back and correct it.`,
    {
      details: { problems },
    },
  );
}

/** A field's text as the schema's kind of value; what does not read as one is left for it to refuse. */
function valueOf(node: SchemaNode, value: unknown): unknown {
  const kinds = kindsOf(node);
  if (kinds.has("array")) {
    return [value].flat().flatMap((text) => String(text).split(/\s+/)).filter((text) =>
      text !== ""
    );
  }
  if (typeof value !== "string") return value;
  if (kinds.has("boolean")) {
    return value === "on" || value === "true" ? true : value === "false" ? false : value;
  }
  if (kinds.has("string")) return value;
  return kinds.has("number") || kinds.has("integer") ? Number(value) : value;
}

/** The JSON types that a node accepts. */
export function kindsOf(node: SchemaNode): Set<string> {
  const options = (node.anyOf ?? node.oneOf ?? []).filter(isNode);
  if (options.length > 0) return new Set(options.flatMap((option) => [...kindsOf(option)]));
  return new Set([node.type ?? "string"].flat());
}
