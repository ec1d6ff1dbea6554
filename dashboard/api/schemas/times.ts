// Market times and spans in a query.

import { z } from "@hono/zod-openapi";
import { AppError } from "../../../src/domain/errors.ts";
import { iso, parseInstant } from "../../../src/domain/time.ts";

/** Room for a span of centuries; beyond it a date is no longer one. */
const LATEST_MS = Date.UTC(9999, 11, 31);

/** ISO 8601 as people type it, UTC where it names no zone; gives ms. */
export const timeParam = z.string().max(40).transform((text, context) => {
  const ms = parseInstant(text);
  if (ms >= 0 && ms <= LATEST_MS) return ms;
  context.addIssue({
    code: "custom",
    message: `is ${JSON.stringify(text)}, expected an ISO 8601 time such as 2022-05-09T17:00Z`,
  });
  return z.NEVER;
}).openapi({ type: "string", format: "date-time", example: "2022-05-09T17:00:00Z" });

/** Throws `invalid` for a span that ends before it begins. */
export function assertSpan({ fromMs, toMs }: { fromMs: number; toMs: number }): void {
  if (fromMs <= toMs) return;
  throw new AppError(
    "invalid",
    `Cannot list from ${iso(fromMs)} to ${iso(toMs)}: found an end before the beginning. Next: ` +
      `exchange them`,
  );
}
