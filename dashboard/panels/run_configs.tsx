// What a run was asked for, and the configs that it ran under, beside what they are now.

import type { Child, FC } from "hono/jsx";
import type { Json, JsonObject } from "../../src/domain/asset.ts";
import { isJsonObject } from "../../src/domain/json.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { count, plainText, UNDEFINED } from "../../src/cards/format.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { inputSchema, isNode } from "../../src/domain/problems.ts";
import { Facts, Foreign, Panel } from "../components/panel.tsx";
import type { View } from "../view.ts";

/** Parameters, and configs as they were; a value that is another one now says so. */
export const ConfigPanel: FC<{ view: View; run: RunRecord; flow: Flow | undefined }> = (
  { view, run, flow },
) => {
  const groups = Object.entries(run.configs).filter(([, value]) => isJsonObject(value));
  const single = Object.entries(run.configs).filter(([, value]) => !isJsonObject(value));
  const now = view.configs as unknown as JsonObject;
  return (
    <Panel
      id="configs"
      title="Parameters and pinned configs"
      scope="as the run had them"
      end={flow === undefined
        ? undefined
        : (
          <a href={view.href(`/flows/${run.flow}`, plainParams(run.params))}>
            run with these again
          </a>
        )}
    >
      <div class="trio">
        <div>
          <h3>Parameters</h3>
          <Facts facts={paramFacts(run, flow)} />
          <h3 class="mt">Project</h3>
          <Facts
            facts={single.map(([name, value]) => [name, <Value value={value} now={now[name]} />])}
          />
        </div>
        {groups.map(([group, values]) => (
          <div>
            <h3>{group}</h3>
            <Facts
              facts={Object.entries(values as JsonObject).map(([name, value]) => [
                name,
                <Value value={value} now={(now[group] as JsonObject | undefined)?.[name]} />,
              ])}
            />
          </div>
        ))}
      </div>
    </Panel>
  );
};

/** What a form can be filled with from a URL. */
function plainParams(params: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) =>
      value === null || typeof value === "object" ? [] : [[name, String(value)]]
    ),
  );
}

function paramFacts(run: RunRecord, flow: Flow | undefined): [Child, Child][] {
  const properties = flow === undefined ? {} : inputSchema(flow.params).properties ?? {};
  const facts = Object.entries(run.params).map(([name, value]): [Child, Child] => {
    const node = properties[name];
    const isDefault = isNode(node) && node.default === value;
    return [
      plainText(name),
      (
        <>
          <Foreign text={valueText(value)} />
          {isDefault ? <small class="dim">, default</small> : ""}
        </>
      ),
    ];
  });
  return facts.length > 0 ? facts : [["none", UNDEFINED]];
}

const Value: FC<{ value: Json; now: Json | undefined }> = ({ value, now }) => {
  const isOther = now !== undefined && JSON.stringify(now) !== JSON.stringify(value);
  return (
    <>
      <Foreign text={valueText(value)} />
      {isOther
        ? (
          <small class="warn">
            {" "}
            <Foreign text={`now ${valueText(now)}`} />
          </small>
        )
        : ""}
    </>
  );
};

function valueText(value: Json): string {
  if (value === null) return UNDEFINED;
  if (typeof value === "number") {
    return Number.isInteger(value) ? count(value) : String(value).replace("-", "−");
  }
  if (typeof value === "string") return value === "" ? "empty" : value;
  if (Array.isArray(value) && value.length === 0) return "none";
  return typeof value === "boolean" ? (value ? "yes" : "no") : JSON.stringify(value);
}
