// Times in a URL, as a person may write them or a link has them.

import { z } from "zod";
import { parseInstant } from "../../src/domain/time.ts";

/** ISO 8601; UTC, also where it does not say so. */
export function timeParam(description: string) {
  return z.string()
    .refine((text) => Number.isFinite(parseInstant(text)), {
      message: "is no time, expected ISO 8601 such as 2022-05-11T06:00Z or 2022-05-11",
    })
    .transform(parseInstant)
    .optional()
    .describe(description);
}

/** As links have it: "2022-05-11T06:00Z". */
export function minuteOf(isoTime: string): string {
  return `${isoTime.slice(0, 16)}Z`;
}
