// The flows in the order of the data path: what each did last, what starts it next, how its runs went.

import type { FC } from "hono/jsx";
import { RunHistory } from "../charts/runs.tsx";
import { duration } from "../../src/cards/format.ts";
import { ageText, RunLink } from "../components/refs.tsx";
import { State, type StateKind } from "../components/state.tsx";
import { isCrashed } from "../reading/open_work.ts";
import type { FlowState } from "../reading/pipeline.ts";
import type { View } from "../view.ts";

export const Pipeline: FC<{ view: View; flows: readonly FlowState[] }> = ({ view, flows }) => (
  <ol class="pipe c12" id="pipe" aria-label="Pipeline, in order" data-live>
    {flows.map((flow) => (
      <li>
        <a href={view.href(`/flows/${flow.flow}`)} class="mono">{flow.flow}</a>
        <State {...stateOf(flow)} />
        <p>
          {flow.last === null ? "never run" : (
            <>
              {`${ageText(view, flow.last.startedAt)} · `}
              <RunLink view={view} id={flow.last.id} />
            </>
          )}
        </p>
        <p>{startWords(view, flow)}</p>
        <RunHistory
          states={flow.history.map(({ status }) => status === "completed" ? "done" : status)}
        />
      </li>
    ))}
  </ol>
);

/** How a flow stands; an evaluation that failed its gates is a run that is done. */
export function stateOf({ last, process, isLate }: FlowState): { kind: StateKind; word: string } {
  if (last !== null && isCrashed({ status: last.status, process })) {
    return { kind: "fail", word: "crashed" };
  }
  if (last?.status === "interrupted") return { kind: "warn", word: "interrupted" };
  if (last?.status === "running") return { kind: "run", word: "running" };
  if (last?.status === "failed") return { kind: "fail", word: "failed" };
  if (isLate) return { kind: "warn", word: "late" };
  if (last === null) return { kind: "idle", word: "waiting" };
  const failed = last.summary.failed_gates;
  if (Array.isArray(failed) && failed.length > 0) {
    return {
      kind: "warn",
      word: `${failed.length} ${failed.length === 1 ? "gate" : "gates"} failed`,
    };
  }
  return { kind: "ok", word: "done" };
}

/** "next in 56 min", "was due 2 h ago", "on snapshot_ready", "by hand" */
function startWords(view: View, { start, dueAt }: FlowState): string {
  switch (start.by) {
    case "event":
      return `on ${start.events.join(", ")}`;
    case "hand":
      return "by hand";
    case "schedule": {
      if (dueAt === null) return start.expression;
      const waitMs = Date.parse(dueAt) - view.nowMs;
      return waitMs >= 0
        ? `next in ${duration(waitMs).replaceAll(" ", "\u00a0")}`
        : `was due ${duration(-waitMs).replaceAll(" ", "\u00a0")} ago`;
    }
  }
}
