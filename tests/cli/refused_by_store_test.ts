// What the program answers where something is not there, is in the way, or is forbidden by what a store holds:
// one clear message, the exit code of the spec, and a store that is as it was.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { withTerminal } from "./app.ts";
import { assertRefused, type Case, layFiles } from "./refusals.ts";

/** What an empty store has not got: exit 4. */
const NOT_THERE: readonly Case[] = [
  ...[
    ["evaluate", "latest"],
    ["evaluate --candidate_version v9", "v9"],
    ["promote --version v9", "v9"],
    ["models show champion", "champion"],
    ["models why latest-2", "latest-2"],
    ["models compare 1", "1"],
    ["models revoke run:3 --reason x", "run:3"],
    ["models export 3 --out <folder>/out", "3"],
  ].map(([line, ref]): Case => [
    line!,
    `Cannot find anomaly_detector ${ref} on branch user.tester: it has no versions. See: anomaly ` +
    "models list",
  ]),
  [
    "train --data_version v99",
    "Cannot find training_dataset v99 on branch user.tester: it has no versions. See: anomaly data " +
    "list training_dataset",
  ],
  [
    "train --data_asset training_datset",
    "Cannot find training_datset latest on branch user.tester: it has no versions. See: anomaly data " +
    "list training_datset",
  ],
  [
    "data show market_snapshot 7",
    "Cannot find market_snapshot 7 on branch user.tester: it has no versions. See: anomaly data list " +
    "market_snapshot",
  ],
  [
    "data export eval_holdout --out <folder>/out",
    "Cannot find eval_holdout latest on branch user.tester: it has no versions. See: anomaly data " +
    "list eval_holdout",
  ],
  [
    "champion",
    "Cannot name the champion of branch user.tester: nobody held it so far. Next: anomaly models " +
    "list, then anomaly promote --version <version>",
  ],
  [
    "champion --at 2022-05-09",
    "Cannot name the champion of branch user.tester: nobody held it at 2022-05-09. Next: anomaly " +
    "models list, then anomaly promote --version <version>",
  ],
  [
    "models rollback --reason x",
    "Cannot roll back champion of anomaly_detector: nobody holds it. See: anomaly models history " +
    "--alias champion",
  ],
  ["runs show 99", "Cannot find run 99 on branch user.tester. See: anomaly runs list"],
  ["runs logs ingest/99", "Cannot find run 99 on branch user.tester. See: anomaly runs list"],
  [
    "promote --run_id TrainDetectorFlow/12",
    "Cannot find run 12 on branch user.tester. See: anomaly runs list",
  ],
  ["runs tag 99 baseline", "Cannot find run 99 on branch user.tester. See: anomaly runs list"],
];

Deno.test("what is not there is refused with exit 4, and no store is made to find that out", async () => {
  await withTerminal(async (terminal) => {
    await layFiles(terminal);
    for (const row of NOT_THERE) {
      await assertRefused(terminal, row, { exitCode: 4, code: "not_found" });
    }
  });
});

const EXPECTED_STORE =
  "Expected a Deno KV database or a path where one can be made, with room on its disk. Next: choose " +
  "another with --kv <path>.";

/** Exit 6: the store cannot be used, or the address is not to be served. */
const OUT_OF_REACH: readonly Case[] = [
  ...["ingest", "status", "runs tag 1 x"].map((line): Case => [
    `${line} --kv <folder>/text.kv`,
    `Cannot open the store <folder>/text.kv: file is not a database. ${EXPECTED_STORE}`,
  ]),
  [
    "status --kv <folder>/empty",
    "Cannot open the store <folder>/empty: unable to open database file: <folder>/empty. " +
    EXPECTED_STORE,
  ],
  [
    "status --kv <folder>/a_file/registry.kv",
    "Cannot open the store <folder>/a_file/registry.kv: Not a directory (os error 20): stat " +
    "'<folder>/a_file/registry.kv'. Expected a Deno KV database or a path where one can be made. " +
    "Next: choose another with --kv <path>.",
  ],
  [
    "ingest --kv <folder>/a_file/registry.kv",
    "Cannot make the store <folder>/a_file/registry.kv: File exists (os error 17): mkdir " +
    "'<folder>/a_file'. Expected <folder>/a_file to be a folder, or to be free. Next: choose another " +
    "path with --kv <path>.",
  ],
];

Deno.test("a store that cannot be used is refused with exit 6, and left as it is", async () => {
  await withTerminal(async (terminal) => {
    await layFiles(terminal);
    for (const row of OUT_OF_REACH) {
      await assertRefused(terminal, row, { exitCode: 6, code: "unavailable" });
    }
  });
});

Deno.test("serve refuses an address that others can reach, with exit 6", async () => {
  await withTerminal(async (terminal) => {
    await assertRefused(terminal, [
      "serve --host 0.0.0.0",
      "Cannot serve on 0.0.0.0: found no ANOMALY_TOKEN, expected one for any address but loopback " +
      "(127.0.0.1, ::1, localhost). Next: anomaly token",
    ], { exitCode: 6, code: "unauthorized" });
    terminal.env.ANOMALY_TOKEN = "secret";
    for (const host of ["0.0.0.0", "127.0.0.1"]) {
      await assertRefused(terminal, [
        `serve --host ${host}`,
        `Cannot serve on ${host}: ANOMALY_TOKEN has 6 characters, expected at least 32. Next: ` +
        "anomaly token",
      ], { exitCode: 6, code: "unauthorized" });
    }
  });
});

/** Refusals by what a store with one trained, never judged model holds. */
const REFUSED_BY_CONTENT: readonly (readonly [number, string, ...Case])[] = [
  [
    4,
    "not_found",
    "models show v2",
    "Cannot find anomaly_detector v2 on branch user.tester: the newest version is v1. See: anomaly " +
    "models list",
  ],
  [
    4,
    "not_found",
    "evaluate --compare_to v9",
    "Cannot find anomaly_detector v9 on branch user.tester: the newest version is v1. See: anomaly " +
    "models list",
  ],
  [
    4,
    "not_found",
    "evaluate --eval_data_source nothing",
    "Cannot find nothing latest on branch user.tester: it has no versions. See: anomaly data list " +
    "nothing",
  ],
  [
    5,
    "conflict",
    "runs tag 1 champion",
    'Cannot tag run 1 "champion": that is an alias, which only a promotion gives and takes. Next: ' +
    "anomaly promote --run_id 1",
  ],
  [
    5,
    "conflict",
    "runs tag train/1 staging",
    'Cannot tag run 1 "staging": that is an alias, which only a promotion gives and takes. Next: ' +
    "anomaly promote --run_id 1 --alias staging",
  ],
  [
    4,
    "not_found",
    "runs show ingest/1",
    "Cannot find ingest/1: run 1 is of train. See: anomaly runs show 1",
  ],
  [
    4,
    "not_found",
    "promote --run_id EvaluateDetectorFlow/1",
    "Cannot find evaluate/1: run 1 is of train. See: anomaly runs show 1",
  ],
  [
    2,
    "invalid",
    "runs tag 1 user:someone-else",
    'Cannot use tag "user:someone-else": only the program gives tags that begin with user:, expected ' +
    "another beginning than project: branch: user: code: flow:. Next: choose another, such as " +
    "baseline.",
  ],
  [
    4,
    "not_found",
    "runs untag 1 baseline",
    'Cannot remove tag "baseline": run 1 does not have it. See: anomaly runs show 1',
  ],
  [
    5,
    "conflict",
    "runs untag 1 branch:user.tester",
    'Cannot change tag "branch:user.tester": the program set it itself. See: anomaly runs show 1',
  ],
  [
    2,
    "invalid",
    "models export latest --out <folder>/a_file",
    "Cannot export anomaly_detector v1 to <folder>/a_file: the file exists. Next: name a new file in " +
    "a folder that exists.",
  ],
  [
    2,
    "invalid",
    "models export latest --out <folder>/no/such",
    "Cannot export anomaly_detector v1 to <folder>/no/such: its folder does not exist. Next: name a " +
    "new file in a folder that exists.",
  ],
];

Deno.test("what the store's content forbids is refused, and the store stays as it was to the byte", async () => {
  await withTerminal(async (terminal) => {
    await layFiles(terminal);
    await terminal.json("train", "--fresh_data");
    for (const [exitCode, code, ...row] of REFUSED_BY_CONTENT) {
      await assertRefused(terminal, row, { exitCode, code });
    }
  });
});

Deno.test("a run that fails leaves its failed run and nothing else", async () => {
  await withTerminal(async (terminal) => {
    const { code, stderr } = await terminal.run("build_dataset");
    assertEquals(code, 1);
    assertEquals(
      stderr,
      "error: Cannot build a dataset: branch user.tester has no snapshots in the window, and 30 hours of hourly " +
        "snapshots are missing. Next: anomaly ingest, once an hour\n" +
        "Run 1 failed. See: anomaly runs show 1",
    );
    const [run] = await terminal.json<{ status: string; produced: []; error: { code: string } }[]>(
      "runs",
      "list",
    );
    assertEquals([run?.status, run?.produced, run?.error.code], ["failed", [], "too_little_data"]);
    assertEquals(await terminal.json("events", "list"), []);
    assertEquals(await terminal.json("data", "list"), []);
  });
});

Deno.test("a reason for the history has at most 1000 characters", async () => {
  await withTerminal(async ({ run }) => {
    const promote = (length: number) =>
      run("promote", "--version", "v1", "--dry_run", "--reason", "x".repeat(length));
    const { code, stderr } = await promote(1001);
    assertEquals(code, 2);
    assertMatch(stderr, /--reason is .*expected text of 1 to 1000 characters/);
    assertEquals((await promote(1000)).code, 4, "only the version is not there");
  });
});

Deno.test("a promotion without an evaluation exits 3 and promotes nobody", async () => {
  await withTerminal(async (terminal) => {
    await terminal.json("train", "--fresh_data");
    const { code, stderr } = await terminal.run("promote", "--run_id", "1");
    assertEquals(code, 3);
    assert(stderr.startsWith("error: Cannot promote anomaly_detector v1"), stderr);
    assertMatch(stderr, /(See|Next): anomaly /);
    assertEquals((await terminal.run("champion")).code, 4);
    assertEquals((await terminal.run("promote", "--run_id", "1", "--dry_run")).code, 3);
  });
});

Deno.test("a KV store that expects another source refuses to mix them, with exit 5", async () => {
  await withTerminal(async (terminal) => {
    await terminal.json("ingest");
    terminal.env.ANOMALY_SEED = "7";
    const { code, stderr } = await terminal.run("ingest");
    assertEquals(code, 5);
    assertMatch(stderr, /simulated.*(See|Next): /s);
  });
});
