// What a cron expression may be, for the schedules of a project: a subset of what Deno.cron takes, so
// that a schedule that could not be set up is refused when its file is read.

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

function isItem(item: string, field: Field): boolean {
  const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
  if (!match) return false;
  const [, first, last, step] = match;
  if (step !== undefined && (Number(step) < 1 || Number(step) > field.max)) return false;
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
