// Charts as SVG: x in percent, y in pixels, so that text never scales; classes and attributes only. The
// same input gives the same bytes. Each has a title and a description for those who do not see it.

// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";
// @ts-types="npm:@types/d3-shape@^3.1.7"
import { curveStepAfter, line } from "d3-shape";
import { raw } from "hono/html";
import type { Child, FC } from "hono/jsx";
import { count, decimal, plainText, significant } from "./format.ts";
import type { Bins } from "./histogram.ts";
import { placeLabels } from "./labels.ts";

const LABEL_LINE = 14;
/** A line with its name above the marks, so that no name is too long for a narrow screen. */
const NAMED_LINE = 40;
const NAMED_MIDDLE = 26;

/** Numbers in attributes: enough digits for a pixel, and no more bytes than that. */
function px(value: number): string {
  return String(Number(value.toFixed(2)));
}

function pc(value: number): string {
  return `${px(value)}%`;
}

const Chart: FC<{ height: number; title: string; desc: string; children?: Child }> = (
  { height, title, desc, children },
) => (
  <svg class="ch" role="img" height={height} width="100%">
    <title>{plainText(title)}</title>
    <desc>{plainText(desc)}</desc>
    {children}
  </svg>
);

export interface HistogramProps {
  title: string;
  bins: Bins;
  /** Another series in the same bins, drawn as an outline; both as shares of their rows. */
  other?: { bins: Bins; name: string; ownName: string };
  /** A line; bars left of it are abnormal. */
  threshold?: { at: number; label: string };
  height?: number;
}

/** How often which values occur. */
export const Histogram: FC<HistogramProps> = ({ title, bins, other, threshold, height = 96 }) => {
  const x = scaleLinear().domain([bins.from, bins.to]).range([0, 100]);
  const shareOf = ({ counts }: Bins) => {
    const total = counts.reduce((sum, n) => sum + n, 0);
    return counts.map((n) => other && total > 0 ? n / total : n);
  };
  const own = shareOf(bins);
  const others = other ? shareOf(other.bins) : [];
  const top = threshold ? LABEL_LINE + 4 : 4;
  const y = scaleLinear().domain([0, Math.max(...own, ...others)]).range([height, top]);
  const width = 100 / own.length;
  const total = bins.counts.reduce((sum, n) => sum + n, 0);
  const highest = own.indexOf(Math.max(...own));
  const step = (bins.to - bins.from) / own.length;
  const desc =
    `${count(total)} values from ${significant(bins.from)} to ${significant(bins.to)}, ` +
    `most around ${significant(bins.from + (highest + 0.5) * step)}` +
    (other ? `; outlined: ${other.name}` : "");
  // As text: a page of features has hundreds of bars, and an element costs fifty times as much.
  const bars = own.map((value, i) => {
    const isOver = threshold !== undefined && x.invert((i + 0.5) * width) < threshold.at;
    return value === 0
      ? ""
      : `<rect class="${isOver ? "over" : "bar"}" x="${pc(i * width + width * 0.06)}" ` +
        `width="${pc(width * 0.88)}" y="${px(y(value))}" height="${px(height - y(value))}"></rect>`;
  });
  const outline = line<number>().curve(curveStepAfter)
    .x((_, i) => i * width).y((share) => y(share));
  return (
    <Chart height={height + 18} title={title} desc={desc}>
      {raw(bars.join(""))}
      {other
        ? (
          <svg viewBox={`0 0 100 ${height}`} height={height} preserveAspectRatio="none">
            <path class="bar2" d={outline([...others, others.at(-1)!]) ?? ""} />
          </svg>
        )
        : ""}
      <line class="axis" x1="0" x2="100%" y1={height} y2={height} />
      {threshold ? <Rule at={x(threshold.at)} label={threshold.label} height={height} /> : ""}
      <text x="0" y={height + 14}>{significant(bins.from, 3)}</text>
      <text x="100%" y={height + 14} text-anchor="end">{significant(bins.to, 3)}</text>
    </Chart>
  );
};

/** A threshold with its label above the chart. */
const Rule: FC<{ at: number; label: string; height: number }> = ({ at, label, height }) => {
  const inside = Math.min(100, Math.max(0, at));
  const [placed] = placeLabels([{ text: label, at: inside }]);
  return (
    <g>
      <line class="rule" x1={pc(inside)} x2={pc(inside)} y1={LABEL_LINE} y2={height} />
      <text class="label" x={pc(inside)} y={LABEL_LINE - 3} text-anchor={placed!.anchor}>
        {label}
      </text>
    </g>
  );
};

export interface HeatCell {
  /** Short, to stand in the cell. */
  text: string;
  /** For the cell's own title. */
  title: string;
  /** The step from −3 to 3; null where the value is not known. */
  step: number | null;
}

/** Cells in reading order; falls in ink, rises in the accent, the stronger the further. */
export const Heatmap: FC<{ title: string; desc: string; cells: HeatCell[]; perRow?: number }> = (
  { title, desc, cells, perRow = 12 },
) => {
  const size = 30;
  const width = 100 / perRow;
  const height = Math.ceil(cells.length / perRow) * size;
  return (
    <Chart height={height} title={title} desc={desc}>
      {cells.map(({ text, title, step }, i) => {
        const column = i % perRow;
        const top = Math.floor(i / perRow) * size;
        const kind = step === null || step === 0 ? "" : `${step < 0 ? "f" : "r"}${Math.abs(step)}`;
        const isDark = step !== null && Math.abs(step) === 3;
        return (
          <g>
            <title>{plainText(title)}</title>
            <rect
              class={`cell ${kind}`.trim()}
              x={pc(column * width + 0.15)}
              width={pc(width - 0.3)}
              y={top + 1}
              height={size - 2}
            />
            <text
              class={isDark ? "on" : "label"}
              x={pc((column + 0.5) * width)}
              y={top + 19}
              text-anchor="middle"
            >
              {plainText(text).slice(0, 6)}
            </text>
          </g>
        );
      })}
    </Chart>
  );
};

/** Two values of the same measure: ◆ the champion's, ● the candidate's. */
export const Dumbbell: FC<
  { title: string; rows: { name: string; champion: number | null; candidate: number | null }[] }
> = ({ title, rows }) => {
  const known = rows.flatMap(({ champion, candidate }) => [champion, candidate])
    .filter((value) => value !== null);
  const x = scaleLinear().domain([Math.min(0, ...known), Math.max(...known, 0.01)]).range([2, 97]);
  const lineHeight = NAMED_LINE;
  const desc = rows.map(({ name, champion, candidate }) =>
    `${name}: candidate ${decimal(candidate)}, champion ${decimal(champion)}`
  ).join("; ");
  return (
    <Chart height={rows.length * lineHeight} title={title} desc={desc}>
      {rows.map(({ name, champion, candidate }, i) => {
        const y = i * lineHeight + NAMED_MIDDLE;
        return (
          <g>
            <text x="0" y={y - 11} class="label">{name}</text>
            {champion !== null && candidate !== null
              ? <line class="span" x1={pc(x(champion))} x2={pc(x(candidate))} y1={y} y2={y} />
              : ""}
            {champion === null ? "" : (
              <svg x={pc(x(champion))} y={y} class="mark">
                <path class="diamond" d="M0,-5L5,0L0,5L-5,0Z" />
              </svg>
            )}
            {candidate === null ? "" : <circle class="dot" cx={pc(x(candidate))} cy={y} r="4.5" />}
          </g>
        );
      })}
    </Chart>
  );
};

/** Values with their 95 % intervals, on a scale from 0 to 1. */
export const Intervals: FC<
  {
    title: string;
    rows: {
      name: string;
      value: number | null;
      interval: { low: number; high: number } | null;
      /** What chance alone would give. */
      chance?: number | null;
    }[];
  }
> = ({ title, rows }) => {
  const x = scaleLinear().domain([0, 1]).range([2, 97]);
  const lineHeight = NAMED_LINE;
  const height = rows.length * lineHeight;
  const desc = rows.map(({ name, value }) => `${name} ${decimal(value)}`).join("; ");
  return (
    <Chart height={height + 18} title={title} desc={desc}>
      {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
        <g>
          <line class="axis" x1={pc(x(tick))} x2={pc(x(tick))} y1="0" y2={height} />
          <text x={pc(x(tick))} y={height + 14} text-anchor="middle">{tick}</text>
        </g>
      ))}
      {rows.map(({ name, value, interval, chance }, i) => {
        const y = i * lineHeight + NAMED_MIDDLE;
        return (
          <g>
            <text x="0" y={y - 11} class="label">{name}</text>
            {interval
              ? (
                <line
                  class="interval"
                  x1={pc(x(interval.low))}
                  x2={pc(x(interval.high))}
                  y1={y}
                  y2={y}
                />
              )
              : ""}
            {chance === null || chance === undefined
              ? ""
              : <line class="rule" x1={pc(x(chance))} x2={pc(x(chance))} y1={y - 9} y2={y + 9} />}
            {value === null ? "" : <circle class="dot" cx={pc(x(value))} cy={y} r="4.5" />}
          </g>
        );
      })}
    </Chart>
  );
};

/** When there was a snapshot, and when there was none. */
export const TimeStrip: FC<
  {
    title: string;
    fromMs: number;
    toMs: number;
    parts: { name: string; fromMs: number; toMs: number }[];
    gaps: { fromMs: number; toMs: number }[];
  }
> = ({ title, fromMs, toMs, parts, gaps }) => {
  const x = scaleLinear().domain([fromMs, Math.max(toMs, fromMs + 1)]).range([0, 100]);
  const labels = placeLabels(
    parts.map((part) => ({ text: part.name, at: x((part.fromMs + part.toMs) / 2) })),
  );
  const top = LABEL_LINE * (1 + Math.max(0, ...labels.map((label) => label.level)));
  const desc = `${parts.map((part) => part.name).join(", ")}; ${gaps.length} gaps`;
  return (
    <Chart height={top + 22} title={title} desc={desc}>
      {labels.map(({ text, at, anchor, level }) => (
        <text class="label" x={pc(at)} y={top - 4 - level * LABEL_LINE} text-anchor={anchor}>
          {text}
        </text>
      ))}
      {parts.map((part) => (
        <rect
          class="here"
          x={pc(x(part.fromMs))}
          width={pc(Math.max(0.3, x(part.toMs) - x(part.fromMs)))}
          y={top}
          height="18"
        />
      ))}
      {gaps.map((gap) => (
        <rect
          class="gap"
          x={pc(x(gap.fromMs))}
          width={pc(Math.max(0.3, x(gap.toMs) - x(gap.fromMs)))}
          y={top}
          height="18"
        />
      ))}
    </Chart>
  );
};
