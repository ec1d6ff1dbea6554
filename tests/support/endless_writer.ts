// A process that takes snapshots of the simulated market into one branch of a store, until it is killed:
// `endless_writer.ts <kv> <branch>`.

import { ingest } from "../../flows/ingest/flow.ts";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { Store } from "../../src/store/kv.ts";
import { PROJECT, testRunner } from "./registry.ts";

const [kv, branch] = Deno.args as [string, string];
using store = await Store.open(kv);
const runner = testRunner({
  store,
  scopes: { write: writeScope(PROJECT, branch), read: readScope(PROJECT, branch) },
  actor: "tester",
  nowMs: Date.now,
});
const params = { source: "simulated", num_coins: 10 };
for (;;) await runFlow(runner, ingest, { params, tags: [], triggeredBy: null });
