// What acts begin from, and what they leave behind: for the forms and for the API, which have the same acts.

import { listAudit, listEvents } from "../../../src/registry/events.ts";
import { listRuns } from "../../../src/registry/runs.ts";
import {
  gate,
  judgeModel,
  newChampion,
  type TestRegistry,
  trainModel,
} from "../../support/registry.ts";

export const FAILED = gate({ name: "max_anomaly_rate", value: 0.46, status: "failed" });

/** v1 is champion, v2 passed, v3 failed a gate, v4 was never judged. */
export async function candidates(registry: TestRegistry): Promise<void> {
  await newChampion(registry);
  await judgeModel(registry, await trainModel(registry));
  await judgeModel(registry, await trainModel(registry), { gates: [FAILED] });
  await trainModel(registry);
}

export async function twoChampions(registry: TestRegistry): Promise<void> {
  await newChampion(registry);
  await newChampion(registry);
}

export interface Story {
  events: string[];
  /** "promote: fewer false alarms, forced" */
  audit: string[];
  actors: string[];
  /** "promote completed" */
  runs: string[];
}

/** What happened on the branch after that, oldest first. */
export async function storyOf(registry: TestRegistry, after?: Story): Promise<Story> {
  const { write } = registry.scopes;
  const all = { limit: 100 };
  const events = (await listEvents(registry, write, all)).reverse();
  const audit = (await listAudit(registry, write, all)).reverse();
  const runs = (await listRuns(registry, write, all)).reverse();
  return {
    events: events.map(({ name }) => name).slice(after?.events.length),
    audit: audit.map(({ action, reason, details }) =>
      `${action}: ${reason}${details.forced === true ? ", forced" : ""}`
    ).slice(after?.audit.length),
    actors: audit.map(({ actor }) => actor).slice(after?.actors.length),
    runs: runs.map(({ flow, status }) => `${flow} ${status}`).slice(after?.runs.length),
  };
}
