// How often which values occur: scores around their threshold, and features in training and holdout.

// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";
import type { FC } from "hono/jsx";
import { Histogram } from "../../src/cards/charts.tsx";
import { count, decimal, percent, plainText } from "../../src/cards/format.ts";
import type { Bins } from "../../src/cards/histogram.ts";
import { Chart } from "./frame.tsx";
import { type Label, type Place, placeTwins } from "./labels.ts";
import {
  horizontal,
  lineThrough,
  path,
  type Point,
  rect,
  stretched,
  texts,
  vertical,
} from "./marks.ts";

export interface ScoreHistogramProps {
  title: string;
  bins: Bins;
  /** What the rows are: "holdout", "snapshot". */
  of: string;
  /** Scores below it are flagged. */
  threshold: number;
  /** The exact share below the threshold; counted from the bins where left out. */
  flaggedShare?: number;
  /** In the same bins, as an outline; both then as shares of their rows. */
  training?: { bins: Bins; flaggedShare?: number };
  height?: number;
}

/** Where bars may begin: above them is the threshold's label. */
const TOP = 46;
const BELOW = 20;

/** Scores as bars, in the flag's colour below the threshold. */
export const ScoreHistogram: FC<ScoreHistogramProps> = (props) => {
  const { title, bins, of, threshold, training, height = 248 } = props;
  const total = sum(bins.counts);
  if (bins.counts.length === 0 || total === 0) return <EmptyHistogram {...{ title, of, height }} />;
  const floor = height - BELOW;
  const own = shares(bins);
  const others = training === undefined ? [] : shares(training.bins);
  const highest = Math.max(...own, ...others);
  const y = (share: number) => floor - share / highest * (floor - TOP);
  const x = scaleLinear().domain([bins.from, bins.to]).range([0, 100]);
  const rule = Math.min(100, Math.max(0, x(threshold)));
  const flagged = {
    own: props.flaggedShare ?? shareBelow(bins, threshold),
    others: training && (training.flaggedShare ?? shareBelow(training.bins, threshold)),
  };
  const outline = steps(others, y);
  const labels = [
    thresholdLabel(threshold, rule),
    sharesLabel(flagged, of, rule, floor),
  ];
  const ticks = x.ticks(4);
  const decimals = decimalsOf(ticks);
  const marks = rect("f-sunk", 0, rule, 14, floor - 14) +
    bars(own, y, floor, binsBelow(bins, threshold)) +
    stretched(height, path("ln", lineThrough(outline))) +
    horizontal("ax", floor) + tickLabels(ticks, decimals, x, floor) +
    vertical("s-ink", rule, 14, floor) +
    texts(placeTwins(labels, {
      height: floor,
      obstacles: [
        { points: steps(own, y), filled: true },
        { points: outline },
        { points: [[rule, 14], [rule, floor]] },
      ],
    }));
  const desc = `${count(total)} scores of the ${of} as bars` +
    (training === undefined ? "" : ", training scores as an outline") +
    `. Threshold ${decimal(threshold)}, lower is more abnormal. ` +
    `${percent(flagged.own)} of the ${of} lie below it` +
    (flagged.others === undefined
      ? "."
      : `, against ${percent(flagged.others)} of the training rows.`);
  return <Chart height={height} title={title} desc={desc} marks={marks} />;
};

const EmptyHistogram: FC<{ title: string; of: string; height: number }> = (
  { title, of, height },
) => {
  const floor = height - BELOW;
  const lines = [{
    text: "no scores",
    class: "",
    x: 50,
    dx: 0,
    y: floor / 2,
    anchor: "middle" as const,
  }];
  return (
    <Chart
      height={height}
      title={title}
      desc={`The ${of} has no scores.`}
      marks={horizontal("ax", floor) + texts(lines)}
    />
  );
};

function sum(counts: readonly number[]): number {
  return counts.reduce((total, n) => total + n, 0);
}

function shares({ counts }: Bins): number[] {
  const total = Math.max(1, sum(counts));
  return counts.map((n) => n / total);
}

/** How many bins, from the left, lie below it with more than half of their width. */
function binsBelow({ from, to, counts }: Bins, threshold: number): number {
  const at = (threshold - from) / (to - from) * counts.length;
  // A threshold in the very middle of a bin leaves it unflagged, however the division was rounded.
  return Math.min(counts.length, Math.max(0, Math.floor(at + 0.5 - 1e-9)));
}

function shareBelow(bins: Bins, threshold: number): number {
  return sum(bins.counts.slice(0, binsBelow(bins, threshold))) / Math.max(1, sum(bins.counts));
}

type Height = (share: number) => number;

function bars(own: readonly number[], y: Height, floor: number, flagged: number): string {
  const width = 100 / own.length;
  return own.map((share, i) => {
    if (share === 0) return "";
    const kind = i < flagged ? "f-flag" : "f-3";
    // A bin of few rows among many is still seen.
    const height = Math.max(0.7, floor - y(share));
    return rect(kind, i * width + 0.04 * width, 0.92 * width, floor - height, height);
  }).join("");
}

/** The tops of bins as a polyline in percent. */
function steps(values: readonly number[], y: Height): Point[] {
  const width = 100 / values.length;
  return values.flatMap((value, i): Point[] => [
    [i * width, y(value)],
    [(i + 1) * width, y(value)],
  ]);
}

function thresholdLabel(threshold: number, rule: number): Label {
  const y = 24;
  return {
    lines: [{ text: `threshold ${decimal(threshold)}`, class: "lab halo" }],
    places: [
      { x: rule, dx: -5, y, anchor: "end" },
      { x: rule, dx: 5, y },
      { x: 100, y, anchor: "end" },
      { x: 0, y },
    ],
  };
}

/** In the flagged part where its bars leave room, else above. */
function sharesLabel(
  flagged: { own: number; others: number | undefined },
  of: string,
  rule: number,
  floor: number,
): Label {
  const rows = [160, 130, 190, 100, 70, 48].map((share) => 14 + (floor - 14) * share / 214);
  const middles = [0.47, 0.3, 0.6].map((share) => share * rule);
  return {
    lines: [
      { text: `${percent(flagged.own)} of ${of}`, class: "l-flag" },
      ...(flagged.others === undefined ? [] : [{ text: `${percent(flagged.others)} of training` }]),
    ],
    places: rows.flatMap((y): Place[] => [
      ...middles.map((x): Place => ({ x, y, anchor: "middle" })),
      { x: rule, dx: -8, y, anchor: "end" },
      { x: 0, dx: 4, y },
    ]).concat(
      [...rows, 24].map((y): Place => ({ x: 100, dx: -4, y, anchor: "end" })),
      [{ x: 0, dx: 4, y: 24 }],
    ),
  };
}

function tickLabels(
  ticks: readonly number[],
  decimals: number,
  x: (value: number) => number,
  floor: number,
): string {
  const labels = ticks.map((tick): Label => ({
    lines: [{ text: decimal(tick, decimals) }],
    places: [
      { x: x(tick), y: floor + 16, anchor: "middle" },
      { x: x(tick), y: floor + 16, anchor: x(tick) > 50 ? "end" : "start" },
    ],
  }));
  return texts(placeTwins(labels, { height: floor + BELOW }));
}

/** As many as the smallest step between ticks needs, and two for the sake of scores. */
function decimalsOf(ticks: readonly number[]): number {
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : 0.01;
  return Math.min(6, Math.max(2, Math.ceil(-Math.log10(step))));
}

export interface FeatureHistogramProps {
  /** In words; shown above the chart. */
  name: string;
  training: Bins;
  /** In the same bins. */
  holdout: Bins;
  /** The share of holdout rows that lie elsewhere than those of the training; null where not known. */
  shift: number | null;
}

/** One feature: training as bars, the holdout as a line, as shares of their rows; a small multiple. */
export const FeatureHistogram: FC<FeatureHistogramProps> = ({ name, training, holdout, shift }) => (
  <figure>
    <h3>
      {plainText(name)} <span class="dim">{`shift ${percent(shift)}`}</span>
    </h3>
    <Histogram
      title={`${name}, training and holdout`}
      bins={training}
      other={{ bins: holdout, name: "holdout", ownName: "training" }}
      height={72}
    />
  </figure>
);
