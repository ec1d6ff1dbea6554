// Times as people type them, and the span of market time that a listing is asked for.

import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { parseInstant } from "../domain/time.ts";

/** Milliseconds of an ISO 8601 time; UTC where it names no zone. Throws `invalid`. */
export function parseTime(flag: string, text: string): number {
  const ms = parseInstant(text);
  if (Number.isFinite(ms)) return ms;
  throw new AppError(
    "invalid",
    `Cannot read --${flag} "${text}": expected an ISO 8601 time such as 2022-05-09T17:00Z. ` +
      `Next: correct it`,
  );
}

const time = z.string().optional().meta({ placeholder: "time" });

/** The flags of every command that lists along market time. */
export const spanParams = {
  from: time.describe("first market time, ISO 8601 (UTC unless it says)"),
  to: time.describe("last market time"),
};

/** The span that was asked for, ms; both ends inclusive. Throws `invalid` for one that ends first. */
export function parseSpan(
  { from, to }: { from?: string | undefined; to?: string | undefined },
): { fromMs?: number; toMs?: number } {
  const fromMs = from === undefined ? undefined : parseTime("from", from);
  const toMs = to === undefined ? undefined : parseTime("to", to);
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
    throw new AppError(
      "invalid",
      `Cannot list from ${from} to ${to}: found an end before the beginning. Next: exchange them`,
    );
  }
  return {
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
  };
}
