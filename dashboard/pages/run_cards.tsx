// Two cards side by side, of one flow or of two: what is different this time?

import type { FC } from "hono/jsx";
import { z } from "zod";
import type { RunRecord } from "../../src/domain/run.ts";
import { parseRunRef } from "../../src/domain/names.ts";
import { plainText } from "../../src/cards/format.ts";
import { requireRun } from "../../src/registry/runs.ts";
import { hasCard } from "../cards.ts";
import { CardFrame } from "../components/card_frame.tsx";
import { Command } from "../components/command.tsx";
import { BranchField } from "../components/frame.tsx";
import { Nothing, Panel } from "../components/panel.tsx";
import { ageText, RunLink, shortTime } from "../components/refs.tsx";
import { causeIn, resultWords } from "../components/run_words.tsx";
import { definePage } from "../page.ts";
import { flowRuns, rowOf, type RunRow } from "../reading/runs.ts";
import { hrefWith, type View } from "../view.ts";

/** Newest runs of each flow that are offered, some of which may have failed. */
const OFFERED = 6;
/** Earlier runs of the same flow among which the one before is looked for. */
const EARLIER = 10;

interface Model {
  a: RunRow | null;
  b: RunRow | null;
  /** By flow, in the order of the data path; runs that have cards. */
  offered: { flow: string; runs: RunRow[] }[];
}

const runParam = z.string().optional();

export const runCards = definePage({
  path: "/runs/cards",
  query: z.object({
    a: runParam.describe("the run at the left: 12 or run:12; the newest with a card"),
    b: runParam.describe("the run at the right; of the same flow, the one before"),
  }),
  load: async (view, asked): Promise<Model> => {
    const { registry, deps } = view;
    const scope = registry.scopes.write;
    const offered = await Promise.all(
      deps.flows.filter(({ card }) => card !== undefined).map(async ({ name }) => ({
        flow: name,
        runs: (await flowRuns(registry, scope, name, { limit: OFFERED }))
          .filter((run) => hasCard(deps.flows, run)),
      })),
    );
    const newest = offered.flatMap(({ runs }) => runs).sort((x, y) => y.id - x.id)[0] ?? null;
    const a = asked.a === undefined ? newest : rowOf(await runOf(view, asked.a));
    const b = asked.b !== undefined
      ? rowOf(await runOf(view, asked.b))
      : a === null
      ? null
      : await before(view, a);
    return { a, b, offered: withChosen(offered, [a, b]) };
  },
  render: (view, { a, b, offered }) => ({
    title: "Two cards",
    section: "runs",
    crumbs: [{ text: "Runs", href: view.href("/runs") }, { text: "cards" }],
    finding: findingOf(a, b),
    lead: a === null ? "A card is the report of a completed run." : (
      <>
        {"At the left "}
        <Words view={view} run={a} />
        {b === null ? "" : (
          <>
            ; at the right <Words view={view} run={b} />
          </>
        )}.
      </>
    ),
    body: (
      <>
        <Panel id="choose" title="Choose" scope="the newest runs that have cards" span="c12">
          {a === null
            ? (
              <>
                <Nothing>No run has completed yet.</Nothing>
                <Command text={view.command("ingest")} />
              </>
            )
            : <Chooser view={view} a={a} b={b} offered={offered} />}
        </Panel>
        {a === null ? "" : <Card view={view} id="a" run={a} />}
        {a === null ? "" : <Card view={view} id="b" run={b} />}
      </>
    ),
  }),
});

async function runOf({ registry }: View, text: string): Promise<RunRecord> {
  const { flow, runId } = parseRunRef(text);
  return await requireRun(registry, registry.scopes.write, runId, flow);
}

/** The run of the same flow before this one that has a card. */
async function before({ registry, deps }: View, run: RunRow): Promise<RunRow | null> {
  const scope = registry.scopes.write;
  const earlier = await flowRuns(registry, scope, run.flow, { limit: EARLIER, before: run.id });
  return earlier.find((one) => hasCard(deps.flows, one)) ?? null;
}

/** The chosen runs are always among the options. */
function withChosen(offered: Model["offered"], chosen: (RunRow | null)[]): Model["offered"] {
  return offered.map(({ flow, runs }) => {
    const more = chosen.filter((run) => run !== null)
      .filter((run) => run.flow === flow && !runs.some(({ id }) => id === run.id));
    const ids = new Map([...runs, ...more].map((run) => [run.id, run]));
    return { flow, runs: [...ids.values()].sort((x, y) => y.id - x.id) };
  }).filter(({ runs }) => runs.length > 0);
}

function findingOf(a: RunRow | null, b: RunRow | null): string {
  if (a === null) return "There is no card yet";
  if (b === null) return `The card of run ${a.id}, and none before it`;
  return a.flow === b.flow
    ? `Run ${a.id} beside run ${b.id}, both ${a.flow}`
    : `Run ${a.id} (${a.flow}) beside run ${b.id} (${b.flow})`;
}

const Words: FC<{ view: View; run: RunRow }> = ({ view, run }) => (
  <>
    <RunLink view={view} id={run.id} />, {ageText(view, run.startedAt)}: <b>{wordsOf(run)}</b>
  </>
);

function wordsOf(run: RunRow): string {
  return run.error === null ? String(resultWords(run) ?? run.status) : causeIn(run.error.message);
}

const Chooser: FC<{ view: View; a: RunRow; b: RunRow | null; offered: Model["offered"] }> = (
  { view, a, b, offered },
) => (
  <form class="filter" method="get" action="/runs/cards">
    <Choice view={view} name="a" label="Left" chosen={a} offered={offered} />
    <Choice view={view} name="b" label="Right" chosen={b} offered={offered} />
    <BranchField view={view} />
    <button class="btn go" type="submit">Show</button>
    {b === null ? "" : (
      <p class="small">
        <a href={hrefWith(view, { a: b.id, b: a.id })}>swap</a>
      </p>
    )}
  </form>
);

const Choice: FC<
  { view: View; name: "a" | "b"; label: string; chosen: RunRow | null; offered: Model["offered"] }
> = ({ view, name, label, chosen, offered }) => (
  <label class="field">
    {label}
    <select name={name} data-submits>
      {chosen === null ? <option value="">choose a run</option> : ""}
      {offered.map(({ flow, runs }) => (
        <optgroup label={flow}>
          {runs.map((run) => (
            <option value={String(run.id)} selected={run.id === chosen?.id}>
              {plainText(`${run.id} · ${flow}, ${shortTime(view, run.startedAt)}`)}
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  </label>
);

const Card: FC<{ view: View; id: "a" | "b"; run: RunRow | null }> = ({ view, id, run }) => {
  if (run === null) {
    return (
      <Panel id={id} title="No other card" span="c6">
        <Nothing>No earlier run of this flow has a card. Choose another run above.</Nothing>
      </Panel>
    );
  }
  const href = view.href(`/runs/${run.id}/card`);
  return (
    <Panel
      id={id}
      title={`Run ${run.id}`}
      scope={<code>{plainText(run.flow)}</code>}
      end={<a href={href}>open</a>}
      span="c6"
    >
      {hasCard(view.deps.flows, run)
        ? <CardFrame runId={run.id} href={href} size="tall" />
        : (
          <Nothing>
            {`A card is made of a completed run; run ${run.id} is ${run.status}. `}
            <RunLink view={view} id={run.id} />
          </Nothing>
        )}
    </Panel>
  );
};
