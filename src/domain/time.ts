// Time: its units, instants as they are written down, and spans as a person reads them.

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** An instant as records and links have it: ISO 8601 in UTC. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** "2022-05-09 17:00 UTC" of ISO 8601. */
export function utc(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** ISO 8601 as people type it, UTC where it names no zone; NaN for what is no time. */
export function parseInstant(text: string): number {
  const given = text.trim().replace(/^(\d{4}-\d\d-\d\d) /, "$1T");
  if (!/^\d{4}-\d\d/.test(given)) return NaN;
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(given) || !given.includes("T");
  return Date.parse(hasZone ? given : `${given}Z`);
}

/** Two units at most: "5 h 54 min", "3 d 2 h", "12 s". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units: [string, number][] = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];
  const parts: string[] = [];
  let rest = seconds;
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}
