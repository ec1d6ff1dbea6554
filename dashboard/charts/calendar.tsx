// Which hours of which days have a snapshot.

import type { FC } from "hono/jsx";
import { raw } from "hono/html";
import { count, plainText } from "../../src/cards/format.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { escaped, pc } from "./marks.ts";
import { dayName, momentName } from "./time_axis.ts";

export interface SnapshotHour {
  /** The start of the hour. */
  atMs: number;
  rows: number;
  /** Rows that were refused. */
  refused: number;
}

export interface SnapshotCalendarProps {
  /** The hours that have a snapshot, in any order. */
  hours: readonly SnapshotHour[];
  /** The first and the last hour that is expected to have one. */
  fromMs: number;
  toMs: number;
  /** Where an hour's cell leads, where there is a snapshot. */
  href?: (hour: SnapshotHour) => string;
}

const MOST_DAYS = 31;
const TOP = 18;
const ROW = 18;
const CELL = 14;
/** Pixels for the names of days, then percent of the width for their hours; counts have the rest. */
const NAMES = 52;
const CELLS = 65;
const COLUMN = CELLS / 24;

/** Days as rows, the newest first; hours as columns. Outlined: no snapshot where one was expected. */
export const SnapshotCalendar: FC<SnapshotCalendarProps> = ({ hours, fromMs, toMs, href }) => {
  const days = daysOf(fromMs, toMs);
  const byHour = new Map(hours.map((hour) => [Math.floor(hour.atMs / HOUR_MS), hour]));
  const first = Math.ceil(Math.max(fromMs, days.at(-1) ?? fromMs) / HOUR_MS);
  const last = Math.floor(toMs / HOUR_MS);
  const missing: number[] = [];
  let cells = "";
  let names = "";
  for (const [row, dayMs] of days.entries()) {
    const y = TOP + row * ROW;
    let [present, expected] = [0, 0];
    for (let column = 0; column < 24; column++) {
      const hour = dayMs / HOUR_MS + column;
      if (hour < first || hour > last) continue;
      const snapshot = byHour.get(hour);
      expected++;
      if (snapshot) present++;
      else missing.push(hour * HOUR_MS);
      cells += cell(column, y, hour * HOUR_MS, snapshot, href);
    }
    names += `<text x="0" y="${y + 11}">${dayName(dayMs)}</text>`;
    cells +=
      `<text${present < expected ? ' class="lab"' : ""} x="${CELLS}%" dx="8" y="${y + 11}">` +
      `${present} of ${expected}</text>`;
  }
  const height = TOP + days.length * ROW;
  const title = `Snapshots by hour, ${dayName(fromMs)} to ${dayName(toMs)}`;
  const desc = describe(hours, missing, last - first + 1);
  const marks = `${names}<g transform="translate(${NAMES} 0)">${columnNames()}${cells}</g>`;
  // What may be followed is no picture: a reader would not be told of the links in it.
  return href === undefined
    ? (
      <svg class="ch cal" role="img" height={height}>
        <title>{plainText(title)}</title>
        <desc>{plainText(desc)}</desc>
        {raw(marks)}
      </svg>
    )
    : (
      <svg class="ch cal" role="group" aria-label={plainText(`${title}. ${desc}`)} height={height}>
        {raw(marks)}
      </svg>
    );
};

/** Starts of days, the newest first. */
function daysOf(fromMs: number, toMs: number): number[] {
  const days = [];
  const first = Math.floor(fromMs / DAY_MS) * DAY_MS;
  for (let dayMs = Math.floor(toMs / DAY_MS) * DAY_MS; dayMs >= first; dayMs -= DAY_MS) {
    days.push(dayMs);
  }
  return days.slice(0, MOST_DAYS);
}

function columnNames(): string {
  return [0, 6, 12, 18].map((hour) =>
    `<text x="${pc(COLUMN * hour)}" y="11">${String(hour).padStart(2, "0")}:00</text>`
  ).join("");
}

function cell(
  column: number,
  y: number,
  atMs: number,
  hour: SnapshotHour | undefined,
  href: SnapshotCalendarProps["href"],
): string {
  const x = pc(COLUMN * (column + 0.07));
  const size = `x="${x}" width="${pc(COLUMN * 0.86)}"`;
  if (hour === undefined) {
    return `<rect class="cal-gap" ${size} y="${y + 0.5}" height="${CELL - 1}">` +
      `<title>${momentName(atMs)}: no snapshot</title></rect>`;
  }
  const said = `${momentName(atMs)}: ${count(hour.rows)} rows` +
    (hour.refused > 0 ? `, ${count(hour.refused)} refused` : "");
  // The part that was refused, and at least what is seen.
  const share = hour.refused / Math.max(1, hour.rows + hour.refused);
  const height = Math.max(3, Math.round(share * CELL));
  const mark = `<rect class="cal-hour" ${size} y="${y}" height="${CELL}"/>` +
    (hour.refused > 0
      ? `<rect class="cal-refused" ${size} y="${y + CELL - height}" height="${height}"/>`
      : "");
  return href === undefined
    ? `<g><title>${said}</title>${mark}</g>`
    : `<a href="${escaped(href(hour))}" aria-label="${said}"><title>${said}</title>${mark}</a>`;
}

function describe(hours: readonly SnapshotHour[], missing: number[], expected: number): string {
  const shown = missing.toSorted((a, b) => b - a).slice(0, 5).map(momentName).join(", ");
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : "";
  const refused = hours.reduce((total, hour) => total + hour.refused, 0);
  return `${count(expected - missing.length)} of ${count(Math.max(0, expected))} hours have one` +
    (missing.length > 0 ? `; missing: ${shown}${more}` : "") +
    `; ${count(refused)} rows refused.`;
}
