// The OpenAPI document, made from the definitions of the operations; the same as long as the process
// lives.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { GROUPS } from "./operation.ts";

export type ApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

const documents = new WeakMap<OpenAPIHono, ApiDocument>();

export function documentOf(api: OpenAPIHono, version: string): ApiDocument {
  const kept = documents.get(api);
  if (kept) return kept;
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
    servers: [{ url: "/api/v1" }],
    security: [{ token: [] }, {}],
    tags: Object.values(GROUPS).map((name) => ({ name })),
  });
  documents.set(api, document);
  return document;
}
