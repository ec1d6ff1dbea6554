// The steps of a run in its time, and its log.

import type { FC } from "hono/jsx";
import { ERROR_CODES } from "../../src/domain/errors.ts";
import type { LogLine, RunRecord, StepRecord } from "../../src/domain/run.ts";
import { count, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { RunTimeline, type StepState } from "../charts/runs.tsx";
import { Foreign, Nothing, Panel, type Row, Table } from "../components/panel.tsx";
import { State, type StateKind } from "../components/state.tsx";
import { took } from "../components/text.ts";
import { type Attended, isCrashed } from "../reading/open_work.ts";
import type { StepView } from "../reading/run_details.ts";

const STATES: Record<StepState, [StateKind, string]> = {
  done: ["ok", "done"],
  failed: ["fail", "failed"],
  running: ["run", "running"],
  kept: ["ok", "kept"],
  waiting: ["skip", "not run"],
};

function stateOf(
  record: StepRecord | null,
  run: Attended<RunRecord>,
  isNext: boolean,
): StepState {
  if (record !== null) {
    if (record.adoptedFrom !== null) return "kept";
    return record.status === "completed"
      ? "done"
      : record.status === "failed"
      ? "failed"
      : "running";
  }
  // A step's record is written when it ends: the one that is due is the one that runs.
  return isNext && run.status === "running" && !isCrashed(run) ? "running" : "waiting";
}

/** A step without a record: it is still to come, or was forgotten with what it made. */
function waitingWord(run: Attended<RunRecord>): string | null {
  const { status } = run;
  if (status === "running") return isCrashed(run) ? null : "waits";
  return status === "completed" ? "no longer kept" : null;
}

/** "kept of run 12" */
function keptWord(record: StepRecord | null): string | null {
  const from = record?.adoptedFrom ?? null;
  return from === null ? null : `kept of run ${from}`;
}

/** `totalMs`: how long the run took, or has run so far. */
export const StepsPanel: FC<{ run: Attended<RunRecord>; steps: StepView[]; totalMs: number }> = (
  { run, steps, totalMs },
) => {
  const startMs = Date.parse(run.startedAt);
  const lastEnd = steps.findLast(({ record }) => record !== null)?.record?.finishedAt ?? null;
  const next = steps.find(({ record }) => record === null);
  const rows = steps.map((step): Row => {
    const state = stateOf(step.record, run, step === next);
    const from = step.record?.startedAt ?? (state === "running" ? lastEnd ?? run.startedAt : null);
    const begin = from === null ? null : Date.parse(from) - startMs;
    const to = step.record?.finishedAt ?? null;
    const end = to === null ? null : Date.parse(to) - startMs;
    const [kind, word] = STATES[state];
    return {
      class: state === "failed" ? "bad" : "",
      cells: [
        <code>{plainText(step.name)}</code>,
        <State
          kind={kind}
          word={state === "waiting" ? waitingWord(run) ?? word : keptWord(step.record) ?? word}
        />,
        begin === null ? UNDEFINED : took((end ?? totalMs) - begin),
        <Said step={step} run={run} state={state} />,
        <RunTimeline
          name={step.name}
          startMs={begin}
          endMs={end}
          totalMs={totalMs}
          state={state}
        />,
      ],
    };
  });
  const total = took(totalMs);
  return (
    <Panel
      id="steps"
      title="Steps"
      end={<EndState run={run} />}
    >
      <Table
        class="fold six5"
        caption={captionOf(run, total)}
        columns={[
          { name: "Step" },
          { name: "State" },
          { name: "Time", isNumeric: true, class: "l" },
          { name: "Last said", class: "dim" },
          { name: `0\u00a0s to ${total}`, class: "wb" },
        ]}
        narrow={[undefined, undefined, undefined, undefined, "full"]}
        rows={rows}
      />
    </Panel>
  );
};

function captionOf(run: Attended<RunRecord>, total: string): string {
  const from = `Wall time from ${run.startedAt.slice(11, 19)}`;
  if (isCrashed(run)) return `${from}; the run's process is gone.`;
  if (run.status === "running") return `${from}, ${total} so far.`;
  if (run.status === "interrupted") return `${from}, ${total} until it was interrupted.`;
  return run.status === "failed"
    ? `${from}, ${total} to the failure. A run that fails leaves no version and no event.`
    : `${from}, ${total} in all.`;
}

const EndState: FC<{ run: Attended<RunRecord> }> = ({ run }) => {
  const { status, error } = run;
  if (isCrashed(run)) return <State kind="fail" word="crashed" />;
  if (status === "interrupted") return <State kind="warn" word="interrupted" />;
  return status === "running"
    ? <State kind="run" word="running" />
    : status === "completed"
    ? <State kind="ok" word="done" />
    : <State kind="fail" word={error === null ? "failed" : `failed, exit ${exitCodeOf(error)}`} />;
};

function exitCodeOf({ code }: NonNullable<RunRecord["error"]>): number {
  return ERROR_CODES[code].exitCode;
}

const Said: FC<{ step: StepView; run: RunRecord; state: StepState }> = ({ step, run, state }) => {
  if (state === "failed" && run.error !== null) {
    return <Foreign text={run.error.code.replaceAll("_", " ")} />;
  }
  return step.said === null ? <>{UNDEFINED}</> : <Foreign text={step.said} />;
};

/** Lines of a log, oldest first; a line of an error says so itself. */
export const Log: FC<{ lines: readonly LogLine[]; label: string }> = ({ lines, label }) => (
  <ol class="log" tabindex={0} aria-label={label}>
    {lines.map(({ at, step, level, message }) => (
      <li class={level === "error" ? "fail" : level === "warn" ? "warn" : undefined}>
        <time datetime={at}>{at.slice(11, 21)}</time>
        <span>{plainText(step)}</span>
        <span>
          {level === "warn" ? "warning: " : ""}
          <Foreign text={message} />
        </span>
      </li>
    ))}
  </ol>
);

/** Lines of the panel's log; the whole has a page of its own. */
const SHOWN_LINES = 10;

export const LogPanel: FC<{ log: readonly LogLine[]; wholeHref: string; runId: number }> = (
  { log, wholeHref, runId },
) => (
  <Panel
    id="log"
    title="Log"
    scope={log.length > SHOWN_LINES
      ? `last ${SHOWN_LINES} of ${count(log.length)} lines`
      : log.length === 1
      ? "1 line"
      : `${log.length} lines`}
    end={<a href={wholeHref}>whole log</a>}
  >
    {log.length === 0
      ? <Nothing>{`Run ${runId} has said nothing.`}</Nothing>
      : <Log lines={log.slice(-SHOWN_LINES)} label={`Log of run ${runId}, its last lines`} />}
  </Panel>
);
