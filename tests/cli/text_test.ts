// How values look in a terminal, and that text from outside cannot do anything to one.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  age,
  columns,
  duration,
  facts,
  instant,
  metric,
  percent,
  printable,
} from "../../src/cli/text.ts";

Deno.test("printable() takes away whatever a terminal would act on, and nothing that is read", () => {
  const cases: [string, string][] = [
    ["Bitcoin", "Bitcoin"],
    ["比特币 ₿ é 🚀", "比特币 ₿ é 🚀"],
    ["\u001b[31mred\u001b[0m", "[31mred[0m"],
    ["\u001b]0;title\u0007x", "]0;titlex"],
    ["\u009b2J", "2J"],
    ["a\rb\bc\u0000\u007fd", "abcd"],
    ["\u200b\u200b\u200bHidden", "Hidden"],
    ["\u202egnp.exe", "gnp.exe"],
    ["one\u2028two\u2029", "onetwo"],
    ["a\tb\nc", "a\tb\nc"],
  ];
  for (const [text, expected] of cases) assertEquals(printable(text), expected);
});

Deno.test("printable() leaves no control character in any text, and changes nothing twice", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const shown = printable(text);
      assertEquals(/(?![\t\n])\p{Cc}|\p{Cf}/u.test(shown), false);
      assertEquals(printable(shown), shown);
    }),
    { seed: 42 },
  );
});

Deno.test("columns() keeps a row on its line, whatever a cell holds", () => {
  const text = columns(["name", "n"], [["two\nlines", "1"], ["\u001b[2Kx\r", "2"]]);
  assertEquals(text, "name       n\ntwo lines  1\n[2Kx       2");
});

Deno.test("facts() keeps a fact's name at the left, whatever a value holds", () => {
  assertEquals(facts([["reason", "one\ntwo"], ["by", "x"]]), "reason  one\n        two\nby      x");
});

Deno.test("columns() aligns text left and numbers right, with nothing at the end of a line", () => {
  assertEquals(
    columns(["coin", "rate", "note"], [["a", "9.5 %", ""], ["bcd", "10.0 %", "x"], ["e", "–", ""]]),
    "coin    rate  note\n" +
      "a      9.5 %\n" +
      "bcd   10.0 %  x\n" +
      "e          –",
  );
  assertEquals(columns(["coin"], []), "");
});

Deno.test("numbers are shown with a true minus, and an undefined one as a dash and not as 0", () => {
  assertEquals([metric(0), metric(-0.1234), metric(null)], ["0.000", "−0.123", "–"]);
  assertEquals([percent(0), percent(0.1234), percent(null)], ["0.0 %", "12.3 %", "–"]);
  assertEquals([instant("2022-05-09T17:00:00.000Z"), instant(null)], ["2022-05-09 17:00 UTC", "–"]);
});

Deno.test("durations have two units at most, the larger first", () => {
  const minute = 60_000;
  const cases: [number, string][] = [
    [0, "0 s"],
    [-5_000, "0 s"],
    [499, "0 s"],
    [12_000, "12 s"],
    [59_999, "1 min"],
    [354 * minute, "5 h 54 min"],
    [60 * minute + 1_000, "1 h 1 s"],
    [74 * 60 * minute, "3 d 2 h"],
    [74 * 60 * minute + 5 * minute, "3 d 2 h"],
  ];
  for (const [ms, expected] of cases) assertEquals(duration(ms), expected, String(ms));
  assertEquals(age("2022-05-09T17:00:00Z", Date.UTC(2022, 4, 9, 18, 30)), "1 h 30 min ago");
});
