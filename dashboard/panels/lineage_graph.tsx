// The lineage of a version as stages of boxes, from source to use; every box is a link, what is missing is
// dashed.

import type { Child, FC } from "hono/jsx";
import { count, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { Panel, Table } from "../components/panel.tsx";
import { At, RefLink, refName, RunLink } from "../components/refs.tsx";
import { State } from "../components/state.tsx";
import { fileSize } from "../components/text.ts";
import type {
  GraphBox,
  GraphUser,
  LineageGraph,
  NamedEntry,
  RawResponse,
} from "../reading/lineage_graph.ts";
import type { View } from "../view.ts";

export interface GraphProps {
  view: View;
  graph: LineageGraph;
}

export const GraphPanel: FC<GraphProps> = ({ view, graph }) => {
  const { self, datasets, snapshots, ownRaw, users, aliases, responseCount } = graph;
  return (
    <Panel
      id="graph"
      title="From source to use"
      scope="each box with the hash of the file that was used"
      span="c12"
    >
      <ol class="stages">
        <Stage name="Raw responses">
          {ownRaw !== null ? <Raw text={fileSize(ownRaw.byteLength)} sha256={ownRaw.sha256} /> : ""}
          {responseCount > 0
            ? (
              <div class="box">
                <b>
                  <a href="#responses">{count(responseCount)}</a>
                </b>
                <small>listed below, each with its hash</small>
              </div>
            )
            : ownRaw === null
            ? <Missing text="gone" />
            : ""}
        </Stage>
        <Stage name="Snapshots">
          {snapshots.map((box) => <Box view={view} box={box} hashOf="the list of them" />)}
          {snapshots.length === 0
            ? <Missing text={ownRaw ? "none: fetched for it" : "gone"} />
            : ""}
        </Stage>
        <Stage name="Dataset">
          {datasets.map((box) => <Box view={view} box={box} />)}
          {datasets.length === 0 ? <Missing text="none: fresh data" /> : ""}
        </Stage>
        <Stage name="Model">
          <Box view={view} box={self} isHere />
        </Stage>
        <Stage name="Evaluations">
          {users.map((user) => <User view={view} user={user} self={self.ref.version} />)}
          {users.length === 0 ? <Missing text="none yet" /> : ""}
        </Stage>
        <Stage name="Aliases">
          {aliases.map((one) => <AliasBox view={view} one={one} />)}
          {aliases.length === 0 ? <Missing text="none" /> : ""}
        </Stage>
      </ol>
    </Panel>
  );
};

const Stage: FC<{ name: string; children?: Child }> = ({ name, children }) => (
  <li>
    <h3>{name}</h3>
    {children}
  </li>
);

const Missing: FC<{ text: string }> = ({ text }) => (
  <div class="box gone">
    <small>{text}</small>
  </div>
);

const Raw: FC<{ text: string; sha256: string }> = ({ text, sha256 }) => (
  <div class="box">
    <b>{text}</b>
    <Hash sha256={sha256} />
  </div>
);

const Hash: FC<{ sha256: string }> = ({ sha256 }) => (
  <small>
    sha256 <code>{sha256}</code>
  </small>
);

const Box: FC<{ view: View; box: GraphBox; isHere?: boolean; hashOf?: string }> = (
  { view, box: { ref, firstVersion, runId, sha256, agrees, isGone }, isHere, hashOf },
) => (
  <div
    class={isHere ? "box here" : isGone ? "box gone" : "box"}
    aria-current={isHere ? "true" : undefined}
  >
    <b>
      {isGone ? refName(view, ref) : (
        <RefLink
          view={view}
          of={ref}
          {...(firstVersion === ref.version
            ? {}
            : { text: `v${firstVersion} to ${refName(view, ref).replace(/^\S+ /, "")}` })}
        />
      )}
    </b>
    {runId === null ? "" : (
      <small>
        <RunLink view={view} id={runId} />
        {hashOf === undefined ? "" : `, hash of ${hashOf}`}
      </small>
    )}
    <Hash sha256={sha256} />
    {isGone
      ? <State kind="fail" word="gone" />
      : agrees === null
      ? ""
      : agrees
      ? <State kind="ok" word="hash agrees" />
      : <State kind="fail" word="hash differs" />}
  </div>
);

const User: FC<{ view: View; user: GraphUser; self: number }> = (
  { view, user: { ref, role, runId, judged }, self },
) => (
  <div class={judged === null ? "box gone" : "box"}>
    <b>{judged === null ? refName(view, ref) : <RefLink view={view} of={ref} />}</b>
    <small>
      {runId === null ? "" : (
        <>
          <RunLink view={view} id={runId} />
          {", "}
        </>
      )}
      {role === "champion" && judged !== null && judged.version !== self
        ? <>{`judged v${judged.version} beside it`}</>
        : judged === null
        ? "gone"
        : `on ${plainText(judged.source)}`}
    </small>
    {judged === null ? "" : (
      <>
        {judged.passed
          ? <State kind="ok" word="passed" />
          : <State kind={role === "champion" ? "skip" : "fail"} word="failed" />}
        {judged.agrees ? "" : <State kind="fail" word="judged another file" />}
      </>
    )}
  </div>
);

const AliasBox: FC<{ view: View; one: NamedEntry }> = ({ view, one: { alias, entry } }) => (
  <div class="box">
    <b>{plainText(alias)}</b>
    <small>
      {`${entry.action} `}
      <At view={view} at={entry.marketAt} />
      {entry.actingRunId === null ? "" : (
        <>
          {", "}
          <RunLink view={view} id={entry.actingRunId} />
        </>
      )}
    </small>
    {entry.forced ? <State kind="warn" word="forced" /> : ""}
  </div>
);

export const ResponsesTable: FC<{ view: View; responses: readonly RawResponse[] }> = (
  { view, responses },
) => (
  <Table
    caption={`Snapshots v${responses.at(-1)!.ref.version} to v${
      responses[0]!.ref.version
    }, each with the response that it was read from.`}
    columns={[
      { name: "Snapshot" },
      { name: "Market time" },
      { name: "Raw response, sha256" },
      { name: "Size", isNumeric: true },
      { name: "Table, sha256" },
      { name: "Run" },
    ]}
    narrow={[undefined, undefined, "full", undefined, "full", undefined]}
    rows={responses.map(({ ref, marketAt, runId, raw, table }) => [
      <RefLink view={view} of={ref} text={`v${ref.version}`} />,
      <At view={view} at={marketAt} />,
      raw === null ? "gone" : <FullHash sha256={raw.sha256} />,
      raw === null ? UNDEFINED : fileSize(raw.byteLength),
      table === null ? "gone" : <FullHash sha256={table.sha256} />,
      <RunLink view={view} id={runId} />,
    ])}
  />
);

const FullHash: FC<{ sha256: string }> = ({ sha256 }) => <code class="hash">{sha256}</code>;
