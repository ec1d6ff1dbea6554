// The API as a page: every operation by what it is for, with its parameters, schemas, and a command to
// copy; made of the OpenAPI document alone, so that it cannot say anything else.

import { raw } from "hono/html";
import type { FC } from "hono/jsx";
import { z } from "zod";
import { ASSET } from "../../../src/domain/asset.ts";
import { isNode, type SchemaNode } from "../../../src/domain/problems.ts";
import { RecentlyUsed } from "../../../src/domain/recently_used.ts";
import { latestVersion } from "../../../src/registry/assets.ts";
import { Panel } from "../../components/panel.tsx";
import { definePage } from "../../page.ts";
import { namesOf } from "../../reading/annotations.ts";
import { batchRows, newestBatches } from "../../reading/batches.ts";
import type { View } from "../../view.ts";
import { documentOf } from "../document.ts";
import { API_PATH, GROUPS, type Operation, operationId } from "../operation.ts";
import { OPERATIONS } from "../operations.ts";
import { OperationDetails, type OperationEntry } from "./operation_entry.tsx";
import { schemaAnchor, SchemaTree } from "./schema_tree.tsx";

interface Model {
  operations: number;
  hasToken: boolean;
  /** The panels, as HTML: much text, of which nothing changes but the examples. */
  panels: string;
}

/** For a few branches and hosts. */
const KEPT = 16;
const rendered = new RecentlyUsed<string>(KEPT);

/** The parts of the document that are read here. */
interface DocumentJson {
  paths: Record<string, Record<string, OperationJson>>;
  components: { schemas: Record<string, SchemaNode> };
}
interface Content {
  content?: { "application/json"?: { schema?: SchemaNode } };
}
interface OperationJson {
  parameters?: { name: string; in: string; required?: boolean; schema: SchemaNode }[];
  requestBody?: Content;
  responses: Record<string, Content & { description: string }>;
}

export const apiDocs = definePage({
  path: "/api/docs",
  query: z.object({}),
  load: async (view): Promise<Model> => {
    const { deps, url, branch } = view;
    const examples = await examplesOf(view);
    const hasToken = deps.access.kind === "token";
    const key = JSON.stringify([
      deps.codeVersion,
      url.host,
      url.search,
      branch,
      hasToken,
      examples,
    ]);
    const panels = await rendered.get(
      key,
      () => Promise.resolve((<Panels view={view} examples={examples} />).toString()),
    );
    return { operations: OPERATIONS.length, hasToken, panels };
  },
  render: (_view, { operations, hasToken, panels }) => {
    return {
      title: "API",
      section: null,
      finding: `The API has ${operations} operations, and each does what its page or command does`,
      lead: (
        <>
          Everything is below <b class="mono">{API_PATH}</b>, JSON in snake_case, times in UTC.{" "}
          {hasToken
            ? (
              <>
                A program sends <b class="mono">Authorization: Bearer</b>{" "}
                with the token of this dashboard.
              </>
            )
            : "On this machine no token is asked for; what changes something is sent as JSON."}{" "}
          For generators of clients: <a href={`${API_PATH}/openapi.json`}>openapi.json</a>{" "}
          (OpenAPI 3.1).
        </>
      ),
      body: raw(panels),
    };
  },
});

const Panels: FC<{ view: View; examples: Examples }> = ({ view, examples }) => {
  const document = documentOf(view.deps.codeVersion) as unknown as DocumentJson;
  const { schemas } = document.components;
  return (
    <>
      {Object.entries(GROUPS).map(([group, title]) => (
        <Panel id={group} title={title} span="c12">
          {OPERATIONS.filter((operation) => operation.group === group).map((operation) => (
            <OperationDetails
              operation={entryOf(view, operation, document, examples)}
              schemas={schemas}
            />
          ))}
        </Panel>
      ))}
      <Panel id="schemas" title="Schemas" scope="what the answers are made of" span="c12">
        <div class="schemas">
          {Object.entries(schemas).sort(([a], [b]) => a.localeCompare(b)).map(([name, node]) => (
            <details class="op">
              <summary>
                <h3>
                  <code>{name}</code>
                </h3>
              </summary>
              <div class="op-in" id={schemaAnchor(name)}>
                {node.description === undefined ? "" : <p>{node.description}</p>}
                <SchemaTree node={node} />
              </div>
            </details>
          ))}
        </div>
      </Panel>
    </>
  );
};

/** What stands in the examples, so that they work on this very store. */
interface Examples {
  coin: string;
  features: string[];
}

async function examplesOf({ registry }: View): Promise<Examples> {
  const scope = registry.scopes.write;
  const [[batch], model] = await Promise.all([
    newestBatches(registry, scope, { limit: 1 }),
    latestVersion(registry, scope, "model", ASSET.detector),
  ]);
  const [row] = batch ? await batchRows(registry, batch) : [];
  return {
    coin: row?.coinId ?? "bitcoin",
    features: model ? namesOf(model, "feature_names") : [],
  };
}

function entryOf(
  view: View,
  operation: Operation,
  document: DocumentJson,
  examples: Examples,
): OperationEntry {
  const { method, path, summary, description } = operation;
  const json = document.paths[path]![method]!;
  const example = exampleOf(operation, examples);
  const target = new URL(API_PATH + example.path, view.url);
  const href = view.href(target.pathname, Object.fromEntries(target.searchParams));
  return {
    id: operationId(operation),
    method,
    path,
    summary,
    description: description ?? null,
    parameters: (json.parameters ?? [])
      .map(({ name, in: place, required = false, schema }) => ({
        name,
        in: place,
        required,
        schema,
      }))
      .sort((a, b) => Number(b.in === "path") - Number(a.in === "path")),
    body: schemaOf(json.requestBody),
    answers: Object.entries(json.responses).map(([status, answer]) => ({
      status,
      description: answer.description,
      schema: schemaOf(answer),
    })),
    tryPath: method === "get" ? href : null,
    curl: curlOf(view, method, href, example.body),
  };
}

function exampleOf({ path, example }: Operation, { coin, features }: Examples) {
  if (path === "/coins/{id}") return { path: `/coins/${encodeURIComponent(coin)}` };
  if (path !== "/score" || features.length === 0) return example;
  const row = Object.fromEntries(features.map((name) => [name, null]));
  return { ...example, body: { model: "latest", rows: [row] } };
}

function schemaOf(content: Content | undefined): SchemaNode | null {
  const schema = content?.content?.["application/json"]?.schema;
  return isNode(schema) ? schema : null;
}

/** The request as a command of a shell; what a browser could not send by itself needs the type. */
function curlOf(view: View, method: string, href: string, body: unknown): string {
  const words = ["curl"];
  if (method !== "get") words.push("-X", method.toUpperCase());
  if (view.deps.access.kind === "token") {
    words.push("-H", '"Authorization: Bearer $ANOMALY_TOKEN"');
  }
  if (method !== "get") words.push("-H", "'content-type: application/json'");
  if (body !== undefined) words.push("-d", quoted(JSON.stringify(body)));
  return [...words, quoted(view.url.origin + href)].join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
