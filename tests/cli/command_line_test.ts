// The words of a command line → a command with checked parameters, or one error that names all that
// is wrong with them.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { z } from "zod";
import { parseCommandLine } from "../../src/cli/command_line.ts";
import type { CommandSpec } from "../../src/cli/parameters.ts";
import { AppError } from "../../src/domain/errors.ts";
import { sampleSpecs } from "./sample_specs.ts";

function parse(...words: string[]) {
  return parseCommandLine(sampleSpecs, words);
}

/** The command that the words ask for; fails where they ask for help or the version. */
function command(...words: string[]) {
  const invocation = parse(...words);
  if (invocation.kind !== "command") throw new Error(`a command, found ${invocation.kind}`);
  const { spec, params, positionals, globals } = invocation;
  return { name: spec.name, params: params as Record<string, unknown>, positionals, globals };
}

function refusal(...words: string[]): AppError {
  const error = assertThrows(() => parse(...words), AppError);
  assertEquals(error.exitCode, 2);
  return error;
}

Deno.test("parseCommandLine() finds a flow by either of its names", () => {
  assertEquals(command("train").name, "train");
  assertEquals(command("TrainDetectorFlow").name, "train");
  assertEquals(command("validate-outcomes").name, "validate_outcomes");
});

Deno.test("parseCommandLine() finds a command of two words, flags between them included", () => {
  const { name, positionals, globals } = command("models", "--json", "show", "v7");
  assertEquals([name, positionals, globals.json], ["models show", ["v7"], true]);
});

Deno.test("parseCommandLine() fills in the schema's defaults", () => {
  assertEquals(command("train").params, {
    tag: [],
    follow: false,
    fresh_data: false,
    num_coins: 100,
  });
});

Deno.test("parseCommandLine() reads every spelling of a flag as the same", () => {
  const spellings = [
    ["--num_coins", "5"],
    ["--num-coins", "5"],
    ["--num_coins=5"],
    ["--num-coins=5"],
    ["--num_coins=5.0"],
    ["--num_coins", "+5"],
  ];
  for (const words of spellings) assertEquals(command("train", ...words).params.num_coins, 5);
});

Deno.test("parseCommandLine() reads every spelling of a boolean flag", () => {
  const follow = (...words: string[]) => command("train", ...words).params.follow;
  assertEquals(follow("--follow"), true);
  assertEquals(follow("--follow=true"), true);
  assertEquals(follow("--follow=false"), false);
  assertEquals(follow("--no-follow"), false);
  assertEquals(follow("--no_follow"), false);
});

Deno.test("parseCommandLine() tells a flag whose name begins with no from a negation", () => {
  assertEquals(command("serve", "--no-schedules").params.no_schedules, true);
  assertEquals(command("serve", "--no_schedules=false").params.no_schedules, false);
});

Deno.test("parseCommandLine() takes a negative number as a value", () => {
  const threshold = (...words: string[]) =>
    command("validate_outcomes", ...words).params.crash_threshold_pct;
  assertEquals(threshold("--crash_threshold_pct", "-20"), -20);
  assertEquals(threshold("--crash-threshold-pct=-2.5"), -2.5);
  assertEquals(threshold("--crash_threshold_pct", "-.5"), -0.5);
});

Deno.test("parseCommandLine() keeps text as it is written, digits, spaces and signs included", () => {
  const { params } = command("promote", "--version", "7", "--reason=--x = y\nz");
  assertEquals([params.version, params.reason], ["7", "--x = y\nz"]);
});

Deno.test("parseCommandLine() collects a flag that may be repeated", () => {
  assertEquals(command("train", "--tag", "a", "--tag=b=c").params.tag, ["a", "b=c"]);
});

Deno.test("parseCommandLine() takes all after -- as words", () => {
  assertEquals(command("runs", "tag", "12", "--", "--help", "-x").positionals, [
    "12",
    "--help",
    "-x",
  ]);
});

Deno.test("parseCommandLine() takes global flags before and after the command", () => {
  const before = command("--kv", "x.kv", "--json", "train").globals;
  const after = command("train", "--json", "--kv=x.kv").globals;
  assertEquals([before.kv, before.json, before.quiet], ["x.kv", true, false]);
  assertEquals(after, before);
});

Deno.test("parseCommandLine() reads --version as promote's own where promote is the command", () => {
  assertEquals(parse("--version"), { kind: "version" });
  assertEquals(parse("train", "--version"), { kind: "version" });
  assertEquals(command("promote", "--version", "latest").params.version, "latest");
});

Deno.test("parseCommandLine() shows help before it checks anything else", () => {
  const topics: [string[], string][] = [
    [[], ""],
    [["--help"], ""],
    [["-h"], ""],
    [["help"], ""],
    [["help", "train"], "train"],
    [["train", "--num_coins", "many", "--what", "-h"], "train"],
    [["restore", "--help"], "restore"],
    [["models", "--help"], "models"],
    [["help", "models", "show"], "models show"],
  ];
  for (const [words, topic] of topics) assertEquals(parse(...words), { kind: "help", topic });
});

Deno.test("parseCommandLine() hands back the spec it was given, with more on it than it knows", () => {
  const spec = { ...sampleSpecs[0]!, run: () => "ran" };
  const invocation = parseCommandLine([spec], ["train"]);
  assertEquals(invocation.kind === "command" && invocation.spec.run(), "ran");
});

Deno.test("parseCommandLine() says what was found, what was expected and where to look", () => {
  const cases: [string[], string][] = [
    [
      ["train", "--num_coins", "abc"],
      'Cannot run anomaly train: --num_coins is "abc", expected an integer in [1, 1000]. ' +
      "See: anomaly train --help",
    ],
    [
      ["train", "--num_coins", "0"],
      "Cannot run anomaly train: --num_coins is 0, expected an integer in [1, 1000]. " +
      "See: anomaly train --help",
    ],
    [
      ["train", "--num_coin", "5"],
      "Cannot run anomaly train: --num_coin is not known (did you mean --num_coins?). " +
      "See: anomaly train --help",
    ],
    [
      ["trian"],
      'Cannot run anomaly: there is no command "trian" (did you mean train?). See: anomaly --help',
    ],
    [
      ["models", "lst"],
      'Cannot run anomaly models: there is no command "models lst", expected list or show ' +
      "(did you mean list?). See: anomaly models --help",
    ],
    [
      ["models"],
      "Cannot run anomaly models: models lacks its second word, expected list or show. " +
      "See: anomaly models --help",
    ],
    [
      ["serve", "--port", "1", "--port=2"],
      "Cannot run anomaly serve: --port is given 2 times, expected once. See: anomaly serve --help",
    ],
    [
      ["promote", "--reason"],
      "Cannot run anomaly promote: --reason has no value, expected text that is not empty. " +
      "See: anomaly promote --help",
    ],
    [
      ["promote", "--reason", "--force=false"],
      "Cannot run anomaly promote: --reason has no value, expected text that is not empty, found " +
      "the flag --force=false (as a value: --reason=--force=false). See: anomaly promote --help",
    ],
    [
      ["promote", "--run_id="],
      "Cannot run anomaly promote: --run_id is empty, expected an integer >= 1. " +
      "See: anomaly promote --help",
    ],
    [
      ["promote", "--run_id", ""],
      "Cannot run anomaly promote: --run_id is empty, expected an integer >= 1. " +
      "See: anomaly promote --help",
    ],
    [
      ["promote", "--force"],
      "Cannot run anomaly promote: --force needs --reason <why>. See: anomaly promote --help",
    ],
    [
      ["train", "--follow=maybe"],
      'Cannot run anomaly train: --follow is "maybe", expected true or false. ' +
      "See: anomaly train --help",
    ],
    [
      ["train", "--no-follow=true"],
      'Cannot run anomaly train: --no-follow takes no value, found "true". ' +
      "See: anomaly train --help",
    ],
    [
      ["train", "--source", "binance"],
      'Cannot run anomaly train: --source is "binance", expected coingecko, simulated or ' +
      "replay:<folder>. See: anomaly train --help",
    ],
    [
      ["models", "list", "--status", "new"],
      'Cannot run anomaly models list: --status is "new", expected "candidate", "evaluated", ' +
      '"champion" or "revoked". See: anomaly models list --help',
    ],
    [
      ["restore", "backup.kv"],
      "Cannot run anomaly restore: --at is missing, expected a time such as " +
      "2026-01-31T12:00:00Z. See: anomaly restore --help",
    ],
    [
      ["models", "show"],
      "Cannot run anomaly models show: <ref> is missing, expected version, such as latest or v7. " +
      "See: anomaly models show --help",
    ],
    [
      ["train", "now"],
      'Cannot run anomaly train: "now" is one word too many, expected no words. ' +
      "See: anomaly train --help",
    ],
    [
      ["completions", "bsh"],
      'Cannot run anomaly completions: <shell> is "bsh", expected bash, zsh or fish (did you ' +
      "mean bash?). See: anomaly completions --help",
    ],
    [
      ["--num_coins", "5", "train"],
      "Cannot run anomaly: --num_coins stands before the command, where only --kv, --json, " +
      "--quiet, --help or --version may stand. See: anomaly --help",
    ],
  ];
  for (const [words, message] of cases) assertEquals(refusal(...words).message, message);
});

Deno.test("parseCommandLine() reports everything that is wrong with a line at once", () => {
  const error = refusal(
    "train",
    "--num_coins",
    "abc",
    "--branch",
    "--json",
    "--json",
    "--kv=",
    "x",
  );
  assertEquals(
    error.message,
    `Cannot run anomaly train: 5 problems.
  --branch has no value, expected text, found the flag --json (as a value: --branch=--json)
  --kv is empty, expected text
  --num_coins is "abc", expected an integer in [1, 1000]
  --json is given 2 times, expected once
  "x" is one word too many, expected no words
See: anomaly train --help`,
  );
  assertEquals(error.details.command, "train");
  assertEquals(Array.isArray(error.details.problems) && error.details.problems.length, 5);
});

Deno.test("parseCommandLine() does not guess which words belong to a flag that it does not know", () => {
  const error = refusal("models", "show", "--colour", "red", "v7");
  assertStringIncludes(error.message, "--colour is not known");
  assertEquals(error.message.includes("one word too many"), false);
});

Deno.test("parseCommandLine() reads back whatever a schema allows, however it is written", () => {
  const spec: CommandSpec = {
    name: "all kinds",
    group: "look",
    summary: "",
    examples: [],
    params: z.strictObject({
      some_text: z.string().min(1),
      some_number: z.number(),
      some_flag: z.boolean().default(false),
      some_list: z.array(z.string().min(1)).default([]),
    }),
  };
  const value = fc.record({
    some_text: fc.string({ minLength: 1 }),
    some_number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    some_flag: fc.boolean(),
    some_list: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
  }, { noNullPrototype: true });
  fc.assert(
    fc.property(value, fc.boolean(), (params, dashes) => {
      const words = Object.entries(params).flatMap(([name, it]) =>
        [it].flat().map((one) => `--${dashes ? name.replaceAll("_", "-") : name}=${one}`)
      );
      const parsed = parseCommandLine([spec], ["all", "kinds", ...words]);
      assertEquals(parsed.kind === "command" && parsed.params, params);
    }),
    { seed: 42 },
  );
});
