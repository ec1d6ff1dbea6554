import { assertEquals } from "@std/assert";
import { readScope } from "../../src/domain/scope.ts";
import { RECORD_KINDS } from "../../src/registry/references.ts";
import { keysOf } from "../../src/store/keys.ts";

Deno.test("every kind of record in the key map has a line in the table of references, and no other", () => {
  const kinds = Object.values(keysOf(readScope("p", "b")))
    .map((make: (...parts: never[]) => { parts: Deno.KvKey }) => String(make().parts[3]));
  assertEquals(Object.keys(RECORD_KINDS).sort(), [...new Set(kinds)].sort());
});
