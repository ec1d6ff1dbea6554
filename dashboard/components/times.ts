// Times in a URL, as a person may write them or a link has them.

import { z } from "zod";

/** ISO 8601; UTC, also where it does not say so. */
export function timeParam(description: string) {
  return z.string()
    .refine((text) => Number.isFinite(msOf(text)), {
      message: "is no time, expected ISO 8601 such as 2022-05-11T06:00Z or 2022-05-11",
    })
    .transform(msOf)
    .optional()
    .describe(description);
}

function msOf(given: string): number {
  const text = given.trim().replace(/^(\d{4}-\d\d-\d\d) /, "$1T");
  const isLocal = /T[\d:.]+$/.test(text);
  return /^\d{4}-\d\d/.test(text) ? Date.parse(isLocal ? `${text}Z` : text) : NaN;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** As links have it: "2022-05-11T06:00Z". */
export function minuteOf(isoTime: string): string {
  return `${isoTime.slice(0, 16)}Z`;
}
