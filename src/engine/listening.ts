// Which flows listen to which event, and what an event means to one of them.

import type { JsonObject } from "../domain/asset.ts";
import type { FlowConfigs } from "../domain/config.ts";
import { AppError } from "../domain/errors.ts";
import { type NotificationsConfig, notifyConsumersOf } from "../domain/notifications.ts";
import type { EventRecord } from "../domain/run.ts";
import { listOpen } from "../registry/deliveries.ts";
import type { RegistryContext } from "../registry/context.ts";
import { keysOf } from "../store/keys.ts";
import type { Flow, RunnerContext, Trigger } from "./flow.ts";

/** Events that wait for one flow and are compared with what a run by hand is about. */
const MAX_WAITING = 200;

/** A flow that an event starts, with the parameters that bind it to what the event names. */
export interface TriggeredRun {
  flow: Flow;
  event: EventRecord;
  params: JsonObject;
}

/** The flows that an event starts under these configs, in the order of the table of flows. */
export function triggeredBy(
  flows: readonly Flow[],
  event: EventRecord,
  { configs }: { configs: FlowConfigs },
): TriggeredRun[] {
  return flows.flatMap((flow) =>
    triggersOf(flow, event)
      .filter((trigger) => trigger.when?.(event, configs) ?? true)
      .map((trigger) => ({ flow, event, params: trigger.bind(event.payload) }))
  );
}

/**
 * The names of those that are to hear of an event, for `RegistryContext.listenersOf`: flows, and rules of
 * notification. Settled when the event is published, by the configs of whoever publishes it.
 */
export function listenersOf(
  flows: readonly Flow[],
  configs: FlowConfigs,
  notifications: NotificationsConfig,
): (event: EventRecord) => string[] {
  return (event) => [
    ...triggeredBy(flows, event, { configs }).map(({ flow }) => flow.name),
    ...notifyConsumersOf(notifications, event),
  ];
}

/** What the event binds the flow to; null where the flow does not listen to it (any more). */
export function boundTo(flow: Flow, event: EventRecord): TriggeredRun | null {
  const [trigger] = triggersOf(flow, event);
  return trigger ? { flow, event, params: trigger.bind(event.payload) } : null;
}

function triggersOf(flow: Flow, event: EventRecord): Trigger[] {
  return (flow.on ?? []).filter((trigger) => trigger.event === event.name);
}

/** The oldest event that waits for the flow and is about what a run by hand is about; null for none. */
export async function waitingEvent(
  { registry, configs }: Pick<RunnerContext, "registry" | "configs">,
  flow: Flow,
  params: JsonObject,
): Promise<number | null> {
  const waiting = await waitingFor(registry, flow);
  if (waiting.length === 0) return null;
  const subject = await subjectOf(registry, flow, params, configs);
  if (subject === null) return null;
  const about = Object.entries(subject);
  const found = waiting.find(({ params: bound }) =>
    about.every(([name, value]) => bound[name] === value)
  );
  return found?.event.id ?? null;
}

/** Null as well where the parameters name what is not there: the run is to say so, and records it. */
async function subjectOf(
  registry: RegistryContext,
  flow: Flow,
  params: JsonObject,
  configs: FlowConfigs,
): Promise<JsonObject | null> {
  try {
    return await flow.subject?.(registry, params as never, configs) ?? null;
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return null;
    throw error;
  }
}

async function waitingFor(registry: RegistryContext, flow: Flow): Promise<TriggeredRun[]> {
  const { write } = registry.scopes;
  const open = await listOpen(registry, write, flow.name, { limit: MAX_WAITING });
  const ids = open.filter(({ state }) => state === "pending").map(({ eventId }) => eventId);
  const events = await registry.store.getMany(ids.map((id) => keysOf(write).event(id)));
  return events.flatMap((event) => (event && boundTo(flow, event)) ?? []);
}
