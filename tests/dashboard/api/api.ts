// The API as a program meets it, with every answer held against the document's own schema.

import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../../src/domain/asset.ts";
import { type Node, problemsOf, type Schemas } from "./json_schema.ts";
import { ORIGIN, type TestDashboard } from "../dashboard.ts";

export interface Document {
  openapi: string;
  paths: Record<string, Record<string, DocumentOperation>>;
  components: { schemas: Schemas };
}

export interface DocumentOperation {
  summary?: string;
  operationId?: string;
  parameters?: { name: string; in: string; required: boolean; schema: Node }[];
  requestBody?: { content: Record<string, { schema: Node }> };
  responses: Record<string, { description: string; content: Record<string, { schema: Node }> }>;
}

/** What a test looks at of an answer; whether all of it has its shape is held against the document. */
export interface Answer<Body> {
  status: number;
  body: Body;
}

/** What a refusal is. */
export interface Refused {
  error: { code: string; message: string };
}

export async function readDocument(dashboard: TestDashboard): Promise<Document> {
  return await dashboard.json<Document>("/api/v1/openapi.json");
}

export interface AskedRequest {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Sends a request as a program does, and gives the raw answer. */
export function send(
  dashboard: TestDashboard,
  path: string,
  { method = "GET", body, headers = {} }: AskedRequest = {},
): Promise<Response> {
  const isAct = method !== "GET";
  return dashboard.fetch(
    new Request(`${ORIGIN}/api/v1${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { ...(isAct ? { "content-type": "application/json" } : {}), ...headers },
    }),
  );
}

/** The same, held against what the document says of the operation and the status. */
export async function ask<Body = unknown>(
  dashboard: TestDashboard,
  path: string,
  request: AskedRequest = {},
): Promise<Answer<Body>> {
  const document = await readDocument(dashboard);
  const { method = "GET" } = request;
  const response = await send(dashboard, path, request);
  const body: Json = await response.json();
  const operation = operationFor(document, method, path);
  const schema = operation.responses[response.status]?.content["application/json"]?.schema;
  assert(schema, `${method} ${path} answered ${response.status}: ${JSON.stringify(body)}`);
  assertEquals(problemsOf(document.components.schemas, schema, body), [], `${method} ${path}`);
  return { status: response.status, body: body as Body };
}

/** The operation of a path; one without parameters before one with. */
function operationFor(document: Document, method: string, path: string): DocumentOperation {
  const parts = path.split("?")[0]!.split("/");
  const fitting = Object.keys(document.paths).filter((template) => {
    const own = template.split("/");
    return own.length === parts.length &&
      own.every((part, i) => part.startsWith("{") || part === parts[i]);
  }).sort((a, b) => a.split("{").length - b.split("{").length);
  const found = fitting.map((template) => document.paths[template]![method.toLowerCase()])
    .find((operation) => operation !== undefined);
  assert(found, `the document has no ${method} ${path}`);
  return found;
}
