// One flow: what it does, how to run it here and on the command line, and how its last runs went.

import type { Child, FC } from "hono/jsx";
import { z } from "zod";
import type { JsonObject } from "../../src/domain/asset.ts";
import type { EventName } from "../../src/domain/run.ts";
import { UNDEFINED } from "../../src/cards/format.ts";
import { requireFlow } from "../acts/runs.ts";
import { RunHistory } from "../charts/runs.tsx";
import { Command } from "../components/command.tsx";
import { flowCommand } from "../components/flow_command.ts";
import { fieldsOf, FlowForm } from "../components/flow_form.tsx";
import { Facts, Nothing, Panel } from "../components/panel.tsx";
import { ageText } from "../components/refs.tsx";
import { resultWords, runMs } from "../components/run_words.tsx";
import { gapWords, startWords } from "../components/schedule_words.ts";
import { took } from "../components/text.ts";
import { definePage } from "../page.ts";
import { RunTable } from "../panels/run_list.tsx";
import type { FlowState } from "../reading/pipeline.ts";
import { type Attended, attended } from "../reading/open_work.ts";
import { flowRuns, type ListedRun } from "../reading/runs.ts";
import type { View } from "../view.ts";
import { dueWords, flowStates, statesOf } from "./flows.tsx";

const SHOWN_RUNS = 20;

interface Model {
  flow: string;
  originalName: string;
  state: FlowState;
  runsSchedules: boolean;
  /** What it still waits for: "dataset possible in 31 h". */
  waitsFor: string | null;
  /** Flows that its events start, under the configs of the branch or not. */
  starts: { event: EventName; flow: string }[];
  runs: Attended<ListedRun>[];
  /** Parameters in the URL, to begin with. */
  given: JsonObject;
  command: string;
  isAsked: boolean;
}

export const flow = definePage({
  path: "/flows/:name",
  query: z.object({
    name: z.string().describe("a flow, by either name"),
    asked: z.literal("1").optional().describe("a run was asked for and waits for others"),
  }),
  load: async (view, { name, asked }): Promise<Model> => {
    const { deps, registry } = view;
    const flow = requireFlow(deps.flows, name);
    const [{ states, runsSchedules }, runs, waitsFor] = await Promise.all([
      flowStates(view, [flow]),
      flowRuns(registry, registry.scopes.write, flow.name, { limit: SHOWN_RUNS }),
      flow.readiness?.(registry) ?? null,
    ]);
    const given = givenIn(view.url, fieldsOf(flow).map((field) => field.name));
    return {
      flow: flow.name,
      originalName: flow.originalName,
      state: states[0]!,
      runsSchedules,
      waitsFor,
      starts: deps.flows.flatMap((other) =>
        (other.on ?? []).filter(({ event }) => flow.publishes.includes(event))
          .map(({ event }) => ({ event, flow: other.name }))
      ),
      runs: await attended(view, runs),
      given,
      command: view.command(flowCommand(flow, given)),
      isAsked: asked !== undefined,
    };
  },
  render: (view, model) => {
    const flow = requireFlow(view.deps.flows, model.flow);
    return {
      title: flow.name,
      section: "runs",
      crumbs: [
        { text: "Runs", href: view.href("/runs") },
        { text: "flows", href: view.href("/flows") },
        { text: flow.name },
      ],
      finding: findingOf(view, model),
      lead: (
        <>
          {flow.summary} {flow.description ?? ""}
          {model.isAsked
            ? (
              <>
                {" "}
                <b>A run was asked for</b>; it begins when what runs on this branch has ended.
              </>
            )
            : ""}
        </>
      ),
      body: (
        <>
          <RunPanel view={view} model={model} />
          <FactsPanel view={view} model={model} />
          <LastRuns view={view} model={model} />
        </>
      ),
    };
  },
});

/** What the URL says of the flow's parameters, as text. */
function givenIn({ searchParams }: URL, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = searchParams.get(name);
      return value === null || value === "" ? [] : [[name, value]];
    }),
  );
}

function findingOf(view: View, { flow, runs, waitsFor }: Model): string {
  const last = runs[0];
  if (last === undefined) {
    return waitsFor === null ? `${flow} has not run yet` : `${flow} cannot run yet: ${waitsFor}`;
  }
  const when = ageText(view, last.startedAt);
  if (last.status === "running") return `${flow} is running, begun ${when}`;
  return last.status === "failed"
    ? `${flow} failed ${when}`
    : `${flow} last ran ${when}: ${resultWords(last) ?? "done"}`;
}

const RunPanel: FC<{ view: View; model: Model }> = ({ view, model }) => {
  const flow = requireFlow(view.deps.flows, model.flow);
  const isPromote = flow.name === "promote";
  return (
    <Panel
      id="run"
      title="Run it"
      scope={isPromote ? "from the page of a model" : "what is left empty takes the default"}
      span="c8"
      class="sg"
    >
      {isPromote
        ? (
          <p>
            A promotion shows its gates and its effect before it is made:{" "}
            <a href={view.href("/models")}>choose a model</a>.
          </p>
        )
        : <FlowForm view={view} flow={flow} given={model.given} />}
      <p class="dim small">The same on the command line, where every field is a flag:</p>
      <Command text={model.command} />
    </Panel>
  );
};

const FactsPanel: FC<{ view: View; model: Model }> = ({ view, model }) => {
  const flow = requireFlow(view.deps.flows, model.flow);
  const { state, starts, runsSchedules, waitsFor } = model;
  const facts: [Child, Child][] = [
    ["Original name", flow.originalName],
    ["Starts", startWords(state.start)],
    ...state.start.by === "schedule"
      ? [
        ["Due", dueWords(view, state, runsSchedules)] as [Child, Child],
        ...state.gap === null ? [] : [["Left out", gapWords(view, state.gap)] as [Child, Child]],
      ]
      : [],
    ["Waits for", waitsFor ?? "nothing"],
    ["Consumes", flow.consumes],
    ["Produces", flow.produces],
    ["Publishes", flow.publishes.join(", ") || UNDEFINED],
    [
      "Which start",
      starts.length === 0 ? "no other flow" : starts.map((one, i) => (
        <>
          {i === 0 ? "" : ", "}
          <a href={view.href(`/flows/${one.flow}`)}>{one.flow}</a>
        </>
      )),
    ],
    ["Steps", flow.steps.map(({ name }) => name).join(", ")],
    ["Took lately", usualTime(view, model.runs)],
  ];
  return (
    <Panel id="facts" title="What it is" span="c4">
      <Facts facts={facts} />
    </Panel>
  );
};

/** The median of the runs shown that completed. */
function usualTime(view: View, runs: readonly ListedRun[]): string {
  const times = runs.filter(({ status }) => status === "completed")
    .map((run) => runMs(view, run)).sort((a, b) => a - b);
  if (times.length === 0) return UNDEFINED;
  return `${took(times[Math.floor(times.length / 2)]!)}, median of ${times.length}`;
}

const LastRuns: FC<{ view: View; model: Model }> = ({ view, model: { flow, runs, state } }) => (
  <Panel
    id="runs"
    title="Last runs"
    scope={runs.length === SHOWN_RUNS ? `newest ${SHOWN_RUNS}` : "newest first"}
    end={<a href={view.href("/runs", { flow })}>all of them</a>}
    span="c12"
  >
    {runs.length === 0 ? <Nothing>{`No run of ${flow} on this branch yet.`}</Nothing> : (
      <>
        <div class="strip">
          <RunHistory states={statesOf(state)} />
        </div>
        <RunTable
          view={view}
          runs={runs}
          caption="Above: the last 24 runs, the newest at the right; a failed one is taller."
        />
      </>
    )}
  </Panel>
);
