// How values look in a terminal: aligned columns, ages, numbers, and text that cannot move the cursor.

import { duration, price } from "../cards/format.ts";
import { utc } from "../domain/time.ts";

export { duration, price };

/** Control characters but tab and line feed; format characters such as zero-width and direction marks. */
const UNPRINTABLE = /(?![\t\n])\p{Cc}|\p{Cf}|[\u2028\u2029]/gu;

/** Text from outside (coin names, reasons) without anything a terminal would act on. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "");
}

/** Undefined is "–", never 0. */
export const UNDEFINED = "–";

/** A metric with three decimals and a true minus; null is "–". */
export function metric(value: number | null): string {
  return value === null ? UNDEFINED : value.toFixed(3).replace("-", "−");
}

/** A share as a percentage with one decimal: 0.1234 → "12.3 %". */
export function percent(rate: number | null): string {
  return rate === null ? UNDEFINED : `${(100 * rate).toFixed(1)} %`;
}

/** "2022-05-09 17:00 UTC" from ISO 8601; null is "–". */
export function instant(iso: string | null): string {
  return iso === null ? UNDEFINED : utc(iso);
}

/** "5 h 54 min ago". */
export function age(iso: string, nowMs: number): string {
  return `${duration(nowMs - Date.parse(iso))} ago`;
}

/** Rows under a head, columns two spaces apart; numbers (and "–") at the right. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const cells = [head, ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, j) => Math.max(...cells.map((row) => row[j]!.length)));
  const numeric = head.map((_, j) =>
    cells.slice(1).every((row) => /^([+−-]?[\d.,]+( %)?|–)$/.test(row[j]!))
  );
  return cells.map((row) =>
    row.map((cell, j) => numeric[j] ? cell.padStart(widths[j]!) : cell.padEnd(widths[j]!))
      .join("  ").trimEnd()
  ).join("\n");
}

/** Text from outside on one line, so that it cannot pass for lines of ours. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s*[\t\n]\s*/g, " ");
}

/** Lines of name and value, the values aligned; further lines of a value stand below its first. */
export function facts(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  const below = "\n" + " ".repeat(width + 2);
  return entries.map(([name, value]) =>
    `${name.padEnd(width)}  ${printable(value).replaceAll("\n", below)}`
  ).join("\n");
}

/** A change in percent with sign and one decimal: "−23.1 %". */
export function signedPercent(pct: number): string {
  const text = pct.toFixed(1);
  const sign = Number(text) > 0 ? "+" : "";
  return `${sign}${Number(text) === 0 ? "0.0" : text.replace("-", "−")} %`;
}

/** Text broken at blanks so that no line is longer than 80, unless one word is; each indented. */
export function wrap(text: string, indent = 0): string {
  const margin = " ".repeat(indent);
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= 80) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(margin + word);
  }
  return lines.join("\n");
}
