// Rows that judge: a value in the range that its gate allows, and a candidate beside the champion.

// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";
import type { FC } from "hono/jsx";
import { decimal } from "../../src/cards/format.ts";
import { RowChart } from "./frame.tsx";
import { arrow, cross, diamond, dot, horizontal, rect, vertical } from "./marks.ts";

export interface GateBulletProps {
  name: string;
  /** null where it could not be computed: such a gate has no mark. */
  value: number | null;
  comparison: "<=" | ">=";
  threshold: number;
  champion?: number | null;
  /** As the gate was judged; worked out from the numbers where left out. */
  passed?: boolean;
  /** Ends of the scale; round ones around the numbers where left out. */
  range?: readonly [low: number, high: number];
  decimals?: number;
}

/** A gate: allowed is shaded, up to the threshold. ● passes, ✕ fails, ◆ is the champion. */
export const GateBullet: FC<GateBulletProps> = (
  { name, value, comparison, threshold, champion = null, passed, range, decimals = 3 },
) => {
  const isAtMost = comparison === "<=";
  const known = [value, threshold, champion].filter((number) => isKnown(number));
  const scale = scaleLinear().domain(range ?? roundEnds(known)).range([1, 99]).clamp(true);
  const rule = scale(threshold);
  const isPassed = passed ??
    (isKnown(value) && (isAtMost ? value <= threshold : value >= threshold));
  const marks = rect("f-2", 0, 100, 8, 4) +
    (isAtMost ? rect("f-band", 1, rule - 1, 5, 10) : rect("f-band", rule, 99 - rule, 5, 10)) +
    vertical("s-ink", rule, 2, 18) +
    (isKnown(champion) ? diamond("f-2i", inset(scale(champion)), 10) : "") +
    (!isKnown(value)
      ? ""
      : isPassed
      ? dot("f-ok", inset(scale(value)), 10, 4.5)
      : cross("s-fail", inset(scale(value)), 10));
  const sign = isAtMost ? "≤" : "≥";
  const label = `${name}: ${isKnown(value) ? decimal(value, decimals) : "not computable"}, ` +
    `expected ${sign} ${decimal(threshold, decimals)}` +
    (isKnown(champion) ? `, champion ${decimal(champion, decimals)}` : "");
  return <RowChart label={label} marks={marks} />;
};

function isKnown(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function roundEnds(known: readonly number[]): [number, number] {
  const low = Math.min(0, ...known.map((value) => 1.25 * value));
  const high = Math.max(0.01, ...known.map((value) => 1.25 * value));
  return scaleLinear().domain([low, high]).nice(4).domain() as [number, number];
}

/** Marks of some pixels stay whole at the ends. */
function inset(percent: number): number {
  return Math.min(96, Math.max(4, percent));
}

export interface DumbbellRowProps {
  candidate: { name: string; value: number | null };
  champion: { name: string; value: number | null };
  better: "higher" | "lower";
  /** The difference at either edge. */
  span: number;
  /** How much worse is still allowed; shaded with all that is better. */
  tolerance?: number;
  decimals?: number;
}

/** ● the candidate from ◆ the champion, who is the centre; right is better. */
export const DumbbellRow: FC<DumbbellRowProps> = (
  { candidate, champion, better, span, tolerance, decimals = 3 },
) => {
  const percentOf = (gain: number) => 50 + 50 * gain / span;
  let marks = tolerance === undefined
    ? ""
    : rect("f-band", inset(percentOf(-tolerance)), 99 - inset(percentOf(-tolerance)), 5, 10);
  marks += horizontal("gr", 10);
  const isCentred = isKnown(champion.value);
  if (isCentred && isKnown(candidate.value)) {
    const gain = (candidate.value - champion.value!) * (better === "higher" ? 1 : -1);
    const at = percentOf(gain);
    marks += horizontal("s-3", 10, 50, inset(at)) + diamond("f-ink", 50, 10, 5);
    marks += Math.abs(gain) > span
      ? arrow("f-acc", inset(at), 10, gain > 0)
      : dot("f-acc", inset(at), 10, 5);
  } else if (isCentred) {
    marks += diamond("f-ink", 50, 10, 5);
  }
  const label = `${candidate.name} ${decimal(candidate.value, decimals)}, ` +
    `${champion.name} ${decimal(champion.value, decimals)}`;
  return <RowChart label={label} marks={marks} />;
};
