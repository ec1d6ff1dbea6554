// Time along a chart: ticks at round hours and days of UTC, and where a line is broken because snapshots
// are missing.

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { type Area, type Label, PANEL_WIDTHS, placeTwins } from "./labels.ts";
import { type Point, texts, vertical } from "./marks.ts";

/** Snapshots are an hour apart; a line that joined points further apart would invent what lies between. */
export const GAP_MS = 1.5 * HOUR_MS;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const STEPS_MS = [1, 2, 3, 6, 12, 24, 48, 72, 120, 168, 336, 720].map((hours) => hours * HOUR_MS);
const MOST_TICKS = 7;

/** "May 10" */
export function dayName(ms: number): string {
  const date = new Date(ms);
  return `${MONTHS[date.getUTCMonth()]}\u00a0${date.getUTCDate()}`;
}

/** "06:00" */
function hourName(ms: number): string {
  const minutes = Math.floor(ms / MINUTE_MS) % 1440;
  return `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}

/** "May 10 06:00" */
export function momentName(ms: number): string {
  return `${dayName(ms)} ${hourName(ms)}`;
}

/** A scale from times to percent; a span of nothing is all at the left. */
export function timeScale(fromMs: number, toMs: number): (ms: number) => number {
  const span = Math.max(1, toMs - fromMs);
  return (ms) => 100 * (ms - fromMs) / span;
}

interface Tick {
  atMs: number;
  name: string;
}

function timeTicks(fromMs: number, toMs: number): Tick[] {
  const span = Math.max(0, toMs - fromMs);
  const step = STEPS_MS.find((ms) => span / ms <= MOST_TICKS) ??
    DAY_MS * Math.ceil(span / DAY_MS / MOST_TICKS);
  const ticks = [];
  for (let atMs = Math.ceil(fromMs / step) * step; atMs <= toMs; atMs += step) {
    ticks.push({
      atMs,
      name: step < DAY_MS && atMs % DAY_MS !== 0 ? hourName(atMs) : dayName(atMs),
    });
  }
  return ticks;
}

/** The ticks of an axis at `y`, and their names below it. */
export function timeAxis(
  fromMs: number,
  toMs: number,
  y: number,
  widths: Area["widths"] = PANEL_WIDTHS,
): string {
  const x = timeScale(fromMs, toMs);
  const ticks = timeTicks(fromMs, toMs);
  const labels = ticks.map(({ atMs, name }, i): Label => ({
    lines: [{ text: name, short: shortName({ atMs, name }, ticks[i - 1]) }],
    places: [
      { x: x(atMs), y: y + 17, anchor: "middle" },
      x(atMs) > 50 ? { x: 100, y: y + 17, anchor: "end" } : { x: 0, y: y + 17 },
    ],
  }));
  return ticks.map(({ atMs }) => vertical("ax", x(atMs), y, y + 4)).join("") +
    texts(placeTwins(labels, { height: y + 20 }, widths));
}

/** After another day of the month, the number is enough. */
function shortName({ atMs, name }: Tick, before: Tick | undefined): string {
  const month = (ms: number) => new Date(ms).getUTCMonth();
  return name === dayName(atMs) && before !== undefined && month(before.atMs) === month(atMs)
    ? String(new Date(atMs).getUTCDate())
    : name;
}

/** Stretches of known values that follow one another without a gap. */
export function unbroken<T extends { atMs: number }>(
  points: readonly T[],
  valueOf: (point: T) => number | null,
): T[][] {
  const parts: T[][] = [];
  let last = -Infinity;
  for (const point of points) {
    const value = valueOf(point);
    if (value === null || !Number.isFinite(value)) {
      last = -Infinity;
      continue;
    }
    if (point.atMs - last > GAP_MS) parts.push([]);
    parts.at(-1)!.push(point);
    last = point.atMs;
  }
  return parts;
}

/** Polylines in percent and pixels, of stretches. */
export function drawn<T extends { atMs: number }>(
  parts: readonly T[][],
  x: (ms: number) => number,
  y: (point: T) => number,
): Point[][] {
  return parts.map((part) => part.map((point) => [x(point.atMs), y(point)] as const));
}

export interface VersionChange {
  atMs: number;
  version: number;
}

/** Dotted marks where another version became champion, and the labels at their tops. */
export function championChanges(
  changes: readonly VersionChange[],
  { fromMs, toMs, top, bottom }: { fromMs: number; toMs: number; top: number; bottom: number },
): { marks: string; labels: Label[] } {
  const x = timeScale(fromMs, toMs);
  const inside = changes.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
  return {
    marks: inside.map(({ atMs }) => vertical("mk", x(atMs), top, bottom)).join(""),
    // The newest first: of many, these are the ones that find a place.
    labels: inside.toReversed().map(({ atMs, version }) => ({
      lines: [{
        text: inside.length > 3 ? `v${version}` : `v${version} becomes champion`,
        short: inside.length > 1 ? `v${version}` : `v${version} becomes champion`,
        class: "halo",
      }],
      places: [0, LOWER].flatMap((below) => [
        { x: x(atMs), dx: 6, y: top + 4 + below },
        { x: x(atMs), dx: -6, y: top + 4 + below, anchor: "end" as const },
      ]),
    })),
  };
}

const LOWER = 14;
