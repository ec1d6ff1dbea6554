// What doctor looks at in what outlives a process: runs that stand still, events that wait or were given up,
// and slots that nobody took.

import type { ProjectConfig } from "../../domain/config.ts";
import { DAY_MS, iso, MINUTE_MS } from "../../domain/time.ts";
import type { RegistryContext } from "../../registry/context.ts";
import { listLeases } from "../../registry/leases.ts";
import { type OpenWork, openWork } from "../../registry/open_work.ts";
import { listRuns } from "../../registry/runs.ts";
import { dueSlot, type Gap, getSchedule, listGaps } from "../../registry/slots.ts";
import { age, instant } from "../text.ts";
import { eventsWait, parkedWords, strandedWords } from "./status.ts";

/** A process that serves has begun what is due long before. */
const LATE_MS = 10 * MINUTE_MS;
const SHOWN_GAPS_MS = 7 * DAY_MS;
const MAX_GAPS = 5;

export interface OpenCheck {
  registry: RegistryContext;
  schedules: ProjectConfig["schedules"];
  /** Real time, as leases are kept in. */
  leaseNowMs: number;
  /** A command with the flags that lead to this store and branch. */
  hint(command: string): string;
}

/** Throws what is wrong with the runs: one stands still, or the last one failed. */
export async function runsCheck({ registry, leaseNowMs, hint }: OpenCheck): Promise<string> {
  const { write } = registry.scopes;
  const { stranded } = await openWork(registry, write, leaseNowMs);
  if (stranded.length > 0) {
    const lines = stranded.map((run) =>
      `${strandedWords(run)}, since ${instant(run.since)}. Next: ${
        hint(run.goesOn ? "anomaly serve" : `anomaly runs resume ${run.id}`)
      }`
    );
    throw new Error(lines.join("; "));
  }
  const [last] = await listRuns(registry, write, { limit: 1 });
  if (last?.status === "failed") {
    throw new Error(
      `the last run failed: ${last.error?.message}. See: ${hint(`anomaly runs show ${last.id}`)}`,
    );
  }
  const alive = (await listLeases(registry, write)).map(({ runId, beatAtMs }) =>
    `run ${runId} is going on, last sign of life ${age(iso(beatAtMs), leaseNowMs)}`
  );
  if (alive.length > 0) return alive.join("; ");
  return last ? `last run ${last.id} (${last.flow}) ${last.status}` : "none yet";
}

/** Throws where events were given up, and where they wait although a process is to serve the branch. */
export async function eventsCheck(check: OpenCheck): Promise<string> {
  const { registry, leaseNowMs, hint } = check;
  const { pending, dueSince, running, parked } = await openWork(
    registry,
    registry.scopes.write,
    leaseNowMs,
  );
  if (parked.length > 0) throw new Error(parked.map((one) => parkedLine(one, hint)).join("; "));
  if (pending + running === 0) return "every event was handled";
  const since = dueSince === null ? "" : `, the first of them since ${instant(dueSince)}`;
  const words = [
    ...(pending === 0 ? [] : [`${eventsWait(pending)} for a process that serves${since}`]),
    ...(running === 0 ? [] : [`${running} being handled`]),
  ].join("; ");
  const isLate = dueSince !== null && registry.nowMs() - Date.parse(dueSince) > LATE_MS;
  if (isLate && await isServed(check)) throw new Error(`${words}. Next: ${hint("anomaly serve")}`);
  return words;
}

function parkedLine(delivery: OpenWork["parked"][number], hint: OpenCheck["hint"]): string {
  const { eventId, consumer } = delivery;
  const replay = hint(`anomaly events replay ${eventId} --consumer ${consumer}`);
  return `${parkedWords(delivery)} Next, once the cause is gone: ${replay}`;
}

/** Whether a process has run schedules here: then somebody means one to serve. */
async function isServed({ registry, schedules }: OpenCheck): Promise<boolean> {
  const { write } = registry.scopes;
  const records = await Promise.all(
    Object.keys(schedules).map((flow) => getSchedule(registry, write, flow)),
  );
  return records.some((record) => record !== null);
}

/** Throws where a slot is due and nobody takes it; says which slots were left out in the last days. */
export async function schedulesCheck({ registry, schedules, hint }: OpenCheck): Promise<string> {
  const { write } = registry.scopes;
  const nowMs = registry.nowMs();
  const lines: string[] = [];
  for (const [flow, expression] of Object.entries(schedules)) {
    const record = await getSchedule(registry, write, flow);
    if (record === null || expression === undefined) continue;
    const due = dueSlot(flow, expression, nowMs, record);
    const firstMs = due === null || due.slotMs <= record.slotMs
      ? nowMs
      : due.missed?.fromMs ?? due.slotMs;
    if (nowMs - firstMs > LATE_MS) {
      throw new Error(
        `${flow} is due since ${instant(iso(firstMs))}, and no process has taken its slot. Next: ` +
          hint("anomaly serve"),
      );
    }
    const gaps = await listGaps(registry, write, flow, { limit: MAX_GAPS });
    lines.push(
      ...gaps.filter(({ recordedAt }) => nowMs - Date.parse(recordedAt) < SHOWN_GAPS_MS)
        .map((gap) => `${flow}: ${gapWords(gap)}`),
    );
  }
  return lines.join("; ") || "no slot was left out in the last 7 days";
}

/** "4 slots from 2026-01-05 11:00 UTC to 2026-01-05 14:00 UTC left out: no process served" */
function gapWords({ slots, fromSlotMs, toSlotMs, reason }: Gap): string {
  const [from, to] = [instant(iso(fromSlotMs)), instant(iso(toSlotMs))];
  const which = slots === 1 ? `the slot of ${from}` : `${slots} slots from ${from} to ${to}`;
  const why = reason === "missed" ? "no process served" : "an earlier run was still at work";
  return `${which} left out: ${why}`;
}
