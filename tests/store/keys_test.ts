import { assert, assertEquals } from "@std/assert";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { belongsTo, blobKeys, isBlobKey, keysOf, storeKeys } from "../../src/store/keys.ts";

const KEY_PAGE = new URL("../../docs/kv.md", import.meta.url);
const MAIN = readScope("crypto_anomaly", "main");
const PREFIX = ["v1", "crypto_anomaly", "main"];

/** Lines such as "usedBy: [used_by, _, _, _]", where _ stands for what the caller gives. */
async function documentedKeys(section: RegExp): Promise<string[]> {
  const page = await Deno.readTextFile(KEY_PAGE);
  const part = page.split(/^## /m).find((text) => section.test(text)) ?? "";
  return [...part.matchAll(/^\| `(\w+)` +\| `\[(.*?)\]` +\|/gm)]
    .map(([, name, parts]) => `${name}: ${parts!.split(", ").map(literalOrGap).join(", ")}`)
    .sort();
}

function literalOrGap(part: string): string {
  return /^".*"$/.test(part) ? part.slice(1, -1) : "_";
}

/** The same of a map of key functions, each called with numbers that no literal part can be. */
function existingKeys(map: object, prefix: Deno.KvKey): string[] {
  return Object.entries(map).map(([name, make]) => {
    const gaps = Array.from({ length: make.length }, (_, i) => 1000 + i);
    const { parts } = make(...gaps);
    assertEquals(parts.slice(0, prefix.length), prefix);
    const shown = parts.slice(prefix.length)
      .map((part: unknown) => gaps.includes(Number(part)) ? "_" : part);
    return `${name}: ${shown.join(", ")}`;
  }).sort();
}

function differences(documented: readonly string[], existing: readonly string[]): string[] {
  return [
    ...existing.filter((key) => !documented.includes(key)).map((key) => `not in kv.md: ${key}`),
    ...documented.filter((key) => !existing.includes(key)).map((key) => `not in keys.ts: ${key}`),
  ];
}

Deno.test("docs/kv.md lists every key of a branch, with its parts after the branch, and no other", async () => {
  const documented = await documentedKeys(/^# Keys of the store/);
  assert(documented.length > 0, "docs/kv.md has no table of keys");
  assertEquals(differences(documented, existingKeys(keysOf(MAIN), PREFIX)), []);
});

Deno.test("docs/kv.md lists the keys of blobs, with their parts, and no other", async () => {
  assertEquals(differences(await documentedKeys(/^Blobs/), existingKeys(blobKeys, [])), []);
});

Deno.test("docs/kv.md lists the keys of the store as a whole, and no other", async () => {
  assertEquals(differences(await documentedKeys(/^The store/), existingKeys(storeKeys, [])), []);
});

Deno.test("a plural key is the prefix of its singular's keys", () => {
  const keys = keysOf(MAIN);
  const pairs: [{ parts: Deno.KvKey }, { parts: Deno.KvKey }][] = [
    [keys.versions("data", "a"), keys.version("data", "a", 1)],
    [keys.snapshotsAt(), keys.snapshotAt(1)],
    [keys.usersOf("data", "a"), keys.usedBy("data", "a", 1, "model", "b", 2)],
    [keys.aliases("m"), keys.alias("m", "champion")],
    [keys.aliasEntries("m", "champion"), keys.aliasEntry("m", "champion", 1)],
    [keys.aliasesAt("m", "champion"), keys.aliasAt("m", "champion", 1, 2)],
    [keys.evaluations("m", 1), keys.evaluation("m", 1, 2)],
    [keys.runs(), keys.run(1)],
    [keys.runsOfFlow("train"), keys.runOfFlow("train", 1)],
    [keys.steps(1), keys.step(1, 2)],
    [keys.logs(1), keys.log(1, 2, 3)],
    [keys.tagsOfRun(1), keys.tagOfRun(1, "a")],
    [keys.runsWithTag("train", "a"), keys.runWithTag("train", "a", 1)],
    [keys.events(), keys.event(1)],
    [keys.audits(), keys.audit(1)],
  ];
  for (const [plural, singular] of pairs) {
    assertEquals(singular.parts.slice(0, plural.parts.length), plural.parts);
    assert(singular.parts.length > plural.parts.length);
  }
});

Deno.test("belongsTo() knows the keys of its own branch only", () => {
  const main = writeScope("crypto_anomaly", "main");
  assert(belongsTo(main, keysOf(main).run(1).parts));
  for (const scope of [readScope("crypto_anomaly", "main2"), readScope("other", "main")]) {
    assertEquals(belongsTo(main, keysOf(scope).run(1).parts), false);
  }
  assertEquals(belongsTo(main, blobKeys.meta("abc").parts), false);
  assertEquals(isBlobKey(keysOf(main).run(1).parts), false);
  assert(isBlobKey(blobKeys.chunk("abc", 0).parts));
});
