// Sends what rules matched, from a process that serves: to each target one after another and in the order of
// the events, to different targets beside each other, so that a slow receiver holds up nobody else.

import type { DeliveryRecord } from "../domain/durability.ts";
import { toAppError } from "../domain/errors.ts";
import {
  type NotificationRule,
  type NotificationsConfig,
  type NotificationTarget,
  notifyConsumer,
  type WebhookTarget,
} from "../domain/notifications.ts";
import type { EventRecord } from "../domain/run.ts";
import { duration } from "../domain/time.ts";
import type { RegistryContext } from "../registry/context.ts";
import { backoffMs, listOpen } from "../registry/deliveries.ts";
import { keysOf } from "../store/keys.ts";
import { claim, type ClaimOptions, isDue, settle } from "./claims.ts";
import { messageOf } from "./message.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { signatures, type SigningKey, signingKeys } from "./signature.ts";
import { post, type Resolve } from "./webhook.ts";

/** Events of one rule that are looked at together. */
const PAGE = 200;
/** The log needs none, and has one all the same: a claim has to run out. */
const LOG_TIMEOUT_MS = 1_000;
/** What would move the cursor of a terminal, or hide in it. */
const UNPRINTABLE = /\p{Cc}|\p{Cf}|[\u2028\u2029]/gu;

export interface SenderOptions {
  registry: RegistryContext;
  notifications: NotificationsConfig;
  env: (name: string) => string | undefined;
  codeVersion: string;
  durability: {
    holder: { forMs: number; nowMs(): number };
    maxFailures: number;
    maxEventAgeMs: number;
  };
  /** A line on the log of the process. */
  say(line: string): void;
  /** Aborted when no more is to be begun … */
  stopping: AbortSignal;
  /** … and when what is being sent is to be left. */
  cut: AbortSignal;
  /** In place of the platform's. */
  resolve?: Resolve;
}

/** A rule with all that sending for it takes. */
interface Route {
  rule: NotificationRule;
  target: NotificationTarget;
  /** Of webhooks. */
  keys: SigningKey[];
}

export class NotificationSender {
  readonly #options: SenderOptions;
  readonly #routes: Route[];
  /** Target → until when it is left alone after a failure, by the registry's clock. */
  readonly #restUntilMs = new Map<string, number>();

  /** Rules whose secret this process does not have are left to one that does, which is said. */
  constructor(options: SenderOptions) {
    this.#options = options;
    this.#routes = options.notifications.rules.flatMap((rule) => this.#routeOf(rule) ?? []);
  }

  /** Whether there is any rule that this process can send for. */
  get hasWork(): boolean {
    return this.#routes.length > 0;
  }

  /** Sends all that is due now. Rejects, once every target has ended, where the store was not there. */
  async sendDue(): Promise<void> {
    const targets = Map.groupBy(this.#routes, ({ rule }) => rule.target);
    const ends = await Promise.allSettled(
      [...targets].map(([name, routes]) => this.#sendTo(name, routes)),
    );
    const broken = ends.find((end) => end.status === "rejected");
    if (broken) throw broken.reason;
  }

  #routeOf(rule: NotificationRule): Route | null {
    const { notifications, env, say } = this.#options;
    const target = notifications.targets[rule.target]!;
    if (target.kind === "log") return { rule, target, keys: [] };
    const secret = env(target.secret_env) ?? "";
    try {
      if (secret !== "") return { rule, target, keys: signingKeys(secret, target.secret_env) };
      say(`${notifyConsumer(rule)} is not sent from here: ${target.secret_env} is not set`);
    } catch (error) {
      say(`${notifyConsumer(rule)} is not sent from here: ${toAppError(error).message}`);
    }
    return null;
  }

  async #sendTo(name: string, routes: readonly Route[]): Promise<void> {
    const { registry, stopping } = this.#options;
    const { write } = registry.scopes;
    const open = await Promise.all(routes.map(async (route) => {
      const deliveries = await listOpen(registry, write, notifyConsumer(route.rule), {
        limit: PAGE,
      });
      return deliveries.map((delivery) => ({ route, delivery }));
    }));
    const inOrder = open.flat().sort((a, b) => a.delivery.eventId - b.delivery.eventId);
    for (const { route, delivery } of inOrder) {
      const nowMs = registry.nowMs();
      const restMs = (this.#restUntilMs.get(name) ?? 0) - nowMs;
      if (stopping.aborted || restMs > 0) return;
      if (!isDue(delivery, nowMs, this.#claimOptions(route))) continue;
      const failed = await this.#deliver(route, delivery);
      if (failed?.error.code !== "unavailable") continue;
      // It is not this event's fault: the others of the target would fare no better now.
      this.#restUntilMs.set(name, nowMs + Math.max(backoffMs(1), failed.retryAfterMs));
    }
  }

  /** Takes, sends and settles one; gives the failure, if it was one. */
  async #deliver(
    route: Route,
    { eventId, consumer }: DeliveryRecord,
  ): Promise<Extract<Outcome, { kind: "failed" }> | null> {
    const { registry, cut, say } = this.#options;
    const options = this.#claimOptions(route);
    const event = await registry.store.get(keysOf(registry.scopes.write).event(eventId));
    if (event === null) return null;
    const claimed = await claim(registry, { eventId, consumer }, options);
    if (claimed === null) return null;
    if (claimed.state === "expired") {
      const limit = duration(options.maxAgeMs);
      say(`${consumer} was not sent for event ${eventId}: it is older than ${limit}`);
      return null;
    }
    const outcome = await this.#send(route, event, claimed.failures + 1);
    const isCut = outcome.kind === "failed" && cut.aborted;
    const settled = await settle(registry, claimed, isCut ? null : outcome, options);
    if (isCut || outcome.kind === "sent" || settled === null) return null;
    const then = settled.state === "parked"
      ? `given up. Next: anomaly events replay ${eventId} --consumer ${consumer}`
      : "tried again later";
    say(`${consumer} failed for event ${eventId}: ${outcome.error.message}; ${then}`);
    return outcome;
  }

  async #send(
    { rule, target, keys }: Route,
    event: EventRecord,
    attempt: number,
  ): Promise<Outcome> {
    if (target.kind === "webhook") return await this.#post(rule, target, keys, event, attempt);
    const { name, id, branch, payload } = event;
    const line = `notify ${rule.name}: event ${id} ${name} on branch ${branch} ` +
      JSON.stringify(payload);
    this.#options.say(line.replace(UNPRINTABLE, ""));
    return { kind: "sent", answer: null };
  }

  async #post(
    rule: NotificationRule,
    target: WebhookTarget,
    keys: readonly SigningKey[],
    event: EventRecord,
    attempt: number,
  ): Promise<Outcome> {
    const { registry, codeVersion, durability, cut, resolve } = this.#options;
    const { project } = registry.scopes.write;
    const url = new URL(target.url);
    const { id, body } = await messageOf({ project, rule: rule.name, event, attempt });
    const timestamp = Math.floor(durability.holder.nowMs() / 1000);
    try {
      const answer = await post({
        url,
        headers: {
          "content-type": "application/json",
          "user-agent": `anomaly/${codeVersion}`,
          "webhook-id": id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": await signatures({ id, timestamp, body }, keys),
        },
        body,
        timeoutMs: target.timeout_seconds * 1000,
        allowPrivate: target.allow_private,
        signal: cut,
      }, resolve);
      return outcomeOf(url.host, answer, durability.holder.nowMs());
    } catch (cause) {
      return { kind: "failed", error: toAppError(cause), answer: null, retryAfterMs: 0 };
    }
  }

  #claimOptions({ target }: Route): ClaimOptions {
    const { holder, maxFailures, maxEventAgeMs } = this.#options.durability;
    const timeoutMs = target.kind === "webhook" ? target.timeout_seconds * 1000 : LOG_TIMEOUT_MS;
    return {
      wallMs: holder.nowMs,
      claimMs: timeoutMs + holder.forMs,
      maxFailures,
      maxAgeMs: maxEventAgeMs,
    };
  }
}
