// Every command as a user meets it, on one small store: what it says to a person and to a script, and
// that looking leaves the store as it is.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { allCommands } from "../../src/cli/mod.ts";
import { flows } from "../../flows/mod.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { isBlobKey } from "../../src/store/keys.ts";
import { decodeTable } from "../../src/store/tables.ts";
import { decodeSafetensors } from "../../src/store/safetensors.ts";
import { listing, type Terminal, terminalIn, withTerminal } from "./app.ts";

/** What a hostile reason would do to a terminal: colours, its title, a line that is not ours. */
const EVIL = "\u001b[31mred\u001b]0;title\u0007\u202e\r\nchampion  v9";

let built = "";

/**
 * The store of the tests, on disk and closed: v1 and v2 trained on fresh data, judged and promoted in
 * turn; v3 trained on a dataset of 12 hours and not judged; a second branch with two snapshots. The newest
 * snapshot is scored by v2.
 */
async function buildStore(folder: string): Promise<void> {
  const terminal = terminalIn(folder);
  const run = (...words: string[]) => terminal.text(...words, "--quiet");
  await run("train", "--tag", "baseline");
  await run("evaluate");
  await run("promote", "--run_id", "1", "--reason", EVIL);
  terminal.clockMs += HOUR_MS;
  await run("train", "--fresh_data");
  await run("evaluate");
  await run("promote", "--version", "v2", "--expect", "v1", "--reason", "fewer false alarms");
  for (let hour = 0; hour < 12; hour++) await run("ingest", "--num_coins", "20");
  await run("build_dataset", "--holdout_hours", "4");
  await run("train");
  for (let hour = 0; hour < 2; hour++) await run("ingest", "--branch", "main", "--num_coins", "10");
  await run("score");
}

Deno.test.beforeAll(async () => {
  built = await Deno.makeTempDir({ prefix: "anomaly_cli_" });
  await buildStore(built);
});

Deno.test.afterAll(async () => await Deno.remove(built, { recursive: true }));

/** A terminal with a copy of the store, for tests that change it. */
async function withStore(test: (terminal: Terminal) => Promise<void>): Promise<void> {
  await withTerminal(async (terminal) => {
    await Deno.copyFile(`${built}/registry.kv`, terminal.kv);
    terminal.clockMs += 2 * HOUR_MS;
    await test(terminal);
  });
}

/** What looks and writes nothing: the words, and what a person has to read there. */
const LOOKS: readonly (readonly [line: string, expected: RegExp])[] = [
  ["status", /^branch {5}user\.tester \(dev\)$.*^champion {3}v2, promoted .* ago, .*evaluate/ms],
  ["champion", /^champion {2}anomaly_detector v2 \(training run 4\)$.*^before +v1$/ms],
  ["models list", /^v3 +candidate .*^v2 +champion +champion .*^v1 +evaluated/ms],
  [
    "models show champion",
    /anomaly_detector v2, champion$.*^max_anomaly_rate +0\.\d{3} +<= 0\.2/ms,
  ],
  [
    "models show latest",
    /training_dataset v1 of user\.tester.*\n {4}members: market_snapshot v1–v12/,
  ],
  ["predictions --all --limit 3", /^2024-01-01 15:00 UTC {2}sim-\S+ {2}−0\.\d{3}, .* due in 1 d$/m],
  ["outcomes", /^No outcomes on branch user\.tester yet: .* Next: anomaly validate_outcomes/],
  ["coin sim-woldektor", /^sim-woldektor: 1 score from .*\n\nmarket time .*due in 1 d$/ms],
  ["runs card 1", /^<!DOCTYPE html>\n<html lang="en">.*anomaly_detector v1 flags/s],
  ["models compare 1", /^ +v1 +v2$.*The same in both: .*n_estimators/ms],
  ["models history", /^ +2 +promote +v2 +v1 .*fewer false alarms$.*^ +1 +promote +v1 +–/ms],
  ["models why latest", /cannot be promoted:.*Next: anomaly evaluate --candidate_version 3/s],
  ["models why champion", /^anomaly_detector v2 is champion now\.$/m],
  [
    "data list",
    /^market_snapshot +user\.tester +v12 .*^training_dataset +user\.tester +v1 .*^evaluation_results +\S+ +v2/ms,
  ],
  ["data list market_snapshot --limit 2", /^v12 .*\nv11 .*$/m],
  ["data show training_dataset", /^Used by:\n {2}anomaly_detector v3 \(training_dataset\)$/m],
  [
    "data inspect training_dataset",
    /38 columns.*^coin_id +text +0 +– +–$.*^current_price +number/ms,
  ],
  ["runs list --limit 3", /^ *\d+ +train +completed/m],
  ["runs show 1", /^tags +.*baseline.*^register +completed/ms],
  ["runs logs TrainDetectorFlow/1", /load +no training_dataset on branch user\.tester yet/],
  ["events list --limit 5", /model_registered .*version 3 +evaluate: pending, due$/m],
  ["events list --parked", /^Nothing is parked on branch user\.tester\.$/m],
  ["events list --audit", /promote +anomaly_detector v2 → champion +fewer false alarms$/m],
  ["config show", /^environment +dev$.*^ {2}contamination +0\.1$.*^ {2}max_rate_diff +0\.08$/ms],
  ["doctor", /^✓ champion: v2, its file of \d+ bytes is whole\nNothing is wrong\.$/m],
  ["promote --version v1 --dry_run --force --reason x", /dry run, nothing written/],
];

/** Names of the JSON value's keys at every depth. */
function keysIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(keysIn)];
}

for (const [line, expected] of LOOKS) {
  Deno.test(`anomaly ${line}: text for a person, one JSON value for a script, nothing written`, async () => {
    const terminal = terminalIn(built);
    terminal.clockMs += 2 * HOUR_MS;
    const before = await listing(built);
    const words = line.split(" ");
    const text = await terminal.text(...words);
    assertMatch(text, expected);
    assertEquals(/(?!\n)\p{Cc}|\p{Cf}/u.test(text), false, "nothing that a terminal acts on");
    const json = await terminal.json(...words);
    assert(typeof json === "object" && json !== null);
    assertEquals(keysIn(json).filter((key) => /[A-Z]/.test(key)), [], "keys are snake_case");
    assertEquals(await listing(built), before);
  });
}

Deno.test("every command that looks is in the table above, but those that end with a signal", () => {
  const looked = LOOKS.map(([line]) => line);
  const other = ["demo", "serve", "events tail"];
  for (const { name, group } of allCommands(flows)) {
    if (group !== "look" || other.includes(name)) continue;
    assert(looked.some((line) => line.startsWith(name)), name);
  }
});

Deno.test("champion --at answers from the history, in market time", async () => {
  const terminal = terminalIn(built);
  const at = (time: string) => terminal.json<{ version: number }>("champion", "--at", time);
  // v1 was promoted at the market's 01:00, v2 at its 03:00.
  assertEquals((await at("2024-01-01T01:00:00Z")).version, 1);
  assertEquals((await at("2024-01-01T02:59")).version, 1);
  assertEquals((await at("2024-01-01T04:00+01:00")).version, 2);
  assertEquals((await at("2030-01-01")).version, 2);
  assertEquals((await terminal.run("champion", "--at", "2024-01-01T00:59:59Z")).code, 4);
});

Deno.test("a flow's JSON is what scripts rely on, with the chain of --follow in it", async () => {
  await withTerminal(async ({ json }) => {
    const { run_id, started_at, finished_at, summary: _, ...rest } = await json<
      Record<string, unknown>
    >("TrainDetectorFlow", "--follow");
    assertEquals([run_id, started_at, finished_at], [
      1,
      "2024-02-01T00:00:00.000Z",
      "2024-02-01T00:00:00.000Z",
    ]);
    const { followed, ...train } = rest;
    assertEquals(train, {
      flow: "train",
      status: "completed",
      branch: "user.tester",
      produced: [{ kind: "model", name: "anomaly_detector", version: 1 }],
      events: [1],
    });
    const flowsRun = (followed as { flow: string }[]).map(({ flow }) => flow);
    assertEquals(flowsRun, ["evaluate"], "nothing is promoted without auto_promote");
  });
});

Deno.test("the run tag champion is at the run of the champion, and moves with it", async () => {
  await withStore(async ({ json, text }) => {
    const tagged = async () => {
      const words = ["runs", "list", "--flow", "train", "--tag", "champion"];
      return (await json<{ id: number }[]>(...words)).map(({ id }) => id);
    };
    assertEquals(await tagged(), [4]);
    assertStringIncludes(
      await text("models", "rollback", "--reason", "flags every stablecoin"),
      "champion is anomaly_detector v1 again (was v2).",
    );
    assertEquals(await tagged(), [1]);
    const entry = await json<{ version: number; action: string; reason: string }>("champion");
    assertEquals(
      [entry.version, entry.action, entry.reason],
      [1, "rollback", "flags every stablecoin"],
    );
  });
});

Deno.test("a champion is revoked only together with its rollback, and then cannot come back", async () => {
  await withStore(async ({ run, text, json }) => {
    const refused = await run("models", "revoke", "champion", "--reason", "bad data");
    assertEquals(refused.code, 5);
    assertStringIncludes(refused.stderr, "--rollback");
    assertEquals(
      await text("models", "revoke", "champion", "--reason", "bad data", "--rollback"),
      "anomaly_detector v2 is revoked. The alias returned to v1.",
    );
    assertEquals((await json<{ version: number }>("champion")).version, 1);
    assertEquals((await run("promote", "--version", "v2")).code, 5);
    assertEquals((await run("models", "revoke", "v2", "--reason", "again")).code, 5);
    const [, v2] = await json<{ version: number; status: string }[]>("models", "list");
    assertEquals([v2?.version, v2?.status], [2, "revoked"]);
  });
});

Deno.test("a reason cannot act on the terminal, nor pass for a line of ours, wherever it is told again", async () => {
  await withStore(async ({ text, run }) => {
    await text("models", "revoke", "v3", "--reason", EVIL);
    const told = [
      await run("models", "why", "v3"),
      await run("promote", "--version", "v3", "--dry_run"),
      await run("promote", "--version", "v3"),
      await run("runs", "list", "--limit", "1"),
      await run("doctor"),
    ];
    for (const { stdout, stderr } of told) {
      assertEquals(/(?!\n)\p{Cc}|\p{Cf}/u.test(stdout + stderr), false);
    }
    for (const { stdout } of told) assertEquals(/^champion {2}v9/m.test(stdout), false, stdout);
    assertStringIncludes(told[1]!.stdout, "red]0;title champion  v9)");
  });
});

Deno.test("a tag is put on a run and taken off again", async () => {
  await withStore(async ({ text, json }) => {
    const tags = async () =>
      (await json<{ tags: { tag: string }[] }>("runs", "show", "4")).tags.map(({ tag }) => tag);
    await text("runs", "tag", "run:4", "looked-at");
    assert((await tags()).includes("looked-at"));
    await text("runs", "untag", "train/4", "looked-at");
    assertEquals((await tags()).includes("looked-at"), false);
  });
});

Deno.test("data inspect shows what every branch holds, whoever looks", async () => {
  const terminal = terminalIn(built);
  const rows = await terminal.json<Record<string, unknown>[]>("data", "inspect");
  const shown = rows.map((row) => [row.branch, row.snapshots, row.first_at, row.last_at]);
  assertEquals(shown, [
    ["main", 2, "2024-01-01T00:00:00.000Z", "2024-01-01T01:00:00.000Z"],
    ["user.tester", 12, "2024-01-01T04:00:00.000Z", "2024-01-01T15:00:00.000Z"],
  ]);
  assertEquals(rows[1]?.training_datasets, 1);
  assertMatch(
    await terminal.text("data", "inspect", "--branch", "new"),
    /^main +simulated.*^user\.tester /ms,
  );
});

Deno.test("data from another branch is read with --read_branch, and that is said", async () => {
  const terminal = terminalIn(built);
  const words = ["status", "--branch", "dev", "--read_branch", "user.tester"];
  const text = await terminal.text(...words);
  assertStringIncludes(text, "dev (dev), reads user.tester");
  assertMatch(text, /^next +anomaly .* --branch dev --read_branch user\.tester$/m);
  assertMatch(text, /^model +none$/m, "models are the write branch's");
});

Deno.test("exports are the stored bytes, and never overwrite a file", async () => {
  await withStore(async ({ folder, text, json, run }) => {
    const parquet = `${folder}/training.parquet`;
    await text("data", "export", "training_dataset", "--out", parquet);
    const data = await json<{ files: { table: { sha256: string } } }>(
      "data",
      "show",
      "training_dataset",
    );
    assertEquals(await sha256Of(parquet), data.files.table.sha256);
    assert((await decodeTable(await Deno.readFile(parquet))).rowCount > 0);

    const model = `${folder}/champion.safetensors`;
    await text("models", "export", "champion", "--out", model);
    const shown = await json<{ files: { model: { sha256: string } } }>(
      "models",
      "show",
      "champion",
    );
    assertEquals(await sha256Of(model), shown.files.model.sha256);
    assertEquals(
      decodeSafetensors(await Deno.readFile(model)).metadata.algorithm,
      "isolation_forest",
    );

    const before = await listing(folder);
    const again = await run("models", "export", "v1", "--out", model);
    assertEquals([again.code, await listing(folder)], [2, before]);
    const role = await run("data", "export", "training_dataset", "--role", "x", "--out", "y");
    assertEquals(role.code, 4);
    assertStringIncludes(role.stderr, "it has table, members, report");
  });
});

async function sha256Of(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}

Deno.test("hints carry the store and the branch that were given, as a shell reads them", async () => {
  await withTerminal(async ({ folder, run, text }) => {
    const kv = `${folder}/my store.kv`;
    const flags = ["--kv", kv, "--branch", "main"];
    const trained = await text("train", ...flags);
    const expected = `--kv '${kv}' --branch main`;
    assert(trained.endsWith(`Next: anomaly evaluate --candidate_version 1 ${expected}`), trained);
    assertStringIncludes(await text("status", ...flags), `--candidate_version 1 ${expected}`);
    const failed = await run("build_dataset", ...flags);
    assertStringIncludes(failed.stderr, `See: anomaly runs show 2 ${expected}`);
    assertStringIncludes(await text("runs", "show", "1", ...flags), `runs logs 1 ${expected}`);
    assertStringIncludes((await run("champion", ...flags)).stderr, `models list ${expected}`);
    // Errors from below the command line do not know the flags; they are added to what they advise.
    const missing = (await run("models", "show", "v9", ...flags)).stderr;
    assert(missing.endsWith(`See: anomaly models list ${expected}`), missing);
    const early = failed.stderr.split("\n")[0]!;
    assert(early.endsWith(`Next: anomaly ingest ${expected}, once an hour`), early);
  });
});

Deno.test("status suggests the step that comes next, from an empty store to a champion", async () => {
  await withTerminal(async ({ folder, json, text }) => {
    const next = async () => (await json<{ next: string }>("status")).next;
    assertEquals(await next(), "anomaly train");
    assertMatch(await text("status"), /^market +no data yet$.*^champion +none$/ms);
    assertEquals(await listing(folder), [], "to look makes no store");
    await text("train");
    assertEquals(await next(), "anomaly evaluate --candidate_version 1");
    await text("evaluate");
    assertEquals(await next(), "anomaly promote --version 1");
    await text("promote", "--version", "1");
    assertEquals(await next(), "anomaly ingest");
    await text("ingest");
    assertEquals(await next(), "anomaly ingest", "there is not history enough for a dataset");
  });
});

Deno.test("status does not send a model back to be judged that has failed its gates", async () => {
  await withStore(async ({ run, json }) => {
    assertEquals((await run("evaluate")).code, 3);
    assertEquals((await json<{ next: string }>("status")).next, "anomaly models why 3");
  });
});

Deno.test("commands that look do so on an empty store too, and make none", async () => {
  await withTerminal(async ({ folder, text, json }) => {
    for (const line of ["models list", "data list", "data inspect", "runs list", "events list"]) {
      assertMatch(await text(...line.split(" ")), /^No /, line);
      assertEquals(await json(...line.split(" ")), [], line);
    }
    assertMatch(await text("models", "history"), /^Nobody ever held champion on branch/);
    assertMatch(await text("doctor"), /✓ champion: none yet\. Next: anomaly status$/m);
    assertEquals(await listing(folder), []);
  });
});

Deno.test("doctor finds a store that is no database, a failed run, and a model that has lost its bytes", async () => {
  await withStore(async ({ folder, kv, run, json }) => {
    const failures = async (...words: string[]) => {
      const { code, stdout } = await run("doctor", "--json", ...words);
      const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean }[] };
      return [code, ...checks.filter(({ ok }) => !ok).map(({ name }) => name)];
    };
    assertEquals(await failures(), [0]);
    await Deno.writeTextFile(`${folder}/text.kv`, "a text and no database. ".repeat(500));
    assertEquals(await failures("--kv", `${folder}/text.kv`), [1, "store"]);
    assertEquals(await failures("--branch", "!"), [1, "configs"]);
    assertEquals((await run("build_dataset", "--branch", "empty")).code, 1);
    assertEquals(await failures("--branch", "empty"), [1, "runs"]);

    const { files } = await json<{ files: { model: { sha256: string } } }>("models", "show", "v2");
    await deleteBlob(kv, files.model.sha256);
    assertEquals(await failures(), [1, "champion"]);
    assertMatch((await run("doctor")).stdout, /^✕ champion: .*[^]*\n1 of 8 checks failed\.$/m);
  });
});

/** Takes every key of a blob out of the store, as nothing but a damage would. */
async function deleteBlob(kv: string, sha256: string): Promise<void> {
  using store = await Deno.openKv(kv);
  let deleted = 0;
  for await (const { key } of store.list({ prefix: [] })) {
    if (!isBlobKey(key) || !key.includes(sha256)) continue;
    await store.delete(key);
    deleted++;
  }
  assert(deleted > 0, "the blob was there");
}

Deno.test("events tail prints what has come, one JSON value a line, until it is stopped", async () => {
  const terminal = terminalIn(built);
  const stop = new AbortController();
  const lines: string[] = [];
  terminal.app.signal = stop.signal;
  terminal.app.emit = (line) => {
    lines.push(line);
    if (lines.length === 4) stop.abort();
  };
  const { code, stdout } = await terminal.run("events", "tail", "--after", "1", "--json");
  assertEquals([code, stdout], [0, ""]);
  const events = lines.slice(0, 4).map((line) => JSON.parse(line));
  assertEquals(events.map(({ name }) => name), [
    "evaluation_passed",
    "model_promoted",
    "model_registered",
    "evaluation_passed",
  ]);
});

Deno.test("completions prints the script of the shell", async () => {
  await withTerminal(async ({ folder, text, json }) => {
    const script = await text("completions", "bash");
    assertStringIncludes(script, "complete ");
    assertStringIncludes(script, "build_dataset");
    assertEquals((await json<{ script: string }>("completions", "bash")).script, script);
    assertEquals(await listing(folder), []);
  });
});

Deno.test("--version, --help and help open nothing and exit 0", async () => {
  await withTerminal(async (terminal) => {
    terminal.app.openStore = () => Promise.reject(new Error("a store was opened"));
    assertEquals(await terminal.text("--version"), "anomaly test");
    const overview = await terminal.text();
    assertEquals(await terminal.text("help"), overview);
    assertEquals(await terminal.text("--help"), overview);
    assertMatch(await terminal.text("help", "train"), /^Usage: anomaly train \[flags\]/);
  });
});

Deno.test("--quiet leaves the result, without progress and hint", async () => {
  await withTerminal(async ({ text }) => {
    assertMatch(
      await text("ingest", "--quiet"),
      /^ingest: run 1 completed in \d+\.\d s, market_snapshot v1$/,
    );
  });
});

Deno.test("demo --fresh deletes an earlier demo's store alone, and nothing that is something else", async () => {
  await withTerminal(async ({ folder, run, text }) => {
    const words = ["demo", "--hours", "40", "--num_coins", "10", "--fresh", "--kv"];
    const thesis = `${folder}/thesis.txt`;
    await Deno.writeTextFile(thesis, "years of work\n".repeat(1000));
    assertEquals((await run(...words, thesis)).code, 6);
    const registry = `${folder}/registry.kv`;
    await text("ingest", "--branch", "main", "--kv", registry);
    const before = await listing(folder);
    const { code, stderr } = await run(...words, registry);
    assertEquals(code, 5);
    assertStringIncludes(stderr, `Cannot delete the store ${registry}: found main in it`);
    assertEquals(await listing(folder), before);
  });
});

Deno.test("a chain that breaks off says what was completed before", async () => {
  await withTerminal(async ({ folder, env, run }) => {
    env.ANOMALY_CONFIGS = folder;
    const evaluation = { eval_data_source: "market_snapshot" };
    await Deno.writeTextFile(`${folder}/evaluation.json`, JSON.stringify(evaluation));
    await run("ingest");
    const { code, stdout } = await run("train", "--follow", "--json");
    const { error } = JSON.parse(stdout);
    assertEquals([code, error.details.flow, error.details.run_id], [2, "evaluate", 3]);
    assertEquals(error.details.completed.map((done: { flow: string }) => done.flow), ["train"]);
  });
});

Deno.test("demo tells its story on a store of its own, refuses to tell it twice, and can begin afresh", async () => {
  await withTerminal(async ({ app, folder, text, run, json }) => {
    let served = 0;
    app.server = () => Promise.resolve(() => Promise.resolve(void served++));
    const kv = `${folder}/data/demo.kv`;
    const words = ["demo", "--hours", "60", "--num_coins", "20", "--kv", kv];
    const story = await text(...words);
    assertStringIncludes(story, "48 snapshots of 20 coins, up to 2024-01-02 23:00 UTC");
    assertStringIncludes(story, "12 more hours went by, up to 2024-01-03 11:00 UTC");
    for (const hint of story.split("Look at it:\n")[1]!.split("\n")) {
      assert(hint.endsWith(` --kv ${kv} --branch demo`), hint);
      assertEquals((await run(...hint.trim().split(" ").slice(1))).code, 0, hint);
    }
    assertEquals(served, 1, "the dashboard is among them");
    const again = await run(...words);
    assertEquals(again.code, 5);
    assertStringIncludes(again.stderr, `an earlier demo is in it. Next: anomaly demo --fresh`);
    const afresh = await json<{ snapshots: number; store: string; branch: string }>(
      ...words,
      "--fresh",
    );
    assertEquals([afresh.snapshots, afresh.store, afresh.branch], [60, kv, "demo"]);
    assertEquals((await listing(folder)).length, 2, "the store in its folder, and nothing else");
  });
});
