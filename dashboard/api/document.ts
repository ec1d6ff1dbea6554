// The OpenAPI document, made from the definitions of the operations; the same as long as the process
// lives.

import { OpenAPIHono } from "@hono/zod-openapi";
import { API_PATH, GROUPS, routeOf } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";

export type ApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

const documents = new Map<string, ApiDocument>();

/** @param version of the code, which is the document's as well */
export function documentOf(version: string): ApiDocument {
  const kept = documents.get(version);
  if (kept) return kept;
  const api = new OpenAPIHono();
  for (const operation of OPERATIONS) api.openAPIRegistry.registerPath(routeOf(operation));
  api.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "ANOMALY_TOKEN of the process; asked for everywhere but on loopback.",
  });
  const document = api.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "anomaly",
      version,
      description:
        "Anomalies in the crypto market: what the models say, how they were judged, and " +
        "acting upon them. JSON in snake_case, times in ISO 8601 (UTC), one shape for every error.",
    },
    servers: [{ url: API_PATH }],
    security: [{ token: [] }, {}],
    tags: Object.values(GROUPS).map((name) => ({ name })),
  });
  documents.set(version, document);
  return document;
}
