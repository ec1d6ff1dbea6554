// configs/notifications.json: what is taken, and what is said of a file that could never be acted on.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { builtInProject, loadProject } from "../../src/config/mod.ts";
import type { JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { EVENT_NAMES } from "../../src/domain/run.ts";

const WEBHOOK = { kind: "webhook", url: "https://example.org/hooks", secret_env: "OPS_SECRET" };
const RULE = { name: "ops", events: ["model_promoted"], target: "ops" };

async function load(content: unknown) {
  const folder = await Deno.makeTempDir({ prefix: "anomaly_notifications_" });
  try {
    await Deno.writeTextFile(`${folder}/notifications.json`, JSON.stringify(content));
    const { notifications } = await loadProject({ env: () => undefined, folder });
    return { ...notifications, origin: notifications.origin.replace(folder, "<folder>") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("nobody is told of anything unless a file says so", () => {
  assertEquals(builtInProject().notifications, {
    config: { targets: {}, rules: [] },
    origin: "built in: configs/notifications.json",
  });
});

Deno.test("loadProject() reads the rules of the folder, and fills in what they leave out", async () => {
  const { config, origin } = await load({ targets: { ops: WEBHOOK }, rules: [RULE] });
  assertEquals(origin, "<folder>/notifications.json");
  assertEquals(config, {
    targets: { ops: { ...WEBHOOK, kind: "webhook", timeout_seconds: 10, allow_private: false } },
    rules: [{ ...RULE, events: ["model_promoted"], branch: "*", filter: {} }],
  });
});

const withTarget = (given: JsonObject) => ({
  targets: { ops: { ...WEBHOOK, ...given } },
  rules: [RULE],
});
const withRule = (given: JsonObject) => ({
  targets: { ops: WEBHOOK },
  rules: [{ ...RULE, ...given }],
});
const WRONG: [what: string, content: unknown, words: string][] = [
  [
    "an event that there is not",
    withRule({ events: ["model_promotd"] }),
    `rules.0.events.0 is "model_promotd", expected "${EVENT_NAMES[0]}", `,
  ],
  ["no event", withRule({ events: [] }), "rules.0.events is [], expected a list"],
  [
    "a target that there is not",
    withRule({ target: "opps" }),
    'rules.0.target is "opps", expected one of the targets: ops',
  ],
  [
    "a target where there is none",
    { targets: {}, rules: [RULE] },
    'rules.0.target is "ops", expected one of the targets: none is named',
  ],
  [
    "a name twice",
    { targets: { ops: WEBHOOK }, rules: [RULE, RULE] },
    'rules.1.name is "ops" a second time, expected another name',
  ],
  [
    "a name that is none",
    withRule({ name: "Ops!" }),
    'rules.0.name is "Ops!", expected lower-case letters, digits, _ and -',
  ],
  [
    "a target's name that is none",
    { targets: { "a b": WEBHOOK }, rules: [] },
    "targets.a b is no name, expected lower-case letters",
  ],
  [
    "a condition that says nothing",
    withRule({ filter: { flagged: {} } }),
    "rules.0.filter.flagged is {}, expected equals, at_least, at_most or one_of",
  ],
  [
    "a condition of another kind",
    withRule({ filter: { flagged: { more_than: 3 } } }),
    "rules.0.filter.flagged.more_than is not known, expected equals, at_least, at_most or one_of",
  ],
  [
    "an address that is none",
    withTarget({ url: "example.org/hooks" }),
    'targets.ops.url is "example.org/hooks", expected an http(s) URL',
  ],
  [
    "an address of another kind",
    withTarget({ url: "ftp://example.org/" }),
    'targets.ops.url begins with "ftp:", expected https: or http:',
  ],
  [
    "a password in the address",
    withTarget({ url: "https://ann:hunter2@example.org/" }),
    "targets.ops.url has a user or a password in it, expected neither",
  ],
  [
    "a password in an address that is none",
    withTarget({ url: "https://ann:hunter2@:99999/" }),
    "targets.ops.url is no URL, expected",
  ],
  [
    "no secret",
    { targets: { ops: { kind: "webhook", url: WEBHOOK.url } }, rules: [RULE] },
    "targets.ops.secret_env is missing, expected the name of an environment variable",
  ],
  [
    "a kind that there is not",
    { targets: { ops: { kind: "mail" } }, rules: [RULE] },
    'targets.ops.kind is "mail", expected "webhook" or "log"',
  ],
  [
    "too long a wait",
    withTarget({ timeout_seconds: 600 }),
    "targets.ops.timeout_seconds is 600, expected a number in [1, 60]",
  ],
  [
    "more of them than one commit is to carry deliveries for",
    {
      targets: { ops: WEBHOOK },
      rules: Array.from({ length: 51 }, (_, i) => ({ ...RULE, name: `r${i}` })),
    },
    "rules names 51, expected at most 50",
  ],
];

for (const [what, content, words] of WRONG) {
  Deno.test(`rules with ${what} are refused with file, key, found and expected`, async () => {
    const error = await assertRejects(() => load(content), AppError);
    assertEquals(error.code, "invalid");
    assert(/^Cannot read \S+\/notifications\.json: /.test(error.message), error.message);
    assert(error.message.includes(words), error.message);
    assert(!error.message.includes("hunter2"), error.message);
  });
}
