// Whether what is missing was forgotten: retention leaves a mark behind, up to which nothing is lost.

import type { ReadScope } from "../domain/scope.ts";
import { type ForgottenName, keysOf, type ReadKey } from "../store/keys.ts";
import type { Reader } from "../store/kv.ts";

/** Of a number whose record is not there: whether retention has come as far. */
export async function isForgotten(
  reader: Reader,
  scope: ReadScope,
  name: ForgottenName,
  number: number,
): Promise<boolean> {
  return await isUpTo(reader, keysOf(scope).forgotten(name), number);
}

/** The same, where the mark is known. */
export async function isUpTo(
  reader: Reader,
  mark: ReadKey<{ through: number }>,
  number: number,
): Promise<boolean> {
  const present = await reader.get(mark);
  return present !== null && number <= present.through;
}
