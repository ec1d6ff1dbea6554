import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import {
  checkTagName,
  checkUserTag,
  flowNameOf,
  ORIGINAL_FLOW_NAMES,
  parseRunRef,
  SYSTEM_TAGS,
} from "../../src/domain/names.ts";

Deno.test("checkUserTag() refuses what only the program gives, by its beginning", () => {
  for (const name of SYSTEM_TAGS) {
    const error = assertThrows(() => checkUserTag(`${name}:x`), AppError);
    assertEquals([error.code, error.exitCode], ["invalid", 2]);
    assertStringIncludes(error.message, `begin with ${name}:`);
    assertEquals(checkTagName(`${name}:x`), `${name}:x`);
  }
  for (const tag of ["baseline", "users", "branch", "my:branch:main", "branches/main"]) {
    assertEquals(checkUserTag(tag), tag);
  }
  assertThrows(() => checkUserTag("a b"), AppError, "Cannot use tag");
});

Deno.test("flowNameOf() knows both names of every flow, and lists them for any other", () => {
  for (const [original, own] of Object.entries(ORIGINAL_FLOW_NAMES)) {
    assertEquals([flowNameOf(original), flowNameOf(own)], [own, own]);
  }
  for (const word of ["trian", "", "constructor"]) {
    const error = assertThrows(() => flowNameOf(word), AppError);
    assertEquals(error.code, "invalid");
    for (const names of Object.entries(ORIGINAL_FLOW_NAMES)) {
      for (const name of names) assertStringIncludes(error.message, name);
    }
  }
});

Deno.test("parseRunRef() gives the flow's own name, and refuses a flow that is not known", () => {
  assertEquals(parseRunRef("12"), { flow: null, runId: 12 });
  assertEquals(parseRunRef("run:12"), { flow: null, runId: 12 });
  for (const name of ["train", "TrainDetectorFlow"]) {
    assertEquals(parseRunRef(`${name}/12`), { flow: "train", runId: 12 });
  }
  for (const text of ["NoFlow/12", "0", "train/", "12x"]) {
    assertEquals(assertThrows(() => parseRunRef(text), AppError).code, "invalid");
  }
});
