// One zod schema → flags: what help, completions and the command line see of a parameter.

import { assertEquals } from "@std/assert";
import { z } from "zod";
import { commandFlags, type Flag, flagsOf } from "../../src/cli/parameters.ts";
import { promote, train } from "./sample_specs.ts";

/** The flag without its schema node, which is only passed through. */
function seen(flag: Flag | undefined): unknown {
  if (flag === undefined) return undefined;
  const { node: _node, ...rest } = flag;
  return rest;
}

function only(type: z.ZodType): Flag {
  return flagsOf(z.strictObject({ it: type }))[0]!;
}

Deno.test("flagsOf() carries type, default, description and placeholder of a property", () => {
  const flag = only(z.int().min(1).max(1000).default(100).describe("coins to ask for"));
  assertEquals(seen(flag), {
    name: "it",
    kind: "number",
    repeatable: false,
    required: false,
    choices: [],
    defaultValue: 100,
    placeholder: "integer",
    description: "coins to ask for",
  });
});

Deno.test("flagsOf() keeps a description whether it stands before or after the default", () => {
  assertEquals(only(z.string().describe("why").default("x")).description, "why");
  assertEquals(only(z.string().default("x").describe("why")).description, "why");
  assertEquals(only(z.string().optional().describe("why")).description, "why");
});

Deno.test("flagsOf() makes a list a repeatable flag with the type of its items", () => {
  const flag = only(z.array(z.int()).default([]));
  assertEquals([flag.repeatable, flag.kind, flag.placeholder], [true, "number", "integer"]);
});

Deno.test("flagsOf() makes the values of an enumeration its choices", () => {
  const flag = only(z.enum(["bash", "zsh"]));
  assertEquals([flag.choices, flag.placeholder, flag.required], [
    ["bash", "zsh"],
    "bash|zsh",
    true,
  ]);
});

Deno.test("flagsOf() reads a number beside a constant as a number, beside any text as text", () => {
  assertEquals(only(z.union([z.literal("none"), z.int()])).kind, "number");
  assertEquals(only(z.union([z.string(), z.int()])).kind, "text");
  assertEquals(only(z.number().nullable()).kind, "number");
});

Deno.test("flagsOf() takes the placeholder that the schema names", () => {
  assertEquals(only(z.string().optional().meta({ placeholder: "file" })).placeholder, "file");
});

Deno.test("flagsOf() sees what may be written, not what a transform makes of it", () => {
  assertEquals(only(z.string().transform((text) => text.length)).kind, "text");
});

Deno.test("commandFlags() lets a command's own flag hide the global one of the same name", () => {
  const names = (flags: Flag[]) => flags.map(({ name }) => name);
  assertEquals(names(commandFlags(promote).global), ["kv", "json", "quiet", "help"]);
  assertEquals(names(commandFlags(train).global), ["kv", "json", "quiet", "help", "version"]);
  assertEquals(names(commandFlags(promote).own).includes("version"), true);
});
