// The labels of a coin's chart, with the geometry that they are placed by.

import { change, decimal, price as priceText } from "../../src/cards/format.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import type { Label, Place } from "./labels.ts";
import { dot, type Point, vertical } from "./marks.ts";
import { type PriceScale, priceScale } from "./price_scale.ts";
import { drawn, GAP_MS, momentName, timeScale, unbroken, type VersionChange } from "./time_axis.ts";

export interface CoinPoint {
  atMs: number;
  price: number | null;
  /** null where the champion could not score the coin. */
  score: number | null;
  flagged: boolean;
}

export interface PriceScoreChartProps {
  /** The coin's symbol. */
  name: string;
  /** In order of time, one a snapshot. */
  points: readonly CoinPoint[];
  /** Each holds from its time until the next; of the champion of the time. */
  thresholds: readonly { fromMs: number; value: number }[];
  fromMs: number;
  toMs: number;
  changes?: readonly VersionChange[];
  /** A flag to point out, and what the price did after it. */
  marked?: { atMs: number; returnPct: number | null; horizonHours: number };
}

export const PRICE = { top: 34, bottom: 190 };
export const SCORE = { top: 224, bottom: 328 };

/** What the parts of the chart share. */
export interface Frame {
  x: (ms: number) => number;
  price: PriceScale;
  score: (score: number) => number;
  episodes: CoinPoint[][];
  priceLines: Point[][];
  scoreLines: Point[][];
}

export function isKnown(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

export function frameOf({ points, thresholds, fromMs, toMs }: PriceScoreChartProps): Frame {
  const x = timeScale(fromMs, toMs);
  const prices = points.map((point) => point.price).filter((value) => isKnown(value));
  const scores = [
    ...points.map((point) => point.score).filter((value) => isKnown(value)),
    ...thresholds.filter(({ fromMs }) => fromMs <= toMs).map(({ value }) => value),
  ];
  const price = prices.length > 0
    ? priceScale(Math.min(...prices), Math.max(...prices), PRICE.top, PRICE.bottom)
    : { isLog: false, y: () => PRICE.bottom, ticks: [] };
  const [lowest, highest] = [Math.min(...scores), Math.max(...scores)];
  const score = (value: number) =>
    highest > lowest
      ? SCORE.top + (highest - value) / (highest - lowest) * (SCORE.bottom - 6 - SCORE.top)
      : (SCORE.top + SCORE.bottom) / 2;
  return {
    x,
    price,
    score,
    episodes: unbroken(points, ({ flagged }) => flagged ? 1 : null),
    priceLines: drawn(unbroken(points, (point) => point.price), x, (p) => price.y(p.price!)),
    scoreLines: drawn(unbroken(points, (point) => point.score), x, (p) => score(p.score!)),
  };
}

/** Where each threshold holds, within the chart. */
export function thresholdParts(
  { thresholds, fromMs, toMs }: PriceScoreChartProps,
  { x, score }: Frame,
): { from: number; to: number; y: number; value: number }[] {
  return thresholds.flatMap(({ fromMs: start, value }, i) => {
    const from = Math.max(0, x(Math.max(fromMs, start)));
    const to = Math.min(100, x(thresholds[i + 1]?.fromMs ?? toMs));
    return to > from ? [{ from, to, y: score(value), value }] : [];
  });
}

/** Of the newest threshold, below or above its line, at the end where the score is not. */
export function thresholdLabel(props: PriceScoreChartProps, frame: Frame): Label[] {
  const part = thresholdParts(props, frame).at(-1);
  if (part === undefined) return [];
  const { from, to, y, value } = part;
  const ends: Omit<Place, "y">[] = [
    { x: from, dx: from > 0 ? 4 : 0 },
    { x: to, dx: -2, anchor: "end" },
    { x: (from + to) / 2, anchor: "middle" },
  ];
  return [{
    lines: [{ text: `threshold ${decimal(value)}`, class: "halo" }],
    places: [13, -5].flatMap((dy) => ends.map((end) => ({ ...end, y: y + dy }))),
  }];
}

export function gridLabel(tick: number, { y, isLog }: PriceScale): Label {
  const at = y(tick);
  // Round prices of a log scale need no further digits: "$80", not "$80.00".
  const text = isLog
    ? priceText(tick).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "")
    : priceText(tick);
  return {
    lines: [{ text, class: "halo" }],
    places: [{ x: 0, y: at - 3 }, { x: 0, y: at + 12 }],
  };
}

/** Above and below a mark, nearest first, left of it unless there is no room; within its panel. */
function around(x: number, y: number, { top, bottom }: { top: number; bottom: number }): Place[] {
  return [-8, 18, -22, 32, -36, 46, -50, 60, -64].map((dy) => y + dy)
    .filter((at) => at - 9 >= top - 18 && at + 3 <= bottom)
    .flatMap((at): Place[] => [
      { x, dx: -4, y: at, anchor: "end" },
      { x, dx: 4, y: at },
    ]);
}

export function lastLabels(
  points: readonly CoinPoint[],
  toMs: number,
  { x, price, score }: Frame,
): Label[] {
  const labels: Label[] = [];
  const priced = points.findLast((point) => isKnown(point.price));
  if (priced !== undefined) {
    const isNow = toMs - priced.atMs <= GAP_MS;
    const text = `${isNow ? "now" : "last"} ${priceText(priced.price)}`;
    labels.push({
      lines: [{ text, class: "lab halo" }],
      places: around(x(priced.atMs), price.y(priced.price!), PRICE),
    });
  }
  const scored = points.findLast((point) => isKnown(point.score));
  if (scored !== undefined) {
    const kind = scored.flagged ? "l-flag halo" : "lab halo";
    labels.push({
      lines: [{ text: decimal(scored.score), class: kind }],
      places: around(x(scored.atMs), score(scored.score!), SCORE),
    });
  }
  return labels;
}

/** The flag to point out, with a stem to its label, so that this may stand off the line. */
export function markedFlag(
  { marked }: PriceScoreChartProps,
  points: readonly CoinPoint[],
  { x, price }: Frame,
): { marks: string; labels: Label[] } {
  const point = points.find(({ atMs }) => atMs === marked?.atMs);
  if (marked === undefined || point === undefined || !isKnown(point.price)) {
    return { marks: "", labels: [] };
  }
  const [at, y] = [x(point.atMs), price.y(point.price)];
  const after = marked.returnPct === null
    ? `${marked.horizonHours}\u00a0h later not known yet`
    : `${marked.horizonHours}\u00a0h later ${change(marked.returnPct)}`;
  const isHigh = y < (PRICE.top + PRICE.bottom) / 2;
  const down = [32, 46, 60, 18].map((dy) => y + dy);
  const up = [-36, -50, -64, -22].map((dy) => y + dy);
  const heights = isHigh ? [...down, ...up] : [...up, ...down];
  return {
    marks: vertical("s-2", at, y, y + (isHigh ? 44 : -44)) + dot("f-flag", at, y),
    labels: [{
      lines: [
        { text: `${priceText(point.price)}, flagged;`, class: "lab" },
        { text: after, class: "lab" },
      ],
      places: heights.filter((top) => top - 9 >= PRICE.top && top + 18 <= PRICE.bottom)
        .flatMap((top): Place[] => [
          { x: at, dx: -6, y: top, anchor: "end" },
          { x: at, dx: 6, y: top },
        ]),
    }],
  };
}

/** An episode that is still open, beside its shade where there is room. */
export function episodeLabel(
  episodes: CoinPoint[][],
  { points, toMs }: Pick<PriceScoreChartProps, "points" | "toMs">,
  { x }: Frame,
): Label[] {
  const open = episodes.at(-1);
  const last = points.at(-1);
  if (open === undefined || last === undefined || open.at(-1) !== last || open.length < 2) {
    return [];
  }
  // A coin that has left the market is not flagged any more: nobody looks at it.
  if (toMs - last.atMs > GAP_MS) return [];
  const start = x(open[0]!.atMs - HOUR_MS / 2);
  const heights = [157, 140, 120, 100, 80, 60, 48];
  return [{
    lines: [
      { text: "open episode", class: "l-flag" },
      { text: `since ${momentName(open[0]!.atMs)}` },
    ],
    places: heights.flatMap((y): Place[] => [
      { x: start, dx: -5, y, anchor: "end" },
      { x: Math.max(0, start), dx: 6, y },
    ]),
    shy: true,
  }];
}
