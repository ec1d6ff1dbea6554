// The marks of a chart as text of SVG: x in percent, y in pixels, classes and attributes only. Charts have
// hundreds of marks, and an element as text costs a fiftieth of one as a component. Whatever stands in a
// mark is a number, a class of ours, or has gone through `escaped`.

import { plainText } from "../../src/cards/format.ts";
import type { PlacedLine } from "./labels.ts";

/** Enough digits for a pixel, and no more bytes than that. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10 + 0);
}

export function pc(value: number): string {
  return `${Math.round(value * 100) / 100 + 0}%`;
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for an element or an attribute, with what is invisible made visible. */
export function escaped(text: string): string {
  return plainText(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

export function rect(kind: string, x: number, width: number, y: number, height: number): string {
  return `<rect class="${kind}" x="${pc(x)}" width="${pc(width)}" y="${px(y)}" height="${
    px(height)
  }"/>`;
}

export function horizontal(kind: string, y: number, from = 0, to = 100): string {
  return `<line class="${kind}" x1="${pc(from)}" x2="${pc(to)}" y1="${px(y)}" y2="${px(y)}"/>`;
}

export function vertical(kind: string, x: number, from: number, to: number): string {
  return `<line class="${kind}" x1="${pc(x)}" x2="${pc(x)}" y1="${px(from)}" y2="${px(to)}"/>`;
}

export function dot(kind: string, x: number, y: number, radius = 3.5): string {
  return `<circle class="${kind}" cx="${pc(x)}" cy="${px(y)}" r="${radius}"/>`;
}

/** A shape of pixels around a point whose x is in percent. */
function shape(kind: string, x: number, y: number, d: string): string {
  return `<svg x="${pc(x)}" y="${px(y)}" width="1" height="1" overflow="visible">` +
    `<path class="${kind}" d="${d}"/></svg>`;
}

export function diamond(kind: string, x: number, y: number, size = 4): string {
  return shape(kind, x, y, `M0-${size}L${size} 0L0 ${size}L-${size} 0z`);
}

export function cross(kind: string, x: number, y: number): string {
  return shape(kind, x, y, "M-4-4L4 4M-4 4L4-4");
}

/** Points to where a value lies that is off the scale. */
export function arrow(kind: string, x: number, y: number, isRight: boolean): string {
  return shape(kind, x, y, isRight ? "M-4-5L5 0L-4 5z" : "M4-5L-5 0L4 5z");
}

const ANCHORS = { start: "", middle: "m", end: "e" };

export function text(line: PlacedLine): string {
  const kind = [ANCHORS[line.anchor], line.class].filter((name) => name !== "").join(" ");
  return `<text${kind === "" ? "" : ` class="${kind}"`} x="${pc(line.x)}"` +
    `${line.dx === 0 ? "" : ` dx="${px(line.dx)}"`} y="${px(line.y)}">${escaped(line.text)}</text>`;
}

export function texts(lines: readonly PlacedLine[]): string {
  return lines.map(text).join("");
}

/** Paths whose x is from 0 to 1000 over the whole width; only their lines keep their thickness. */
export function stretched(height: number, paths: string): string {
  return `<svg width="100%" height="${height}" viewBox="0 0 1000 ${height}"` +
    ` preserveAspectRatio="none" overflow="visible">${paths}</svg>`;
}

export function path(kind: string, d: string): string {
  return d === "" ? "" : `<path class="${kind}" d="${d}"/>`;
}

/** A point of a path: x in percent, y in pixels. */
export type Point = readonly [x: number, y: number];

/** "M0 1L2 3" of points in percent, for `stretched`; a single one is a dot's width of line. */
export function lineThrough(points: readonly Point[]): string {
  let d = "";
  for (const [x, y] of points) d += `${d === "" ? "M" : "L"}${px(10 * x)} ${px(y)}`;
  return points.length === 1 ? `${d}h2` : d;
}
