// The OpenAPI document against the routes, and against itself.

import { assert, assertEquals } from "@std/assert";
import type { Json } from "../../../src/domain/asset.ts";
import { mountApi } from "../../../dashboard/api/mod.ts";
import { API_PATH } from "../../../dashboard/api/operation.ts";
import { Views } from "../../../dashboard/view.ts";
import { memoryRegistry } from "../../support/registry.ts";
import { dashboardOn } from "../dashboard.ts";
import { type Document, type DocumentOperation, readDocument, send } from "./api.ts";
import { problemsOf, referred } from "./json_schema.ts";
import { Hono } from "hono";

async function readOn<T>(work: (document: Document) => T): Promise<T> {
  using registry = await memoryRegistry();
  return work(await readDocument(await dashboardOn(registry)));
}

function operationsOf({ paths }: Document): [string, string, DocumentOperation][] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, DocumentOperation] => [
      method,
      path,
      operation,
    ])
  );
}

Deno.test("every route below /api/v1 is in the document, and nothing else is", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const app = new Hono();
  mountApi(app, new Views(dashboard.deps));
  const routes = app.routes
    .filter(({ method, path }) => method !== "ALL" && path.startsWith(`${API_PATH}/`))
    .map(({ method, path }) => `${method} ${path.slice(API_PATH.length)}`)
    .filter((route) => route !== "GET /openapi.json");
  const documented = operationsOf(await readDocument(dashboard)).map(([method, path]) =>
    `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`
  );
  assertEquals([...new Set(routes)].sort(), documented.sort());
});

Deno.test("every operation has a summary, a name of its own, described parameters and answers", () =>
  readOn((document) => {
    const operations = operationsOf(document);
    assert(operations.length >= 30, `${operations.length} operations`);
    for (const [method, path, operation] of operations) {
      const name = `${method} ${path}`;
      assert(operation.summary, name);
      const parameters = operation.parameters ?? [];
      for (const { name: parameter, schema } of parameters) {
        assert(typeof schema.description === "string", `${name}: ${parameter} is not described`);
      }
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      assertEquals(
        parameters.filter((one) => one.in === "path").map((one) => one.name),
        inPath,
        name,
      );
      assert(parameters.some((one) => one.name === "branch"), `${name} takes no branch`);
      assert(operation.responses[200] && operation.responses[400], name);
    }
    const ids = operations.map(([, , { operationId }]) => operationId);
    assertEquals(new Set(ids).size, ids.length);
  }));

Deno.test("every reference of the document leads to a schema, and every schema is referred to", () =>
  readOn((document) => {
    const { schemas } = document.components;
    const references = new Set<string>();
    const collect = (value: Json): void => {
      if (typeof value !== "object" || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        if (key === "$ref") references.add(String(inner));
        else collect(inner);
      }
    };
    collect(document as unknown as Json);
    for (const reference of references) referred(schemas, reference);
    const names = [...references].map((text) => text.replace("#/components/schemas/", ""));
    assertEquals(names.sort(), Object.keys(schemas).sort());
  }));

Deno.test("the document is OpenAPI 3.1, and every list in it is bounded", () =>
  readOn((document) => {
    assertEquals(document.openapi, "3.1.0");
    for (const [method, path, { parameters = [] }] of operationsOf(document)) {
      const limit = parameters.find(({ name }) => name === "limit");
      if (limit) assertEquals(limit.schema.maximum, 200, `${method} ${path}`);
    }
  }));

Deno.test("what refuses is in the shape that the document says, whatever is refused", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const { components: { schemas } } = await readDocument(dashboard);
  const brackets = 100_000;
  const deep = `{"flow":"ingest","params":{"source":${"[".repeat(brackets)}${
    "]".repeat(brackets)
  }}}`;
  const refused: [string, RequestInit][] = [
    ["/nothing", {}],
    ["/runs?limit=0", {}],
    ["/runs/1", {}],
    ["/score", { method: "POST", body: "{", headers: { "content-type": "application/json" } }],
    ["/runs", { method: "POST", body: deep, headers: { "content-type": "application/json" } }],
    ["/score", { method: "POST", body: "a=1", headers: { "content-type": "text/plain" } }],
    ["/score", { method: "POST", headers: { "content-type": "application/json" } }],
  ];
  for (const [path, init] of refused) {
    const response = await dashboard.fetch(new Request(`http://127.0.0.1/api/v1${path}`, init));
    const body = await response.json();
    assert(response.status >= 400 && response.status < 500, `${path}: ${response.status}`);
    assertEquals(problemsOf(schemas, schemas.Error!, body), [], path);
  }
});

Deno.test("a body of more than 5 MB is refused, whether it says its length or not", async () => {
  using registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry);
  const body = { rows: [{ text: "x".repeat(5_100_000) }] };
  const told = await send(dashboard, "/score", { method: "POST", body });
  assertEquals(told.status, 400);
  assertEquals((await told.json()).error.message.includes("found more than 5 MB"), true);
  const streamed = await dashboard.fetch(
    new Request("http://127.0.0.1/api/v1/score", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new Blob([JSON.stringify(body)]).stream(),
    }),
  );
  assertEquals(streamed.status, 400);
  await streamed.body?.cancel();
});
