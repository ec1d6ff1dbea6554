// What a cron expression may be, for the schedules of a project, and when it is due: a subset of what
// Deno.cron takes, so that a schedule that could not be set up is refused when its file is read, and by
// the same reading, so that what is shown as due next is what will run.

import { AppError } from "./errors.ts";
import { MINUTE_MS } from "./time.ts";

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split(" ");

interface Field {
  min: number;
  max: number;
  /** Names that may stand in place of numbers, in their order. */
  names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 1, max: 7, names: WEEKDAYS },
];

/**
 * Whether the text is five fields parted by single spaces: minute (0–59), hour (0–23), day of the month
 * (1–31), month (1–12 or JAN–DEC), weekday (1–7 or SUN–SAT; Deno.cron refuses the 0 of other crons). A
 * field is a list of `*`, `a` and `a-b`, each of which may be followed by `/step`.
 */
export function isCronExpression(text: string): boolean {
  const parts = text.split(" ");
  return parts.length === FIELDS.length &&
    parts.every((part, i) => part.split(",").every((item) => isItem(item, FIELDS[i]!)));
}

const DAY_MINUTES = 24 * 60;
/** A leap day comes within it, but for the turns of most centuries. */
const MAX_DAYS = 5 * 366;

/** The first slot after the instant, ms, UTC; null where there is none within five years. */
export function nextSlot(expression: string, afterMs: number): number | null {
  return findSlot(expression, Math.floor(afterMs / MINUTE_MS) + 1, 1);
}

/** The last slot at or before the instant, ms, UTC; null where there is none within five years. */
export function previousSlot(expression: string, atOrBeforeMs: number): number | null {
  return findSlot(expression, Math.floor(atOrBeforeMs / MINUTE_MS), -1);
}

/** Goes day by day from a minute since 1970, that one included, forwards or backwards. */
function findSlot(expression: string, fromMinute: number, direction: 1 | -1): number | null {
  const { isDue, minutes } = compile(expression);
  const firstDay = Math.floor(fromMinute / DAY_MINUTES);
  const firstMinute = fromMinute - firstDay * DAY_MINUTES;
  const inOrder = direction === 1 ? minutes : minutes.toReversed();
  for (let i = 0; i <= MAX_DAYS; i++) {
    const day = firstDay + i * direction;
    if (!isDue(new Date(day * DAY_MINUTES * MINUTE_MS))) continue;
    const minute = i > 0 ? inOrder[0] : inOrder.find((one) => direction * (one - firstMinute) >= 0);
    if (minute !== undefined) return (day * DAY_MINUTES + minute) * MINUTE_MS;
  }
  return null;
}

/** What an expression means: its days, and the minutes of such a day, ascending. */
interface Schedule {
  isDue(day: Date): boolean;
  minutes: readonly number[];
}

/**
 * As Deno.cron reads it: a day is due by its date or by its weekday where both are restricted, and by
 * the one that is where only one is. Restricted is whatever is not a plain `*`.
 */
function compile(expression: string): Schedule {
  if (!isCronExpression(expression)) {
    throw new AppError(
      "invalid",
      `Cannot read the schedule "${expression}": expected five cron fields in UTC such as "0 * * * *"`,
    );
  }
  const parts = expression.split(" ");
  const [minutes, hours, dates, months, weekdays] = parts.map((part, i) =>
    valuesOf(part, FIELDS[i]!)
  );
  const [anyDate, anyWeekday] = [parts[2] === "*", parts[4] === "*"];
  return {
    isDue: (day) => {
      if (!months!.has(day.getUTCMonth() + 1)) return false;
      const byDate = dates!.has(day.getUTCDate());
      const byWeekday = weekdays!.has(day.getUTCDay() + 1);
      return anyDate || anyWeekday ? byDate && byWeekday : byDate || byWeekday;
    },
    minutes: [...hours!].flatMap((hour) => [...minutes!].map((minute) => hour * 60 + minute))
      .sort((a, b) => a - b),
  };
}

/** The numbers that a field allows. */
function valuesOf(part: string, field: Field): Set<number> {
  const values = new Set<number>();
  for (const item of part.split(",")) {
    const [range, step] = item.split("/");
    const [first, last] = range!.split("-");
    const from = first === "*" ? field.min : valueOf(first!, field)!;
    // With a step and no end it goes on to the end of the field.
    const to = last !== undefined
      ? valueOf(last, field)!
      : first === "*" || step !== undefined
      ? field.max
      : from;
    for (let value = from; value <= to; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}

function isItem(item: string, field: Field): boolean {
  const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
  if (!match) return false;
  const [, first, last, step] = match;
  if (step !== undefined && (Number(step) < 1 || Number(step) > field.max - field.min)) {
    return false;
  }
  if (first === undefined) return true;
  const from = valueOf(first, field);
  const to = last === undefined ? from : valueOf(last, field);
  return from !== null && to !== null && from <= to;
}

/** Where a word of the field stands within its range; null where it does not. */
function valueOf(word: string, { min, max, names = [] }: Field): number | null {
  const index = names.indexOf(word.toUpperCase());
  if (index >= 0) return min + index;
  const value = /^\d{1,2}$/.test(word) ? Number(word) : NaN;
  return value >= min && value <= max ? value : null;
}
