// Where two versions decide alike, and where they do not.

import type { FC } from "hono/jsx";
import { count, percent } from "../../src/cards/format.ts";
import { Chart } from "./frame.tsx";
import { type Label, type Place, placeTwins } from "./labels.ts";
import { rect, texts, vertical } from "./marks.ts";

export interface AgreementBarProps {
  /** Names of the two: "v9", "v7". */
  a: string;
  b: string;
  both: number;
  onlyA: number;
  onlyB: number;
  neither: number;
}

const HEIGHT = 76;
const TOP = 30;
const THICK = 14;
/** Between parts, in percent. */
const SEAM = 0.25;

/** How many rows both, one or neither of two versions flag, as one bar. */
export const AgreementBar: FC<AgreementBarProps> = ({ a, b, both, onlyA, onlyB, neither }) => {
  const total = both + onlyA + onlyB + neither;
  const parts = [
    { size: both, fill: "f-flag", name: `${count(both)} both flag`, class: "lab" },
    { size: onlyA, fill: "f-acc", name: `${count(onlyA)} only ${a}`, class: "l-acc" },
    { size: onlyB, fill: "f-ink", name: `${count(onlyB)} only ${b}`, class: "lab" },
    { size: neither, fill: "f-2", name: `${count(neither)} neither`, class: "lab" },
  ];
  let marks = "";
  const labels: Label[] = [];
  let start = 0;
  for (const [i, { size, fill, name, class: kind }] of parts.entries()) {
    if (size === 0) continue;
    const width = 100 * size / total;
    const middle = start + width / 2;
    const isBelow = i === 1 || i === 2;
    marks += rect(fill, start, Math.max(0.3, width - SEAM), TOP, THICK);
    if (isBelow) marks += vertical("s-2", middle, TOP + THICK, TOP + THICK + 12);
    labels.push({
      lines: [{ text: name, class: kind }],
      places: isBelow ? placesBelow(middle, i === 1) : placesAbove(middle, i === 0),
    });
    start += width;
  }
  const desc = total === 0
    ? "No rows to compare."
    : `Both flag ${count(both)} rows, only ${a} ${count(onlyA)}, only ${b} ${count(onlyB)}, ` +
      `neither ${count(neither)}; the same decision on ${percent((both + neither) / total)}.`;
  if (total === 0) {
    marks = rect("f-2", 0, 100, TOP, THICK);
    labels.push({ lines: [{ text: "no rows" }], places: [{ x: 0, y: TOP - 8 }] });
  }
  return (
    <Chart
      height={HEIGHT}
      title={`Agreement of ${a} and ${b}`}
      desc={desc}
      marks={marks + texts(placeTwins(labels, { height: HEIGHT }))}
    />
  );
};

function placesAbove(middle: number, isLeft: boolean): Place[] {
  const y = TOP - 8;
  const ends: Place[] = [{ x: 0, y }, { x: 100, y, anchor: "end" }];
  return [...isLeft ? ends : ends.toReversed(), { x: middle, y, anchor: "middle" }];
}

/** Away from each other, under their parts. */
function placesBelow(middle: number, isLeft: boolean): Place[] {
  const y = TOP + THICK + 26;
  const left: Place = { x: middle, dx: 3, y, anchor: "end" };
  const right: Place = { x: middle, dx: -3, y };
  const edges: Place[] = [{ x: 0, y }, { x: 100, y, anchor: "end" }];
  return isLeft
    ? [left, { x: middle, y, anchor: "end" }, right, ...edges]
    : [right, { x: middle, y }, left, ...edges.toReversed()];
}
