// One operation as it is shown: what it may be asked, what it answers, and how to try it.

import type { FC } from "hono/jsx";
import { isNode, type SchemaNode } from "../../../src/domain/problems.ts";
import { Command } from "../../components/command.tsx";
import { Table } from "../../components/panel.tsx";
import { descriptionOf, type Schemas, SchemaTree, TypeText } from "./schema_tree.tsx";

/** What the document says of an operation, and examples that fit what the store holds. */
export interface OperationEntry {
  id: string;
  method: string;
  path: string;
  summary: string;
  description: string | null;
  parameters: {
    name: string;
    in: string;
    required: boolean;
    schema: SchemaNode;
  }[];
  body: SchemaNode | null;
  answers: { status: string; description: string; schema: SchemaNode | null }[];
  /** To look at by a link; null for what changes something. */
  tryPath: string | null;
  curl: string;
}

export const OperationDetails: FC<{ operation: OperationEntry; schemas: Schemas }> = (
  { operation, schemas },
) => {
  const { id, method, path, summary, description, body, parameters, tryPath, curl } = operation;
  return (
    <details class="op">
      <summary>
        <h3>
          <span class={`tag ${method}`}>{method.toUpperCase()}</span> <code>{path}</code>{" "}
          <span class="what">{summary}</span>
        </h3>
      </summary>
      <div class="op-in" id={id}>
        {description === null ? "" : <p>{description}</p>}
        {tryPath === null ? "" : (
          <p>
            Try it: <a href={tryPath}>GET {tryPath}</a>
          </p>
        )}
        <Command text={curl} />
        {parameters.length === 0 ? "" : <Parameters parameters={parameters} />}
        {body === null ? "" : (
          <>
            <h4>Body</h4>
            <SchemaTree node={body} />
          </>
        )}
        <Answers operation={operation} schemas={schemas} />
      </div>
    </details>
  );
};

const Parameters: FC<{ parameters: OperationEntry["parameters"] }> = (
  { parameters },
) => (
  <Table
    caption="Parameters"
    columns={[{ name: "name" }, { name: "in" }, { name: "type" }, { name: "default" }, {
      name: "what",
    }]}
    narrow={[undefined, "in", "type", "default", "full"]}
    rows={parameters.map((parameter) => [
      <code>{parameter.name}</code>,
      parameter.in,
      <TypeText node={parameter.schema} />,
      parameter.required
        ? "required"
        : parameter.schema.default === undefined
        ? "–"
        : String(parameter.schema.default),
      descriptionOf(parameter.schema),
    ])}
  />
);

/** The answers that say something of their own; refusals share one shape. */
const Answers: FC<{ operation: OperationEntry; schemas: Schemas }> = (
  { operation: { answers }, schemas },
) => {
  const good = answers.filter(({ status }) => status.startsWith("2"));
  const refused = answers.filter(({ status }) => !status.startsWith("2"));
  return (
    <>
      <h4>
        Answer{" "}
        <span class="dim">
          {good.map(({ status, description }) => `${status}: ${description}`).join(" · ")}
        </span>
      </h4>
      {isNode(good[0]?.schema) ? <SchemaTree node={good[0].schema} opened={schemas} /> : ""}
      <p class="small dim">
        {refused.map(({ status, description }, i) => (
          <>
            {i === 0 ? "" : " · "}
            {`${status} ${description.replace("Refused: ", "")}`}
          </>
        ))}, as <a href="#schema-Error">Error</a>
      </p>
    </>
  );
};
