// What is said of a value that a schema refused.

import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  describeProblems,
  didYouMean,
  expectedBy,
  inputSchema,
} from "../../src/domain/problems.ts";

function problems(schema: z.ZodType, value: unknown): string[] {
  const checked = schema.safeParse(value);
  return checked.success ? [] : describeProblems(schema, value, checked.error.issues);
}

Deno.test("expectedBy() words what a schema accepts", () => {
  const cases: [z.ZodType, string][] = [
    [z.int(), "an integer"],
    [z.int().min(1), "an integer >= 1"],
    [z.number().gt(0), "a number > 0"],
    [z.number().lt(5), "a number < 5"],
    [z.number().max(5), "a number <= 5"],
    [z.number().min(0).max(1), "a number in [0, 1]"],
    [z.number().gt(0).lt(1), "a number in (0, 1)"],
    [z.boolean(), "true or false"],
    [z.string(), "text"],
    [z.string().min(1), "text that is not empty"],
    [z.string().regex(/^v\d+$/), "text matching ^v\\d+$"],
    [z.string().regex(/^v\d+$/).meta({ expected: "v and a number" }), "v and a number"],
    [z.iso.datetime(), "a time such as 2026-01-31T12:00:00Z"],
    [z.enum(["a", "b", "c"]), '"a", "b" or "c"'],
    [z.literal("x"), '"x"'],
    [z.union([z.literal("auto"), z.int().min(1)]), 'an integer >= 1 or "auto"'],
    [z.number().nullable(), "a number or null"],
    [z.array(z.int()), "a list, each item an integer"],
    [z.strictObject({}), "an object"],
    [z.unknown(), "a value"],
  ];
  for (const [schema, phrase] of cases) assertEquals(expectedBy(inputSchema(schema)), phrase);
});

Deno.test("describeProblems() names the place, what was found and what was expected", () => {
  const schema = z.strictObject({ a: z.strictObject({ b: z.array(z.int()) }) });
  assertEquals(problems(schema, { a: { b: [1, "two"] } }), [
    'a.b.1 is "two", expected an integer',
  ]);
  assertEquals(problems(schema, { a: {} }), [
    "a.b is missing, expected a list, each item an integer",
  ]);
  assertEquals(problems(schema, 5), ["the content is 5, expected an object"]);
});

Deno.test("describeProblems() follows records, and the option of a union that was chosen", () => {
  const schema = z.record(
    z.string(),
    z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("x"), size: z.int() }),
      z.strictObject({ kind: z.literal("y"), size: z.string() }),
    ]),
  );
  assertEquals(problems(schema, { one: { kind: "y", size: 5 }, two: { kind: "z" } }), [
    "one.size is 5, expected text",
    'two.kind is "z", expected "x" or "y"',
  ]);
});

Deno.test("describeProblems() lists the known keys beside an unknown one", () => {
  const schema = z.strictObject({ horizon: z.int().optional(), tolerance: z.int().optional() });
  assertEquals(problems(schema, { horizn: 1, zzz: 2 }), [
    "horizn is not known, expected horizon or tolerance (did you mean horizon?)",
    "zzz is not known, expected horizon or tolerance",
  ]);
});

Deno.test("describeProblems() repeats what a check of the author's own says", () => {
  const schema = z.strictObject({ force: z.boolean() })
    .refine(({ force }) => !force, { path: ["force"], error: "needs a reason" });
  assertEquals(problems(schema, { force: true }), ["force needs a reason"]);
});

Deno.test("describeProblems() shortens a long value", () => {
  const [problem = ""] = problems(z.int(), "x".repeat(500));
  assertEquals(problem, `the content is "${"x".repeat(56)}..., expected an integer`);
});

Deno.test("didYouMean() offers what is near, by edits or as a beginning, and nothing else", () => {
  const commands = ["train", "evaluate", "build_dataset", "gc"];
  const cases: [string, string][] = [
    ["trian", " (did you mean train?)"],
    ["trainn", " (did you mean train?)"],
    ["evalute", " (did you mean evaluate?)"],
    ["build", " (did you mean build_dataset?)"],
    ["cg", " (did you mean gc?)"],
    ["restore", ""],
    ["x", ""],
  ];
  for (const [word, guess] of cases) assertEquals(didYouMean(word, commands), guess, word);
});
