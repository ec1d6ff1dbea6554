// The border to JSON: which keys are renamed, and which belong to someone else.

import { assertEquals } from "@std/assert";
import { canonicalJson, toJson, Verbatim } from "../../src/domain/json.ts";

Deno.test("toJson() writes field names in snake_case at every depth", () => {
  assertEquals(
    toJson({ runId: 1, steps: [{ startedAt: null, byteLength: 2 }], sha256: "x" }),
    { run_id: 1, steps: [{ started_at: null, byte_length: 2 }], sha256: "x" },
  );
});

Deno.test("toJson() leaves keys within Verbatim as they are, at every depth, and only those", () => {
  const rules = { releaseV2: "production", patterns: [{ "Feature/*": "dev" }] };
  assertEquals(toJson({ readBranch: "main", ourProject: new Verbatim({ rules }) }), {
    read_branch: "main",
    our_project: { rules },
  });
  assertEquals(toJson(new Verbatim([new Verbatim({ aB: 1 })])), [{ aB: 1 }]);
});

Deno.test("toJson() gives what JSON can hold: no NaN, no undefined, times as text", () => {
  const value = { a: NaN, b: undefined, at: new Date(0), big: 2n };
  const expected = { a: null, at: "1970-01-01T00:00:00.000Z", big: "2" };
  assertEquals(toJson(value), expected);
  assertEquals(toJson(new Verbatim(value)), expected);
  assertEquals(toJson(undefined), null);
});

Deno.test("canonicalJson() is the same text for equal values, whatever the order of their keys", () => {
  assertEquals(
    canonicalJson({ b: [1, { d: null, c: "x" }], a: true }),
    '{"a":true,"b":[1,{"c":"x","d":null}]}',
  );
});
