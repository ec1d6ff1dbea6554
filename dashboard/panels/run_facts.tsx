// What a run was given and what came of it: inputs, outputs, its place in the chain of events, its
// parameters and pinned configs, its tags.

import type { Child, FC } from "hono/jsx";
import type { Json, JsonObject, LineageInput } from "../../src/domain/asset.ts";
import { isJsonObject } from "../../src/domain/json.ts";
import { SCHEDULED_TAG } from "../../src/domain/names.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { count, instant, plainText, UNDEFINED } from "../../src/cards/format.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { inputSchema, isNode } from "../../src/domain/problems.ts";
import { actionOf, FormMarks } from "../acts/form.tsx";
import { eventWords } from "../components/event_words.tsx";
import { Facts, Foreign, Panel } from "../components/panel.tsx";
import { RefLink, RunLink, VersionLink } from "../components/refs.tsx";
import { EventLink, namedInputs } from "../components/run_words.tsx";
import { shortHash } from "../components/text.ts";
import type { RunDetails } from "../reading/run_details.ts";
import { rowOf } from "../reading/runs.ts";
import type { View } from "../view.ts";

interface Props {
  view: View;
  run: RunRecord;
  details: RunDetails;
  flow: Flow | undefined;
}

export const FactsPanel: FC<Props> = ({ view, run, details, flow }) => (
  <Panel id="facts" title="Inputs and outputs">
    <Facts
      facts={[
        [
          "Flow",
          <>
            <a href={view.href(`/flows/${encodeURIComponent(run.flow)}`)}>
              <code>{plainText(run.flow)}</code>
            </a>
            {flow === undefined ? "" : ` (${flow.originalName})`}
          </>,
        ],
        ["Started by", <Starter view={view} run={run} details={details} />],
        ["Code", <code>{plainText(run.codeVersion)}</code>],
        [
          "Branch",
          run.branch === run.readBranch
            ? <Foreign text={run.branch} />
            : <Foreign text={`${run.branch}, reads ${run.readBranch}`} />,
        ],
        ["Market time", instant(run.marketAt)],
      ]}
    />
    <div class="hr"></div>
    <h3>Inputs</h3>
    <Inputs view={view} run={run} details={details} />
    <div class="hr"></div>
    <h3>Outputs</h3>
    <Facts facts={outputs(view, run, details)} />
  </Panel>
);

const Starter: FC<Omit<Props, "flow">> = ({ view, run, details: { trigger, tags } }) => {
  const when = `, ${instant(run.startedAt)}`;
  if (run.triggeredBy === null) {
    const isScheduled = tags.some(({ tag }) => tag === SCHEDULED_TAG);
    return <Foreign text={`${isScheduled ? "the schedule" : `${run.user}, by hand`}${when}`} />;
  }
  return (
    <>
      <EventLink view={view} id={run.triggeredBy} />
      {trigger === null ? "" : (
        <>
          {" "}
          <code>{trigger.name}</code>
          {trigger.runId === null ? "" : (
            <>
              {" of "}
              <RunLink view={view} id={trigger.runId} />
            </>
          )}
        </>
      )}
      {when}
    </>
  );
};

const Inputs: FC<Omit<Props, "flow">> = ({ view, run, details: { inputs } }) => {
  const named = inputs.length > 0 ? [] : namedInputs(rowOf(run));
  if (inputs.length + named.length === 0) {
    return <p class="dim">{run.flow === "ingest" ? "the market’s answer" : `none recorded`}</p>;
  }
  return (
    <Facts
      facts={[
        ...inputs.map((input): [Child, Child] => [
          plainText(input.role),
          <Input view={view} input={input} />,
        ]),
        ...named.map((one): [Child, Child] => [
          "used",
          <VersionLink view={view} name={one.name} version={one.version} />,
        ]),
      ]}
    />
  );
};

/** One version or a range of them, on whichever branch. */
const Input: FC<{ view: View; input: LineageInput }> = (
  { view, input: { ref, firstVersion, sha256 } },
) => (
  <>
    {firstVersion === ref.version ? "" : `v${firstVersion} to `}
    <RefLink view={view} of={ref} />
    <small class="dim">{`, sha256 ${shortHash(sha256)}`}</small>
  </>
);

function outputs(view: View, run: RunRecord, details: RunDetails): [Child, Child][] {
  const { produced, events, triggered } = details;
  const missing = (word: string) =>
    run.status === "running" ? `${UNDEFINED} not yet` : `${UNDEFINED} ${word}`;
  const versions: [Child, Child][] = produced.map((version) => [
    version.kind === "model" ? "Model" : "Data",
    <>
      <VersionLink view={view} name={version.name} version={version.version} />
      <small class="dim">{`, ${plainText(version.description)}`}</small>
    </>,
  ]);
  return [
    ...versions.length > 0 ? versions : [["Version", missing("none")] as [Child, Child]],
    ...events.length > 0
      ? events.map((event): [Child, Child] => [
        "Event",
        <>
          <EventLink view={view} id={event.id} /> <code>{event.name}</code>
          <small class="dim">: {eventWords(view, event)}</small>
        </>,
      ])
      : [["Event", missing("none published")] as [Child, Child]],
    [
      "Started",
      triggered.length === 0 ? `${UNDEFINED} no run` : triggered.map((one, i) => (
        <>
          {i === 0 ? "" : ", "}
          <RunLink view={view} id={one.id} /> <code>{one.flow}</code>
        </>
      )),
    ],
  ];
}

/** Parameters, and configs as they were; a value that is another one now says so. */
export const ConfigPanel: FC<Omit<Props, "details">> = ({ view, run, flow }) => {
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

/** Tags as links, with the forms that `runs tag` and `runs untag` are on the command line. */
export const TagsPanel: FC<Omit<Props, "flow">> = ({ view, run, details: { tags } }) => {
  const action = actionOf(view, `/runs/${run.id}/tags`);
  const own = tags.filter(({ system }) => !system);
  return (
    <Panel id="tags" title="Tags" scope="each leads to its runs" class="sg">
      <p>
        {tags.filter(({ system }) => system).map(({ tag }) => (
          <>
            <TagLink view={view} tag={tag} />
            {" "}
          </>
        ))}
      </p>
      {own.length === 0 ? <p class="dim">No tag was given by a person.</p> : (
        <ul class="rs">
          {own.map(({ tag, addedBy, addedAt }) => (
            <li>
              <TagLink view={view} tag={tag} />
              <small class="dim">
                <Foreign text={`${addedBy}, ${instant(addedAt)}`} />
              </small>
              <form method="post" action={action}>
                <FormMarks view={view} />
                <input type="hidden" name="change" value="remove" />
                <input type="hidden" name="tag" value={tag} />
                <button class="btn" type="submit" aria-label={`Remove tag ${plainText(tag)}`}>
                  Remove
                </button>
              </form>
            </li>
          ))}
        </ul>
      )}
      <form method="post" action={action}>
        <FormMarks view={view} />
        <input type="hidden" name="change" value="add" />
        <label class="field">
          New tag; names of aliases are reserved
          <input name="tag" required maxlength={100} placeholder="baseline" />
        </label>
        <button class="btn" type="submit">Add tag</button>
      </form>
    </Panel>
  );
};

const TagLink: FC<{ view: View; tag: string }> = ({ view, tag }) => (
  <a class="tag" href={view.href("/runs", { tag })}>
    <bdi>{plainText(tag)}</bdi>
  </a>
);
