// An operation of the API: what it may be asked, what it answers, and the function that does it. One
// definition gives its route, its checks and its part of the document.

import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { AppError, ERROR_CODES, type ErrorCode } from "../../src/domain/errors.ts";
import { toJson } from "../../src/domain/json.ts";
import { describeProblems } from "../../src/domain/problems.ts";
import type { View, Views } from "../view.ts";
import { branchParam, errorSchema } from "./schemas/shapes.ts";

export const API_PATH = "/api/v1";

export type Method = "get" | "post" | "delete";

export const GROUPS = {
  market: "Where things stand",
  predictions: "Predictions and outcomes",
  models: "Models",
  aliases: "Aliases",
  flows: "Flows and runs",
  data: "Data",
  records: "Events and audit",
} as const;
export type Group = keyof typeof GROUPS;

export interface OperationHead<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
> {
  method: Method;
  /** Below /api/v1, with parameters in braces: "/runs/{id}". */
  path: string;
  group: Group;
  summary: string;
  description?: string;
  params?: P;
  query?: Q;
  body?: B;
  answer: z.ZodType;
  /** What the answer is, in a few words. */
  answers: string;
  /** It may answer before the work is done, with 202. */
  mayBeAccepted?: boolean;
  /** Refusals that are its own, beside wrong requests. */
  refuses?: ErrorCode[];
  /** A path that works on most stores, and a body: for the page that shows the API. */
  example: { path: string; body?: unknown };
}

export interface Given<P, Q, B> {
  view: View;
  views: Views;
  params: P;
  query: Q;
  body: B;
}

export interface Operation extends OperationHead<z.ZodObject, z.ZodObject, z.ZodType> {
  /** The answer, keys in camelCase or snake_case; `Accepted` for one that is not done yet. */
  handle(given: Given<never, never, never>): Promise<unknown>;
}

/** Work that goes on after the answer. */
export class Accepted {
  constructor(readonly value: unknown) {}
}

/** Types what an operation is given by its schemas; the API treats all of them alike. */
export function defineOperation<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
>(
  operation: OperationHead<P, Q, B> & {
    handle(given: Given<z.output<P>, z.output<Q>, z.output<B>>): Promise<unknown>;
  },
): Operation {
  return operation as unknown as Operation;
}

/** What each part of a request is called where it is refused. */
const PARTS: Record<string, string> = {
  param: "path",
  query: "query",
  json: "body",
};

/** The route of an operation with its schemas, as the library takes it. */
export function routeOf(operation: Operation) {
  const { method, path, summary, description, group, answer, answers, body } = operation;
  const done = { description: answers, content: jsonOf(answer) };
  return createRoute({
    method,
    path,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [GROUPS[group]],
    operationId: operationId(operation),
    request: {
      query: queryOf(operation),
      ...(operation.params ? { params: operation.params } : {}),
      ...(body ? { body: { required: true, content: jsonOf(body) } } : {}),
    },
    responses: {
      200: done,
      ...(operation.mayBeAccepted ? { 202: { ...done, description: `${answers}, begun` } } : {}),
      ...refusals(operation),
    },
  });
}

/** Unknown parameters are refused: a misspelled one would silently not filter. */
function queryOf({ query }: Operation): z.ZodObject {
  return z.strictObject({ branch: branchParam, ...query?.shape });
}

export function mountOperation(api: OpenAPIHono, views: Views, operation: Operation): void {
  const route = routeOf(operation);
  const schemas: Record<string, z.ZodType | undefined> = {
    query: route.request.query,
    param: operation.params,
    json: operation.body,
  };
  api.openapi(route, async (c: Context) => {
    const given = {
      view: await views.of(c),
      views,
      params: valid(c, "param") ?? {},
      query: valid(c, "query"),
      body: valid(c, "json"),
    };
    const value = await operation.handle(given as Given<never, never, never>);
    const isAccepted = value instanceof Accepted;
    const json = toJson(isAccepted ? value.value : value);
    // Its status is declared by the route, where it depends on the operation.
    return c.json(json, (isAccepted ? 202 : 200) as 200);
  }, (result) => {
    if (result.success) return;
    const schema = schemas[result.target] ?? z.unknown();
    // The value is handed on beside the result, by whatever part of the request it is of.
    const { data } = result as unknown as { data: unknown };
    throw refusal(operation, result.target, describeProblems(schema, data, result.error.issues));
  });
}

function jsonOf<S extends z.ZodType>(schema: S) {
  return { "application/json": { schema } };
}

function refusal({ method, path }: Operation, target: string, problems: string[]): AppError {
  return new AppError(
    "invalid",
    `Cannot ${method.toUpperCase()} ${path}: in the ${PARTS[target] ?? target}, ` +
      `${problems.join("; ")}. See: /api/docs`,
    { details: { problems } },
  );
}

function valid(c: Context, target: "param" | "query" | "json"): unknown {
  return c.req.valid(target as never);
}

/** The statuses that an operation may refuse with, each with the codes that have it. */
function refusals({ method, refuses = [] }: Operation) {
  const always: ErrorCode[] = ["invalid", "not_found", "unauthorized", "forbidden", "internal"];
  const acts: ErrorCode[] = method === "get" ? [] : ["conflict"];
  const codes = [...new Set([...always, ...acts, ...refuses])];
  const byStatus = Map.groupBy(codes, (code) => ERROR_CODES[code].httpStatus);
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, of]) => [
      status,
      { description: `Refused: ${of.join(" or ")}`, content: jsonOf(errorSchema) },
    ]),
  );
}

/** "get_runs_id": what a generated client may call its function, and the anchor in the docs. */
export function operationId({ method, path }: Operation): string {
  return [method, ...path.match(/[a-z_]+/g) ?? []].join("_");
}

/** Any thrown value of the API as an AppError: what cannot be read as JSON is a wrong request. */
export function asWrongRequest(cause: unknown): unknown {
  if (!(cause instanceof HTTPException) || cause.status >= 500) return cause;
  const found = cause.status === 415 ? "another content type" : cause.message.toLowerCase();
  return new AppError(
    "invalid",
    `Cannot read the request: found ${found}, expected JSON with content-type application/json. ` +
      `See: /api/docs`,
    { cause },
  );
}
