// A branch with events that rules have matched, and processes that send for it.

import type { JsonObject } from "../../src/domain/asset.ts";
import type { DeliveryRecord } from "../../src/domain/durability.ts";
import {
  type NotificationsConfig,
  notificationsSchema,
  notifyConsumersOf,
} from "../../src/domain/notifications.ts";
import type { EventName } from "../../src/domain/run.ts";
import { NotificationSender, type SenderOptions } from "../../src/notify/sender.ts";
import { getDelivery } from "../../src/registry/deliveries.ts";
import { stageEvent } from "../../src/registry/events.ts";
import { memoryRegistry, testDurability, type TestRegistry } from "../support/registry.ts";

export const SECRET = "a_secret_of_more_than_24_bytes";

/** One rule, `ops`, of every event, to one webhook of that address. */
export function opsRule(url: string, target: JsonObject = {}): NotificationsConfig {
  return notificationsSchema.parse({
    targets: {
      ops: { kind: "webhook", url, secret_env: "OPS_SECRET", allow_private: true, ...target },
    },
    rules: [{ name: "ops", events: ["*"], target: "ops" }],
  });
}

export interface Scene extends Disposable {
  registry: TestRegistry;
  /** Real time, by which claims run out. */
  wallMs: number;
  /** Lines on the log. */
  said: string[];
  publish(payload?: JsonObject, name?: EventName): Promise<number>;
  /** Another process. */
  sender(given?: Partial<SenderOptions>): NotificationSender;
  delivery(eventId: number, rule?: string): Promise<DeliveryRecord>;
  /** Moves both clocks. */
  pass(ms: number): void;
}

export async function scene(notifications: NotificationsConfig): Promise<Scene> {
  const registry = await memoryRegistry();
  registry.listenersOf = (event) => notifyConsumersOf(notifications, event);
  const { write } = registry.scopes;
  const made: Scene = {
    registry,
    wallMs: Date.UTC(2026, 0, 1),
    said: [],
    publish: async (payload = {}, name = "model_promoted") => {
      const event = { name, runId: null, marketAt: null, payload };
      const { id } = await registry.store.commit(write, (tx) => stageEvent(registry, tx, event));
      return id;
    },
    sender: (given = {}) =>
      new NotificationSender({
        registry,
        notifications,
        env: (name) => name === "OPS_SECRET" ? SECRET : undefined,
        codeVersion: "1.2.3",
        durability: testDurability({
          holder: { id: "process", forMs: 30_000, nowMs: () => made.wallMs },
        }),
        say: (line) => void made.said.push(line),
        stopping: new AbortController().signal,
        cut: new AbortController().signal,
        ...given,
      }),
    delivery: async (eventId, rule = "ops") =>
      (await getDelivery(registry, write, { eventId, consumer: `notify:${rule}` }))!,
    pass: (ms) => {
      registry.clockMs += ms;
      made.wallMs += ms;
    },
    [Symbol.dispose]: () => registry[Symbol.dispose](),
  };
  return made;
}
