// Whatever a program sends, the API answers: with what was asked, or with what is wrong. Never with 500.

import { assert } from "@std/assert";
import fc from "fast-check";
import { OPERATIONS } from "../../../dashboard/api/operations.ts";
import { judgeModel, memoryRegistry, newChampion, trainModel } from "../../support/registry.ts";
import { dashboardOn } from "../dashboard.ts";
import { send } from "./api.ts";

const BODIES = 150;
const QUERIES = 40;

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("champion", "latest", "1", "v1", "run:1", "promote", "constructor", "__proto__"),
  fc.string({ minLength: 2000, maxLength: 2100 }),
);
const value = fc.oneof(fc.jsonValue(), text, fc.boolean(), fc.integer(), fc.double());

/** Bodies that come near to the right ones: known names, of which some have other values. */
function bodyNear(example: unknown) {
  const known = typeof example === "object" && example !== null ? Object.entries(example) : [];
  const fields = Object.fromEntries(known.map(([name, right]) => [
    name,
    // "flow" may not be one that goes to the market.
    name === "flow" ? text : fc.oneof(fc.constant(right), value),
  ]));
  return fc.oneof(
    { weight: 1, arbitrary: fc.jsonValue() },
    { weight: 3, arbitrary: fc.record(fields, { requiredKeys: [] }) },
  );
}

Deno.test("no JSON body makes an act fail with 500", async () => {
  using registry = await memoryRegistry();
  await newChampion(registry);
  await judgeModel(registry, await trainModel(registry));
  const dashboard = await dashboardOn(registry);
  for (const { method, path, example } of OPERATIONS) {
    if (method === "get") continue;
    await fc.assert(
      fc.asyncProperty(bodyNear(example.body), async (body) => {
        const response = await send(dashboard, example.path, {
          method: method.toUpperCase(),
          body,
        });
        const answer = await response.text();
        assert(response.status < 500, `${method} ${path} ${JSON.stringify(body)}: ${answer}`);
      }),
      { numRuns: BODIES },
    );
  }
});

Deno.test("no parameter of a path or a query makes a look fail with 500", async () => {
  using registry = await memoryRegistry();
  await newChampion(registry);
  const dashboard = await dashboardOn(registry);
  for (const operation of OPERATIONS) {
    const { method, path } = operation;
    if (method !== "get") continue;
    const names = ["branch", ...Object.keys(operation.query?.shape ?? {})];
    const query = fc.record(Object.fromEntries(names.map((name) => [name, text])), {
      requiredKeys: [],
    });
    await fc.assert(
      fc.asyncProperty(text, query, async (part, given) => {
        const filled = path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(wellFormed(part)));
        const search = new URLSearchParams(Object.entries(given) as [string, string][]);
        const response = await send(dashboard, `${filled}?${search}`);
        const answer = await response.text();
        assert(response.status < 500, `${path} ${part} ${search}: ${answer}`);
      }),
      { numRuns: QUERIES },
    );
  }
});

/** A path cannot hold half of a surrogate pair, and a dot alone is another path. */
function wellFormed(text: string): string {
  const whole = text.toWellFormed();
  return whole === "" || /^\.+$/.test(whole) ? "x" : whole;
}
