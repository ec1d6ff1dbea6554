// A span of market time in the URL: so many days up to the newest score, or from a time to another.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { duration } from "../../src/cards/format.ts";
import { DAY_MS, iso } from "../../src/domain/time.ts";
import { type Span } from "../reading/days.ts";
import type { View } from "../view.ts";
import { shortTime } from "./refs.tsx";
import { timeParam } from "./times.ts";

/** Batches that a page reads at most are those of so many days. */
export const MAX_DAYS = 30;
const CHOICES = [1, 3, 7, 14, MAX_DAYS];

/** Parameters of a page that speaks of a span; spread into its query. */
export const spanParams = {
  days: z.coerce.number().int().min(1).max(MAX_DAYS).default(7)
    .describe("how many days back from the newest time, where from is not given"),
  from: timeParam("the first time"),
  to: timeParam("the last time; default: the branch's market time"),
};

export interface SpanQuery {
  days: number;
  from?: number | undefined;
  to?: number | undefined;
}

/** At most MAX_DAYS long: a longer one is cut at its beginning. */
export function spanOf({ days, from, to }: SpanQuery, clockMs: number): Span {
  const toMs = Math.max(Math.min(to ?? clockMs, clockMs), from ?? -Infinity);
  const fromMs = Math.max(from ?? toMs - days * DAY_MS, toMs - MAX_DAYS * DAY_MS);
  return { fromMs, toMs };
}

/** "7 days", or "05-07 00:00 to 05-10 00:00" where the URL has times. */
export function spanName(view: View, query: SpanQuery, { fromMs, toMs }: Span): string {
  if (query.from === undefined && query.to === undefined) {
    return query.days === 1 ? "1 day" : `${query.days} days`;
  }
  return `${duration(toMs - fromMs)} to ${shortTime(view, iso(toMs))}`;
}

/** The fields of a form; a span of its own stays, and can be cleared. */
export const SpanFields: FC<{ query: SpanQuery }> = ({ query }) => (
  <>
    <label class="field">
      Days
      <select name="days" data-submits>
        {[...new Set([...CHOICES, query.days])].sort((a, b) => a - b).map((days) => (
          <option value={String(days)} selected={days === query.days}>{String(days)}</option>
        ))}
      </select>
    </label>
    <TimeField name="from" label="or from, UTC" ms={query.from} />
    <TimeField name="to" label="to, UTC" ms={query.to} />
  </>
);

const TimeField: FC<{ name: string; label: string; ms: number | undefined }> = (
  { name, label, ms },
) => (
  <label class="field">
    {label}
    <input
      class="time"
      name={name}
      placeholder="2024-05-09 17:00"
      autocomplete="off"
      value={ms === undefined ? "" : iso(ms).slice(0, 16).replace("T", " ")}
    />
  </label>
);
