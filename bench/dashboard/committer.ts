// Commits events to a store from a process of its own, each with the time at which it was committed.
// Arguments: path, how many, ms between two.

import { writeScope } from "../../src/domain/scope.ts";
import { stageEvent } from "../../src/registry/events.ts";
import { Store } from "../../src/store/kv.ts";
import { ACTOR, BRANCH, PROJECT } from "./examples.ts";

const [path, count, gapMs] = Deno.args;
const scope = writeScope(PROJECT, BRANCH);
using store = await Store.open(path);
const registry = {
  store,
  scopes: { write: scope, read: scope },
  actor: ACTOR,
  nowMs: Date.now,
};
for (let i = 0; i < Number(count); i++) {
  await store.commit(scope, (tx) =>
    stageEvent(registry, tx, {
      name: "snapshot_ready",
      runId: null,
      marketAt: null,
      payload: { version: 1, sent_ms: Date.now() },
    }));
  await new Promise((resolve) => setTimeout(resolve, Number(gapMs)));
}
