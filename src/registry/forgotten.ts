// Whether what is missing was forgotten: retention leaves a mark behind, up to which nothing is lost.

import type { ReadScope } from "../domain/scope.ts";
import { type ForgottenName, keysOf } from "../store/keys.ts";
import type { Reader } from "../store/kv.ts";

/** Of a number whose record is not there: whether retention has come as far. */
export async function isForgotten(
  reader: Reader,
  scope: ReadScope,
  name: ForgottenName,
  number: number,
): Promise<boolean> {
  const mark = await reader.get(keysOf(scope).forgotten(name));
  return mark !== null && number <= mark.through;
}
