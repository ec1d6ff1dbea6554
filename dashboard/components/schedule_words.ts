// A schedule, what starts a flow, and slots that were left out, in words.

import { iso } from "../../src/domain/time.ts";
import type { Start } from "../../src/engine/dueness.ts";
import type { Gap } from "../../src/registry/slots.ts";
import type { View } from "../view.ts";
import { shortTime } from "./refs.tsx";

/** "every hour at :15", "every day at 00:30"; else the expression itself. All times are UTC. */
export function scheduleWords(expression: string): string {
  const [minute = "", hour = "", ...rest] = expression.split(" ");
  const isPlain = rest.every((field) => field === "*");
  const two = (text: string) => text.padStart(2, "0");
  if (isPlain && /^\d+$/.test(minute)) {
    if (hour === "*") return `every hour at :${two(minute)}`;
    if (/^\d+$/.test(hour)) return `every day at ${two(hour)}:${two(minute)}`;
    const every = /^\*\/(\d+)$/.exec(hour)?.[1];
    if (every !== undefined) return `every ${every} h at :${two(minute)}`;
  }
  const every = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (isPlain && hour === "*" && every !== undefined) return `every ${every} min`;
  return `by schedule ${expression}`;
}

export function startWords(start: Start): string {
  if (start.by === "schedule") return scheduleWords(start.expression);
  return start.by === "event" ? `on ${start.events.join(", ")}` : "by hand";
}

/** "4 slots missed, 06:00 to 09:00: no process served", "1 slot left out, 06:00: a run was at work" */
export function gapWords(
  view: View,
  { slots, fromSlotMs, toSlotMs, reason }: Gap,
): string {
  const [from, to] = [shortTime(view, iso(fromSlotMs)), shortTime(view, iso(toSlotMs))];
  const which = slots === 1 ? from : `${from} to ${to}`;
  const many = slots === 1 ? "1 slot" : `${slots} slots`;
  return reason === "missed"
    ? `${many} missed, ${which}: no process served`
    : `${many} left out, ${which}: an earlier run was at work`;
}
