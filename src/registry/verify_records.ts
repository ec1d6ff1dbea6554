// One record against the table of references: is everything there that it refers to, and does every
// index entry follow from a record? The same check looks first and, in a transaction, again.

import { canonicalJson } from "../domain/json.ts";
import type { Json } from "../domain/asset.ts";
import { blobKeys, type ReadKey, type WriteKey } from "../store/keys.ts";
import { keyText, type Suspicion, suspicionOf } from "./findings.ts";
import { isUpTo } from "./forgotten.ts";
import type { Place, Pointer } from "./pointers.ts";
import { type IndexEntry, RECORD_KINDS } from "./references.ts";

/** A record as the walk found it. */
export interface FoundRecord {
  kind: string;
  key: Deno.KvKey;
  value: unknown;
}

/** What is wrong with a record by itself; nothing for most. */
export async function checkRecord(record: FoundRecord, place: Place): Promise<Suspicion[]> {
  const line = RECORD_KINDS[record.kind];
  if (line === undefined) return [unknownKind(record, place)];
  const { value } = record;
  const [blobs, pointers, indexes, owner] = await Promise.all([
    Promise.all((line.blobs?.(value) ?? []).map((ref) => checkBlobRef(record, place, ref))),
    Promise.all((line.pointers?.(value, place) ?? []).map((to) => checkPointer(record, place, to))),
    checkIndexes(await line.indexes?.(value, place) ?? [], place),
    line.follows ? checkOwner(record, place, line.follows(value, place)) : null,
  ]);
  return [...blobs, ...pointers, ...indexes, owner].filter((one) => one !== null);
}

function unknownKind({ key, kind }: FoundRecord, { scope }: Place): Suspicion {
  return suspicionOf(scope, "key", key, {
    found: `a record of the kind "${kind}"`,
    expected: "kinds that this program knows; a newer one may have written it",
  });
}

async function checkBlobRef(
  { key }: FoundRecord,
  { scope, reader }: Place,
  { sha256, byteLength }: { sha256: string; byteLength: number },
): Promise<Suspicion | null> {
  const meta = await reader.get(blobKeys.meta(sha256));
  if (meta?.byteLength === byteLength) return null;
  const found = meta === null ? "no such blob" : `a blob of ${meta.byteLength} bytes`;
  return suspicionOf(scope, "reference", key, {
    found: `${found} at ${sha256}`,
    expected: `a blob of ${byteLength} bytes, to which the record refers`,
  });
}

async function checkPointer(
  { key }: FoundRecord,
  { scope, reader }: Place,
  pointer: Pointer,
): Promise<Suspicion | null> {
  if (await reader.get(pointer.key) !== null) return null;
  const { forgotten } = pointer;
  if (forgotten && await isUpTo(reader, forgotten.mark, forgotten.number)) return null;
  return suspicionOf(scope, "reference", key, {
    found: `no record at ${keyText(pointer.key.parts.slice(3))}`,
    expected: `${pointer.as}, to which the record refers`,
  });
}

async function checkIndexes(entries: IndexEntry[], place: Place): Promise<(Suspicion | null)[]> {
  return await Promise.all(entries.map(async ({ key, value }) => {
    const present = await place.reader.get(key);
    if (present !== null && isSame(present, value)) return null;
    const found = present === null ? "no such entry" : JSON.stringify(present);
    return suspicionOf(place.scope, "index", key.parts, {
      found,
      expected: `${JSON.stringify(value)}, as a record has it`,
      mend: { what: "written anew", apply: (tx) => tx.set(writable(key), value) },
    });
  }));
}

/** An index entry that no record asks for, at least not with this value. */
async function checkOwner(
  { key, value }: FoundRecord,
  place: Place,
  ownerKey: ReadKey<unknown>,
): Promise<Suspicion | null> {
  const owner = await place.reader.get(ownerKey);
  const entry = { parts: key };
  if (owner !== null) {
    const [, , , kind, ...rest] = ownerKey.parts;
    const line = RECORD_KINDS[String(kind)];
    const asked = await line?.indexes?.(owner, { ...place, rest }) ?? [];
    const same = asked.find(({ key }) => keyText(key.parts) === keyText(entry.parts));
    // With another value it is the record that finds it wrong.
    if (same !== undefined) return null;
  }
  return suspicionOf(place.scope, "index", key, {
    found: JSON.stringify(value),
    expected: owner === null
      ? `no entry, as there is no record at ${keyText(ownerKey.parts.slice(3))}`
      : `no entry, as the record at ${keyText(ownerKey.parts.slice(3))} asks for none`,
    mend: { what: "deleted", apply: (tx) => tx.delete(writable(entry)) },
  });
}

function writable(key: ReadKey<unknown>): WriteKey<unknown> {
  return { parts: key.parts, writable: true };
}

/** Values of index entries are JSON. */
function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(a as Json) === canonicalJson(b as Json);
}
