// The one thing to do next on a branch, from its state alone: what stops the chain first.

import { plainText } from "../src/cards/format.ts";
import type { ModelStatus } from "../src/domain/asset.ts";
import type { DeliveryRecord } from "../src/domain/durability.ts";
import type { StrandedRun } from "../src/registry/open_work.ts";

export interface BranchState {
  /** Whether there is any run at all. */
  isEmpty: boolean;
  /** The newest failed run that nothing of its flow has made up for since. */
  failure: { id: number; flow: string; step: string | null } | null;
  /** The newest run that stands still, and that nobody goes on with by itself. */
  stranded: Pick<StrandedRun, "id" | "flow" | "isCrashed"> | null;
  /** The newest event that was given up. */
  parked: Pick<DeliveryRecord, "eventId" | "consumer"> | null;
  /** Data is late: the sentence that says so. */
  stale: string | null;
  hasSnapshot: boolean;
  hasDataset: boolean;
  /** What flows wait for: "dataset possible in 31 h". */
  waiting: readonly string[];
  /** Flows that this process starts by a schedule. */
  scheduled: readonly string[];
  /** The newest version. */
  model: { version: number; status: ModelStatus; isJudged: boolean; isBlocked: boolean } | null;
  champion: number | null;
  /** For how long the share of flags has been outside what the gates allow, h. */
  hoursOutside: number;
}

/** So long may the market be unusual before it is the model that has aged. */
const DRIFT_HOURS = 24;

/** What to do, why, and the command without the flags of the store. */
export interface Step {
  title: string;
  text: string;
  command: string;
}

/** Null where everything goes on by itself. */
export function nextStep(state: BranchState): Step | null {
  const { failure, stale, model, champion } = state;
  if (state.isEmpty) {
    return {
      title: "Start here",
      text: "Trains on what the market says now. Offline, and all at once: ./anomaly demo --serve",
      command: "train",
    };
  }
  if (stale !== null) {
    return {
      title: "Do this next",
      text: "Fetch by hand, and score at once.",
      command: "ingest --follow",
    };
  }
  const { stranded, parked } = state;
  if (stranded !== null) {
    const what = stranded.isCrashed ? "crashed" : "was interrupted";
    return {
      title: "Do this next",
      text: `Run ${stranded.id} (${stranded.flow}) ${what}. What it finished is kept.`,
      command: `runs resume ${stranded.id}`,
    };
  }
  if (failure !== null) {
    const at = failure.step === null ? "" : ` at ${failure.step}`;
    return {
      title: "Do this next",
      text: `Run ${failure.id} (${failure.flow}) failed${at}. It wrote nothing but its own record.`,
      command: `runs show ${failure.id}`,
    };
  }
  if (parked !== null) {
    const { eventId, consumer } = parked;
    return {
      title: "Do this next",
      text: `Event ${eventId} was given up for ${
        plainText(consumer)
      }. Once the cause is gone, replay it.`,
      command: `events replay ${eventId}`,
    };
  }
  if (model === null || (champion === null && model.status === "revoked")) return firstModel(state);
  if (champion !== null && model.version <= champion) return forAged(champion, state.hoursOutside);
  return forNewest(model, champion);
}

/** The market has left what the champion learned: newer data is what helps. */
function forAged(champion: number, hoursOutside: number): Step | null {
  if (hoursOutside < DRIFT_HOURS) return null;
  return {
    title: "Do this next",
    text:
      `v${champion} learned another market than this one. --follow trains on the last week, and ` +
      `judges what comes of it.`,
    command: "build_dataset --follow",
  };
}

function firstModel({ hasDataset, hasSnapshot, waiting, scheduled }: BranchState): Step {
  if (hasDataset) {
    return {
      title: "Do this next",
      text: "A dataset is there, and no model has learned from it.",
      command: "train --follow",
    };
  }
  if (hasSnapshot && waiting.length > 0 && scheduled.includes("ingest")) {
    return {
      title: "Nothing to do yet",
      text: `Snapshots come in by themselves: ${
        waiting.join("; ")
      }. Or learn from this hour alone.`,
      command: "train --follow",
    };
  }
  if (hasSnapshot && waiting.length > 0) {
    return {
      title: "Do this next",
      text: `Let snapshots come in, one an hour: ${waiting.join("; ")}.`,
      command: "ingest",
    };
  }
  const isDue = scheduled.includes("build_dataset");
  return hasSnapshot
    ? {
      title: isDue ? "Nothing to do yet" : "Do this next",
      text: isDue
        ? "There is history enough: the schedule builds a dataset, trains and evaluates. Or do it now."
        : "There is history enough for a dataset; --follow trains and evaluates too.",
      command: "build_dataset --follow",
    }
    : { title: "Do this next", text: "Take the first snapshot.", command: "ingest" };
}

function forNewest(
  { version, status, isJudged, isBlocked }: NonNullable<BranchState["model"]>,
  champion: number | null,
): Step | null {
  if (status === "revoked") return null;
  if (!isJudged) {
    return {
      title: "Do this next",
      text: `v${version} was not judged yet.`,
      command: `evaluate --candidate_version ${version}`,
    };
  }
  if (isBlocked) {
    return {
      title: champion === null ? "Do this next" : "Why not",
      text: champion === null
        ? `v${version} may not be champion; nobody is.`
        : `v${version} may not be champion; v${champion} stays.`,
      command: `models why ${version}`,
    };
  }
  return {
    title: "Do this next",
    text: champion === null
      ? `v${version} passed every gate, and nobody is champion.`
      : `v${version} passed every gate, and may take the place of v${champion}.`,
    command: `promote --version ${version}`,
  };
}
