// Which rules an event meets, and what is shown of a target.

import { assertEquals } from "@std/assert";
import {
  describeTarget,
  notificationsSchema,
  notifyConsumersOf,
} from "../../src/domain/notifications.ts";
import type { JsonObject } from "../../src/domain/asset.ts";
import type { EventName } from "../../src/domain/run.ts";

const EVENT: { name: EventName; branch: string; payload: JsonObject } = {
  name: "anomalies_detected",
  branch: "user.ann",
  payload: { snapshot_version: 12, flagged: 3, rate: 0.05, model: "v7", shadow: false, note: null },
};

const TABLE: [meaning: string, rule: JsonObject, meets: boolean][] = [
  ["its event", { events: ["anomalies_detected"] }, true],
  ["one of its events", { events: ["model_promoted", "anomalies_detected"] }, true],
  ["every event", { events: ["*"] }, true],
  ["another event", { events: ["model_promoted"] }, false],
  ["its branch", { events: ["*"], branch: "user.ann" }, true],
  ["its branch by pattern", { events: ["*"], branch: "user.*" }, true],
  ["another branch", { events: ["*"], branch: "main" }, false],
  ["a dot that is no wildcard", { events: ["*"], branch: "user?ann" }, false],
  ["a beginning that is not all", { events: ["*"], branch: "user" }, false],
  ["a number", { events: ["*"], filter: { flagged: { equals: 3 } } }, true],
  ["another number", { events: ["*"], filter: { flagged: { equals: 4 } } }, false],
  [
    "text that looks like the number",
    { events: ["*"], filter: { flagged: { equals: "3" } } },
    false,
  ],
  ["text", { events: ["*"], filter: { model: { equals: "v7" } } }, true],
  ["false", { events: ["*"], filter: { shadow: { equals: false } } }, true],
  ["the lower bound itself", { events: ["*"], filter: { flagged: { at_least: 3 } } }, true],
  ["below the bound", { events: ["*"], filter: { flagged: { at_least: 3.5 } } }, false],
  ["the upper bound itself", { events: ["*"], filter: { rate: { at_most: 0.05 } } }, true],
  ["above the bound", { events: ["*"], filter: { rate: { at_most: 0.04 } } }, false],
  ["between bounds", { events: ["*"], filter: { flagged: { at_least: 1, at_most: 5 } } }, true],
  ["outside of bounds", { events: ["*"], filter: { flagged: { at_least: 4, at_most: 5 } } }, false],
  ["a bound of text", { events: ["*"], filter: { model: { at_least: 0 } } }, false],
  ["a bound of nothing", { events: ["*"], filter: { note: { at_most: 1 } } }, false],
  ["one of several", { events: ["*"], filter: { model: { one_of: ["v6", "v7"] } } }, true],
  ["none of several", { events: ["*"], filter: { model: { one_of: ["v6", 7] } } }, false],
  ["a field that is not there", { events: ["*"], filter: { coins: { at_least: 0 } } }, false],
  ["a field of every object", { events: ["*"], filter: { toString: { equals: "x" } } }, false],
  [
    "all of two fields",
    { events: ["*"], filter: { flagged: { at_least: 1 }, model: { equals: "v7" } } },
    true,
  ],
  [
    "one of two fields",
    { events: ["*"], filter: { flagged: { at_least: 1 }, model: { equals: "v6" } } },
    false,
  ],
];

for (const [meaning, rule, meets] of TABLE) {
  Deno.test(`a rule that asks for ${meaning} is ${meets ? "met" : "not met"}`, () => {
    const config = notificationsSchema.parse({
      targets: { here: { kind: "log" } },
      rules: [{ name: "one", target: "here", ...rule }],
    });
    assertEquals(notifyConsumersOf(config, EVENT), meets ? ["notify:one"] : []);
  });
}

Deno.test("describeTarget() shows where a target sends, and nothing that could let others send there", () => {
  const parse = (url: string) =>
    notificationsSchema.parse({
      targets: { there: { kind: "webhook", url, secret_env: "SECRET" } },
    }).targets.there!;
  assertEquals(
    [
      "https://hooks.example.org/services/T0/B0/key",
      "https://hooks.example.org/?token=key",
      "http://example.org:8080",
    ].map((url) => describeTarget(parse(url))),
    ["https://hooks.example.org/…", "https://hooks.example.org/…", "http://example.org:8080"],
  );
});
