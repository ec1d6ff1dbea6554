// One run: what happened, step by step; what it was given, what came of it, and its card.

import type { FC } from "hono/jsx";
import { z } from "zod";
import type { RunRecord } from "../../src/domain/run.ts";
import { parseRunRef } from "../../src/domain/names.ts";
import { count, duration, plainText } from "../../src/cards/format.ts";
import { requireRun } from "../../src/registry/runs.ts";
import { hasCard } from "../cards.ts";
import { CardFrame } from "../components/card_frame.tsx";
import { Foreign, Nothing, Panel } from "../components/panel.tsx";
import { causeIn, commandIn, resultWords, runMs } from "../components/run_words.tsx";
import { RunLink } from "../components/refs.tsx";
import { took } from "../components/text.ts";
import { definePage, type NextAction } from "../page.ts";
import { ConfigPanel } from "../panels/run_configs.tsx";
import { LogPanel, StepsPanel } from "../panels/run_steps.tsx";
import { isResumable, ResumePanel, resumeWords } from "../panels/run_resume.tsx";
import { FactsPanel, TagsPanel } from "../panels/run_facts.tsx";
import { type RunDetails, runDetails } from "../reading/run_details.ts";
import { type Attended, attended, isCrashed } from "../reading/open_work.ts";
import { rowOf } from "../reading/runs.ts";
import type { View } from "../view.ts";

interface Model extends RunDetails {
  run: Attended<RunRecord>;
  hasCard: boolean;
}

export const run = definePage({
  path: "/runs/:id",
  query: z.object({ id: z.string().describe("a run: 12 or run:12") }),
  load: async (view, { id }): Promise<Model> => {
    const { registry, deps } = view;
    const scope = registry.scopes.write;
    const { flow, runId } = parseRunRef(id);
    const run = await requireRun(registry, scope, runId, flow);
    const known = deps.flows.find(({ name }) => name === run.flow);
    const [details, [attendedRun]] = await Promise.all([
      runDetails(registry, scope, run, known),
      attended(view, [run]),
    ]);
    return { run: attendedRun!, hasCard: hasCard(deps.flows, run), ...details };
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
            <ResumePanel view={view} run={run} steps={model.steps} />
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
  const at = steps.find(({ record }) => record === null);
  const where = at === undefined ? "" : ` at ${plainText(at.name)}`;
  if (isCrashed(run)) return `Run ${id} crashed${where}`;
  if (status === "interrupted") return `Run ${id} was interrupted${where.replace("at", "before")}`;
  if (status === "failed") {
    return `Run ${id} failed${error?.step ? ` at ${plainText(error.step)}` : ""}`;
  }
  if (status === "running") return `Run ${id} is going on${where}`;
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
        <b>{total}</b>; no version and no event were written. <GoneOn view={view} run={run} />
      </>
    );
  }
  if (run.status === "interrupted" || isCrashed(run)) {
    return (
      <>
        <b>{`${done} of ${steps.length}`}</b> steps are done, and stand.{" "}
        {run.status === "running" ? <Gone view={view} run={run} /> : ""}
        <GoneOn view={view} run={run} />
      </>
    );
  }
  if (run.status === "running") {
    return (
      <>
        <b>{`${done} of ${steps.length}`}</b> steps are done after{" "}
        <b>{total}</b>. Steps appear here as they end.
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

/** Its process is gone: since when, by the last sign of life. */
const Gone: FC<{ view: View; run: Attended<RunRecord> }> = ({ view, run: { process } }) => {
  const beatAt = process?.beatAt ?? null;
  if (beatAt === null) return <>{"Its process is gone, and left no sign of life. "}</>;
  const ms = Math.max(0, view.deps.leaseNowMs() - Date.parse(beatAt));
  return (
    <>
      Its process is gone: the last sign of life is{" "}
      <b>
        <time datetime={beatAt}>{duration(ms).replaceAll(" ", "\u00a0")}</time>
      </b>
      {" old. "}
    </>
  );
};

/** Who goes on with it. */
const GoneOn: FC<{ view: View; run: Attended<RunRecord> }> = ({ view, run }) => {
  if (run.resumedBy !== null) {
    return (
      <>
        <RunLink view={view} id={run.resumedBy} /> has gone on with it.
      </>
    );
  }
  if (run.status === "failed") return null;
  return (
    <>
      {run.process?.goesOn
        ? "Whoever serves goes on with it by itself."
        : "Nobody goes on with it by itself."}
    </>
  );
};

/** What the error says to do; else to go on with the run. */
function nextOf(view: View, { run, steps }: Model): NextAction | null {
  if (!isResumable(run)) return null;
  const advised = run.error === null || run.status !== "failed"
    ? null
    : commandIn(run.error.message);
  if (advised !== null && advised !== `runs show ${run.id}`) {
    return {
      title: "Do this next",
      text: "What the error advises; then go on with the run.",
      command: view.command(advised),
    };
  }
  return {
    title: "Resume it",
    text: resumeWords(steps),
    command: view.command(`runs resume ${run.id}`),
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
