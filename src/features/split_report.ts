// What a dataset pair is made of, in numbers: for the card, the version's annotations, and whoever
// asks why a coin or an hour is not in it.

import { numbers, type Table, texts } from "../domain/table.ts";
import { HOUR_MS } from "../domain/time.ts";
import { GAP_MS } from "./history.ts";
import { countWithin, type SplitWindow } from "./split_window.ts";
import { FEATURE_NAMES, WARM_UP_HOURS } from "./temporal.ts";

export interface PartReport {
  rowCount: number;
  coinCount: number;
  snapshotCount: number;
  /** Market time of the part's first and last row. */
  firstAt: string;
  lastAt: string;
  /** Feature → share of its rows that are null. */
  missingRate: Record<string, number>;
}

/** A stretch between two snapshots of the window that is longer than 90 minutes. */
export interface HistoryGap {
  /** Last snapshot before it, first after it. */
  fromAt: string;
  toAt: string;
  /** Hourly snapshots that are missing in between. */
  hours: number;
}

export interface SplitReport {
  training: PartReport;
  holdout: PartReport;
  /** Rows of kept coins between the parts, in neither. */
  embargoedRowCount: number;
  /** Coins with too few training snapshots, sorted, and their rows anywhere in the window. */
  droppedCoins: string[];
  droppedRowCount: number;
  /** Distinct snapshot times within the window, and in the warm-up before it. */
  snapshotCount: number;
  warmUpSnapshotCount: number;
  gaps: HistoryGap[];
  /** Sum over the gaps. */
  hoursWithoutSnapshot: number;
}

/** `timesMs`: all distinct snapshot times up to now, ascending; `dropped`: rows of left-out coins. */
export function splitReport(parts: {
  training: Table;
  holdout: Table;
  embargoedRowCount: number;
  dropped: readonly Table[];
  timesMs: readonly number[];
  window: SplitWindow;
}): SplitReport {
  const { window, timesMs, dropped } = parts;
  const span = { fromMs: window.training.fromMs, toMs: window.holdout.toMs };
  const gaps = gapsOf(timesMs.filter((timeMs) => timeMs >= span.fromMs));
  const droppedCoins = new Set(dropped.flatMap((table) => texts(table, "coin_id")));
  return {
    training: partReport(parts.training),
    holdout: partReport(parts.holdout),
    embargoedRowCount: parts.embargoedRowCount,
    droppedCoins: [...droppedCoins].filter((coinId) => coinId !== null).sort(),
    droppedRowCount: dropped.reduce((sum, { rowCount }) => sum + rowCount, 0),
    snapshotCount: countWithin(timesMs, span),
    warmUpSnapshotCount: countWithin(timesMs, {
      fromMs: span.fromMs - WARM_UP_HOURS * HOUR_MS,
      toMs: span.fromMs - 1,
    }),
    gaps,
    hoursWithoutSnapshot: gaps.reduce((sum, { hours }) => sum + hours, 0),
  };
}

/** Rows are in the order of time, and there is at least one. */
function partReport(table: Table): PartReport {
  const times = numbers(table, "market_at");
  return {
    rowCount: table.rowCount,
    coinCount: new Set(texts(table, "coin_id")).size,
    snapshotCount: new Set(times).size,
    firstAt: new Date(times[0]!).toISOString(),
    lastAt: new Date(times.at(-1)!).toISOString(),
    missingRate: Object.fromEntries(
      FEATURE_NAMES.map((name) => [name, nullShare(numbers(table, name))]),
    ),
  };
}

function nullShare(values: Float64Array): number {
  let nulls = 0;
  for (const value of values) if (Number.isNaN(value)) nulls++;
  return nulls / values.length;
}

function gapsOf(timesMs: readonly number[]): HistoryGap[] {
  const gaps: HistoryGap[] = [];
  for (let k = 1; k < timesMs.length; k++) {
    const lengthMs = timesMs[k]! - timesMs[k - 1]!;
    if (lengthMs <= GAP_MS) continue;
    gaps.push({
      fromAt: new Date(timesMs[k - 1]!).toISOString(),
      toAt: new Date(timesMs[k]!).toISOString(),
      hours: Math.round(lengthMs / HOUR_MS) - 1,
    });
  }
  return gaps;
}
