// The table of flows: what each does in the data path, what starts it, and how its runs went.

import type { FC } from "hono/jsx";
import { z } from "zod";
import type { Flow } from "../../src/engine/flow.ts";
import type { EventName } from "../../src/domain/run.ts";
import { UNDEFINED } from "../../src/cards/format.ts";
import { RunHistory } from "../charts/runs.tsx";
import { Panel, type Row, Table } from "../components/panel.tsx";
import { Age, ageText, At, RunLink } from "../components/refs.tsx";
import { RunState } from "../components/run_words.tsx";
import { gapWords, startWords } from "../components/schedule_words.ts";
import { definePage } from "../page.ts";
import { stateOf } from "../panels/pipeline.tsx";
import { type FlowState, pipelineState } from "../reading/pipeline.ts";
import type { View } from "../view.ts";

interface FlowLine extends FlowState {
  originalName: string;
  summary: string;
  consumes: string;
  produces: string;
  publishes: EventName[];
}

interface Model {
  flows: FlowLine[];
  /** Whether this process runs what is due. */
  runsSchedules: boolean;
}

/** The states of flows, and whether this process runs what is due on the branch. */
export async function flowStates(
  { registry, deps, configs, nowMs, branch }: View,
  flows: readonly Flow[],
) {
  const own = (await deps.setupOf(undefined)).scopes.write.branch;
  const runsSchedules = deps.runsSchedules && branch === own;
  const states = await pipelineState(registry, registry.scopes.write, {
    flows,
    configs,
    schedules: deps.project.schedules,
    nowMs,
    leaseNowMs: deps.leaseNowMs(),
  });
  return { states, runsSchedules };
}

export const flows = definePage({
  path: "/flows",
  query: z.object({}),
  load: async (view): Promise<Model> => {
    const { states, runsSchedules } = await flowStates(view, view.deps.flows);
    return {
      runsSchedules,
      flows: states.map((state, i) => {
        const { originalName, summary, consumes, produces, publishes } = view.deps.flows[i]!;
        return { ...state, originalName, summary, consumes, produces, publishes };
      }),
    };
  },
  render: (view, { flows, runsSchedules }) => ({
    title: "Flows",
    section: "runs",
    crumbs: [{ text: "Runs", href: view.href("/runs") }, { text: "flows" }],
    finding: findingOf(flows),
    lead: <Lead view={view} flows={flows} runsSchedules={runsSchedules} />,
    body: (
      <Panel
        id="flows"
        title="Flows"
        scope="in the order of the data path"
        end={<a href={view.href("/runs")}>all runs</a>}
        span="c12"
      >
        <FlowTable view={view} flows={flows} runsSchedules={runsSchedules} />
      </Panel>
    ),
  }),
});

function findingOf(flows: readonly FlowLine[]): string {
  const failed = flows.filter(({ last }) => last?.status === "failed");
  const ran = flows.filter(({ last }) => last !== null);
  if (ran.length === 0) return "No flow has run yet";
  if (failed.length > 0) {
    const names = failed.map(({ flow }) => flow).join(", ");
    return `${failed.length} of ${flows.length} flows failed last: ${names}`;
  }
  if (ran.length === flows.length) {
    return `The last run of each of the ${flows.length} flows went well`;
  }
  return ran.length === 1
    ? `1 of ${flows.length} flows has run, and it went well`
    : `${ran.length} of ${flows.length} flows have run, and all of them well`;
}

const Lead: FC<{ view: View; flows: readonly FlowLine[]; runsSchedules: boolean }> = (
  { view, flows, runsSchedules },
) => {
  const scheduled = flows.filter(({ start }) => start.by === "schedule");
  const next = scheduled.filter(({ dueAt }) => dueAt !== null)
    .sort((a, b) => Date.parse(a.dueAt!) - Date.parse(b.dueAt!))[0];
  return (
    <>
      <b>{scheduled.length}</b> are scheduled,{" "}
      <b>{flows.filter(({ start }) => start.by === "event").length}</b>{" "}
      start on the events of others; each can be run by hand. {!runsSchedules
        ? "This process runs no schedules on this branch."
        : next === undefined
        ? ""
        : (
          <>
            Next: <code>{next.flow}</code>, <At view={view} at={next.dueAt} />.
          </>
        )}
    </>
  );
};

const FlowTable: FC<{ view: View; flows: readonly FlowLine[]; runsSchedules: boolean }> = (
  { view, flows, runsSchedules },
) => (
  <Table
    caption="The bars are a flow’s last 24 runs, the newest at the right; a failed one is taller."
    class="fold flows"
    columns={[
      { name: "Flow" },
      { name: "Last run" },
      { name: "Last 24 runs", isHidden: true, class: "wh" },
      { name: "Starts" },
      { name: "Consumes" },
      { name: "Produces" },
      { name: "Publishes" },
    ]}
    narrow={["full", "full", "full", "starts", "consumes", "produces", "publishes"]}
    rows={flows.map((flow): Row => ({
      class: stateOf(flow).kind === "fail" ? "bad" : "",
      cells: [
        <>
          <a href={view.href(`/flows/${flow.flow}`)}>
            <code>{flow.flow}</code>
          </a>
          <small class="dim sub">{flow.originalName}</small>
        </>,
        <Last view={view} flow={flow} />,
        <RunHistory states={statesOf(flow)} />,
        <Starts view={view} flow={flow} runsSchedules={runsSchedules} />,
        <span class="dim">{flow.consumes}</span>,
        <span class="dim">{flow.produces}</span>,
        <span class="dim">
          {flow.publishes.map((name, i) => (
            <>
              {i === 0 ? "" : ", "}
              <a href={view.href("/events", { name })}>
                <code>{name}</code>
              </a>
            </>
          ))}
        </span>,
      ],
    }))}
  />
);

export function statesOf({ history }: Pick<FlowState, "history">) {
  return history.map(({ status }) => status === "completed" ? "done" as const : status);
}

const Last: FC<{ view: View; flow: FlowLine }> = ({ view, flow: { last, process } }) =>
  last === null ? <span class="dim">not yet</span> : (
    <>
      <RunState run={{ ...last, process }} />
      <small class="dim sub">
        <RunLink view={view} id={last.id} />, <Age view={view} at={last.startedAt} />
      </small>
    </>
  );

const Starts: FC<{ view: View; flow: FlowLine; runsSchedules: boolean }> = (
  { view, flow, runsSchedules },
) => (
  <>
    {startWords(flow.start)}
    {flow.start.by === "schedule"
      ? <small class="dim sub">{dueWords(view, flow, runsSchedules)}</small>
      : ""}
    {flow.gap === null ? "" : <small class="dim sub">{gapWords(view, flow.gap)}</small>}
  </>
);

/** "next 23:15", "late since 22:15"; where nobody here runs it, says so. */
export function dueWords(
  view: View,
  { dueAt, isLate }: Pick<FlowState, "dueAt" | "isLate">,
  runsSchedules: boolean,
): string {
  if (!runsSchedules) return "not by this process";
  if (dueAt === null) return UNDEFINED;
  return isLate ? `due ${ageText(view, dueAt)}` : `next at ${dueAt.slice(11, 16)}`;
}
