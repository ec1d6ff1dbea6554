// What doctor and status say of what is left open: runs, events and slots.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openStore } from "../../main.ts";
import { writeScope } from "../../src/domain/scope.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { stageDelivery } from "../../src/registry/deliveries.ts";
import { dueSlot, getSchedule, passSlot } from "../../src/registry/slots.ts";
import { keysOf } from "../../src/store/keys.ts";
import type { Transaction } from "../../src/store/kv.ts";
import { type Terminal, withTerminal } from "./app.ts";

const write = writeScope("crypto_anomaly", "user.tester");
/** As in configs/project.json. */
const HOURLY = "0 * * * *";

/** Work on the terminal's store as another process would do it. */
async function elsewhere(
  { kv, clockMs }: Terminal,
  work: (ctx: RegistryContext) => Promise<void>,
): Promise<void> {
  using store = await openStore(kv, { create: false });
  await work({ store, scopes: { write, read: write }, actor: "tester", nowMs: () => clockMs });
}

const commit = (terminal: Terminal, stage: (ctx: RegistryContext, tx: Transaction) => unknown) =>
  elsewhere(terminal, async (ctx) => {
    await ctx.store.commit(write, async (tx) => void await stage(ctx, tx));
  });

/** Run 1 is under way, and its process is gone. */
const crash = (terminal: Terminal, goesOn: boolean) =>
  commit(terminal, async (_, tx) => {
    const keys = keysOf(write);
    const run = (await tx.get(keys.run(1)))!;
    tx.set(keys.run(1), { ...run, status: "running", finishedAt: null });
    tx.set(keys.lease(1), { holder: "another", beatAtMs: 0, forMs: 30_000, goesOn });
  });

async function look(terminal: Terminal) {
  const { code, stdout } = await terminal.run("doctor");
  const status = await terminal.text("status");
  const { next } = await terminal.json<{ next: string }>("status");
  return { code, doctor: stdout, status, next };
}

Deno.test("a crashed run is named, with what goes on with it", async () => {
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    await crash(terminal, false);
    const mine = await look(terminal);
    assertEquals([mine.code, mine.next], [1, "anomaly runs resume 1"]);
    assertMatch(
      mine.doctor,
      /^✕ runs: run 1 \(train\) has crashed, and nobody has gone on with it, since 1970-01-01 00:00 UTC\. Next: anomaly runs resume 1$/m,
    );
    assertMatch(mine.status, /^stranded +run 1 \(train\) has crashed, and nobody has gone on/m);
    await crash(terminal, true);
    const others = await look(terminal);
    assertMatch(
      others.doctor,
      /^✕ runs: .* waits for a process that serves.* Next: anomaly serve$/m,
    );
    assertEquals(others.next, "anomaly evaluate --candidate_version 1");
  });
});

Deno.test("an interrupted run is named until it is resumed, or another of its flow has completed", async () => {
  await withTerminal(async (terminal) => {
    terminal.app = { signal: AbortSignal.abort() };
    await terminal.run("train");
    terminal.app = {};
    const before = await look(terminal);
    assertMatch(before.doctor, /^✕ runs: run 1 \(train\) was interrupted/m);
    assertEquals(before.next, "anomaly runs resume 1");
    await terminal.text("train");
    const after = await look(terminal);
    assertEquals([after.code, after.next], [0, "anomaly evaluate --candidate_version 1"]);
    assertMatch(after.doctor, /^✓ runs: last run 2 \(train\) completed$/m);
  });
});

Deno.test("events that wait are counted, and are a fault only where a process was to serve", async () => {
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    terminal.clockMs += 2 * HOUR_MS;
    const alone = await look(terminal);
    assertEquals(alone.code, 0);
    assertMatch(
      alone.doctor,
      /^✓ events: 1 event waits for a process that serves, the first of them since 2024-02-01 00:00 UTC$/m,
    );
    assertMatch(alone.status, /^events +1 event waits for a process that serves$/m);
    await elsewhere(terminal, async (ctx) => {
      await passSlot(ctx, dueSlot("ingest", HOURLY, ctx.nowMs(), null)!, null);
    });
    const served = await look(terminal);
    assertEquals(served.code, 1);
    assertMatch(served.doctor, /^✕ events: 1 event waits .* Next: anomaly serve$/m);
    await terminal.text("evaluate");
    assertMatch((await look(terminal)).doctor, /^✓ events: every event was handled$/m);
  });
});

Deno.test("an event that was given up is named with its error, and how it is tried again", async () => {
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    await commit(
      terminal,
      (ctx, tx) =>
        stageDelivery(ctx, tx, { eventId: 1, consumer: "evaluate" }, {
          state: "parked",
          error: { code: "unavailable", message: "The market did not answer." },
        }),
    );
    const { code, doctor, status, next } = await look(terminal);
    assertEquals([code, next], [1, "anomaly events list --parked"]);
    assertStringIncludes(
      doctor,
      "✕ events: event 1 is parked for evaluate: The market did not answer. Next, once the cause " +
        "is gone: anomaly events replay 1 --consumer evaluate",
    );
    assertMatch(status, /^parked +event 1 is parked for evaluate: The market did not answer\.$/m);
  });
});

Deno.test("slots that were left out are told with the reason, and one that nobody takes is a fault", async () => {
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    const pass = (gap: "missed" | "overlap" | null) =>
      elsewhere(terminal, async (ctx) => {
        const record = await getSchedule(ctx, write, "ingest");
        await passSlot(ctx, dueSlot("ingest", HOURLY, ctx.nowMs(), record)!, gap);
      });
    await pass(null);
    assertMatch(
      (await look(terminal)).doctor,
      /^✓ schedules: no slot was left out in the last 7 days$/m,
    );
    terminal.clockMs += 4 * HOUR_MS;
    assertMatch(
      (await look(terminal)).doctor,
      /^✕ schedules: ingest is due since 2024-02-01 01:00 UTC, and no process has taken its slot\. Next: anomaly serve$/m,
    );
    await pass("missed");
    terminal.clockMs += HOUR_MS;
    await pass("overlap");
    assertMatch(
      (await look(terminal)).doctor,
      /^✓ schedules: ingest: the slot of 2024-02-01 05:00 UTC left out: an earlier run was still at work; ingest: 4 slots from 2024-02-01 01:00 UTC to 2024-02-01 04:00 UTC left out: no process served$/m,
    );
  });
});
