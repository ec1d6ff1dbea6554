import { assertEquals, assertRejects } from "@std/assert";
import { RecentlyUsed } from "../../src/domain/recently_used.ts";

/** Loads count themselves. */
function counting() {
  const loads: string[] = [];
  const load = (key: string) => () => {
    loads.push(key);
    return Promise.resolve(`value of ${key}`);
  };
  return { loads, load };
}

Deno.test("what was asked for lately is loaded once, and the longest unused is forgotten", async () => {
  const recent = new RecentlyUsed<string>(2);
  const { loads, load } = counting();
  for (const key of ["a", "b", "a", "c", "a", "b"]) {
    assertEquals(await recent.get(key, load(key)), `value of ${key}`);
  }
  assertEquals(loads, ["a", "b", "c", "b"]);
});

Deno.test("what could not be loaded is tried again when it is asked for again", async () => {
  const recent = new RecentlyUsed<string>(2);
  await assertRejects(
    () => recent.get("a", () => Promise.reject(new Error("gone"))),
    Error,
    "gone",
  );
  assertEquals(await recent.get("a", () => Promise.resolve("back")), "back");
});
