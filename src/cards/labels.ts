// Where the labels of a chart stand, so that none lies on another.

export interface Label {
  text: string;
  /** Centre, in percent of the chart's width. */
  at: number;
}

export interface PlacedLabel extends Label {
  anchor: "start" | "middle" | "end";
  /** 0 is the line next to the chart; each further one is a line away. */
  level: number;
}

/** Width of a character in percent of a chart of some 600 px. */
const CHARACTER = 1.1;
const SPACE = 1.5;

/**
 * Places labels in the order of their positions: anchored inwards near the edges, and each on the first
 * level on which it touches no other.
 */
export function placeLabels(labels: readonly Label[]): PlacedLabel[] {
  const ends: number[] = [];
  return [...labels].sort((a, b) => a.at - b.at).map((label) => {
    const width = label.text.length * CHARACTER;
    const anchor = label.at - width / 2 < 0
      ? "start"
      : label.at + width / 2 > 100
      ? "end"
      : "middle";
    const left = anchor === "start"
      ? label.at
      : anchor === "end"
      ? label.at - width
      : label.at - width / 2;
    const free = ends.findIndex((end) => end + SPACE <= left);
    const level = free === -1 ? ends.length : free;
    ends[level] = left + width;
    return { ...label, anchor, level };
  });
}
