// The shape of configs/notifications.json: who is told of which events. Checked when read, so that a rule
// that could never be sent is refused before anything runs; which rules an event meets is settled here.

import { z } from "zod";
import { matchesBranchPattern } from "./names.ts";
import { EVENT_NAMES, type EventRecord } from "./run.ts";

/** An event and all who are to hear of it are one commit, and one read. */
const MAX_RULES = 50;

const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const NAME_EXPECTED = "lower-case letters, digits, _ and -, beginning with a letter";

const name = z.string().regex(NAME).meta({ expected: NAME_EXPECTED });
const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** What a field of an event's payload has to be; all that is given has to hold. */
const condition = z.strictObject({
  equals: scalar.optional(),
  at_least: z.number().optional(),
  at_most: z.number().optional(),
  one_of: z.array(scalar).min(1).optional(),
});
type Condition = z.infer<typeof condition>;

const rule = z.strictObject({
  name,
  events: z.array(z.enum([...EVENT_NAMES, "*"])).min(1)
    .describe('events to tell of; "*" for all'),
  branch: z.string().min(1).default("*").describe("branch, or pattern with *"),
  filter: z.record(z.string(), condition).default({}).describe("payload field → condition"),
  target: z.string().describe("name of a target"),
});
export type NotificationRule = z.infer<typeof rule>;

const webhook = z.strictObject({
  kind: z.literal("webhook"),
  url: z.string().superRefine((url, context) => {
    const problem = urlProblem(url);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  }).describe("http(s) address that is posted to"),
  secret_env: z.string().regex(/^[A-Z][A-Z0-9_]*$/).meta({
    expected:
      "the name of an environment variable that holds the secret, such as ANOMALY_OPS_SECRET",
  }),
  timeout_seconds: z.number().min(1).max(60).default(10),
  allow_private: z.boolean().default(false)
    .describe("whether the address may lie in a private network, or on this machine"),
});
export type WebhookTarget = z.infer<typeof webhook>;

const log = z.strictObject({ kind: z.literal("log") });

const target = z.discriminatedUnion("kind", [webhook, log]);
export type NotificationTarget = z.infer<typeof target>;

/** `configs/notifications.json`. */
export const notificationsSchema = z.strictObject({
  targets: z.record(z.string(), target).default({}).describe("name → where to send"),
  rules: z.array(rule).default([]).describe("what to send there"),
}).superRefine(({ targets, rules }, context) => {
  const report = (path: (string | number)[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  if (rules.length > MAX_RULES) {
    report(["rules"], `names ${rules.length}, expected at most ${MAX_RULES}`);
  }
  const known = Object.keys(targets);
  for (const name of known) {
    if (!NAME.test(name)) report(["targets", name], `is no name, expected ${NAME_EXPECTED}`);
  }
  rules.forEach((rule, i) => {
    if (!Object.hasOwn(targets, rule.target)) {
      const expected = known.length === 0 ? "none is named" : known.join(", ");
      report(
        ["rules", i, "target"],
        `is "${rule.target}", expected one of the targets: ${expected}`,
      );
    }
    // A delivery is known by the rule's name: of two rules, one would be sent.
    if (rules.findIndex(({ name }) => name === rule.name) < i) {
      report(["rules", i, "name"], `is "${rule.name}" a second time, expected another name`);
    }
    for (const [field, condition] of Object.entries(rule.filter)) {
      if (Object.keys(condition).length > 0) continue;
      report(
        ["rules", i, "filter", field],
        "is {}, expected equals, at_least, at_most or one_of",
      );
    }
  });
});
export type NotificationsConfig = z.infer<typeof notificationsSchema>;

/** What is wrong with an address; it is not repeated where it may hold a secret. */
function urlProblem(text: string): string | null {
  const url = URL.parse(text);
  if (url === null) {
    const found = text.includes("@") || text.length > 60 ? "is no URL" : `is "${text}"`;
    return `${found}, expected an http(s) URL such as https://example.org/hooks/anomaly`;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return `begins with "${url.protocol}", expected https: or http:`;
  }
  if (url.username !== "" || url.password !== "") {
    return "has a user or a password in it, expected neither: what is secret belongs in secret_env";
  }
  return null;
}

const PREFIX = "notify:";

/** The name under which a rule hears of events: `notify:<rule>`. */
export function notifyConsumer({ name }: Pick<NotificationRule, "name">): string {
  return PREFIX + name;
}

/** The names of those that are to be told of an event. */
export function notifyConsumersOf(
  { rules }: NotificationsConfig,
  event: Pick<EventRecord, "name" | "branch" | "payload">,
): string[] {
  return rules.filter((rule) => isMet(rule, event)).map(notifyConsumer);
}

function isMet(
  { events, branch, filter }: NotificationRule,
  event: Pick<EventRecord, "name" | "branch" | "payload">,
): boolean {
  return (events.includes("*") || events.includes(event.name)) &&
    matchesBranchPattern(branch, event.branch) &&
    Object.entries(filter).every(([field, condition]) => holds(condition, event.payload[field]));
}

/** A bound holds of numbers alone, and nothing of a field that is not there. */
function holds({ equals, at_least, at_most, one_of }: Condition, value: unknown): boolean {
  if (equals !== undefined && value !== equals) return false;
  if (one_of !== undefined && !one_of.some((one) => one === value)) return false;
  if (at_least === undefined && at_most === undefined) return true;
  return typeof value === "number" && value >= (at_least ?? -Infinity) &&
    value <= (at_most ?? Infinity);
}

/** Where a target sends, for a person. Paths of addresses are often as good as a password. */
export function describeTarget(target: NotificationTarget): string {
  if (target.kind === "log") return "the log of the process that serves";
  const { origin, pathname, search } = new URL(target.url);
  return origin + (pathname === "/" && search === "" ? "" : "/…");
}
