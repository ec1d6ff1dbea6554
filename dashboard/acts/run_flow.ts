// Running a flow for someone who asks by a form or over the API: what the command line checks before it
// runs is checked before anything is queued, so that a mistyped version leaves no run behind.

import { z } from "zod";
import type { JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { checkUserTag } from "../../src/domain/names.ts";
import { describeProblems } from "../../src/domain/problems.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { findFlow, type Flow } from "../../src/engine/flow.ts";
import { requireRun } from "../../src/registry/runs.ts";
import type { DashboardDeps, StartedRun } from "../context.ts";
import type { View } from "../view.ts";

/** A config that a page may name; a path of any other kind would let it read the disk. */
const CONFIG_NAME = /^configs\/\w[\w.-]*\.json$/;

/** Kept for good, and shown in tables. */
export const reasonSchema = z.string().max(1000).describe("why, for the audit log");

export interface RunAsked {
  /** A flow, by either of its names. */
  flow: string;
  /** As they were given; checked by the flow's own schema. */
  params: JsonObject;
  tags: string[];
  /** Why, for the audit log. A flow that takes a reason itself writes it there when it has acted. */
  reason?: string | undefined;
}

/** Asks for a run. Throws `invalid`, `not_found` or `conflict` where it could not begin. */
export async function startRun(view: View, asked: RunAsked): Promise<StartedRun> {
  const { flow: name, params, tags, reason = "" } = asked;
  const { deps, setup, registry, configs, visitor } = view;
  const flow = findFlow(deps.flows, name);
  const checked = checkedParams(flow, params);
  assertNoPlaces(checked, deps.env);
  for (const tag of tags) checkUserTag(tag);
  await flow.check?.(checked as never, deps.env);
  await flow.lookUp?.(registry, checked as never, configs);
  const request = { flow, params: checked, tags, actor: visitor.actor };
  return deps.start(setup, takesReason(flow) ? request : { ...request, asked: { reason } });
}

/** Whether the flow has a reason among its own parameters, as a promotion has. */
export function takesReason({ params }: Pick<Flow, "params">): boolean {
  return "reason" in params.shape;
}

/**
 * Throws `invalid` for parameters that name places on the disk, before anything looks there: on a command
 * line they are the user's own to name, over HTTP they are not.
 */
function assertNoPlaces({ model_config, source }: JsonObject, env: DashboardDeps["env"]): void {
  if (String(source).startsWith("replay:") && source !== env("ANOMALY_SOURCE")) {
    throw new AppError(
      "invalid",
      `Cannot read ${source} from a page: expected simulated, coingecko, or no source for the branch's ` +
        `own. Next: name recordings where the process is started, with --source`,
    );
  }
  if (model_config === undefined || CONFIG_NAME.test(String(model_config))) return;
  throw new AppError(
    "invalid",
    `Cannot use model_config "${model_config}" from a page: expected configs/<name>.json`,
  );
}

/** The parameters with the flow's defaults. Throws `invalid`. */
export function checkedParams(flow: Flow, params: JsonObject): JsonObject {
  const parsed = flow.params.safeParse(params);
  if (!parsed.success) {
    const problems = describeProblems(flow.params, params, parsed.error.issues);
    throw new AppError("invalid", `Cannot run ${flow.name}: ${problems.join("; ")}.`, {
      details: { problems },
    });
  }
  const checked = parsed.data as JsonObject;
  if (checked.dry_run !== true) return checked;
  throw new AppError(
    "invalid",
    `Cannot run ${flow.name}: found dry_run, expected a run that is to be recorded. Next: leave it ` +
      `out, or ask what would happen where the flow offers to say it.`,
  );
}

/** Waits until a run and what it triggered have ended. Throws what it failed with. */
export async function endOf(view: View, asked: StartedRun): Promise<RunRecord> {
  const { id } = await asked.started;
  await asked.done;
  const { registry } = view;
  const run = await requireRun(registry, registry.scopes.write, id);
  if (run.error === null) return run;
  const failure = await asked.failure;
  throw new AppError(run.error.code, run.error.message, {
    details: { ...failure?.details, run_id: id },
  });
}
