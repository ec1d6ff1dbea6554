// Notifications from the event to the receiver: what is sent, how often, and what becomes of it.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHmac } from "node:crypto";
import { notificationsSchema } from "../../src/domain/notifications.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { listParked } from "../../src/registry/deliveries.ts";
import { replayEvent } from "../../src/registry/replay.ts";
import { rawReceiver, type Received, receiver } from "../support/receiver.ts";
import { opsRule, scene, SECRET } from "./sending.ts";

const SECOND_MS = 1_000;
const ids = (received: Received[]) => received.map(({ headers }) => headers.get("webhook-id"));

Deno.test("sendDue() posts the event as JSON, signed, and keeps what was answered", async () => {
  await using there = receiver(() => new Response("thank you"));
  using here = await scene(opsRule(`${there.origin}/hooks`));
  const id = await here.publish({ name: "anomaly_detector", version: 3 });
  await here.sender().sendDue();
  const [{ headers, body, path }] = there.received as [Received];
  const deliveryId = headers.get("webhook-id")!;
  assertMatch(deliveryId, /^msg_[0-9a-f]{32}$/);
  assertEquals(path, "/hooks");
  assertEquals(JSON.parse(body), {
    type: "model_promoted",
    timestamp: "2024-01-01T00:00:00.000Z",
    delivery_id: deliveryId,
    rule: "ops",
    attempt: 1,
    project: "crypto_anomaly",
    branch: "main",
    event: {
      id,
      name: "model_promoted",
      run_id: null,
      market_at: null,
      payload: { name: "anomaly_detector", version: 3 },
      branch: "main",
      recorded_at: "2024-01-01T00:00:00.000Z",
    },
  });
  const timestamp = headers.get("webhook-timestamp");
  assertEquals(timestamp, String(here.wallMs / 1000));
  const mac = createHmac("sha256", SECRET).update(`${deliveryId}.${timestamp}.${body}`);
  assertEquals(headers.get("webhook-signature"), `v1,${mac.digest("base64")}`);
  assertEquals(headers.get("user-agent"), "anomaly/1.2.3");
  const { state, answer, error } = await here.delivery(id);
  assertEquals([state, answer, error], ["done", "200 thank you", null]);
});

Deno.test("sendDue() sends what was published while nobody served, once, in the order of the events", async () => {
  await using there = receiver();
  using here = await scene(opsRule(there.origin));
  for (let i = 1; i <= 12; i++) await here.publish({ i });
  await here.sender().sendDue();
  await here.sender().sendDue();
  const order = there.received.map(({ body }) => JSON.parse(body).event.payload.i);
  assertEquals(order, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assertEquals(new Set(ids(there.received)).size, 12);
});

Deno.test("two processes that look at the same time send each notification once", async () => {
  await using there = receiver();
  using here = await scene(opsRule(there.origin));
  for (let i = 1; i <= 20; i++) await here.publish();
  await Promise.all([here.sender().sendDue(), here.sender().sendDue(), here.sender().sendDue()]);
  await here.sender().sendDue();
  assertEquals(there.received.length, 20);
  assertEquals(new Set(ids(there.received)).size, 20);
});

Deno.test("what is being sent is not sent by another process, until its claim has run out", async () => {
  const answers = [1, 2].map(() => Promise.withResolvers<Response>());
  const arrivals = [1, 2].map(() => Promise.withResolvers<void>());
  await using there = receiver((_, count) => {
    arrivals[count - 1]!.resolve();
    return answers[count - 1]!.promise;
  });
  using here = await scene(opsRule(there.origin, { timeout_seconds: 20 }));
  const id = await here.publish();
  const slow = here.sender().sendDue();
  await arrivals[0]!.promise;
  here.pass(49 * SECOND_MS);
  await here.sender().sendDue();
  assertEquals(there.received.length, 1);
  here.pass(2 * SECOND_MS);
  const second = here.sender().sendDue();
  await arrivals[1]!.promise;
  // Whoever has lost the claim settles nothing, neither while the other is sending nor after it.
  answers[0]!.resolve(new Response("first"));
  await slow;
  assertEquals((await here.delivery(id)).state, "running");
  answers[1]!.resolve(new Response("second"));
  await second;
  const { state, answer } = await here.delivery(id);
  assertEquals([state, answer], ["done", "200 second"]);
  const [a, b] = ids(there.received);
  assertEquals(a, b);
});

Deno.test("a process that dies between sending and recording leaves it to be sent again, under the same id", async () => {
  await using there = receiver();
  using here = await scene(opsRule(there.origin));
  const id = await here.publish();
  const { store } = here.registry;
  const commit = store.commit;
  let commits = 0;
  store.commit = async (scope, build) => {
    if (++commits > 1) throw new Error("the process is gone");
    return await commit.call(store, scope, build) as Awaited<ReturnType<typeof build>>;
  };
  await here.sender().sendDue().catch(() => {});
  store.commit = commit;
  assertEquals([there.received.length, (await here.delivery(id)).state], [1, "running"]);
  await here.sender().sendDue();
  assertEquals(there.received.length, 1);
  here.pass(41 * SECOND_MS);
  await here.sender().sendDue();
  const [first, second] = ids(there.received);
  assertEquals([there.received.length, second], [2, first]);
  assertEquals((await here.delivery(id)).state, "done");
});

Deno.test("a claim that a clock running ahead wrote does not hold for ever", async () => {
  await using there = receiver();
  using here = await scene(opsRule(there.origin));
  const id = await here.publish();
  here.wallMs += 24 * HOUR_MS;
  await using silent = rawReceiver(() => Promise.resolve());
  const cut = new AbortController();
  const ahead = here.sender({ notifications: opsRule(silent.origin), cut: cut.signal });
  const hanging = ahead.sendDue();
  while ((await here.delivery(id)).state !== "running") await new Promise((go) => setTimeout(go));
  here.wallMs -= 24 * HOUR_MS;
  await here.sender().sendDue();
  cut.abort();
  await hanging;
  assertEquals([there.received.length, (await here.delivery(id)).state], [1, "done"]);
});

Deno.test("a receiver that is not there is tried again with growing waits under one id, and given up in the end", async () => {
  await using there = receiver(() => new Response("busy", { status: 503 }));
  using here = await scene(opsRule(there.origin));
  const id = await here.publish();
  const waits: number[] = [];
  for (let i = 1; i <= 5; i++) {
    await here.sender().sendDue();
    const { state, failures, dueAtMs, error, answer } = await here.delivery(id);
    assertEquals([failures, state], [i, i < 5 ? "pending" : "parked"]);
    assertEquals([error?.code, answer], ["unavailable", "503 busy"]);
    if (i === 5) break;
    waits.push(dueAtMs - here.registry.clockMs);
    here.pass(dueAtMs - here.registry.clockMs - 1);
    await here.sender().sendDue();
    assertEquals(there.received.length, i);
    here.pass(1);
  }
  assertEquals(waits, [30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, HOUR_MS]);
  assertEquals(new Set(ids(there.received)).size, 1);
  assertEquals(there.received.map(({ body }) => JSON.parse(body).attempt), [1, 2, 3, 4, 5]);
  const parked = await listParked(here.registry, here.registry.scopes.write, { limit: 9 });
  assertEquals(parked.map(({ consumer }) => consumer), ["notify:ops"]);
  assertStringIncludes(
    here.said.at(-1)!,
    `Next: anomaly events replay ${id} --consumer notify:ops`,
  );
});

Deno.test("what was given up is sent when somebody replays it, under the id that it had", async () => {
  await using there = receiver((_, count) =>
    new Response(null, { status: count === 1 ? 400 : 200 })
  );
  using here = await scene(opsRule(there.origin));
  const eventId = await here.publish();
  await here.sender().sendDue();
  assertEquals((await here.delivery(eventId)).state, "parked");
  await replayEvent(here.registry, { eventId, consumer: "notify:ops", reason: "mended" });
  await here.sender().sendDue();
  assertEquals((await here.delivery(eventId)).state, "done");
  const [first, second] = ids(there.received);
  assertEquals(first, second);
});

const ANSWERS: [status: number, state: string, waitMs: number | null, retryAfter?: string][] = [
  [200, "done", null],
  [202, "done", null],
  [301, "parked", null],
  [307, "parked", null],
  [400, "parked", null],
  [401, "parked", null],
  [404, "parked", null],
  [410, "parked", null],
  [408, "pending", 30 * SECOND_MS],
  [429, "pending", 30 * SECOND_MS],
  [500, "pending", 30 * SECOND_MS],
  [504, "pending", 30 * SECOND_MS],
  [429, "pending", 90 * SECOND_MS, "90"],
  [503, "pending", 90 * SECOND_MS, "Thu, 01 Jan 2026 00:01:30 GMT"],
  [429, "pending", 30 * SECOND_MS, "5"],
  [429, "pending", HOUR_MS, "86400"],
  [429, "pending", 30 * SECOND_MS, "soon"],
  [429, "pending", 30 * SECOND_MS, "Wed, 31 Dec 2025 00:00:00 GMT"],
  [404, "parked", null, "90"],
];
for (const [status, state, waitMs, retryAfter] of ANSWERS) {
  const asked = retryAfter === undefined ? "" : ` and retry-after "${retryAfter}"`;
  const then = waitMs === null ? state : `tried again after ${waitMs / 1000} s`;
  Deno.test(`a notification that is answered with ${status}${asked} is ${then}`, async () => {
    const headers: HeadersInit = retryAfter === undefined ? {} : { "retry-after": retryAfter };
    if (status < 400 && status >= 300) Object.assign(headers, { location: "http://127.0.0.1:1/" });
    await using there = receiver(() => new Response(null, { status, headers }));
    using here = await scene(opsRule(there.origin));
    const id = await here.publish();
    await here.sender().sendDue();
    const delivery = await here.delivery(id);
    assertEquals(delivery.state, state);
    if (waitMs !== null) assertEquals(delivery.dueAtMs - here.registry.clockMs, waitMs);
  });
}

Deno.test("a receiver that stalls or resets is tried again, and what it is posted is not a secret in the log", async () => {
  for (const act of [() => Promise.resolve(), (c: Deno.TcpConn) => Promise.resolve(c.close())]) {
    await using there = rawReceiver(act);
    using here = await scene(opsRule(`${there.origin}/key-in-path`, { timeout_seconds: 1 }));
    const id = await here.publish();
    await here.sender().sendDue();
    const { state, error } = await here.delivery(id);
    assertEquals([state, error?.code], ["pending", "unavailable"]);
    assert(!JSON.stringify([error, here.said]).includes("key-in-path"));
  }
});

Deno.test("a private address is given up at once unless the target allows it", async () => {
  await using there = receiver();
  using here = await scene(opsRule(there.origin, { allow_private: false }));
  const id = await here.publish();
  await here.sender().sendDue();
  const { state, error } = await here.delivery(id);
  assertEquals([state, error?.code, there.received.length], ["parked", "forbidden", 0]);
});

Deno.test("a target that fails is left alone for a while, and the others hear of their events meanwhile", async () => {
  await using broken = receiver(() => new Response(null, { status: 500 }));
  await using fine = receiver();
  const webhook = (url: string) => opsRule(url).targets.ops!;
  using here = await scene(notificationsSchema.parse({
    targets: { broken: webhook(broken.origin), fine: webhook(fine.origin) },
    rules: [
      { name: "a", events: ["*"], target: "broken" },
      { name: "b", events: ["model_promoted"], target: "broken" },
      { name: "c", events: ["*"], target: "fine" },
    ],
  }));
  for (let i = 0; i < 3; i++) await here.publish();
  const sender = here.sender();
  await sender.sendDue();
  await sender.sendDue();
  assertEquals([broken.received.length, fine.received.length], [1, 3]);
  here.pass(30 * SECOND_MS);
  await sender.sendDue();
  assertEquals([broken.received.length, fine.received.length], [2, 3]);
});

Deno.test("a slow receiver holds up no other target", async () => {
  const answer = Promise.withResolvers<void>();
  await using slow = receiver(async () => {
    await answer.promise;
    return new Response();
  });
  // The slow one answers only when the other has got everything.
  await using quick = receiver((_, count) => {
    if (count === 3) answer.resolve();
    return new Response();
  });
  const webhook = (url: string) => opsRule(url).targets.ops!;
  using here = await scene(notificationsSchema.parse({
    targets: { a_slow: webhook(slow.origin), quick: webhook(quick.origin) },
    rules: [
      { name: "a", events: ["*"], target: "a_slow" },
      { name: "b", events: ["*"], target: "quick" },
    ],
  }));
  for (let i = 0; i < 3; i++) await here.publish();
  await here.sender().sendDue();
  assertEquals([slow.received.length, quick.received.length], [3, 3]);
});

Deno.test("what has waited for longer than events are handled is recorded as expired, and not sent", async () => {
  await using there = receiver();
  using here = await scene(opsRule(there.origin));
  const old = await here.publish();
  here.pass(23 * HOUR_MS);
  const young = await here.publish();
  here.pass(HOUR_MS + 1);
  await here.sender().sendDue();
  assertEquals((await here.delivery(old)).state, "expired");
  assertEquals((await here.delivery(young)).state, "done");
  assertEquals(there.received.length, 1);
  assertMatch(here.said[0]!, /^notify:ops was not sent for event 1: it is older than 1 d$/);
});

Deno.test("a process without the secret says so, and leaves the notification to one that has it", async () => {
  await using there = receiver();
  using here = await scene(opsRule(there.origin));
  const id = await here.publish();
  for (const [secret, words] of [[undefined, "is not set"], ["short", "found 5 bytes"]] as const) {
    const sender = here.sender({ env: () => secret });
    assertEquals(sender.hasWork, false);
    await sender.sendDue();
    assertStringIncludes(here.said.at(-1)!, "notify:ops is not sent from here: ");
    assertStringIncludes(here.said.at(-1)!, words);
  }
  assertEquals([there.received.length, (await here.delivery(id)).state], [0, "pending"]);
  await here.sender().sendDue();
  assertEquals(there.received.length, 1);
});

Deno.test("a process that is stopping begins nothing, and one that is cut puts back what it was sending", async () => {
  const arrived = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using there = receiver(() => {
    arrived.resolve();
    return answer.promise;
  });
  using here = await scene(opsRule(there.origin));
  const [first, second] = [await here.publish(), await here.publish()];
  await here.sender({ stopping: AbortSignal.abort() }).sendDue();
  assertEquals(there.received.length, 0);
  const cut = new AbortController();
  const sending = here.sender({ stopping: cut.signal, cut: cut.signal }).sendDue();
  await arrived.promise;
  cut.abort(new Error("stopped"));
  await sending;
  for (const id of [first, second]) {
    const { state, failures, error } = await here.delivery(id);
    assertEquals([state, failures, error], ["pending", 0, null]);
  }
  answer.resolve(new Response());
});

Deno.test("the log target is one line on the log, whatever is in the payload", async () => {
  using here = await scene(notificationsSchema.parse({
    targets: { here: { kind: "log" } },
    rules: [{ name: "ops", events: ["model_promoted"], target: "here" }],
  }));
  const id = await here.publish({ version: 3, reason: "a\nnotify ops: \x1b[2Jb\u202e" });
  await here.publish({}, "dataset_ready");
  await here.sender().sendDue();
  assertEquals(here.said, [
    'notify ops: event 1 model_promoted on branch main {"version":3,"reason":"a\\nnotify ops: ' +
    '\\u001b[2Jb"}',
  ]);
  assertEquals((await here.delivery(id)).state, "done");
});

Deno.test("the same event in a store that was begun anew has another id", async () => {
  await using there = receiver();
  for (let i = 0; i < 2; i++) {
    using here = await scene(opsRule(there.origin));
    here.registry.clockMs += i * HOUR_MS;
    await here.publish();
    await here.sender().sendDue();
  }
  assertEquals(new Set(ids(there.received)).size, 2);
});
