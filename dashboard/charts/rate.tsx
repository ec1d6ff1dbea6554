// The share of coins that are flagged, over time, in the band that the gates allow.

import type { FC } from "hono/jsx";
import { decimal } from "../../src/cards/format.ts";
import { Chart } from "./frame.tsx";
import { type Label, type Obstacle, PANEL_WIDTHS, placeTwins } from "./labels.ts";
import { dot, horizontal, lineThrough, path, type Point, rect, stretched, texts } from "./marks.ts";
import {
  championChanges,
  drawn,
  GAP_MS,
  momentName,
  timeAxis,
  timeScale,
  unbroken,
  type VersionChange,
} from "./time_axis.ts";

export interface RateChartProps {
  /** In order of time, one a snapshot; where none was taken there is no point. */
  points: readonly { atMs: number; rate: number | null }[];
  /** What the gates allow; null where there are none. */
  band: { min: number; max: number } | null;
  fromMs: number;
  toMs: number;
  changes?: readonly VersionChange[];
  height?: number;
}

type RatePoint = { atMs: number; rate: number };

/** Room for the names of changes and of the peak. */
const TOP = 34;
const BELOW = 20;

export const RateChart: FC<RateChartProps> = (props) => {
  const { points, fromMs, toMs, changes = [], band } = props;
  const known = points.filter((point): point is RatePoint =>
    point.rate !== null && Number.isFinite(point.rate) && point.atMs >= fromMs && point.atMs <= toMs
  );
  if (known.length === 0) return <EmptyRateChart {...props} />;
  const height = props.height ?? 232;
  const floor = height - BELOW;
  const peak = known.reduce((highest, point) => point.rate > highest.rate ? point : highest);
  const last = known.at(-1)!;
  const top = Math.max(peak.rate, (band?.max ?? 0) * 1.25, 0.01);
  const x = timeScale(fromMs, toMs);
  const y = (rate: number) => floor - rate / top * (floor - TOP);
  const stretches = unbroken(
    points.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs),
    ({ rate }) => rate,
  );
  const lines = drawn(stretches, x, ({ rate }) => y(rate!));
  const change = championChanges(changes, { fromMs, toMs, top: 10, bottom: floor });
  const above = band === null ? "" : lines.map((line) => areaAbove(line, y(band.max))).join("");
  const labels = [
    ...(band === null ? [] : [bandLabel(band, y)]),
    nowLabel(last, toMs, band, x, y),
    ...(peak.rate === last.rate ? [] : [peakLabel(peak, x, y)]),
    ...change.labels,
  ];
  const marks = (band === null ? "" : bandMarks(band, y)) +
    horizontal("ax", floor) + timeAxis(fromMs, toMs, floor) +
    stretched(
      height,
      path("a-flag", above) + path("ln", lines.map((line) => lineThrough(line)).join("")),
    ) +
    change.marks +
    dot(isOver(last.rate, band) ? "f-flag" : "f-ink", x(last.atMs), y(last.rate)) +
    texts(
      placeTwins(
        labels,
        { height: floor - 2, obstacles: obstaclesOf(lines, band, y) },
        PANEL_WIDTHS,
      ),
    );
  return (
    <Chart
      height={height}
      title={`Anomaly rate per snapshot, ${momentName(fromMs)} to ${momentName(toMs)}`}
      desc={describe(known, peak, last, band, stretches.length - 1, toMs)}
      marks={marks}
    />
  );
};

function isOver(rate: number, band: RateChartProps["band"]): boolean {
  return band !== null && rate > band.max;
}

type Height = (rate: number) => number;

function bandMarks(band: { min: number; max: number }, y: Height): string {
  return rect("f-band", 0, 100, y(band.max), y(band.min) - y(band.max)) +
    horizontal("th", y(band.max)) + horizontal("th", y(band.min));
}

/** The line, and the band's edges, which a label may not lie across either. */
function obstaclesOf(lines: Point[][], band: RateChartProps["band"], y: Height): Obstacle[] {
  const edges = band === null ? [] : [band.min, band.max].map((rate): Obstacle => ({
    points: [[0, y(rate)], [100, y(rate)]],
  }));
  return [...lines.map((points) => ({ points })), ...edges];
}

function nowLabel(
  last: RatePoint,
  toMs: number,
  band: RateChartProps["band"],
  x: (ms: number) => number,
  y: Height,
): Label {
  const isNow = toMs - last.atMs <= GAP_MS;
  const at = x(last.atMs);
  const height = y(last.rate);
  const kind = isOver(last.rate, band) ? "l-flag halo" : "lab halo";
  const rate = decimal(last.rate);
  return {
    lines: [{
      text: isNow ? `now ${rate}` : `last ${rate}, ${momentName(last.atMs)}`,
      short: isNow ? `now ${rate}` : `last ${rate}`,
      class: kind,
    }],
    places: [
      { x: at, dx: 8, y: height + 4 },
      ...[18, -10, 32, -24, 46, -38, 60, -52].map((dy) => ({
        x: at,
        y: height + dy,
        anchor: "end" as const,
      })),
    ],
  };
}

/** Above and to the left, where the line has not been yet. */
function peakLabel({ atMs, rate }: RatePoint, x: (ms: number) => number, y: Height): Label {
  const at = x(atMs);
  const text = `peak ${decimal(rate)}, ${momentName(atMs)}`;
  return {
    lines: [{ text, short: `peak ${decimal(rate)}`, class: "halo" }],
    places: [
      { x: at, y: y(rate) - 8, anchor: "end" },
      { x: at, y: y(rate) - 8, anchor: "middle" },
      { x: at, y: y(rate) - 8 },
      { x: at, dx: -8, y: y(rate) + 4, anchor: "end" },
      { x: at, dx: 8, y: y(rate) + 4 },
      { x: at, y: y(rate) - 22, anchor: "end" },
      { x: at, y: y(rate) - 22 },
    ],
  };
}

/** Inside the band where the line leaves room, else on the band's upper edge. */
function bandLabel(band: { min: number; max: number }, y: Height): Label {
  const [high, low] = [y(band.max), y(band.min)];
  const range = `${decimal(band.min)} to ${decimal(band.max)}`;
  const ends = [
    { x: 100, dx: -4, anchor: "end" as const },
    { x: 0, dx: 4, anchor: "start" as const },
    ...[75, 50, 25].map((x) => ({ x, anchor: "middle" as const })),
  ];
  const heights = [(high + low) / 2 + 4, high + 13, low - 5];
  return {
    lines: [{ text: `gate band ${range}`, short: range, class: "l-ok" }],
    places: [
      ...heights.filter((at) => at - 10 >= high && at + 4 <= low)
        .flatMap((at) => ends.map((end) => ({ ...end, y: at }))),
      ...ends.map((end) => ({ ...end, y: high - 6 })),
      ...ends.map((end) => ({ ...end, y: low - 5 })),
    ],
  };
}

/** What lies between a line and the height that it may not pass, cut where the line passes it. */
function areaAbove(line: readonly Point[], limit: number): string {
  let d = "";
  let run: Point[] = [];
  const close = () => {
    if (run.length > 1) {
      d += `${lineThrough([[run[0]![0], limit], ...run, [run.at(-1)![0], limit]])}z`;
    }
    run = [];
  };
  for (const [i, point] of line.entries()) {
    const before = line[i - 1];
    if (before !== undefined && (before[1] < limit) !== (point[1] < limit)) {
      const share = (limit - before[1]) / (point[1] - before[1]);
      run.push([before[0] + share * (point[0] - before[0]), limit]);
    }
    if (point[1] < limit) run.push(point);
    else close();
  }
  close();
  return d;
}

function describe(
  known: RatePoint[],
  peak: RatePoint,
  last: RatePoint,
  band: RateChartProps["band"],
  gaps: number,
  toMs: number,
): string {
  const lowest = known.reduce((low, point) => point.rate < low.rate ? point : low);
  const over = band === null ? 0 : known.filter(({ rate }) => rate > band.max).length;
  return [
    "Share of coins flagged by the champion of the time.",
    band === null
      ? "No gate band."
      : `The gate band is ${decimal(band.min)} to ${decimal(band.max)}; ` +
        `${over} of ${known.length} snapshots lie above it.`,
    `Lowest ${decimal(lowest.rate)} at ${momentName(lowest.atMs)},`,
    `highest ${decimal(peak.rate)} at ${momentName(peak.atMs)},`,
    `${decimal(last.rate)} ${toMs - last.atMs <= GAP_MS ? "now" : `at ${momentName(last.atMs)}`}.`,
    gaps > 0 ? `${gaps} ${gaps === 1 ? "gap" : "gaps"} without snapshots.` : "",
  ].join(" ").trim();
}

/** Before the first prediction: what will be allowed is known already. */
const EmptyRateChart: FC<RateChartProps> = ({ band, fromMs, toMs, height = 120 }) => {
  const floor = height - BELOW;
  const [high, low] = [floor * 0.4, floor * 0.86];
  const lines = [{ x: 50, y: (high + low) / 2 + 4, anchor: "middle" as const }]
    .map((place) => ({ ...place, dx: 0, text: "no predictions yet", class: "lab" }));
  const start = { x: 0, dx: 0, anchor: "start" as const, class: "" };
  const ends = band === null ? [] : [
    { ...start, y: high - 4, text: `${decimal(band.max)} at most` },
    { ...start, y: low - 4, text: `${decimal(band.min)} at least` },
  ];
  const marks = (band === null ? "" : rect("f-band", 0, 100, high, low - high) +
    horizontal("th", high) + horizontal("th", low)) +
    horizontal("ax", floor) + timeAxis(fromMs, toMs, floor) + texts([...ends, ...lines]);
  return (
    <Chart
      height={height}
      title="Anomaly rate, empty"
      desc={`No predictions yet. ${
        band === null
          ? "No gate band."
          : `The gate band is ${decimal(band.min)} to ${decimal(band.max)}.`
      }`}
      marks={marks}
    />
  );
};
