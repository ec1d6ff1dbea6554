// A schedule and what starts a flow, in words.

import type { Start } from "../../src/engine/dueness.ts";

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
