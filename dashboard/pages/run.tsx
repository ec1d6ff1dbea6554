// One run: what happened, step by step; what it was given, what came of it, and its card.

import type { FC } from "hono/jsx";
import { z } from "zod";
import type { RunRecord } from "../../src/domain/run.ts";
import { parseRunRef } from "../../src/domain/names.ts";
import { count, plainText } from "../../src/cards/format.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { requireRun } from "../../src/registry/runs.ts";
import { hasCard } from "../cards.ts";
import { CardFrame } from "../components/card_frame.tsx";
import { flowCommand } from "../components/flow_command.ts";
import { Foreign, Nothing, Panel } from "../components/panel.tsx";
import { causeIn, commandIn, resultWords, runMs } from "../components/run_words.tsx";
import { took } from "../components/text.ts";
import { definePage, type NextAction } from "../page.ts";
import { ConfigPanel } from "../panels/run_configs.tsx";
import { LogPanel, StepsPanel } from "../panels/run_steps.tsx";
import { FactsPanel, TagsPanel } from "../panels/run_facts.tsx";
import { type RunDetails, runDetails } from "../reading/run_details.ts";
import { rowOf } from "../reading/runs.ts";
import type { View } from "../view.ts";

/** No step of a flow takes this long: the process of such a run is gone. */
const LOST_MS = HOUR_MS;

interface Model extends RunDetails {
  run: RunRecord;
  hasCard: boolean;
}

export const run = definePage({
  path: "/runs/:id",
  query: z.object({ id: z.string().describe("a run: 12 or run:12") }),
  load: async ({ registry, deps }, { id }): Promise<Model> => {
    const scope = registry.scopes.write;
    const { flow, runId } = parseRunRef(id);
    const run = await requireRun(registry, scope, runId, flow);
    const known = deps.flows.find(({ name }) => name === run.flow);
    const details = await runDetails(registry, scope, run, known);
    return { run, hasCard: hasCard(deps.flows, run), ...details };
  },
  render: (view, model) => {
    const { run } = model;
    const flow = view.deps.flows.find(({ name }) => name === run.flow);
    return {
      title: `Run ${run.id}`,
      section: "runs",
      crumbs: [
        { text: "Runs", href: view.href("/runs") },
        { text: run.flow, href: view.href("/runs", { flow: run.flow }) },
        { text: String(run.id) },
      ],
      finding: findingOf(model),
      lead: <Lead view={view} model={model} />,
      next: nextOf(view, model),
      body: (
        <>
          <div class="stack c8">
            <StepsPanel run={run} steps={model.steps} totalMs={runMs(view, run)} />
            <LogPanel log={model.log} wholeHref={view.href(`/runs/${run.id}/log`)} runId={run.id} />
            <ConfigPanel view={view} run={run} flow={flow} />
          </div>
          <div class="stack c4">
            <FactsPanel view={view} run={run} details={model} flow={flow} />
            <CardPanel view={view} model={model} />
            <TagsPanel view={view} run={run} details={model} />
          </div>
        </>
      ),
    };
  },
});

function findingOf({ run, steps }: Model): string {
  const { id, status, error } = run;
  if (status === "failed") {
    return `Run ${id} failed${error?.step ? ` at ${plainText(error.step)}` : ""}`;
  }
  if (status === "running") {
    const next = steps.find(({ record }) => record === null);
    return `Run ${id} is going on${next === undefined ? "" : ` at ${plainText(next.name)}`}`;
  }
  const result = resultWords(rowOf(run));
  return `Run ${id} is done${result === null ? "" : `: ${result}`}`;
}

const Lead: FC<{ view: View; model: Model }> = ({ view, model: { run, steps } }) => {
  const done = steps.filter(({ record }) => record?.status === "completed").length;
  const total = took(runMs(view, run));
  if (run.status === "failed") {
    return (
      <>
        {run.error === null ? "" : (
          <>
            <Foreign text={causeIn(run.error.message)} />
            {" "}
          </>
        )}
        <b>{`${done} of ${steps.length}`}</b> steps were done after{" "}
        <b>{total}</b>; no version and no event were written.
      </>
    );
  }
  if (run.status === "running") {
    const isLost = runMs(view, run) > LOST_MS;
    return (
      <>
        <b>{`${done} of ${steps.length}`}</b> steps are done after <b>{total}</b>. {isLost
          ? "Runs take seconds: its process has most likely ended, and nothing will come of it."
          : "Steps appear here as they end."}
      </>
    );
  }
  return (
    <>
      <code>{plainText(run.flow)}</code> took <b>{total}</b> in{" "}
      {`${count(steps.length)} steps`}, made{" "}
      <b>
        {run.produced.length === 1 ? "1 version" : `${count(run.produced.length)} versions`}
      </b>{" "}
      and published {run.events.length === 1 ? "1 event" : `${count(run.events.length)} events`}.
    </>
  );
};

/** What the error says to do; else the same run again. */
function nextOf(view: View, { run }: Model): NextAction | null {
  const isLost = run.status === "running" && runMs(view, run) > LOST_MS;
  if (run.status !== "failed" && !isLost) return null;
  const flow = view.deps.flows.find(({ name }) => name === run.flow);
  const again = flow === undefined ? run.flow : flowCommand(flow, run.params);
  const advised = run.error === null ? null : commandIn(run.error.message);
  if (advised === null || advised === `runs show ${run.id}`) {
    return {
      title: "Run it again",
      text: "Starts a new run with the same parameters; this one stays as it is.",
      command: view.command(again),
    };
  }
  return {
    title: "Do this next",
    text: "What the error advises; then run it again.",
    command: view.command(advised),
  };
}

const CardPanel: FC<{ view: View; model: Model }> = ({ view, model: { run, hasCard } }) => {
  const href = view.href(`/runs/${run.id}/card`);
  if (!hasCard) {
    return (
      <Panel id="card" title="Card">
        <Nothing>
          {run.status === "completed"
            ? "This flow has no card."
            : `A card is made of a completed run; this one is ${run.status}.`}
        </Nothing>
      </Panel>
    );
  }
  return (
    <Panel
      id="card"
      title="Card"
      scope="sandboxed"
      end={
        <>
          <a href={view.href("/runs/cards", { a: run.id })}>beside the one before</a> ·{" "}
          <a href={href}>open</a>
        </>
      }
    >
      <CardFrame runId={run.id} href={href} size="mid" />
    </Panel>
  );
};
