import { assertEquals } from "@std/assert";
import { iso, parseInstant } from "../../src/domain/time.ts";

Deno.test("a time is read as people type it, and in UTC where it names no zone", () => {
  const noon = Date.UTC(2022, 4, 11, 12);
  for (
    const text of [
      "2022-05-11T12:00Z",
      "2022-05-11T12:00",
      "2022-05-11 12:00",
      " 2022-05-11T12:00:00.000 ",
      "2022-05-11T14:00+02:00",
      "2022-05-11T08:00-0400",
    ]
  ) assertEquals(parseInstant(text), noon, text);
  assertEquals(parseInstant("2022-05-11"), Date.UTC(2022, 4, 11));
  assertEquals(parseInstant(iso(noon)), noon);
});

Deno.test("what is no time is none", () => {
  for (
    const text of [
      "",
      "yesterday",
      "1652270400000",
      "May 11 2022",
      "2022-13-01",
      "2022-05-11T25:00",
    ]
  ) {
    assertEquals(parseInstant(text), NaN, text);
  }
});
