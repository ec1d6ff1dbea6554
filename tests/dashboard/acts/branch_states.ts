// What acts begin from, and what they leave behind: for the forms and for the API, which have the same acts.

import { flows } from "../../../flows/mod.ts";
import { findFlow } from "../../../src/engine/flow.ts";
import { runFlow } from "../../../src/engine/runner.ts";
import { stageDelivery } from "../../../src/registry/deliveries.ts";
import { listAudit, listEvents } from "../../../src/registry/events.ts";
import { listRuns } from "../../../src/registry/runs.ts";
import {
  gate,
  judgeModel,
  newChampion,
  type TestRegistry,
  testRunner,
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

/** Of v3, which failed a gate; run 5. */
export async function failedPromotion(registry: TestRegistry): Promise<void> {
  await candidates(registry);
  const options = { params: { version: "3" }, tags: [], triggeredBy: null };
  await runFlow(testRunner(registry), findFlow(flows, "promote"), options).catch(() => {});
}

/** Event 1, which evaluate has given up. */
export async function parkedEvent(registry: TestRegistry): Promise<void> {
  await newChampion(registry);
  await registry.store.commit(registry.scopes.write, async (tx) => {
    await stageDelivery(registry, tx, { eventId: 1, consumer: "evaluate" }, {
      state: "parked",
      failures: 5,
      runId: 1,
      error: { code: "unavailable", message: "The market did not answer." },
    });
  });
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
