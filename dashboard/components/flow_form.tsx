// The form of a flow: a field for each of its parameters, as its schema describes them. What is left
// empty takes the default.

import type { FC } from "hono/jsx";
import type { JsonObject } from "../../src/domain/asset.ts";
import { expectedBy, inputSchema, isNode, type SchemaNode } from "../../src/domain/problems.ts";
import { plainText } from "../../src/cards/format.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { actionOf, FormMarks, kindsOf } from "../acts/form.tsx";
import { takesReason } from "../acts/run_flow.ts";
import type { View } from "../view.ts";

/** Parameters that a form does not offer: what they ask for is no run. */
const LEFT_OUT = ["dry_run"];

export interface FieldView {
  name: string;
  node: SchemaNode;
  isRequired: boolean;
}

export function fieldsOf(flow: Pick<Flow, "params">): FieldView[] {
  const schema = inputSchema(flow.params);
  return Object.entries(schema.properties ?? {}).flatMap(([name, node]) =>
    isNode(node) && !LEFT_OUT.includes(name)
      ? [{ name, node, isRequired: schema.required?.includes(name) ?? false }]
      : []
  );
}

/** `given`: text by parameter, to begin with. */
export const FlowForm: FC<{ view: View; flow: Flow; given: JsonObject }> = (
  { view, flow, given },
) => (
  <form method="post" action={actionOf(view, `/flows/${flow.name}/run`)}>
    <FormMarks view={view} />
    <div class="fields">
      {fieldsOf(flow).map((field) => (
        <Field field={field} value={given[field.name] as string | undefined} />
      ))}
      <div class="field">
        <label for="f-tag">
          <code>tag</code>
        </label>
        <input id="f-tag" name="tag" placeholder="none" aria-describedby="d-tag" />
        <small id="d-tag">tags of the run, with spaces between them</small>
      </div>
      {takesReason(flow) ? "" : (
        <div class="field">
          <label for="f-reason">
            <code>reason</code>
          </label>
          <input id="f-reason" name="reason" maxlength={1000} aria-describedby="d-reason" />
          <small id="d-reason">
            why, for the audit log; with your name it stands beside the run
          </small>
        </div>
      )}
    </div>
    <p>
      <button class="btn" type="submit">{`Run ${flow.name}`}</button>
    </p>
  </form>
);

const Field: FC<{ field: FieldView; value: string | undefined }> = ({ field, value }) => {
  const { name, node } = field;
  const id = `f-${name}`;
  return (
    <div class="field">
      <label for={id}>
        <code>{name}</code>
        {field.isRequired ? " (required)" : ""}
      </label>
      <Control id={id} field={field} value={value} />
      <small id={`d-${name}`}>{plainText(node.description ?? expectedBy(node))}</small>
    </div>
  );
};

const Control: FC<{ id: string; field: FieldView; value: string | undefined }> = (
  { id, field: { name, node, isRequired }, value },
) => {
  const kinds = kindsOf(node);
  const usual = node.default === undefined ? null : String(node.default);
  const shared = {
    id,
    name,
    required: isRequired || undefined,
    "aria-describedby": `d-${name}`,
  };
  const options = kinds.has("boolean") ? ["true", "false"] : node.enum?.map(String);
  if (options !== undefined) {
    return (
      <select {...shared}>
        <option value="">{usual === null ? "not given" : `default: ${word(usual)}`}</option>
        {options.map((one) => <option value={one} selected={one === value}>{word(one)}</option>)}
      </select>
    );
  }
  const isNumber = (kinds.has("integer") || kinds.has("number")) && !kinds.has("string");
  if (!isNumber) {
    return (
      <input
        {...shared}
        value={value}
        placeholder={usual ?? "default"}
        maxlength={node.maxLength}
        autocomplete="off"
      />
    );
  }
  return (
    <input
      {...shared}
      type="number"
      value={value}
      placeholder={usual ?? "default"}
      step={kinds.has("number") ? "any" : "1"}
      min={bound(node.minimum)}
      max={bound(node.maximum)}
    />
  );
};

function word(text: string): string {
  return text === "true" ? "yes" : text === "false" ? "no" : text;
}

/** The limits of a double are none. */
function bound(value: number | undefined): number | undefined {
  return value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;
}
