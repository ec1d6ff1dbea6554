// One run with all that its page shows: steps as declared and as they went, log, lineage, and the runs
// before and after it in the chain of events. Beside runs.ts.

import type { LineageInput, VersionRecord } from "../../src/domain/asset.ts";
import type { EventRecord, LogLine, RunRecord, StepRecord } from "../../src/domain/run.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { getVersion } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { eventsAfter } from "../../src/registry/events.ts";
import { listRuns, listSteps, listTags, readLog } from "../../src/registry/runs.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { rowOf, type RunRow } from "./runs.ts";

/** How many of the runs after this one are looked at for those that it triggered. */
const LATER_RUNS = 50;
/** Published events and versions that are read; a run has one or two. */
const SHOWN_EVENTS = 20;
const SHOWN_VERSIONS = 20;

/** A step as the flow declares it, and as it went; null where it has not begun. */
export interface StepView {
  name: string;
  record: StepRecord | null;
  /** The last line that it logged. */
  said: string | null;
}

export interface RunDetails {
  steps: StepView[];
  tags: { tag: string; system: boolean; addedBy: string; addedAt: string }[];
  log: LogLine[];
  produced: VersionRecord[];
  inputs: LineageInput[];
  /** What it published. */
  events: EventRecord[];
  /** What started it. */
  trigger: EventRecord | null;
  /** Runs that its events started, of the next ones. */
  triggered: RunRow[];
}

export async function runDetails(
  registry: RegistryContext,
  scope: ReadScope,
  run: RunRecord,
  flow: Flow | undefined,
): Promise<RunDetails> {
  const made = run.produced.slice(0, SHOWN_VERSIONS);
  const [steps, tags, log, produced, events, trigger, later] = await Promise.all([
    listSteps(registry, scope, run.id),
    listTags(registry, scope, run.id),
    readLog(registry, scope, run.id),
    Promise.all(
      made.map(({ kind, name, version }) => getVersion(registry, scope, kind, name, version)),
    ),
    Promise.all(run.events.slice(0, SHOWN_EVENTS).map((id) => eventOf(registry, scope, id))),
    run.triggeredBy === null ? null : eventOf(registry, scope, run.triggeredBy),
    run.events.length === 0
      ? []
      : listRuns(registry, scope, { limit: LATER_RUNS, before: run.id + LATER_RUNS + 1 }),
  ]);
  const versions = produced.filter((version) => version !== null);
  return {
    steps: stepViews(flow, steps, log),
    tags: tags.map(({ tag, record: { system, addedBy, addedAt } }) => ({
      tag,
      system,
      addedBy,
      addedAt,
    })),
    log,
    produced: versions,
    inputs: distinct(versions.flatMap(({ inputs }) => inputs)),
    events: events.filter((event) => event !== null),
    trigger,
    triggered: later
      .filter((one) =>
        one.id > run.id && one.triggeredBy !== null && run.events.includes(one.triggeredBy)
      )
      .map(rowOf).reverse(),
  };
}

async function eventOf(
  registry: RegistryContext,
  scope: ReadScope,
  id: number,
): Promise<EventRecord | null> {
  const [event] = await eventsAfter(registry, scope, id - 1, 1);
  return event?.id === id ? event : null;
}

/** Declared steps first; a flow that has changed since may have had others. */
function stepViews(
  flow: Flow | undefined,
  records: readonly StepRecord[],
  log: readonly LogLine[],
): StepView[] {
  const known = new Map(records.map((record) => [record.name, record]));
  const declared = flow?.steps.map(({ name }) => name) ?? [];
  const wasDeclared = records.every(({ name }) => declared.includes(name));
  const names = wasDeclared ? declared : records.map(({ name }) => name);
  return names.map((name) => ({
    name,
    record: known.get(name) ?? null,
    said: log.findLast(({ step }) => step === name)?.message ?? null,
  }));
}

/** An input that two versions share, such as the snapshots of a pair, is one. */
function distinct(inputs: readonly LineageInput[]): LineageInput[] {
  const seen = new Map(
    inputs.map((input) => [`${input.role} ${JSON.stringify(input.ref)}`, input]),
  );
  return [...seen.values()];
}
