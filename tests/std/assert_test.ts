// What the tests rely on of @std/assert: that each assertion fails where it should.

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";

class OtherError extends Error {}

const fail = (message: string) => () => {
  throw new TypeError(message);
};

/** Whether the assertion fails; told without the assertions under test. */
function fails(assertion: () => unknown): boolean {
  try {
    assertion();
  } catch {
    return true;
  }
  return false;
}

function expectFailures(expected: boolean, assertions: (() => unknown)[]): void {
  assertions.forEach((assertion, i) => {
    if (fails(assertion) !== expected) throw new Error(`assertion ${i} went the other way`);
  });
}

Deno.test("every assertion passes where it should", () => {
  expectFailures(false, [
    () => assert(1),
    () => assertEquals({ a: [1, new Uint8Array([2])] }, { a: [1, new Uint8Array([2])] }),
    () => assertEquals(NaN, NaN),
    () => assertNotEquals({ a: 1 }, { a: 2 }),
    () => assertStrictEquals("a", "a"),
    () => assertAlmostEquals(0.1 + 0.2, 0.3),
    () => assertAlmostEquals(1, 1.4, 0.5),
    () => assertStringIncludes("abc", "b"),
    () => assertMatch("abc", /^a/),
    () => assertThrows(fail("no good"), TypeError, "good"),
  ]);
});

Deno.test("every assertion fails where it should", () => {
  expectFailures(true, [
    () => assert(0),
    () => assertEquals<unknown>({ a: 1 }, { a: "1" }),
    () => assertEquals<unknown>({ a: 1 }, { a: 1, b: undefined }),
    () => assertNotEquals([1], [1]),
    () => assertStrictEquals({}, {}),
    () => assertAlmostEquals(1, 1.001),
    () => assertAlmostEquals(1, NaN, 1),
    () => assertStringIncludes("abc", "d"),
    () => assertMatch("abc", /^b/),
    () => assertThrows(() => 1),
    () => assertThrows(fail("no good"), OtherError),
    () => assertThrows(fail("no good"), TypeError, "bad"),
  ]);
});

Deno.test("assertThrows() and assertRejects() hand back the error", async () => {
  assertEquals(assertThrows(fail("no good"), TypeError).message, "no good");
  const error = await assertRejects(() => Promise.reject(new OtherError("later")), OtherError);
  assertEquals(error.message, "later");
});

Deno.test("assertRejects() fails on a promise that is kept, and on another error", async () => {
  for (
    const assertion of [
      () => assertRejects(() => Promise.resolve(1)),
      () => assertRejects(() => Promise.reject(new OtherError("x")), TypeError),
      () => assertRejects(() => Promise.reject(new OtherError("x")), OtherError, "y"),
    ]
  ) {
    const failed = await assertion().then(() => false, () => true);
    assertEquals(failed, true);
  }
});
