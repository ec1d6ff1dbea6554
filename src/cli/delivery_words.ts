// How far a listener is with an event, in words.

import type { DeliveryRecord } from "../domain/durability.ts";
import { UNDEFINED } from "../cards/format.ts";
import { duration } from "./text.ts";

/** "pending, due in 2 min after 1 failure: no answer"; "done by run 8"; "parked after 5 failures: …" */
export function deliveryWords(delivery: DeliveryRecord, nowMs: number): string {
  const { state, runId, failures, dueAtMs, error, answer } = delivery;
  const cause = error === null ? "" : `: ${error.message}`;
  const tries = failures === 1 ? "1 failure" : `${failures} failures`;
  switch (state) {
    case "pending": {
      const when = dueAtMs > nowMs ? `, due in ${duration(dueAtMs - nowMs)}` : ", due";
      return `pending${when}${failures === 0 ? "" : ` after ${tries}${cause}`}`;
    }
    case "running":
      return runId === null ? "being sent" : `running as run ${runId}`;
    case "done":
      return runId === null ? `done, answered ${answer ?? UNDEFINED}` : `done by run ${runId}`;
    case "parked":
      return `parked${failures === 0 ? "" : ` after ${tries}`}${cause}`;
    case "expired":
      return "expired, was not run";
  }
}
