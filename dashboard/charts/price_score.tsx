// A coin's price with the hours in which it was flagged, and below it the score that flagged them.

import type { FC } from "hono/jsx";
import { decimal, price as priceText } from "../../src/cards/format.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { Chart } from "./frame.tsx";
import { type Label, type Obstacle, PANEL_WIDTHS, type Place, placeTwins } from "./labels.ts";
import { dot, horizontal, lineThrough, path, rect, stretched, texts, vertical } from "./marks.ts";
import {
  type CoinPoint,
  episodeLabel,
  type Frame,
  frameOf,
  gridLabel,
  isKnown,
  lastLabels,
  markedFlag,
  PRICE,
  type PriceScoreChartProps,
  SCORE,
  thresholdLabel,
  thresholdParts,
} from "./price_labels.ts";
import { championChanges, GAP_MS, momentName, timeAxis, unbroken } from "./time_axis.ts";

export type { CoinPoint, PriceScoreChartProps };

const HEIGHT = 348;

export const PriceScoreChart: FC<PriceScoreChartProps> = (props) => {
  const { name, fromMs, toMs, changes = [] } = props;
  const points = props.points.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const frame = frameOf({ ...props, points });
  const { x, price, episodes, priceLines, scoreLines } = frame;
  const change = championChanges(changes, { fromMs, toMs, top: 10, bottom: SCORE.bottom });
  const steps = thresholdSteps(props, frame);
  const named: Label[] = [
    fixed(price.isLog ? "Price, log scale" : "Price", { x: 0, y: 12 }),
    fixed("Score, lower is more abnormal", { x: 0, y: SCORE.top - 10 }),
  ];
  const obstacles = [...priceLines, ...scoreLines].map((line): Obstacle => ({ points: line }));
  const marked = markedFlag(props, points, frame);
  const labels = [
    ...named,
    ...price.ticks.map((tick) => gridLabel(tick, price)),
    ...lastLabels(points, toMs, frame),
    ...marked.labels,
    ...episodeLabel(episodes, { points, toMs }, frame),
    ...thresholdLabel(props, frame),
    ...change.labels,
  ];
  const marks = price.ticks.map((tick) => horizontal("gr", price.y(tick))).join("") +
    shading(episodes, x) + timeAxis(fromMs, toMs, SCORE.bottom) +
    stretched(
      HEIGHT,
      path("ln", priceLines.map(lineThrough).join("")) +
        path("ln-2", scoreLines.map(lineThrough).join("")) +
        path("ln-f", flaggedScores(episodes, frame)),
    ) +
    steps + horizontal("ax", SCORE.bottom) + change.marks + marked.marks +
    lastDot(points, frame) +
    texts(placeTwins(labels, {
      height: SCORE.bottom - 1,
      obstacles: [...obstacles, ...thresholdObstacles(props, frame)],
    }, PANEL_WIDTHS));
  return (
    <Chart
      height={HEIGHT}
      title={`${name}, price and score, ${momentName(fromMs)} to ${momentName(toMs)}`}
      desc={describe(points, episodes, price.isLog, props)}
      marks={marks}
    />
  );
};

function fixed(text: string, place: Place): Label {
  return { lines: [{ text, class: "lab halo" }], places: [place] };
}

/** A flag stands for the hour around its snapshot. */
function shading(episodes: CoinPoint[][], x: Frame["x"]): string {
  return episodes.map((episode) => {
    const from = Math.max(0, x(episode[0]!.atMs - HOUR_MS / 2));
    const to = Math.min(100, x(episode.at(-1)!.atMs + HOUR_MS / 2));
    return rect("a-flag", from, Math.max(0.5, to - from), PRICE.top, PRICE.bottom - PRICE.top);
  }).join("");
}

function flaggedScores(episodes: CoinPoint[][], { x, score }: Frame): string {
  return episodes.flatMap((episode) => unbroken(episode, (point) => point.score))
    .map((part) => lineThrough(part.map((p) => [x(p.atMs), score(p.score!)] as const))).join("");
}

function thresholdSteps(props: PriceScoreChartProps, frame: Frame): string {
  const parts = thresholdParts(props, frame);
  return parts.map(({ from, to, y }, i) => {
    const next = parts[i + 1];
    return horizontal("th", y, from, to) + (next ? vertical("th", to, y, next.y) : "");
  }).join("");
}

function thresholdObstacles(props: PriceScoreChartProps, frame: Frame): Obstacle[] {
  return thresholdParts(props, frame).map(({ from, to, y }) => ({ points: [[from, y], [to, y]] }));
}

function lastDot(points: readonly CoinPoint[], { x, price }: Frame): string {
  const last = points.findLast((point) => isKnown(point.price));
  return last === undefined ? "" : dot("f-ink", x(last.atMs), price.y(last.price!));
}

function describe(
  points: readonly CoinPoint[],
  episodes: CoinPoint[][],
  isLog: boolean,
  { toMs, thresholds }: PriceScoreChartProps,
): string {
  const priced = points.filter((point) => isKnown(point.price));
  if (priced.length === 0) return "No prices in this time.";
  const [first, last] = [priced[0]!, priced.at(-1)!];
  const lowest = priced.reduce((low, point) => point.price! < low.price! ? point : low);
  const flagged = points.filter((point) => point.flagged).length;
  const scored = points.findLast((point) => isKnown(point.score));
  return [
    `Price on a ${isLog ? "log" : "linear"} scale, flagged hours shaded; the score below it.`,
    `From ${priceText(first.price)} to ${priceText(last.price)}` +
    ` ${toMs - last.atMs <= GAP_MS ? "now" : `at ${momentName(last.atMs)}`},`,
    `lowest ${priceText(lowest.price)} at ${momentName(lowest.atMs)}.`,
    `${flagged} of ${points.length} snapshots flagged, in ${episodes.length} episodes.`,
    scored
      ? `Score ${decimal(scored.score)}, threshold ${decimal(thresholds.at(-1)?.value ?? null)}.`
      : "",
  ].join(" ").trim();
}
