// Charts of one line's height, for rows of coins and episodes.

import type { FC } from "hono/jsx";
import { change, decimal } from "../../src/cards/format.ts";
import { RowChart } from "./frame.tsx";
import { arrow, dot, path, px, rect, vertical } from "./marks.ts";
import { unbroken } from "./time_axis.ts";

export interface SparklineProps {
  /** What it shows, in words: "LUNA price, 48 h, −71.3 % in 24 h". */
  label: string;
  /** In order of time. */
  points: readonly { atMs: number; value: number | null }[];
  /** As wide as the points where left out. */
  fromMs?: number;
  toMs?: number;
  flagged?: { fromMs: number; toMs: number } | null;
  /** At the last point: whether that one is abnormal. */
  end?: "flag" | "ink" | "none";
}

const WIDTH = 112;
/** The middle of a sparkline; it has 9 pixels above and below. */
const MIDDLE = 12;
const REACH = 9;

/** A course without axes, 112 by 24 pixels; only its shape can be read. */
export const Sparkline: FC<SparklineProps> = (
  { label, points, flagged, end = "none", ...span },
) => {
  const fromMs = span.fromMs ?? points[0]?.atMs ?? 0;
  const toMs = span.toMs ?? points.at(-1)?.atMs ?? 0;
  let [low, high] = [Infinity, -Infinity];
  for (const { value } of points) {
    if (value === null || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const x = (ms: number) => {
    const share = (ms - fromMs) / Math.max(1, toMs - fromMs);
    return 1 + Math.min(1, Math.max(0, share)) * (WIDTH - 6);
  };
  const y = (value: number) =>
    high > low ? MIDDLE + REACH - (value - low) / (high - low) * 2 * REACH : MIDDLE;
  const parts = unbroken(points, ({ value }) => value);
  let d = "";
  for (const part of parts) {
    for (const [i, { atMs, value }] of part.entries()) {
      d += `${i === 0 ? "M" : "L"}${px(x(atMs))} ${px(y(value!))}`;
    }
    if (part.length === 1) d += "h1";
  }
  const last = parts.at(-1)?.at(-1);
  const marks =
    (flagged
      ? `<rect class="a-flag" x="${px(x(flagged.fromMs))}" y="0" width="${
        px(Math.max(1.5, x(flagged.toMs) - x(flagged.fromMs)))
      }" height="24"/>`
      : "") +
    path("ln-2", d) +
    (last !== undefined && end !== "none"
      ? `<circle class="f-${end}" cx="${px(x(last.atMs))}" cy="${px(y(last.value!))}" r="2.5"/>`
      : "");
  return <RowChart class="spark" viewBox="0 0 112 24" label={label} marks={marks} />;
};

/** Keeps marks of some pixels within a row's chart, which has no overflow. */
const EDGE = 3;

function within(value: number, [low, high]: readonly [number, number]): number {
  const share = high > low ? (value - low) / (high - low) : 0.5;
  return EDGE + Math.min(1, Math.max(0, share)) * (100 - 2 * EDGE);
}

/** How far a score is past its threshold; `domain` is the same in all rows of a table. */
export const ThresholdBar: FC<
  { score: number | null; threshold: number; domain: readonly [low: number, high: number] }
> = ({ score, threshold, domain }) => {
  const rule = within(threshold, domain);
  let marks = rect("f-2", 0, 100, 9, 2);
  const isKnown = score !== null && Number.isFinite(score);
  const kind = isKnown && score < threshold ? "f-flag" : "f-2i";
  const at = isKnown ? within(score, domain) : rule;
  if (isKnown) marks += rect(kind, Math.min(at, rule), Math.abs(rule - at), 8, 4);
  marks += vertical("s-ink", rule, 3, 17);
  if (isKnown) marks += dot(kind, at, 10, 4);
  return (
    <RowChart label={`score ${decimal(score)}, threshold ${decimal(threshold)}`} marks={marks} />
  );
};

export interface ReturnBarProps {
  /** In percent; null while it is not due, or where it never will be known. */
  returnPct: number | null;
  /** In percent; at or below it, the flag came before a crash. */
  crashPct: number;
  horizonHours?: number;
  domain?: readonly [low: number, high: number];
}

/** What a price did after a flag; dashed: where a crash begins. */
export const ReturnBar: FC<ReturnBarProps> = (
  { returnPct, crashPct, horizonHours = 24, domain = [-50, 20] },
) => {
  const zero = within(0, domain);
  const isKnown = returnPct !== null && Number.isFinite(returnPct);
  let marks = "";
  if (isKnown) {
    const at = within(returnPct, domain);
    const kind = returnPct <= crashPct ? "f-flag" : "f-3";
    marks += rect(kind, Math.min(at, zero), Math.max(0.4, Math.abs(zero - at)), 7, 6);
    if (returnPct < domain[0] || returnPct > domain[1]) marks += arrow(kind, at, 10, returnPct > 0);
  }
  marks += vertical("s-2", zero, 3, 17) + vertical("th", within(crashPct, domain), 3, 17);
  const label = isKnown
    ? `${change(returnPct)} after ${horizonHours}\u00a0h, crash at ${change(crashPct)}`
    : `return after ${horizonHours}\u00a0h not known, crash at ${change(crashPct)}`;
  return <RowChart label={label} marks={marks} />;
};
