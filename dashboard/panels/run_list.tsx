// Runs as a table: what each did, how long it took, who or what started it, what came of it.

import type { Child, FC } from "hono/jsx";
import { plainText, UNDEFINED } from "../../src/cards/format.ts";
import { Foreign, type Row, Table } from "../components/panel.tsx";
import { At, RunLink } from "../components/refs.tsx";
import {
  causeIn,
  Made,
  resultWords,
  runMs,
  RunState,
  StartedBy,
} from "../components/run_words.tsx";
import { took } from "../components/text.ts";
import { type Attended, isCrashed } from "../reading/open_work.ts";
import type { ListedRun, RunRow } from "../reading/runs.ts";
import type { View } from "../view.ts";

export interface RunTableProps {
  view: View;
  runs: readonly Attended<ListedRun>[];
  caption: Child;
}

export const RunTable: FC<RunTableProps> = ({ view, runs, caption }) => (
  <Table
    caption={caption}
    class="fold runs"
    columns={[
      { name: "Run" },
      { name: "Flow" },
      { name: "State" },
      { name: "Started" },
      { name: "Took", isNumeric: true },
      { name: "Started by" },
      { name: "Made" },
      { name: "Result" },
    ]}
    narrow={[undefined, undefined, undefined, undefined, "took", "by", "full", "full"]}
    rows={runs.map((run): Row => ({
      class: run.status === "failed" || isCrashed(run) ? "bad" : "",
      cells: [
        <RunLink view={view} id={run.id} text={String(run.id)} />,
        <a href={view.href(`/flows/${encodeURIComponent(run.flow)}`)}>
          <code>{plainText(run.flow)}</code>
        </a>,
        <>
          <RunState run={run} />
          <Chain view={view} run={run} />
        </>,
        <At view={view} at={run.startedAt} />,
        took(runMs(view, run)),
        <StartedBy view={view} run={run} />,
        <Made view={view} run={run} />,
        <Result run={run} />,
      ],
    }))}
  />
);

/** Its place among the runs that go on with each other. */
const Chain: FC<{ view: View; run: RunRow }> = ({ view, run: { resumes, resumedBy } }) => (
  <>
    {resumes === null ? "" : (
      <small class="dim sub">
        resumes <RunLink view={view} id={resumes} />
      </small>
    )}
    {resumedBy === null ? "" : (
      <small class="dim sub">
        resumed by <RunLink view={view} id={resumedBy} />
      </small>
    )}
  </>
);

const Result: FC<{ run: RunRow }> = ({ run }) =>
  run.error === null
    ? <span class="dim">{resultWords(run) ?? UNDEFINED}</span>
    : (
      <span class="fail">
        {run.error.step === null ? "" : `${plainText(run.error.step)}: `}
        <Foreign text={causeIn(run.error.message)} />
      </span>
    );
