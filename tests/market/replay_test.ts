// The replay of recorded responses: order, names, and what is wrong with a folder or a file.

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { openSource } from "../../src/market/mod.ts";
import { Replay, timeInName } from "../../src/market/replay.ts";
import { coin } from "../support/coingecko_server.ts";

const BODY = JSON.stringify([coin(1)]);
const OPTIONS = { env: () => undefined, nowMs: () => 0, seed: 0 };

interface Folder extends AsyncDisposable {
  path: string;
}

/** A temporary folder of these files; a name that ends in .gz is compressed. */
async function folderOf(files: Record<string, string>): Promise<Folder> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  for (const [name, text] of Object.entries(files)) {
    const { body } = new Response(text);
    const stream = name.endsWith(".gz")
      ? body!.pipeThrough(new CompressionStream("gzip"))
      : body ?? new ReadableStream({ start: (controller) => controller.close() });
    await Deno.writeFile(`${path}/${name}`, stream);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

function fetchAfter(source: Replay, afterMs: number | null) {
  return source.fetch({ numCoins: 100, afterMs });
}

const NAMES: [string, string | null][] = [
  ["20220501T0000Z.json.gz", "2022-05-01T00:00:00.000Z"],
  ["2023-03-20T000851.json.gz", "2023-03-20T00:08:51.000Z"],
  ["coingecko_py-2022-01-11T165457_11fc19be_001.json", "2022-01-11T16:54:57.000Z"],
  ["2022-01-11T16:54:57.123Z.json", "2022-01-11T16:54:57.000Z"],
  ["markets_2022-01-11_16-54.json", "2022-01-11T16:54:00.000Z"],
  ["1651363200.json", "2022-05-01T00:00:00.000Z"],
  ["markets-1651363200000.json.gz", "2022-05-01T00:00:00.000Z"],
  ["2022-02-30T0000.json", null],
  ["2022-13-01T0000.json", null],
  ["markets.json", null],
  ["7.json", null],
];
for (const [name, expected] of NAMES) {
  Deno.test(`timeInName() reads ${expected ?? "no time"} from ${name}`, () => {
    const ms = timeInName(name);
    assertEquals(ms === null ? null : new Date(ms).toISOString(), expected);
  });
}

Deno.test("Replay gives recordings by time and not by name, plain or compressed, to the byte", async () => {
  await using folder = await folderOf({
    "b-20220501T0000Z.json.gz": ` ${BODY}\n`,
    "a-20220501T0200Z.json": BODY,
    "1651366800.json": BODY,
    "README.md": "no recording",
    "notes.json": "no time",
  });
  const source = await Replay.open(folder.path);
  const origins: string[] = [];
  let afterMs: number | null = null;
  for (let i = 0; i < 3; i++) {
    const { marketAtMs, origin, labels } = await fetchAfter(source, afterMs);
    origins.push(`${new Date(marketAtMs).toISOString().slice(11, 16)} ${origin}`);
    assertEquals(labels, []);
    afterMs = marketAtMs;
  }
  assertEquals(origins, [
    "00:00 b-20220501T0000Z.json.gz",
    "01:00 1651366800.json",
    "02:00 a-20220501T0200Z.json",
  ]);
  assertEquals(new TextDecoder().decode((await fetchAfter(source, null)).body), ` ${BODY}\n`);
  assertEquals(await source.extent(), {
    firstMs: Date.UTC(2022, 4, 1, 0),
    lastMs: Date.UTC(2022, 4, 1, 2),
    count: 3,
  });
});

Deno.test("Replay gives the first recording strictly after an instant", async () => {
  await using folder = await folderOf({ "20220501T0000Z.json": BODY, "20220501T0100Z.json": BODY });
  const source = await Replay.open(folder.path);
  const at = Date.UTC(2022, 4, 1);
  assertEquals((await fetchAfter(source, at - 1)).marketAtMs, at);
  assertEquals((await fetchAfter(source, at)).marketAtMs, at + 3_600_000);
});

Deno.test("Replay reads the first by name of two recordings of one time, and names the other", async () => {
  await using folder = await folderOf({
    "b-20220501T0000Z.json": "[]",
    "a-20220501T0000Z.json": BODY,
  });
  const source = await Replay.open(folder.path);
  const { origin } = await fetchAfter(source, null);
  assertEquals(origin, "a-20220501T0000Z.json (of the same time: b-20220501T0000Z.json)");
  assertEquals((await source.extent()).count, 1);
});

Deno.test("Replay says which recording was the last when there is no further one", async () => {
  await using folder = await folderOf({ "20220501T0000Z.json": BODY });
  const source = await Replay.open(folder.path);
  const error = await assertRejects(() => fetchAfter(source, Date.UTC(2022, 4, 1)), AppError);
  assertEquals(error.code, "not_found");
  assertStringIncludes(error.message, "the last one is of 2022-05-01T00:00:00.000Z");
});

Deno.test("Replay is the same source by whatever path its folder is named", async () => {
  await using folder = await folderOf({ "20220501T0000Z.json": BODY });
  await Deno.mkdir(`${folder.path}/sub`);
  const source = await Replay.open(`${folder.path}/sub/../`);
  const { kind, key, location } = source.identity;
  assertEquals([kind, location], ["replay", folder.path]);
  assertMatch(key, /^[0-9a-f]{12}$/);
  assertEquals(source.identity, (await Replay.open(folder.path)).identity);
  assertEquals(source.name, `replay:${folder.path}`);
});

Deno.test("Replay is the same source wherever its folder lies, and when recordings are added", async () => {
  const keyOf = async (files: Record<string, string>) => {
    await using folder = await folderOf(files);
    return (await Replay.open(folder.path)).identity.key;
  };
  const key = await keyOf({ "20220501T0000Z.json": BODY });
  assertEquals(await keyOf({ "20220501T0000Z.json": BODY, "20220501T0100Z.json": "[]" }), key);
  const other = BODY.replace("1", "2");
  assertEquals(other.length, BODY.length);
  assertNotEquals(await keyOf({ "20220501T0000Z.json": other }), key, "by its bytes");
  assertNotEquals(await keyOf({ "20220501T0100Z.json": BODY }), key, "by its name");
  assertNotEquals(
    await keyOf({ "20220501T0000Z.json": BODY, "20220430T2300Z.json": BODY }),
    key,
    "by the first in time",
  );
});

const GARBAGE: [string, string, string][] = [
  ["20220501T0000Z.json", `{"status":{"error_code":403,"error_message":"no"}}`, `error 403 "no"`],
  ["20220501T0000Z.json.gz", BODY.slice(0, 50), "JSON that breaks off"],
  ["20220501T0000Z.json", "", "an empty body"],
  ["20220501T0000Z.json", "[]", "an empty array"],
];
for (const [name, text, found] of GARBAGE) {
  Deno.test(`Replay names the file that holds no recording: ${found} in ${name}`, async () => {
    await using folder = await folderOf({ [name]: text });
    const source = await Replay.open(folder.path);
    const error = await assertRejects(() => fetchAfter(source, null), AppError);
    assertEquals(error.code, "unavailable");
    assertStringIncludes(error.message, `Cannot read recording ${folder.path}/${name}: found `);
    assertStringIncludes(error.message, found);
    assertStringIncludes(error.message, "Next: take the file out of the folder");
  });
}

Deno.test("Replay names a compressed file that is not compressed", async () => {
  await using folder = await folderOf({ "20220501T0000Z.json": BODY });
  await Deno.rename(
    `${folder.path}/20220501T0000Z.json`,
    `${folder.path}/20220501T0000Z.json.gz`,
  );
  const source = await Replay.open(folder.path);
  const error = await assertRejects(() => fetchAfter(source, null), AppError);
  assertEquals(error.code, "unavailable");
  assertStringIncludes(error.message, "20220501T0000Z.json.gz");
});

const WRONG_FOLDERS: [string, Record<string, string>, string, string][] = [
  ["is not there", { "a.json": BODY }, "/nowhere", "no such folder"],
  ["would lie in a file", { "a.json": BODY }, "/a.json/b", "no such folder"],
  ["is a file", { "a.json": BODY }, "/a.json", "found a file"],
  ["is empty", {}, "", "no .json or .json.gz files"],
  ["holds other files only", { "20220501T0000Z.csv": "" }, "", "no .json or .json.gz files"],
  ["holds names without times", { "a.json": BODY, "b.json": BODY }, "", "2 files without a time"],
];
for (const [what, files, below, found] of WRONG_FOLDERS) {
  Deno.test(`openSource() refuses a replay of a folder that ${what}`, async () => {
    await using folder = await folderOf(files);
    const name = `replay:${folder.path}${below}`;
    const error = await assertRejects(() => openSource(name, OPTIONS), AppError);
    assertEquals([error.code, error.exitCode], ["invalid", 2]);
    assertStringIncludes(error.message, `Cannot replay ${folder.path}${below}: found `);
    assertStringIncludes(error.message, found);
    assert(below !== "" || error.message.includes("20220501T0000Z.json.gz"), error.message);
  });
}
