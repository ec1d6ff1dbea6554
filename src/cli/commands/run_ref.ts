// A run as a word of a command.

import { parseRunRef } from "../../domain/names.ts";
import type { RunRecord } from "../../domain/run.ts";
import type { RegistryContext } from "../../registry/context.ts";
import { requireRun } from "../../registry/runs.ts";
import type { Call } from "../command.ts";

export const runPositional = {
  name: "id",
  description: "a run: 12, run:12 or TrainDetectorFlow/12",
  required: true,
};

/** Throws `not_found` where there is none on the branch, or one of another flow. */
export function findRun(registry: RegistryContext, call: Call<unknown>): Promise<RunRecord> {
  const { flow, runId } = parseRunRef(call.positionals[0]!);
  return requireRun(registry, registry.scopes.write, runId, flow);
}
