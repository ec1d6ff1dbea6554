// Which hours of a span have a snapshot, and where the gaps are. Beside data_assets.ts.

import { HOUR_MS, iso } from "../../src/domain/time.ts";
import type { SnapshotLine } from "./data_assets.ts";

/** Hours in which a snapshot was to come, and those without one. */
export interface Coverage {
  /** The first and the last hour that is expected to have one; null without any snapshot. */
  fromMs: number | null;
  toMs: number | null;
  expected: number;
  present: number;
  /** Stretches of hours without a snapshot, oldest first. */
  gaps: { fromMs: number; hours: number }[];
}

/** `span`: from the first to the last expected instant; null where nothing is expected. */
export function coverageOf(
  snapshots: readonly Pick<SnapshotLine, "atMs">[],
  span: { fromMs: number; toMs: number } | null,
): Coverage {
  if (span === null) return { fromMs: null, toMs: null, expected: 0, present: 0, gaps: [] };
  const first = Math.floor(span.fromMs / HOUR_MS);
  const last = Math.floor(span.toMs / HOUR_MS);
  const present = new Set(snapshots.map(({ atMs }) => Math.floor(atMs / HOUR_MS)));
  const gaps: Coverage["gaps"] = [];
  for (let hour = first; hour <= last; hour++) {
    if (present.has(hour)) continue;
    const open = gaps.at(-1);
    if (open && open.fromMs / HOUR_MS + open.hours === hour) open.hours++;
    else gaps.push({ fromMs: hour * HOUR_MS, hours: 1 });
  }
  return { ...span, expected: last - first + 1, present: present.size, gaps };
}

/** "on 05-09 05:00", "of 3 h from 05-09 05:00" */
export function gapWords({ fromMs, hours }: { fromMs: number; hours: number }): string {
  const from = iso(fromMs);
  const at = `${from.slice(5, 10)} ${from.slice(11, 16)}`;
  return hours === 1 ? `on ${at}` : `of ${hours}\u00a0h from ${at}`;
}
