// What outlives the process that began it: leases on runs, deliveries of events to those who listen, and
// the slots of schedules. The records only; how they change is in registry/ and engine/.

import { AppError, type ErrorCode } from "./errors.ts";

/** Who ends a run that has not ended. It is there exactly as long as somebody has to. */
export interface LeaseRecord {
  /** The process that runs it; null when it was put down, for whichever comes next. */
  holder: string | null;
  /** Wall clock of the last sign of life, ms. */
  beatAtMs: number;
  forMs: number;
  /**
   * Whether any process that serves goes on with it when its own has died: so for whatever a schedule, an
   * event or a page began. What a person typed is theirs to resume.
   */
  goesOn: boolean;
}

/**
 * Whether nobody is alive any more who holds the run. A sign of life from the future is none: the clock was
 * put back. Wrong answers cost time, not truth, because only the holder can commit.
 */
export function isExpired(lease: LeaseRecord, nowMs: number): boolean {
  if (lease.holder === null) return true;
  return Math.abs(nowMs - lease.beatAtMs) > lease.forMs;
}

/**
 * `pending`: due at `dueAtMs`, or later. `running`: its run has a lease. `parked`: given up, with the error,
 * until somebody replays it. `expired`: older than is run by itself; recorded, not run.
 */
export const DELIVERY_STATES = ["pending", "running", "done", "parked", "expired"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One event for one consumer: a flow by its name, or a notification as `notify:<rule>`. */
export interface DeliveryRecord {
  eventId: number;
  consumer: string;
  state: DeliveryState;
  /** How often it was tried to the end, and failed. */
  failures: number;
  /** The newest run that handled it; null for notifications, and before the first. */
  runId: number | null;
  /** When it is tried next, ms, by the clock of the registry. */
  dueAtMs: number;
  error: { code: ErrorCode; message: string } | null;
  /** What the other side answered, for a notification that went out. */
  answer: string | null;
  updatedAt: string;
}

/** How far a schedule has come on its branch. */
export interface ScheduleRecord {
  /** The newest slot that was taken, run or not, ms. */
  slotMs: number;
  /** The newest run that a slot began. */
  runId: number | null;
}

/** A slot that was taken, by the commit that began its run. */
export interface SlotRecord {
  runId: number;
  takenAt: string;
}

/** `missed`: no process served. `overlap`: the run of an earlier slot was still going on. */
export type GapReason = "missed" | "overlap";

/** Slots that no run was begun for. */
export interface GapRecord {
  toSlotMs: number;
  slots: number;
  reason: GapReason;
  recordedAt: string;
}

/** Somebody else has the event, the slot or the run: nothing was done, and nothing is to be done. */
export class Taken extends AppError {
  constructor(message: string, details: Record<string, unknown>) {
    super("conflict", message, { details });
  }
}
