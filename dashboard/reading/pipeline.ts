// The flows in their line: what each did last, how its runs went, what starts it and when it is due. Runs
// that have ended never change, and are kept.

import type { FlowConfigs, ProjectConfig } from "../../src/domain/config.ts";
import type { RunStatus } from "../../src/domain/run.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { iso } from "../../src/domain/time.ts";
import { dueOf, type Start, startOf } from "../../src/engine/dueness.ts";
import type { Flow } from "../../src/engine/flow.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { processesOf, type RunProcess } from "../../src/registry/leases.ts";
import { getRun, listRunIds } from "../../src/registry/runs.ts";
import { type Gap, listGaps } from "../../src/registry/slots.ts";
import { branchKey } from "./days.ts";
import { Memo } from "./memo.ts";
import { hasEnded, rowOf, type RunRow } from "./runs.ts";

/** Runs of a flow that are shown. */
const HISTORY = 24;
/** Of seven flows on a few branches. */
const KEPT_RUNS = 1000;

const KEPT_LISTS = 50;

/** One flow as it stands. */
export interface FlowState {
  flow: string;
  last: RunRow | null;
  /** Of that run; null where nobody has to end it. */
  process: RunProcess | null;
  /** Since its last run began. */
  ageMs: number | null;
  start: Start;
  /** When it is due by its schedule; null without one. */
  dueAt: string | null;
  /** Due for longer than a run may take to begin. */
  isLate: boolean;
  /** The newest slots that no run was begun for; null for none, and without a schedule. */
  gap: Gap | null;
  /** Its newest runs, oldest first. */
  history: { id: number; status: RunStatus }[];
}

export interface PipelineQuery {
  flows: readonly Flow[];
  configs: FlowConfigs;
  /** Of the process that runs them on this branch; none where nothing does. */
  schedules: ProjectConfig["schedules"];
  nowMs: number;
  /** Real time, as leases are kept in. */
  leaseNowMs: number;
}

const ended = new Memo<RunRow | null>(KEPT_RUNS);
const idsUpTo = new Memo<readonly number[]>(KEPT_LISTS);

/** The state of every flow, in the order of the table of flows. */
export async function pipelineState(
  registry: RegistryContext,
  scope: ReadScope,
  query: PipelineQuery,
): Promise<FlowState[]> {
  const states = await Promise.all(
    query.flows.map((flow) => flowState(registry, scope, flow, query)),
  );
  const lasts = states.flatMap(({ last }) => last ?? []);
  const processes = await processesOf(registry, scope, lasts, query.leaseNowMs);
  return states.map((state) => ({
    ...state,
    process: state.last && (processes.get(state.last.id) ?? null),
  }));
}

async function flowState(
  registry: RegistryContext,
  scope: ReadScope,
  flow: Flow,
  { configs, schedules, nowMs }: PipelineQuery,
): Promise<Omit<FlowState, "process">> {
  const ids = await newestIds(registry, scope, flow.name);
  const runs = await Promise.all(ids.map((id) => runById(registry, scope, id)));
  const found = runs.filter((run) => run !== null);
  const last = found[0] ?? null;
  const lastStartMs = last && Date.parse(last.startedAt);
  const schedule = schedules[flow.name as keyof typeof schedules];
  const start = startOf(flow, { schedule, configs });
  const due = start.by === "schedule" ? dueOf(start.expression, { lastStartMs, nowMs }) : null;
  const [gap] = schedule === undefined
    ? []
    : await listGaps(registry, scope, flow.name, { limit: 1 });
  return {
    flow: flow.name,
    last,
    ageMs: lastStartMs === null ? null : Math.max(0, nowMs - lastStartMs),
    start,
    dueAt: due && iso(due.dueMs),
    isLate: due?.isLate ?? false,
    gap: gap ?? null,
    history: found.map(({ id, status }) => ({ id, status })).reverse(),
  };
}

/** Ids of a flow's newest runs, newest first: the same as long as no newer one has begun. */
async function newestIds(
  registry: RegistryContext,
  scope: ReadScope,
  flow: string,
): Promise<readonly number[]> {
  const [newest] = await listRunIds(registry, scope, flow, { limit: 1 });
  if (newest === undefined) return [];
  const key = `${branchKey(scope)}/${flow}/${newest}`;
  return await idsUpTo.get(
    registry,
    key,
    () => listRunIds(registry, scope, flow, { limit: HISTORY, before: newest + 1 }),
  );
}

/** A run by its id: kept once it has ended, read again as long as it goes on. */
async function runById(
  registry: RegistryContext,
  scope: ReadScope,
  id: number,
): Promise<RunRow | null> {
  return await ended.get(registry, `${branchKey(scope)}/${id}`, async () => {
    const run = await getRun(registry, scope, id);
    return run && rowOf(run);
  }, hasEnded);
}
