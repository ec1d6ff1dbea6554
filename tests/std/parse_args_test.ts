// What the program relies on of @std/cli's parseArgs: holds for the real one and for the stand-in.

import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli";

/** The result as a plain object, whatever its prototype. */
function parse(args: string[], options: Parameters<typeof parseArgs>[1] = {}) {
  return { ...parseArgs(args, options) };
}

Deno.test("parseArgs() sets a boolean flag that is absent to false, beside other flags or none", () => {
  const options = { boolean: ["json", "quiet"] };
  assertEquals(parse([], options), { _: [], json: false, quiet: false });
  assertEquals(parse(["--json"], options), { _: [], json: true, quiet: false });
  assertEquals(parse(["--json=false"], options), { _: [], json: false, quiet: false });
});

Deno.test("parseArgs() leaves out a string flag that is absent", () => {
  assertEquals(parse([], { string: ["kv"] }), { _: [] });
  assertEquals(parse(["--kv"], { string: ["kv"] }), { _: [], kv: "" });
});

Deno.test("parseArgs() keeps the text of string flags and of positional words named _", () => {
  assertEquals(parse(["--version=7", "12"], { string: ["version", "_"] }), {
    _: ["12"],
    version: "7",
  });
  assertEquals(parse(["--version=7", "12"]), { _: [12], version: 7 });
});

Deno.test("parseArgs() keeps everything after the first = of a value", () => {
  const value = "a=b c\n--d";
  assertEquals(parse([`--tag=${value}`], { string: ["tag"] }), { _: [], tag: value });
});

Deno.test("parseArgs() collects repeated flags, and otherwise lets the last one count", () => {
  const words = ["--tag=a", "--tag=b"];
  assertEquals(parse(words, { string: ["tag"], collect: ["tag"] }), { _: [], tag: ["a", "b"] });
  assertEquals(parse(words, { string: ["tag"] }), { _: [], tag: "b" });
  assertEquals(parse(["--tag=a"], { string: ["tag"], collect: ["tag"] }), { _: [], tag: ["a"] });
  assertEquals(parse([], { string: ["tag"], collect: ["tag"] }), { _: [], tag: [] });
});

Deno.test("parseArgs() takes every word after -- as positional", () => {
  assertEquals(parse(["--json", "--", "--kv", "-x"], { boolean: ["json"], string: ["_"] }), {
    _: ["--kv", "-x"],
    json: true,
  });
});

Deno.test("parseArgs() does not let a boolean flag take the next word", () => {
  assertEquals(parse(["--json", "train"], { boolean: ["json"] }), { _: ["train"], json: true });
});
