// The process as its runs know it: who it is, and how much it lives through.

import type { ProjectConfig } from "../domain/config.ts";
import { HOUR_MS } from "../domain/time.ts";
import type { Durability } from "./flow.ts";

/** Another at every start, so that what an earlier process left is not taken for this one's. */
const PROCESS_ID = crypto.randomUUID();

export function durabilityOf({ durability }: Pick<ProjectConfig, "durability">): Durability {
  const { lease_seconds, max_failures, max_event_age_hours } = durability;
  return {
    holder: { id: PROCESS_ID, forMs: lease_seconds * 1000, nowMs: Date.now },
    maxFailures: max_failures,
    maxEventAgeMs: max_event_age_hours * HOUR_MS,
  };
}
