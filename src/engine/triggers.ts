// From events to the flows that listen to them: what a run's own events trigger is run here and now, to
// the end of the chain. For `--follow`, and for what is run from a queue.

import type { JsonObject } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import type { EventRecord, RunRecord } from "../domain/run.ts";
import { keysOf } from "../store/keys.ts";
import type { Flow, RunnerContext } from "./flow.ts";
import { runFlow } from "./runner.ts";

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
  ctx: Pick<RunnerContext, "configs">,
): TriggeredRun[] {
  return flows.flatMap((flow) =>
    (flow.on ?? [])
      .filter((trigger) => trigger.event === event.name)
      .filter((trigger) => trigger.when?.(event, ctx.configs) ?? true)
      .map((trigger) => ({ flow, event, params: trigger.bind(event.payload) }))
  );
}

/** The end of a chain: the runs that completed, and the error that stopped it, if any. */
export interface FollowResult {
  runs: RunRecord[];
  error: AppError | null;
}

/**
 * Runs what the events of `run` trigger, then what those runs' events trigger. Only descendants of
 * `run`; the chain ends, because `defineFlows` refuses flows whose events lead back to themselves.
 *
 * @param inherited parameters that every descendant takes over where it has them (source, …)
 * @param inherited.stopping once aborted no further run is begun, and the error says which one was not
 */
export async function followEvents(
  ctx: RunnerContext,
  flows: readonly Flow[],
  run: RunRecord,
  inherited: { params: JsonObject; tags: string[]; stopping?: AbortSignal },
): Promise<FollowResult> {
  const runs: RunRecord[] = [];
  const queue = await triggeredByRun(ctx, flows, run);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const params = {
      ...pick(inherited.params, Object.keys(next.flow.params.shape)),
      ...next.params,
    };
    if (inherited.stopping?.aborted) return { runs, error: notBegun(next) };
    try {
      const followed = await runFlow(ctx, next.flow, {
        params,
        tags: inherited.tags,
        triggeredBy: next.event.id,
      });
      runs.push(followed);
      queue.push(...await triggeredByRun(ctx, flows, followed));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { runs, error };
    }
  }
  return { runs, error: null };
}

function notBegun({ flow, event }: TriggeredRun): AppError {
  return new AppError(
    "unavailable",
    `Cannot run ${flow.name}, which event ${event.id} (${event.name}) starts: the process is stopping. ` +
      `Next: anomaly ${flow.name}`,
    { details: { flow: flow.name } },
  );
}

async function triggeredByRun(
  ctx: RunnerContext,
  flows: readonly Flow[],
  run: RunRecord,
): Promise<TriggeredRun[]> {
  const { store, scopes } = ctx.registry;
  const events = await store.getMany(run.events.map((id) => keysOf(scopes.write).event(id)));
  return events.flatMap((event) => event === null ? [] : triggeredBy(flows, event, ctx));
}

function pick(params: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(params).filter(([name]) => names.includes(name)));
}
