// The help of the real commands against texts that are stored, so that a change of what users read is
// seen in review. To accept a change: UPDATE_GOLDEN=1 deno test --allow-all tests/cli/golden_help_test.ts

import { assert, assertEquals } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import { parseCommandLine } from "../../src/cli/command_line.ts";
import { help } from "../../src/cli/help.ts";
import { allCommands } from "../../src/cli/mod.ts";
import { flagsOf } from "../../src/cli/parameters.ts";
import { wordsOf } from "./words.ts";

const FOLDER = new URL("../fixtures/help/", import.meta.url);
const commands = allCommands(flows);

async function assertGolden(name: string, text: string): Promise<void> {
  const file = new URL(`${name}.txt`, FOLDER);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") await Deno.writeTextFile(file, text);
  assertEquals(text, await Deno.readTextFile(file), `${name}.txt; UPDATE_GOLDEN=1 accepts it`);
}

for (const topic of ["", "train", "models", "promote"]) {
  const name = topic === "" ? "overview" : topic;
  Deno.test(`the help "${name}" reads as it was accepted`, async () => {
    await assertGolden(name, help(commands, topic));
  });
}

/** The topics of which help can be asked: every command, and every first word of two. */
const topics = new Set(["", ...commands.flatMap(({ name }) => [name, name.split(" ")[0]!])]);

Deno.test("every help fits in 80 columns, leaves no space at a line's end", () => {
  for (const topic of topics) {
    const text = help(commands, topic);
    for (const line of text.split("\n")) {
      assert(line.length <= 80, `${topic}: ${line}`);
      assertEquals(line, line.trimEnd(), topic);
    }
    assertEquals(text.includes("undefined"), false, topic);
  }
});

Deno.test("the overview groups the commands: flows as the data goes, then look, then operate", () => {
  const group = (name: string) =>
    commands.filter((command) => command.group === name).map((command) => command.name);
  assertEquals(group("flows"), [
    "ingest",
    "score",
    "build_dataset",
    "train",
    "evaluate",
    "promote",
    "validate_outcomes",
  ]);
  assertEquals(group("look"), [
    "status",
    "champion",
    "predictions",
    "outcomes",
    "coin",
    "models list",
    "models show",
    "models compare",
    "models history",
    "models why",
    "data list",
    "data show",
    "data inspect",
    "runs list",
    "runs show",
    "runs logs",
    "runs card",
    "events list",
    "events tail",
    "config show",
  ]);
  assertEquals(group("operate"), [
    "demo",
    "serve",
    "token",
    "models rollback",
    "models revoke",
    "models export",
    "models import",
    "data export",
    "data import",
    "runs resume",
    "runs tag",
    "runs untag",
    "events replay",
    "backup",
    "restore",
    "verify",
    "gc",
    "doctor",
    "completions",
  ]);
  const overview = help(commands, "");
  const places = ["\nFlows:", "\nLook:", "\nOperate:"].map((title) => overview.indexOf(title));
  assert(places.every((place, i) => place > (places[i - 1] ?? 0)), String(places));
});

Deno.test("every example in help is a command line that parses as the command it stands under", () => {
  for (const command of commands) {
    assert(command.examples.length > 0, `${command.name} has an example`);
    for (const example of command.examples) {
      const [program, ...words] = wordsOf(/<\((.*)\)/.exec(example)?.[1] ?? example);
      assertEquals(program, "anomaly", example);
      const invocation = parseCommandLine(commands, words);
      assert(invocation.kind === "command", example);
      assertEquals(invocation.spec.name, command.name, example);
    }
  }
});

Deno.test("every command says in one line what it does, and every flag and argument has a description", () => {
  for (const { name, summary, params, positionals = [] } of commands) {
    assert(summary.endsWith(".") && !summary.includes("\n"), `${name}: ${summary}`);
    for (const flag of flagsOf(params)) assert(flag.description !== "", `${name} --${flag.name}`);
    for (const word of positionals) assert(word.description !== "", `${name} <${word.name}>`);
  }
});

Deno.test("both names of a flow are accepted, and flags with - as with _", () => {
  for (const flow of flows) {
    for (const name of [flow.name, flow.originalName, flow.name.replaceAll("_", "-")]) {
      const invocation = parseCommandLine(commands, [name, "--read-branch", "main"]);
      assert(invocation.kind === "command");
      assertEquals(invocation.spec.name, flow.name);
    }
  }
});
