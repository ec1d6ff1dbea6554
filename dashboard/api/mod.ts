// The API, /api/v1: every operation with its checks, the OpenAPI document made of the same definitions,
// and refusals in the one shape of errors.

import { OpenAPIHono } from "@hono/zod-openapi";
import type { Hono } from "hono";
import { AppError, toAppError } from "../../src/domain/errors.ts";
import { toJson } from "../../src/domain/json.ts";
import { mountPage } from "../page.ts";
import type { Views } from "../view.ts";
import { documentOf } from "./document.ts";
import { apiDocs } from "./docs/page.tsx";
import { API_PATH, asWrongRequest, mountOperation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";

export function mountApi(app: Hono, views: Views): void {
  const api = new OpenAPIHono();
  for (const operation of OPERATIONS) mountOperation(api, views, operation);
  api.get("/openapi.json", (c) => c.json(documentOf(views.deps.codeVersion)));
  api.onError((cause, c) => {
    const error = toAppError(asWrongRequest(cause));
    return c.json(toJson(error.toJSON()) as object, error.httpStatus as 500);
  });
  app.route(API_PATH, api);
  mountPage(app, views, apiDocs);
  app.get(`${apiDocs.path}.json`, (c) => c.redirect(`${API_PATH}/openapi.json`, 303));
  app.all("/api/*", (c) => {
    throw noOperation(c.req.method, c.req.path);
  });
}

/** A path that there is none of, or that is asked by another method. */
function noOperation(method: string, path: string): AppError {
  const parts = path.slice(API_PATH.length).split("/");
  const methods = OPERATIONS.filter((operation) => {
    const own = operation.path.split("/");
    return path.startsWith(API_PATH) && own.length === parts.length &&
      own.every((part, i) => part.startsWith("{") || part === parts[i]);
  }).map((operation) => operation.method.toUpperCase());
  const expected = methods.length > 0
    ? `expected ${[...new Set(methods)].join(" or ")}`
    : `expected a path below ${API_PATH}`;
  return new AppError("not_found", `Cannot ${method} ${path}: ${expected}. See: /api/docs`);
}
