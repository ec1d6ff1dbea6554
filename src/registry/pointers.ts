// Pointers from one record to another: under which key it has to be, and by which mark it is known as
// forgotten where it is not.

import type { LineageInput } from "../domain/asset.ts";
import { type ReadScope, readScope } from "../domain/scope.ts";
import { type KeyMap, keysOf, type ReadKey } from "../store/keys.ts";
import type { Reader, Store } from "../store/kv.ts";

/** Where a record stands, and through what others are read. */
export interface Place {
  store: Store;
  reader: Reader;
  scope: ReadScope;
  keys: KeyMap;
  /** The parts of the key after the kind. */
  rest: Deno.KvKeyPart[];
}

/** Another record that has to be there, unless retention has taken it. */
export interface Pointer {
  /** What it is to the record: "run", "input training_dataset v3". */
  as: string;
  key: ReadKey<unknown>;
  /** The sequence in which it may have been forgotten, and its number there; null where it never is. */
  forgotten: { mark: ReadKey<{ through: number }>; number: number } | null;
}

/** Where a record of a branch stands. */
export function placeOf(
  store: Store,
  reader: Reader,
  scope: ReadScope,
  rest: Deno.KvKeyPart[],
): Place {
  return { store, reader, scope, keys: keysOf(scope), rest };
}

export function optional<T, R>(value: T | null | undefined, use: (value: T) => R): R[] {
  return value === null || value === undefined ? [] : [use(value)];
}

export function runPointer({ keys }: Place, id: number): Pointer {
  const mark = keys.forgotten("run");
  return { as: `run ${id}`, key: keys.run(id), forgotten: { mark, number: id } };
}

export function eventPointer({ keys }: Place, id: number): Pointer {
  const mark = keys.forgotten("event");
  return { as: `event ${id}`, key: keys.event(id), forgotten: { mark, number: id } };
}

export function versionPointer(place: Place, ref: LineageInput["ref"]): Pointer {
  const { kind, name, version, branch } = ref;
  const keys = keysOf(readScope(place.scope.project, branch));
  const there = branch === place.scope.branch ? "" : ` of branch ${branch}`;
  return {
    as: `${name} v${version}${there}`,
    key: keys.version(kind, name, version),
    forgotten: { mark: keys.forgotten(`version/${kind}/${name}`), number: version },
  };
}

export function modelPointer(place: Place, name: string, version: number): Pointer {
  return versionPointer(place, { kind: "model", name, version, branch: place.scope.branch });
}

/** Both ends of a range; what lies between is found by the sequence of its numbers. */
export function inputPointers(place: Place, { ref, firstVersion, role }: LineageInput): Pointer[] {
  const ends = firstVersion === ref.version ? [ref.version] : [firstVersion, ref.version];
  return ends.map((version) => {
    const pointer = versionPointer(place, { ...ref, version });
    return { ...pointer, as: `input ${pointer.as} (${role})` };
  });
}
