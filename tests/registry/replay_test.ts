// Replaying an event: for whom, from which state, and what stands in the audit log.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { DeliveryState } from "../../src/domain/durability.ts";
import { AppError } from "../../src/domain/errors.ts";
import { listDeliveries, listParked, stageDelivery } from "../../src/registry/deliveries.ts";
import { listAudit } from "../../src/registry/events.ts";
import { replayEvent, type ReplayRequest } from "../../src/registry/replay.ts";
import { dumpBranch, memoryRegistry, type TestRegistry, trainModel } from "../support/registry.ts";

const MINUTE_MS = 60_000;

/** One event whose listeners have come so far, after two failures each. */
async function withEvent(
  states: Record<string, DeliveryState>,
  work: (
    registry: TestRegistry,
    replay: (given?: Partial<ReplayRequest>) => ReturnType<typeof replayEvent>,
  ) => Promise<void>,
): Promise<void> {
  using registry = await memoryRegistry();
  await trainModel(registry);
  await registry.store.commit(registry.scopes.write, async (tx) => {
    for (const [consumer, state] of Object.entries(states)) {
      await stageDelivery(registry, tx, { eventId: 1, consumer }, {
        state,
        failures: 2,
        runId: 1,
        dueAtMs: registry.clockMs - MINUTE_MS,
        error: { code: "internal", message: "broken" },
      });
    }
  });
  registry.clockMs += MINUTE_MS;
  await work(
    registry,
    (given) => replayEvent(registry, { eventId: 1, consumer: null, reason: "mended", ...given }),
  );
}

async function statesOf(registry: TestRegistry): Promise<Record<string, string>> {
  const all = await listDeliveries(registry, registry.scopes.write, 1);
  return Object.fromEntries(all.map(({ consumer, state }) => [consumer, state]));
}

Deno.test("replayEvent() makes what was given up or too old due now, and leaves the others alone", async () => {
  const states = { evaluate: "parked", score: "expired", train: "done" } as const;
  await withEvent(states, async (registry, replay) => {
    const replayed = await replay();
    assertEquals(
      replayed.map((
        { consumer, state, failures, dueAtMs, error },
      ) => [consumer, state, failures, dueAtMs, error]),
      [
        ["evaluate", "pending", 0, registry.clockMs, null],
        ["score", "pending", 0, registry.clockMs, null],
      ],
    );
    assertEquals(await statesOf(registry), {
      evaluate: "pending",
      score: "pending",
      train: "done",
    });
    assertEquals(await listParked(registry, registry.scopes.write, { limit: 9 }), []);
  });
});

Deno.test("replayEvent() of a named listener replays what it has handled, and waits no longer for what is due later", async () => {
  await withEvent({ evaluate: "done", score: "pending" }, async (registry, replay) => {
    for (const consumer of ["evaluate", "score"]) {
      const [one] = await replay({ consumer });
      assertEquals([one!.state, one!.dueAtMs], ["pending", registry.clockMs]);
    }
  });
});

Deno.test("replayEvent() says in the audit log who asked for which event, for whom, and why", async () => {
  await withEvent({ evaluate: "parked" }, async (registry, replay) => {
    await replay();
    const [entry] = await listAudit(registry, registry.scopes.write, { limit: 1 });
    assertEquals([entry!.action, entry!.actor, entry!.subject, entry!.reason, entry!.details], [
      "replay",
      "tester",
      "event 1 (model_registered) for evaluate",
      "mended",
      { event_id: 1, consumer: "evaluate" },
    ]);
  });
});

Deno.test("replayEvent() refuses what is being handled, what nobody was to hear of, and what nobody gave up", async () => {
  await withEvent({ evaluate: "running", score: "done" }, async (registry, replay) => {
    const before = await dumpBranch(registry.store, "main");
    const table: [given: Partial<ReplayRequest>, code: string, words: string][] = [
      [{ consumer: "evaluate" }, "conflict", "run 1 is handling it. See: anomaly runs show 1"],
      [
        {},
        "conflict",
        "nobody has given it up: evaluate running, score done. Next: anomaly events replay 1",
      ],
      [{ consumer: "ingest" }, "not_found", "it was not to hear of it"],
      [{ eventId: 9 }, "not_found", "there is none on branch main"],
    ];
    for (const [given, code, words] of table) {
      const error = await assertRejects(() => replay(given), AppError);
      assertEquals(error.code, code);
      assertStringIncludes(error.message, words);
    }
    assertEquals(await dumpBranch(registry.store, "main"), before);
  });
});

Deno.test("replayEvent() refuses an event that nobody listens to", async () => {
  await withEvent({}, async (_, replay) => {
    const error = await assertRejects(() => replay(), AppError);
    assertStringIncludes(error.message, "nobody listens to it");
  });
});
