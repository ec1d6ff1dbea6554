// What a run was given and what came of it: inputs, outputs, its place in the chain of events, its
// parameters and pinned configs, its tags.

import type { Child, FC } from "hono/jsx";
import type { LineageInput } from "../../src/domain/asset.ts";
import { SCHEDULED_TAG } from "../../src/domain/names.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { instant, plainText, UNDEFINED } from "../../src/cards/format.ts";
import type { Flow } from "../../src/engine/flow.ts";
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
        ...run.resumes === null
          ? []
          : [["Resumes", <Resumed view={view} run={run} />] as [Child, Child]],
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

/** The run that it goes on with, and the how-manieth attempt it is. */
const Resumed: FC<{ view: View; run: RunRecord }> = ({ view, run: { resumes, attempt } }) => (
  <>
    <RunLink view={view} id={resumes!} />
    {`, attempt ${attempt}`}
  </>
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
