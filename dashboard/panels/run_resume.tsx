// Going on with a run: what is kept, where it begins, and the form that asks for it.

import type { FC } from "hono/jsx";
import type { RunRecord } from "../../src/domain/run.ts";
import { plainText } from "../../src/cards/format.ts";
import { actionOf, FormMarks } from "../acts/form.tsx";
import { Panel } from "../components/panel.tsx";
import { type Attended, isCrashed } from "../reading/open_work.ts";
import type { StepView } from "../reading/run_details.ts";
import type { View } from "../view.ts";

/** A run is resumed once, and not while somebody is at work on it. */
export function isResumable(run: Attended<RunRecord>): boolean {
  if (run.resumedBy !== null) return false;
  return run.status === "failed" || run.status === "interrupted" || isCrashed(run);
}

/** "Starts a new run at fit; the step before it is kept." */
export function resumeWords(steps: readonly StepView[]): string {
  const kept = steps.filter(({ record }) => record?.status === "completed").length;
  const next = steps.find(({ record }) => record?.status !== "completed");
  const at = next === undefined ? "" : ` at ${plainText(next.name)}`;
  const which = kept === 0
    ? "no step was finished"
    : kept === 1
    ? "the step before it is kept"
    : `the ${kept} steps before it are kept`;
  return `Starts a new run${at}; ${which}.`;
}

/** Nothing where the run has come to its end, or somebody is at work on it. */
export const ResumePanel: FC<{ view: View; run: Attended<RunRecord>; steps: StepView[] }> = (
  { view, run, steps },
) =>
  isResumable(run)
    ? (
      <Panel id="resume" title="Resume" class="sg">
        <p>
          {`${resumeWords(steps)} With the same parameters and configs; this run stays as it is.`}
        </p>
        <form method="post" action={actionOf(view, `/runs/${run.id}/resume`)}>
          <FormMarks view={view} />
          <label class="field">
            Reason, for the audit log
            <input name="reason" maxlength={1000} />
          </label>
          <p class="bts">
            <button class="btn" type="submit">{`Resume run ${run.id}`}</button>
          </p>
        </form>
      </Panel>
    )
    : null;
