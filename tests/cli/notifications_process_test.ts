// Notifications from commands to receivers: commands publish, processes that serve send.

import { assertEquals, assertMatch } from "@std/assert";
import type { DeliveryState } from "../../src/domain/durability.ts";
import { getDelivery } from "../../src/registry/deliveries.ts";
import { writeScope } from "../../src/domain/scope.ts";
import { Store } from "../../src/store/kv.ts";
import { receiver } from "../support/receiver.ts";
import { serveProcess } from "../support/processes.ts";
import { memoryRegistry, PROJECT } from "../support/registry.ts";
import { type Terminal, withTerminal } from "./app.ts";

const SECRET = "a_secret_of_more_than_24_bytes";

/** Every event of the terminal's branch goes to that address. Processes have the real time. */
async function tell(terminal: Terminal, url: string): Promise<void> {
  terminal.clockMs = Date.now();
  const config = {
    targets: { ops: { kind: "webhook", url, secret_env: "OPS_SECRET", allow_private: true } },
    rules: [{ name: "ops", events: ["*"], target: "ops" }],
  };
  await Deno.writeTextFile(`${terminal.folder}/notifications.json`, JSON.stringify(config));
}

function serving({ kv, folder, env }: Terminal) {
  return serveProcess({
    cwd: folder,
    env: { ...env, ANOMALY_KV: kv, OPS_SECRET: SECRET },
    words: ["serve", "--port", "0", "--no_schedules"],
  });
}

/** How far the branch's first event is; read after every process has ended. */
async function stateOfFirst({ kv }: Terminal): Promise<DeliveryState | undefined> {
  using store = await Store.open(kv);
  using registry = await memoryRegistry({ branch: "user.tester", store });
  const scope = writeScope(PROJECT, "user.tester");
  const key = { eventId: 1, consumer: "notify:ops" };
  return (await getDelivery(registry, scope, key))?.state;
}

Deno.test("commands send nothing; two processes that serve send what they published, each once", async () => {
  await withTerminal(async (terminal) => {
    const all = Promise.withResolvers<void>();
    await using there = receiver((_, count) => {
      if (count === 3) all.resolve();
      return new Response();
    });
    await tell(terminal, there.origin);
    for (let i = 0; i < 3; i++) await terminal.text("ingest");
    await terminal.text("events", "list");
    await terminal.text("doctor");
    assertEquals(there.received.length, 0);
    assertEquals(await stateOfFirst(terminal), "pending");
    await using first = await serving(terminal);
    await using second = await serving(terminal);
    await all.promise;
    assertEquals([await first.end("SIGTERM"), await second.end("SIGTERM")], [0, 0]);
    const events = there.received.map(({ body }) => JSON.parse(body).event);
    assertEquals(events.map(({ name }) => name), Array(3).fill("snapshot_ready"));
    assertEquals(new Set(events.map(({ id }) => id)).size, 3);
    assertEquals(await stateOfFirst(terminal), "done");
  });
});

Deno.test("a receiver that stalls does not keep a process from ending, and is sent to again by the next", async () => {
  await withTerminal(async (terminal) => {
    const arrived = Promise.withResolvers<void>();
    const again = Promise.withResolvers<void>();
    const over = Promise.withResolvers<Response>();
    await using there = receiver((_, count) => {
      arrived.resolve();
      if (count === 1) return over.promise;
      again.resolve();
      return new Response();
    });
    await tell(terminal, there.origin);
    await terminal.text("ingest");
    await using served = await serving(terminal);
    await arrived.promise;
    // Pages are served meanwhile.
    assertEquals(await (await fetch(`${served.origin}/health`)).json(), { status: "ok" });
    assertEquals(await served.end("SIGTERM"), 0);
    over.resolve(new Response());
    assertEquals(await stateOfFirst(terminal), "pending");
    await using next = await serving(terminal);
    await again.promise;
    assertEquals(await next.end("SIGTERM"), 0);
    assertEquals(await stateOfFirst(terminal), "done");
  });
});

Deno.test("serve says which notifications it cannot send, and serves", async () => {
  await withTerminal(async (terminal) => {
    await tell(terminal, "https://example.org/hooks");
    const { kv, folder, env } = terminal;
    await using served = await serveProcess({
      cwd: folder,
      env: { ...env, ANOMALY_KV: kv },
      words: ["serve", "--port", "0", "--no_schedules"],
    });
    await served.said(/notify:ops is not sent from here: OPS_SECRET is not set/);
    assertEquals(await served.end("SIGTERM"), 0);
  });
});

Deno.test("config show says who is told of what, and neither secret nor the path that may be one", async () => {
  await withTerminal(async (terminal) => {
    assertMatch(await terminal.text("config", "show"), /nobody is told of anything/);
    await tell(terminal, "https://hooks.example.org/services/key-in-path");
    terminal.env.OPS_SECRET = SECRET;
    const text = await terminal.text("config", "show");
    assertMatch(text, /^ {2}ops +\* on \* → ops: https:\/\/hooks\.example\.org\/…$/m);
    const json = await terminal.text("config", "show", "--json");
    assertEquals(JSON.parse(json).notifications.targets.ops, {
      kind: "webhook",
      url: "https://hooks.example.org/…",
      secret_env: "OPS_SECRET",
      timeout_seconds: 10,
      allow_private: true,
    });
    for (const shown of [text, json]) {
      assertEquals([shown.includes("key-in-path"), shown.includes(SECRET)], [false, false]);
    }
  });
});
