// verify and gc as a user meets them.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readScope, writeScope } from "../../src/domain/scope.ts";
import { blobKeys, keysOf } from "../../src/store/keys.ts";
import { Store, type Transaction } from "../../src/store/kv.ts";
import { listing, withTerminal } from "./app.ts";

const BRANCH = ["--branch", "main"];
const MAIN = writeScope("crypto_anomaly", "main");
const keys = keysOf(MAIN);

async function damage(kv: string, change: (tx: Transaction) => void): Promise<void> {
  using store = await Store.open(kv);
  await store.commit(MAIN, (tx) => Promise.resolve(change(tx)));
}

Deno.test("verify says how much it looked at, and that nothing is wrong", () =>
  withTerminal(async ({ text, json }) => {
    await text("ingest", "--num_coins", "10", ...BRANCH);
    const said = await text("verify", ...BRANCH);
    assertStringIncludes(said, " records of 1 branch and 2 blobs (");
    assert(said.endsWith("Nothing is wrong."), said);
    const report = await json<{ wrong: number; blobs: number; findings: [] }>("verify");
    assertEquals([report.wrong, report.blobs, report.findings], [0, 2, []]);
  }));

Deno.test("verify names an index entry that is missing with exit 1, and mends it with --repair", () =>
  withTerminal(async ({ kv, text, run }) => {
    await text("ingest", "--num_coins", "10", ...BRANCH);
    await damage(kv, (tx) => tx.delete(keys.runOfFlow("ingest", 1)));
    const found = await run("verify", "--kv", kv);
    assertEquals(found.code, 1);
    assertStringIncludes(
      found.stdout,
      '✕ index ["run_of_flow","ingest",1] of crypto_anomaly/main: found no such entry; expected true, ' +
        "as a record has it.",
    );
    assertStringIncludes(found.stdout, `  Next: anomaly verify --repair --kv ${kv}`);
    assert(found.stdout.endsWith("1 thing is wrong."));
    const mended = await run("verify", "--repair");
    assertEquals(mended.code, 0);
    assertStringIncludes(mended.stdout, "It was written anew.");
    assertStringIncludes(await text("verify"), "Nothing is wrong.");
  }));

Deno.test("verify leaves damaged bytes as they are, whatever is asked for", () =>
  withTerminal(async ({ kv, text, run }) => {
    await text("ingest", "--num_coins", "10", ...BRANCH);
    let sha256 = "";
    {
      using store = await Store.open(kv);
      const version = await store.get(keys.version("data", "market_snapshot", 1));
      sha256 = version!.files.raw!.sha256;
    }
    await damage(kv, (tx) => tx.set(blobKeys.chunk(sha256, 0), new Uint8Array(5)));
    for (const words of [[], ["--repair"]]) {
      const { code, stdout } = await run("verify", ...words);
      assertEquals(code, 1);
      assertStringIncludes(stdout, `✕ blob ["blob_v1","${sha256}"]`);
      assertStringIncludes(stdout, "Next: restore the store from a backup: anomaly restore <file>");
    }
  }));

for (const [what, share] of [["half", 0.5], ["a few bytes", 0.01]] as const) {
  Deno.test(`verify names a file of which ${what} is left`, () =>
    withTerminal(async ({ kv, text, run }) => {
      for (let i = 0; i < 3; i++) await text("ingest", "--num_coins", "50", ...BRANCH);
      const { size } = await Deno.stat(kv);
      await Deno.truncate(kv, Math.floor(share * size));
      const { code, stdout } = await run("verify");
      assertEquals(code, 1);
      assertStringIncludes(stdout, `✕ file ${kv}: found `);
      assertStringIncludes(stdout, "expected a whole Deno KV database.");
    }));
}

Deno.test("verify --lineage walks from a model to the market's answer, and names what is not as it was", () =>
  withTerminal(async ({ kv, text, run }) => {
    await text("train", ...BRANCH);
    const said = await text("verify", "--lineage", "latest", ...BRANCH);
    assertStringIncludes(said, "anomaly_detector v1");
    assertStringIncludes(said, "Every file is what it was, back to 1 raw answers of the market.");
    let sha256 = "";
    {
      using store = await Store.open(kv);
      const scope = readScope("crypto_anomaly", "main");
      const model = await store.get(keysOf(scope).version("model", "anomaly_detector", 1));
      sha256 = model!.files.raw!.sha256;
    }
    await damage(kv, (tx) => tx.delete(blobKeys.chunk(sha256, 0)));
    const broken = await run("verify", "--lineage", "v1", ...BRANCH);
    assertEquals(broken.code, 1);
    assertStringIncludes(broken.stdout, "chunk 0 of ");
    assertStringIncludes(broken.stdout, `expected a file ${sha256}`);
    const none = await run("verify", "--lineage", "champion", ...BRANCH);
    assertEquals(none.code, 4);
  }));

Deno.test("verify and gc of a store that is not there say so with exit 4, and make none", () =>
  withTerminal(async ({ folder, run }) => {
    const before = await listing(folder);
    for (const words of [["verify"], ["verify", "--repair"], ["gc"], ["gc", "--dry_run"]]) {
      const { code, stderr } = await run(...words);
      assertEquals(code, 4, words.join(" "));
      assertStringIncludes(stderr, "found nothing there, expected a store");
    }
    assertEquals(await listing(folder), before);
  }));

Deno.test("gc forgets what the project's retention lets go, after saying so, and the file becomes smaller on demand", () =>
  withTerminal(async (terminal) => {
    const { folder, text, json, run } = terminal;
    const project = JSON.parse(
      await Deno.readTextFile(new URL("../../configs/project.json", import.meta.url)),
    );
    const retention = { market_snapshot: 1, runs: 1, events: 1 };
    await Deno.writeTextFile(`${folder}/project.json`, JSON.stringify({ ...project, retention }));
    for (let hour = 0; hour < 30; hour++) await text("ingest", "--num_coins", "30", ...BRANCH);
    terminal.clockMs += 25 * 3_600_000;
    const rehearsal = await text("gc", "--dry_run", ...BRANCH);
    assertStringIncludes(rehearsal, "Nothing was written. Next: anomaly gc");
    const withoutGrace = await text("gc", "--dry_run", "--grace_hours", "0", ...BRANCH);
    assertStringIncludes(withoutGrace, "Next: anomaly gc --grace_hours 0");
    interface Report {
      kinds: { kind: string; records: number; blobs: number }[];
      compacted: { bytes_before: number; bytes_after: number };
    }
    const report = await json<Report>("gc", "--compact", ...BRANCH);
    const of = (kind: string) => report.kinds.find((one) => one.kind === kind)!;
    assertEquals([of("market_snapshot").records, of("market_snapshot").blobs], [5, 10]);
    assert(of("runs").records >= 4);
    const { bytes_before: before, bytes_after: after } = report.compacted;
    assert(after < before, `${before} → ${after}`);
    assertStringIncludes(await text("verify"), "Nothing is wrong.");
    const forgotten = await run("data", "show", "market_snapshot", "v1", ...BRANCH);
    assertEquals(forgotten.code, 4);
    assertStringIncludes(forgotten.stderr, "it is no longer kept, the newest version is v30");
    const run1 = await run("runs", "show", "1", ...BRANCH);
    assertStringIncludes(run1.stderr, "it is no longer kept");
    const card = await run("runs", "card", "8", ...BRANCH);
    assertEquals(card.code, 0, card.stderr);
  }));

Deno.test("gc without retention keeps every record, and refuses what contradicts itself", () =>
  withTerminal(async ({ text, run }) => {
    await text("ingest", "--num_coins", "10", ...BRANCH);
    assertStringIncludes(await text("gc", ...BRANCH), "records are kept for ever");
    for (
      const words of [["gc", "--dry_run", "--compact"], ["verify", "--repair", "--lineage", "v1"]]
    ) {
      const { code, stderr } = await run(...words);
      assertEquals(code, 2, stderr);
      assertStringIncludes(stderr, "expected one of them");
    }
  }));
