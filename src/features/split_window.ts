// Where a dataset pair is cut in time, and how much history that takes. Pure arithmetic on instants,
// so that `status` can say "dataset possible in 31 h" without reading a single table.

import { AppError } from "../domain/errors.ts";
import { HOUR_MS } from "../domain/time.ts";

/** Whole hours and counts, named as the parameters of `build_dataset`. */
export interface SplitParams {
  /** Length of the window that ends now. */
  maxHistoryHours: number;
  /** Its last part, which training never sees. */
  holdoutHours: number;
  /** Rows between training and holdout that belong to neither; the horizon where there are targets. */
  embargoHours: number;
  /** A coin with fewer snapshots in the training part is left out of the pair. */
  minSnapshotsPerCoin: number;
}

/** The parts of a window, in ms and both ends inclusive; the embargo lies between them. */
export interface SplitWindow {
  training: { fromMs: number; toMs: number };
  holdout: { fromMs: number; toMs: number };
}

/**
 * Holdout is what came later than now - holdoutHours; training ends embargoHours before that instant.
 * The two sides share no instant: instants are whole milliseconds, so "later" starts at the next one.
 */
export function splitWindow(nowMs: number, params: SplitParams): SplitWindow {
  const cutMs = nowMs - params.holdoutHours * HOUR_MS;
  return {
    training: {
      fromMs: nowMs - params.maxHistoryHours * HOUR_MS,
      toMs: cutMs - params.embargoHours * HOUR_MS,
    },
    holdout: { fromMs: cutMs + 1, toMs: nowMs },
  };
}

/** How many of the times lie in the span, both ends inclusive. */
export function countWithin(
  timesMs: Iterable<number>,
  span: { fromMs: number; toMs: number },
): number {
  let count = 0;
  for (const timeMs of timesMs) if (timeMs >= span.fromMs && timeMs <= span.toMs) count++;
  return count;
}

/**
 * Hours until a dataset pair can be built, if a snapshot comes every hour from now on; 0 when it can
 * be built already. A pair takes one snapshot in the holdout and `minSnapshotsPerCoin` in the
 * training part, all within the window: the clock is moved on hour by hour until that holds, so gaps,
 * late starts and snapshots that leave the window are accounted for as they will be.
 * Throws AppError `invalid` where no amount of history could ever satisfy the parameters.
 */
export function hoursMissing(
  snapshotTimesMs: Iterable<number>,
  nowMs: number,
  params: SplitParams,
): number {
  checkSplitParams(params);
  const timesMs = new Set<number>();
  for (const timeMs of snapshotTimesMs) if (timeMs <= nowMs) timesMs.add(timeMs);
  // An unbroken history of this length fills both parts, whatever there was before.
  const enough = params.holdoutHours + params.embargoHours + params.minSnapshotsPerCoin;
  for (let hours = 0; hours < enough; hours++) {
    if (hours > 0) timesMs.add(nowMs + hours * HOUR_MS);
    const { training, holdout } = splitWindow(nowMs + hours * HOUR_MS, params);
    const isFilled = countWithin(timesMs, training) >= params.minSnapshotsPerCoin &&
      countWithin(timesMs, holdout) >= 1;
    if (isFilled) return hours;
  }
  return enough;
}

/** Throws AppError `invalid` unless an unbroken hourly history would fill both parts. */
export function checkSplitParams(params: SplitParams): void {
  const { maxHistoryHours, holdoutHours, embargoHours, minSnapshotsPerCoin } = params;
  const details = {
    max_history_hours: maxHistoryHours,
    holdout_hours: holdoutHours,
    embargo_hours: embargoHours,
    min_snapshots_per_coin: minSnapshotsPerCoin,
  };
  for (const [name, value] of Object.entries(details)) {
    const least = name === "embargo_hours" ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new AppError(
        "invalid",
        `Cannot split the history: ${name} is ${value}, expected a whole number of at least ${least}`,
        { details },
      );
    }
  }
  const needed = holdoutHours + embargoHours + minSnapshotsPerCoin - 1;
  if (maxHistoryHours < needed) {
    throw new AppError(
      "invalid",
      `Cannot split the history: max_history_hours is ${maxHistoryHours}, expected at least ` +
        `${needed} for a holdout of ${holdoutHours} h, an embargo of ${embargoHours} h and ` +
        `${minSnapshotsPerCoin} hourly snapshots to train on. Next: raise --max_history_hours`,
      { details },
    );
  }
}
