// Events on the command line: who has heard of them, what was given up, and giving it once more.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openStore } from "../../main.ts";
import type { DeliveryRecord } from "../../src/domain/durability.ts";
import { writeScope } from "../../src/domain/scope.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { type DeliveryChange, stageDelivery } from "../../src/registry/deliveries.ts";
import { type Terminal, withTerminal } from "./app.ts";

/** Moves a delivery on as runs elsewhere would. */
async function deliveryIs(
  { kv, clockMs }: Terminal,
  eventId: number,
  consumer: string,
  change: DeliveryChange,
): Promise<void> {
  using store = await openStore(kv, { create: false });
  const write = writeScope("crypto_anomaly", "user.tester");
  const ctx = { store, scopes: { write, read: write }, actor: "tester", nowMs: () => clockMs };
  await store.commit(write, async (tx) => {
    await stageDelivery(ctx, tx, { eventId, consumer }, change);
  });
}

const BROKEN = { code: "unavailable", message: "no answer" } as const;

Deno.test("events list says who listens to an event, and how far they are", async () => {
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    const list = () => terminal.text("events", "list");
    assertMatch(await list(), /^ *1 +model_registered .* evaluate: pending, due$/m);
    const due = { failures: 2, dueAtMs: terminal.clockMs + 120_000, error: BROKEN };
    const table: [DeliveryChange, string][] = [
      [due, "evaluate: pending, due in 2 min after 2 failures: no answer"],
      [{ state: "running", runId: 7 }, "evaluate: running as run 7"],
      [{ state: "parked", failures: 5 }, "evaluate: parked after 5 failures: no answer"],
      [{ state: "expired" }, "evaluate: expired, was not run"],
      [{ state: "done" }, "evaluate: done by run 7"],
    ];
    for (const [change, words] of table) {
      await deliveryIs(terminal, 1, "evaluate", change);
      assert((await list()).endsWith(words), words);
    }
    await deliveryIs(terminal, 1, "notify:ops", { state: "done", answer: "200" });
    assertMatch(await list(), /; notify:ops: done, answered 200$/m);
    const [event] = await terminal.json<{ deliveries: { consumer: string; run_id: number }[] }[]>(
      "events",
      "list",
    );
    assertEquals(event!.deliveries.map(({ consumer, run_id }) => [consumer, run_id]), [
      ["evaluate", 7],
      ["notify:ops", null],
    ]);
  });
});

Deno.test("events list --parked names what was given up, why, and how it is tried again", async () => {
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    assertEquals(
      await terminal.text("events", "list", "--parked"),
      "Nothing is parked on branch user.tester.",
    );
    const given = { state: "parked", failures: 5, runId: 1, error: BROKEN } as const;
    await deliveryIs(terminal, 1, "evaluate", given);
    assertMatch(
      await terminal.text("events", "list", "--parked"),
      /^ +1 +evaluate +5 +1 .* unavailable: no answer\n\nNext, once the cause is gone: anomaly events replay 1 --consumer evaluate$/m,
    );
    const both = await terminal.run("events", "list", "--parked", "--audit");
    assertEquals(both.code, 2);
  });
});

Deno.test("events replay makes an event due, with the person and the reason in the audit log", async () => {
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    await deliveryIs(terminal, 1, "evaluate", { state: "parked", failures: 5, error: BROKEN });
    assertEquals(
      await terminal.text("events", "replay", "1", "--reason", "mended"),
      "Event 1 is due for evaluate, as soon as a process serves.\nNext: anomaly serve",
    );
    assertMatch(await terminal.text("events", "list"), /evaluate: pending, due$/m);
    assertMatch(
      await terminal.text("events", "list", "--audit"),
      /tester +replay +event 1 \(model_registered\) for evaluate +mended$/m,
    );
  });
});

Deno.test("events replay --run runs the flow here, for what the event names", async () => {
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    terminal.clockMs += 48 * HOUR_MS;
    await deliveryIs(terminal, 1, "evaluate", { state: "expired" });
    const answer = await terminal.run("events", "replay", "1", "--run");
    assertEquals([answer.code, answer.stderr], [0, ""]);
    assertMatch(
      answer.stdout,
      /^evaluate, for event 1, on branch user\.tester$.*^evaluate: run 2 completed in /ms,
    );
    assertMatch(await terminal.text("events", "list"), /evaluate: done by run 2$/m);
    // What was handled is handled again only for somebody by name.
    const refused = await terminal.run("events", "replay", "1", "--run");
    assertEquals(refused.code, 5);
    assertStringIncludes(refused.stderr, "Next: anomaly events replay 1 --consumer evaluate");
    const [run] = await terminal.json<{ run_id: number }[]>(
      ...["events", "replay", "1", "--consumer", "evaluate", "--run"],
    );
    assertEquals(run!.run_id, 3);
  });
});

Deno.test("events replay refuses what is being handled, and words that are no event", async () => {
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    await deliveryIs(terminal, 1, "evaluate", { state: "running", runId: 1 });
    const table: [words: string[], code: number, message: string][] = [
      [["1", "--consumer", "evaluate"], 5, "run 1 is handling it. See: anomaly runs show 1"],
      [["1", "--consumer", "score"], 4, "it was not to hear of it. See: anomaly events list"],
      [["9"], 4, "there is none on branch user.tester. See: anomaly events list"],
      [["x1"], 2, 'Cannot read event "x1": expected a number'],
    ];
    for (const [words, code, message] of table) {
      const answer = await terminal.run("events", "replay", ...words);
      assertEquals(answer.code, code, answer.stderr);
      assertStringIncludes(answer.stderr, message);
    }
    const parked = await terminal.json<DeliveryRecord[]>("events", "list", "--parked");
    assertEquals(parked, []);
  });
});
