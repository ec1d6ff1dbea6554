// The two frames of charts: a figure that names and describes itself to those who do not see it, and a
// small one in a row of a table that says its numbers.

import { raw } from "hono/html";
import type { FC } from "hono/jsx";
import { plainText } from "../../src/cards/format.ts";

/** `marks` is text of SVG, made by marks.ts. */
export const Chart: FC<{ height: number; title: string; desc: string; marks: string }> = (
  { height, title, desc, marks },
) => (
  <svg class="ch" role="img" height={height}>
    <title>{plainText(title)}</title>
    <desc>{plainText(desc)}</desc>
    {raw(marks)}
  </svg>
);

/** A chart of one line's height; `label` has what it shows, in numbers. */
export const RowChart: FC<{ class?: string; label: string; marks: string; viewBox?: string }> = (
  { class: kind = "bul", label, marks, viewBox },
) => (
  <svg class={kind} role="img" aria-label={plainText(label)} viewBox={viewBox}>
    {raw(marks)}
  </svg>
);
