// Where the labels of a chart stand. A chart is as wide as its panel, which no server knows, so a place is
// taken only if it is right at every width of a range: a box moves in a straight line as the chart grows
// (x in percent, text in pixels), therefore the two ends of the range decide for all that lies between.

export interface Place {
  /** In percent of the chart's width. */
  x: number;
  /** Pixels to the right of it. */
  dx?: number;
  /** The first line's baseline. */
  y: number;
  anchor?: "start" | "middle" | "end";
}

export interface LabelLine {
  text: string;
  /** For narrow screens. */
  short?: string;
  /** `lab`, `l-flag`, `halo` and so on. */
  class?: string;
}

export interface Label {
  lines: readonly LabelLine[];
  /** In order of preference; the first that is free is taken. */
  places: readonly Place[];
  /** Not shown at all rather than across a line. */
  shy?: boolean;
}

/** What labels keep off: a polyline, x ascending in percent; `filled` down to the axis. */
export interface Obstacle {
  points: readonly (readonly [x: number, y: number])[];
  filled?: boolean;
}

export interface Area {
  /** The narrowest and the widest that the chart gets, in pixels. */
  widths: readonly [number, number];
  height: number;
  obstacles?: readonly Obstacle[];
}

export interface PlacedLine {
  text: string;
  class: string;
  x: number;
  dx: number;
  y: number;
  anchor: "start" | "middle" | "end";
}

const LINE_HEIGHT = 14;
const ASCENT = 9;
const DESCENT = 3;
/** Between two labels side by side. */
const SPACE = 3;
/** Between a label and a line. */
const AIR = 2;

/** Of characters at 11 px; no less than the widest of the fonts that a page may come to be shown in. */
const NARROW = /[ .,:;'|!iljtfr()[\]\u00a0]/;
const WIDE = /[A-Zmw%≤≥#&@+<>=−–…]/;

function characterWidth(character: string): number {
  if (NARROW.test(character)) return 3.6;
  if (WIDE.test(character)) return 8.8;
  return character < "\u0250" ? 6.7 : 11.5;
}

const ASCII_WIDTHS = Array.from(
  { length: 128 },
  (_, code) => characterWidth(String.fromCharCode(code)),
);

/** An upper bound of a text's width, in pixels. */
export function textWidth(text: string, isBold = false): number {
  let width = 0;
  for (const character of text) {
    width += ASCII_WIDTHS[character.codePointAt(0)!] ?? characterWidth(character);
  }
  return isBold ? width * 1.06 : width;
}

interface Box {
  x: number;
  /** The left edge in pixels from x, and the width. */
  from: number;
  width: number;
  top: number;
  bottom: number;
}

/**
 * The lines of the labels that found a place, the first labels first. One that finds none off the lines
 * lies across a line, unless it is shy; one that finds none off the other labels is left out.
 */
export function placeLabels(labels: readonly Label[], area: Area): PlacedLine[] {
  const boxes: Box[] = [];
  const placed: PlacedLine[] = [];
  for (const label of labels) {
    const taken = choose(label, boxes, area);
    if (taken === undefined) continue;
    boxes.push(taken.box);
    const { x, dx = 0, y, anchor = "start" } = taken.place;
    placed.push(...label.lines.map(({ text, class: kind = "" }, i) => ({
      text,
      // What lies across a line is kept legible by a halo.
      class: taken.isClear || kind.includes("halo") ? kind : `${kind} halo`.trim(),
      x,
      dx,
      y: y + i * LINE_HEIGHT,
      anchor,
    })));
  }
  return placed;
}

interface Taken {
  place: Place;
  box: Box;
  isClear: boolean;
}

function choose(label: Label, boxes: readonly Box[], area: Area): Taken | undefined {
  const width = Math.max(
    ...label.lines.map((line) => textWidth(line.text, /\b(lab|l-)/.test(line.class ?? ""))),
  );
  let across: Taken | undefined;
  for (const place of label.places) {
    const box = boxOf(width, label.lines.length, place);
    if (!isInside(box, area) || !boxes.every((other) => areApart(box, other, area.widths))) {
      continue;
    }
    if (isOffLines(box, area)) return { place, box, isClear: true };
    across ??= { place, box, isClear: false };
  }
  return label.shy ? undefined : across;
}

function boxOf(width: number, lines: number, { x, dx = 0, y, anchor }: Place): Box {
  const shift = anchor === "end" ? width : anchor === "middle" ? width / 2 : 0;
  return {
    x,
    from: dx - shift,
    width,
    top: y - ASCENT,
    bottom: y + DESCENT + (lines - 1) * LINE_HEIGHT,
  };
}

function isInside(box: Box, { widths, height }: Area): boolean {
  return box.top >= 0 && box.bottom <= height && widths.every((chart) => {
    const left = leftAt(box, chart);
    return left >= -0.5 && left + box.width <= chart + 0.5;
  });
}

function leftAt({ x, from }: Box, chart: number): number {
  return chart * x / 100 + from;
}

/** Above one another, or beside one another, in the same order, at both ends of the widths. */
function areApart(a: Box, b: Box, widths: Area["widths"]): boolean {
  if (a.bottom <= b.top || b.bottom <= a.top) return true;
  const isLeftOf = (one: Box, two: Box) =>
    widths.every((chart) => leftAt(one, chart) + one.width + SPACE <= leftAt(two, chart));
  return isLeftOf(a, b) || isLeftOf(b, a);
}

function isOffLines(box: Box, { widths, obstacles = [] }: Area): boolean {
  const lefts = widths.map((chart) => 100 * leftAt(box, chart) / chart);
  const rights = widths.map((chart) => 100 * (leftAt(box, chart) + box.width) / chart);
  const from = Math.min(...lefts);
  const to = Math.max(...rights);
  return obstacles.every((obstacle) => !meets(obstacle, box, from, to));
}

function meets({ points, filled = false }: Obstacle, box: Box, from: number, to: number): boolean {
  const top = box.top - AIR;
  const bottom = box.bottom + AIR;
  for (let i = firstAfter(points, from); i < points.length; i++) {
    const [x, y] = points[i]!;
    const before = points[i - 1];
    if (before === undefined) {
      if (x <= to && y <= bottom && (filled || y >= top)) return true;
      continue;
    }
    if (before[0] > to) return false;
    const [start, end] = [heightAt(before, [x, y], from), heightAt(before, [x, y], to)];
    const highest = Math.min(start, end);
    const lowest = filled ? Infinity : Math.max(start, end);
    if (highest <= bottom && lowest >= top) return true;
  }
  return false;
}

/** The y of a segment at x, or at the end of it that is nearest to x. */
function heightAt(
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  x: number,
): number {
  if (x <= x1) return y1;
  if (x >= x2) return y2;
  return y1 + (y2 - y1) * (x - x1) / (x2 - x1);
}

function firstAfter(points: Obstacle["points"], x: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]![0] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How wide charts get on screens that show `wide` labels, and on those that show `mob` ones. */
const WIDE_WIDTHS = [300, 1400] as const;
/** Of a chart that has a panel of five columns or more. */
export const PANEL_WIDTHS = [400, 1400] as const;
const NARROW_WIDTHS = [300, 620] as const;

/** The labels for wide and for narrow screens; a line that is the same on both is there once. */
export function placeTwins(
  labels: readonly Label[],
  area: Omit<Area, "widths">,
  widths: Area["widths"] = WIDE_WIDTHS,
): PlacedLine[] {
  const wide = placeLabels(labels, { ...area, widths });
  const short = labels.map((label) => ({
    ...label,
    lines: label.lines.map((line) => ({ ...line, text: line.short ?? line.text })),
  }));
  const narrow = placeLabels(short, { ...area, widths: NARROW_WIDTHS });
  const keyOf = (line: PlacedLine) => JSON.stringify(line);
  const [wideKeys, narrowKeys] = [new Set(wide.map(keyOf)), new Set(narrow.map(keyOf))];
  return [
    ...wide.map((line) =>
      narrowKeys.has(keyOf(line)) ? line : { ...line, class: both(line, "wide") }
    ),
    ...narrow.filter((line) => !wideKeys.has(keyOf(line)))
      .map((line) => ({ ...line, class: both(line, "mob") })),
  ];
}

function both({ class: kind }: PlacedLine, screen: string): string {
  return `${kind} ${screen}`.trim();
}
