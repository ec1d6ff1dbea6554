// Stand-in for jsr:@std/assert: the assertions used by the tests, over node:assert/strict.
import nodeAssert from "node:assert/strict";

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  nodeAssert.ok(expr, msg || "Expected a truthy value");
}

/** Fails unless `actual` and `expected` are deeply and strictly equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  nodeAssert.deepStrictEqual(actual, expected, msg);
}

/** Fails if `actual` and `expected` are deeply and strictly equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  nodeAssert.notDeepStrictEqual(actual, expected, msg);
}

/** Fails unless `Object.is(actual, expected)`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  nodeAssert.strictEqual(actual, expected, msg);
}

/** Fails unless the two numbers differ by at most `tolerance` (default 1e-7 of the expected). */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const limit = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (Math.abs(expected - actual) <= limit) return;
  nodeAssert.fail(
    msg ?? `Expected actual: "${actual}" to be close to "${expected}": \
delta "${Math.abs(expected - actual)}" is greater than "${limit}"`,
  );
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  nodeAssert.fail(msg ?? `Expected actual: "${actual}" to contain: "${expected}"`);
}

/** Fails unless `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  nodeAssert.match(actual, expected, msg);
}

/** Constructors of any parameters: only `instanceof` is asked of them. */
type ErrorClass<E extends Error> = new (...args: never[]) => E;

function checkError<E extends Error>(
  error: unknown,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E {
  if (!(error instanceof Error)) nodeAssert.fail(msg ?? "A non-Error object was thrown.");
  if (errorClass && !(error instanceof errorClass)) {
    nodeAssert.fail(
      msg ?? `Expected error of class "${errorClass.name}", was "${error.name}": ${error.message}`,
    );
  }
  if (msgIncludes && !error.message.includes(msgIncludes)) {
    nodeAssert.fail(
      msg ?? `Expected error message to include "${msgIncludes}", but got "${error.message}"`,
    );
  }
  return error as E;
}

/** Fails unless `fn` throws; returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes, msg);
  }
  nodeAssert.fail(msg ?? "Expected function to throw.");
}

/** Fails unless the promise of `fn` rejects; resolves to the error. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes, msg);
  }
  nodeAssert.fail(msg ?? "Expected function to reject.");
}
