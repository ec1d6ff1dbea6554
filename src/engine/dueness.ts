// What starts a flow, and when that is due: by schedule, by another flow's event, or by hand. Beside
// freshness.ts, for whoever shows the flows in their line.

import type { FlowConfigs } from "../domain/config.ts";
import { nextSlot, previousSlot } from "../domain/cron.ts";
import type { EventName, EventRecord } from "../domain/run.ts";
import type { RegistryContext } from "../registry/context.ts";
import type { Flow } from "./flow.ts";
import { GRACE } from "./freshness.ts";
import { triggeredBy } from "./listening.ts";

export type Start =
  | { by: "schedule"; expression: string }
  | { by: "event"; events: EventName[] }
  | { by: "hand" };

/** What starts a flow under these configs; a schedule before events. */
export function startOf(
  flow: Flow,
  { schedule, configs }: { schedule: string | undefined; configs: FlowConfigs },
): Start {
  if (schedule !== undefined) return { by: "schedule", expression: schedule };
  const events = (flow.on ?? []).map(({ event }) => event)
    .filter((name) => triggeredBy([flow], plainEvent(name), { configs }).length > 0);
  return events.length > 0 ? { by: "event", events: [...new Set(events)] } : { by: "hand" };
}

/** An event of which nothing is known but its name. */
function plainEvent(name: EventName): EventRecord {
  return { id: 0, name, branch: "", runId: null, recordedAt: "", marketAt: null, payload: {} };
}

/** What flows wait for before they can do anything: "dataset possible in 31 h". */
export async function waitingFor(
  flows: readonly Flow[],
  registry: RegistryContext,
): Promise<string[]> {
  const answers = await Promise.all(flows.map((flow) => flow.readiness?.(registry) ?? null));
  return answers.filter((answer) => answer !== null);
}

/** When a scheduled flow is due next, after its last run or from now on, and whether that is past. */
export function dueOf(
  expression: string,
  { lastStartMs, nowMs }: { lastStartMs: number | null; nowMs: number },
): { dueMs: number; isLate: boolean } | null {
  const dueMs = nextSlot(expression, lastStartMs ?? nowMs);
  const slotMs = previousSlot(expression, lastStartMs ?? nowMs);
  if (dueMs === null) return null;
  const everyMs = dueMs - (slotMs ?? dueMs);
  return { dueMs, isLate: nowMs - dueMs > everyMs * GRACE };
}
