// When the steps of a run took place, and how the last runs of a flow ended.

import type { FC } from "hono/jsx";
import { took } from "../components/text.ts";
import { RowChart } from "./frame.tsx";
import { horizontal, rect } from "./marks.ts";

/** `kept`: of an earlier run, and not run again. */
export type StepState = "done" | "failed" | "running" | "kept" | "waiting";

const STEP_KINDS: Record<StepState, string> = {
  done: "f-3",
  failed: "f-fail",
  running: "f-acc",
  kept: "f-2",
  waiting: "",
};

export interface RunTimelineProps {
  name: string;
  /** From the start of the run; null for a step that has not begun. */
  startMs: number | null;
  /** null while it runs. */
  endMs: number | null;
  /** Of the whole run, so far. */
  totalMs: number;
  state: StepState;
}

/** A step as a bar in the time of its run. */
export const RunTimeline: FC<RunTimelineProps> = ({ name, startMs, endMs, totalMs, state }) => {
  const axis = horizontal("gr", 10);
  if (startMs === null || state === "waiting") {
    return <RowChart label={`${name}: not run`} marks={axis} />;
  }
  // What an earlier run did lies before this one's time.
  if (state === "kept") {
    const label = `${name}: kept, took ${took((endMs ?? startMs) - startMs)}`;
    return <RowChart label={label} marks={axis + rect(STEP_KINDS.kept, 0, 0.6, 5, 10)} />;
  }
  const total = Math.max(1, totalMs);
  const share = (ms: number) => 100 * Math.min(1, Math.max(0, ms / total));
  const end = endMs ?? total;
  // A step of no time is still seen, at the end of the run too.
  const width = Math.max(0.6, share(end) - share(startMs));
  const bar = rect(STEP_KINDS[state], Math.min(share(startMs), 100 - width), width, 5, 10);
  const lasting = endMs === null
    ? `running for ${took(end - startMs)}`
    : `takes ${took(end - startMs)}`;
  return <RowChart label={`${name}: starts at ${took(startMs)}, ${lasting}`} marks={axis + bar} />;
};

export type RunState = "done" | "failed" | "running" | "refused" | "interrupted";

/** How many runs a strip shows. */
const HISTORY_LENGTH = 24;

/** The last runs as bars, the newest at the right; a failed one is taller, not only red. */
export const RunHistory: FC<{ states: readonly RunState[] }> = ({ states }) => {
  const shown = states.slice(-HISTORY_LENGTH);
  const pitch = 100 / HISTORY_LENGTH;
  const first = HISTORY_LENGTH - shown.length;
  let marks = "";
  for (const [i, state] of shown.entries()) {
    const x = (first + i) * pitch + 0.4;
    marks += state === "failed"
      ? rect("f-fail", x, 3.2, 0, 14)
      : rect(state === "running" ? "f-acc" : "f-2", x, 3.2, 4, 10);
  }
  const failed = shown.filter((state) => state === "failed").length;
  const running = shown.includes("running") ? ", 1 running" : "";
  const label = shown.length === 0
    ? "no runs yet"
    : `last ${shown.length === 1 ? "run" : `${shown.length} runs`}, ${failed} failed${running}`;
  return <RowChart class="hist" label={label} marks={marks} />;
};
