// All that a run has said, a thousand lines at a time.

import { z } from "zod";
import type { LogLine } from "../../src/domain/run.ts";
import { parseRunRef } from "../../src/domain/names.ts";
import { count } from "../../src/cards/format.ts";
import { readLog, requireRun } from "../../src/registry/runs.ts";
import { Command } from "../components/command.tsx";
import { Nothing, Panel } from "../components/panel.tsx";
import { definePage } from "../page.ts";
import { Log } from "../panels/run_steps.tsx";
import { hrefWith } from "../view.ts";

const SHOWN_LINES = 1000;

interface Model {
  runId: number;
  flow: string;
  /** All lines that the run has logged. */
  total: number;
  /** The first line that is shown, from 1. */
  from: number;
  lines: LogLine[];
  warnings: number;
  errors: number;
}

export const runLog = definePage({
  path: "/runs/:id/log",
  query: z.object({
    id: z.string().describe("a run: 12 or run:12"),
    from: z.coerce.number().int().min(1).default(1).describe("the first line to show"),
  }),
  load: async ({ registry }, { id, from }): Promise<Model> => {
    const scope = registry.scopes.write;
    const { flow, runId } = parseRunRef(id);
    const run = await requireRun(registry, scope, runId, flow);
    const lines = await readLog(registry, scope, runId);
    const of = (level: LogLine["level"]) => lines.filter((line) => line.level === level).length;
    return {
      runId,
      flow: run.flow,
      total: lines.length,
      from,
      lines: lines.slice(from - 1, from - 1 + SHOWN_LINES),
      warnings: of("warn"),
      errors: of("error"),
    };
  },
  render: (view, { runId, flow, total, from, lines, warnings, errors }) => ({
    title: `Log of run ${runId}`,
    section: "runs",
    crumbs: [
      { text: "Runs", href: view.href("/runs") },
      { text: flow, href: view.href("/runs", { flow }) },
      { text: String(runId), href: view.href(`/runs/${runId}`) },
      { text: "log" },
    ],
    finding: total === 0
      ? `Run ${runId} has said nothing`
      : `Run ${runId} said ${total === 1 ? "1 line" : `${count(total)} lines`}`,
    lead: (
      <>
        <b>{count(warnings)}</b> of them {warnings === 1 ? "is a warning" : "are warnings"},{" "}
        <b>{count(errors)}</b>{" "}
        {errors === 1 ? "an error" : "errors"}. The times are the wall clock’s.
      </>
    ),
    body: (
      <Panel
        id="log"
        title="Log"
        scope={lines.length === 0
          ? undefined
          : `lines ${count(from)} to ${count(from + lines.length - 1)}`}
        span="c12"
        class="sg"
      >
        {lines.length === 0
          ? (
            <Nothing>
              {total === 0 ? "A step logs when it ends." : `There is no line ${from}.`}
            </Nothing>
          )
          : <Log lines={lines} label={`Log of run ${runId}`} />}
        {from - 1 + lines.length < total
          ? (
            <p>
              <a href={hrefWith(view, { from: from + SHOWN_LINES })}>Later lines</a>
            </p>
          )
          : ""}
        <Command text={view.command(`runs logs ${runId}`)} />
      </Panel>
    ),
  }),
});
