// backup and restore as a user meets them.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { listing, withTerminal } from "./app.ts";

const STAMP = "20240201T000000Z";

Deno.test("backup says where the copy is, how large, and how it is put back", () =>
  withTerminal(async ({ kv, text }) => {
    await text("ingest", "--num_coins", "10");
    const { size } = await Deno.stat(kv);
    const said = await text("backup");
    const [first, second] = said.split("\n");
    assertMatch(
      first!,
      /registry\.kv\.backup-20240201T000000Z: [\d,]+ bytes in \d+\.\d s, checked\.$/,
    );
    assertEquals(second, `To put it back: anomaly restore ${kv}.backup-${STAMP} --force`);
    assertEquals(size > 0, true);
  }));

Deno.test("what was restored is what was backed up, and the store before it is still there", () =>
  withTerminal(async ({ folder, kv, text, json, run }) => {
    await text("ingest", "--num_coins", "10");
    const out = `${folder}/copy.kv`;
    const copy = await json<{ path: string; schema: number }>("backup", "--out", out);
    assertEquals(copy.path, out);
    await text("ingest", "--num_coins", "10");
    const before = await listing(folder);
    const refused = await run("restore", out);
    assertEquals([refused.code, await listing(folder)], [5, before]);
    assertStringIncludes(refused.stderr, "add --force");
    const said = await text("restore", out, "--force");
    assertStringIncludes(said, `The store before it is ${kv}.replaced-${STAMP}`);
    const snapshots = async (...words: string[]) =>
      (await json<{ snapshots: number }[]>("data", "inspect", ...words))[0]!.snapshots;
    assertEquals(await snapshots(), 1);
    assertEquals(await snapshots("--kv", `${kv}.replaced-${STAMP}`), 2);
  }));

Deno.test("backup and restore of what is no file are refused with exit 2, of what is not there with 4", () =>
  withTerminal(async ({ folder, run }) => {
    const before = await listing(folder);
    for (const kv of [":memory:", "https://kv.example/connect"]) {
      for (const words of [["backup"], ["restore", "some.kv"]]) {
        const { code, stderr } = await run(...words, "--kv", kv);
        assertEquals(code, 2, stderr);
        assertStringIncludes(stderr, "expected a path on this machine");
      }
    }
    const missing = await run("backup");
    assertEquals(missing.code, 4);
    assertStringIncludes(missing.stderr, "found no file there, expected a store");
    const none = await run("restore", `${folder}/none.kv`);
    assertEquals(none.code, 4);
    assertEquals(await listing(folder), before);
  }));

Deno.test("on the platform there is no file to copy, and that is said", () =>
  withTerminal(async ({ env, run }) => {
    delete env.ANOMALY_KV;
    env.DENO_DEPLOY = "1";
    const { code, stderr } = await run("backup");
    assertEquals(code, 2);
    assertStringIncludes(stderr, "Cannot back up the platform's database: expected a file");
  }));

Deno.test("every command refuses a store that needs a newer program, with exit 6 and its version", () =>
  withTerminal(async ({ folder, kv, text, run }) => {
    await text("ingest", "--num_coins", "10");
    {
      using store = await Deno.openKv(kv);
      await store.set(["schema"], { version: 99, program: "9.8.7", migrating: null });
    }
    const before = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
    for (const words of [["status"], ["ingest"], ["champion"], ["backup"], ["models", "list"]]) {
      const { code, stderr } = await run(...words);
      assertEquals(code, 6, words.join(" "));
      assertStringIncludes(stderr, "its records follow schema 99");
      assertStringIncludes(stderr, "use anomaly 9.8.7 or newer");
    }
    const after = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
    assertEquals(after, before);
  }));
