// An outcome metric by day, with how sure it is and from how many it comes.

// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";
import type { FC } from "hono/jsx";
import { count, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { Chart } from "./frame.tsx";
import { type Label, type Obstacle, type Place, placeTwins } from "./labels.ts";
import { dot, horizontal, texts, vertical } from "./marks.ts";
import { dayName, timeScale, type VersionChange } from "./time_axis.ts";

export interface MetricDay {
  /** The start of the day. */
  atMs: number;
  /** null leaves a gap, never a zero. */
  value: number | null;
  /** 95 %. */
  interval?: { low: number; high: number } | null;
  n: number;
}

export interface MetricByDayProps {
  /** Its heading. */
  name: string;
  /** In order, without a day left out. */
  days: readonly MetricDay[];
  format: (value: number) => string;
  /** What it cannot exceed, as 1 for a rate: the axis ends there at the latest. */
  ceiling?: number;
  changes?: readonly VersionChange[];
}

const HEIGHT = 148;
const TOP = 22;
const FLOOR = 114;
/** Values of fewer are hollow. */
const FEW = 50;
/** A small multiple is at times a quarter of a page. */
const WIDTHS = [236, 1400] as const;

/** Value, interval and n of each day; a small multiple with its heading. */
export const MetricByDay: FC<MetricByDayProps> = (
  { name, days, format, ceiling = Infinity, changes = [] },
) => {
  const known = days.filter(isKnown);
  const tops = known.flatMap(({ value, interval }) => [value, interval?.high ?? value]);
  const [, nice] = scaleLinear().domain([0, 1.1 * Math.max(1e-9, ...tops)]).nice(4).domain();
  const high = Math.min(nice!, ceiling);
  const y = (value: number) => FLOOR - Math.max(0, value) / high * (FLOOR - TOP);
  const pitch = 100 / Math.max(1, days.length);
  const x = (index: number) => (index + 0.5) * pitch;
  const change = versionMarks(changes, days);
  const marks = horizontal("ax", FLOOR) + horizontal("gr", TOP) + change.marks +
    days.map((day, i) => point(day, x(i), y)).join("") +
    texts(placeTwins(
      [
        ...(known.length > 0 ? [gridLabel(format(high))] : []),
        ...valueLabels(days, x, y, format),
        ...change.labels,
        ...dayLabels(days, x),
      ],
      { height: HEIGHT, obstacles: obstaclesOf(days, x, y) },
      WIDTHS,
    ));
  return (
    <figure>
      <h3>{plainText(name)}</h3>
      <Chart
        height={HEIGHT}
        title={`${name} by day${span(days)}`}
        desc={describe(days, format)}
        marks={marks}
      />
    </figure>
  );
};

type KnownDay = MetricDay & { value: number };

function isKnown(day: MetricDay): day is KnownDay {
  return day.value !== null && Number.isFinite(day.value);
}

type Height = (value: number) => number;

function point(day: MetricDay, x: number, y: Height): string {
  if (!isKnown(day)) return "";
  const bar = day.interval ? vertical("s-3", x, y(day.interval.low), y(day.interval.high)) : "";
  return bar + dot(day.n < FEW ? "f-panel s-ink" : "f-ink", x, y(day.value));
}

/** The last value and the highest: others can be read off between these. */
function valueLabels(
  days: readonly MetricDay[],
  x: (index: number) => number,
  y: Height,
  format: MetricByDayProps["format"],
): Label[] {
  const last = days.findLastIndex(isKnown);
  if (last === -1) return [];
  const highest = days.reduce(
    (best, day, i) => isKnown(day) && day.value > days[best]!.value! ? i : best,
    last,
  );
  return [...new Set([last, highest])].map((i) => {
    const at = y(days[i]!.value!);
    const beside = [4, -4, 12, -12].flatMap((dy): Place[] => [
      { x: x(i), dx: 7, y: at + dy },
      { x: x(i), dx: -7, y: at + dy, anchor: "end" },
    ]);
    const over: Place[] = [{ x: x(i), y: at - 8, anchor: "middle" }, {
      x: 100,
      y: at - 8,
      anchor: "end",
    }];
    return {
      lines: [{ text: format(days[i]!.value!), class: "lab halo" }],
      places: [...beside, ...over].filter((place) => place.y <= FLOOR - 3),
    };
  });
}

/** Bars and points, which labels keep off. */
function obstaclesOf(
  days: readonly MetricDay[],
  x: (index: number) => number,
  y: Height,
): Obstacle[] {
  return days.flatMap((day, i) => {
    if (!isKnown(day)) return [];
    const [low, high] = [day.interval?.low ?? day.value, day.interval?.high ?? day.value];
    return [{
      points: [
        [x(i), Math.min(y(high), y(day.value) - 3)] as const,
        [x(i), Math.max(y(low), y(day.value) + 3)] as const,
      ],
    }];
  });
}

function gridLabel(text: string): Label {
  return { lines: [{ text }], places: [{ x: 0, y: TOP - 4 }] };
}

function dayLabels(days: readonly MetricDay[], x: (index: number) => number): Label[] {
  return days.flatMap((day, i): Label[] => [
    {
      lines: [{ text: String(new Date(day.atMs).getUTCDate()) }],
      places: [{ x: x(i), y: FLOOR + 16, anchor: "middle" }],
    },
    {
      lines: [{ text: short(day.n) }],
      places: [{ x: x(i), y: FLOOR + 30, anchor: "middle" }],
    },
  ]);
}

/** "2,381", "12k" */
function short(n: number): string {
  return n < 10_000 ? count(n) : `${count(n / 1000)}k`;
}

function versionMarks(
  changes: readonly VersionChange[],
  days: readonly MetricDay[],
): { marks: string; labels: Label[] } {
  const fromMs = days[0]?.atMs ?? 0;
  const toMs = (days.at(-1)?.atMs ?? 0) + DAY_MS;
  const x = timeScale(fromMs, toMs);
  const inside = changes.filter(({ atMs }) => atMs > fromMs && atMs < toMs);
  return {
    marks: inside.map(({ atMs }) => vertical("mk", x(atMs), 10, FLOOR)).join(""),
    labels: inside.toReversed().map(({ atMs, version }) => ({
      lines: [{ text: `v${version}`, class: "halo" }],
      places: [{ x: x(atMs), dx: 3, y: 18 }, { x: x(atMs), dx: -3, y: 18, anchor: "end" }],
    })),
  };
}

function span(days: readonly MetricDay[]): string {
  const [first, last] = [days[0], days.at(-1)];
  return first && last ? `, ${dayName(first.atMs)} to ${dayName(last.atMs)}` : "";
}

function describe(days: readonly MetricDay[], format: MetricByDayProps["format"]): string {
  if (!days.some(isKnown)) return "No day has a value yet.";
  return days.map((day) => {
    if (!isKnown(day)) return `${dayName(day.atMs)} ${UNDEFINED}`;
    const { interval } = day;
    return `${dayName(day.atMs)} ${format(day.value)}` +
      (interval ? ` [${format(interval.low)}, ${format(interval.high)}]` : "") +
      `, n ${count(day.n)}`;
  }).join("; ");
}
