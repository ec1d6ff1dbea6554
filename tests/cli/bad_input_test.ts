// What the program answers to bad input: one clear message, the exit code of the spec, nothing written.
// Wrong usage is told before any store is opened; what is not there, or in the way, is told by a store.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { listing, type Terminal, withTerminal } from "./app.ts";

/** What is typed, and the whole message; `<folder>` is the terminal's. */
type Case = readonly [line: string, message: string];

const VERSION_FORMS =
  "expected latest, latest-N, a number (7, v7), an alias (champion), run:<id>. See: " +
  "anomaly models list";
const ALIAS_RULE =
  "expected lower-case letters, digits, _ or -, beginning with a letter, and none of latest, none, " +
  "fresh, v7. Next: choose another, such as staging.";
const CORRECT_IT = "Next: correct it, or take it away for the built-in one";
const RECORDINGS = "20220501T0000Z.json.gz, 2023-03-20T000851.json";
const NAME_ONE = "Next: name one, as in --source replay:recordings";

/** Exit 2, whatever is or is not in the store. */
const WRONG_USAGE: readonly Case[] = [
  // Words and flags.
  [
    "trian",
    'Cannot run anomaly: there is no command "trian" (did you mean train?). See: anomaly --help',
  ],
  [
    "train --contamination 0.2",
    "Cannot run anomaly train: --contamination is not known. See: anomaly train --help",
  ],
  [
    "train --fresh_dat",
    "Cannot run anomaly train: --fresh_dat is not known (did you mean --fresh_data?). See: anomaly " +
    "train --help",
  ],
  [
    "train extra",
    'Cannot run anomaly train: "extra" is one word too many, expected no words. See: anomaly train ' +
    "--help",
  ],
  ["--kv", "Cannot run anomaly: --kv has no value, expected text. See: anomaly --help"],
  [
    "models",
    "Cannot run anomaly models: models lacks its second word, expected list, show, compare, " +
    "history, why, rollback, revoke, export or import. See: anomaly models --help",
  ],
  [
    "completions",
    "Cannot run anomaly completions: <shell> is missing, expected bash, zsh or fish. See: anomaly " +
    "completions --help",
  ],
  [
    "data show coins",
    'Cannot run anomaly data show: <asset> is "coins", expected market_snapshot, training_dataset, ' +
    "eval_holdout or evaluation_results. See: anomaly data show --help",
  ],
  [
    "models compare 1 2 3",
    'Cannot run anomaly models compare: "3" is one word too many, expected <a> [b]. See: anomaly ' +
    "models compare --help",
  ],
  [
    "models revoke 7",
    "Cannot run anomaly models revoke: --reason is missing, expected text of 1 to 1000 characters. " +
    "See: anomaly models revoke --help",
  ],
  [
    "models rollback",
    "Cannot run anomaly models rollback: --reason is missing, expected text of 1 to 1000 " +
    "characters. See: anomaly models rollback --help",
  ],
  [
    `models rollback --reason ${"x".repeat(1001)}`,
    `Cannot run anomaly models rollback: --reason is "${
      "x".repeat(56)
    }..., expected text of 1 to ` +
    "1000 characters. See: anomaly models rollback --help",
  ],
  [
    `models revoke 7 --reason ${"x".repeat(1001)}`,
    `Cannot run anomaly models revoke: --reason is "${"x".repeat(56)}..., expected text of 1 to ` +
    "1000 characters. See: anomaly models revoke --help",
  ],
  [
    `train${" --tag t".repeat(21)}`,
    'Cannot run anomaly train: --tag is ["t","t","t","t","t","t","t","t","t","t","t","t","t","t",..., ' +
    "expected a list of at most 20, each item text that is not empty. See: anomaly train --help",
  ],
  [
    "data export market_snapshot",
    "Cannot run anomaly data export: found neither of --out and --archive, expected one of them. " +
    "See: anomaly data export --help",
  ],
  [
    "serve --port 70000",
    "Cannot run anomaly serve: --port is 70000, expected an integer in [0, 65535]. See: anomaly " +
    "serve --help",
  ],
  [
    "demo --hours 10",
    "Cannot run anomaly demo: --hours is 10, expected an integer in [40, 8760]. See: anomaly demo " +
    "--help",
  ],
  [
    "ingest --num_coins 2.5",
    "Cannot run anomaly ingest: --num_coins is 2.5, expected an integer in [1, 1000]. See: anomaly " +
    "ingest --help",
  ],
  // Parameters that do not go together.
  [
    "promote",
    "Cannot promote: found neither --run_id nor --version, expected one of them. See: anomaly models " +
    "list",
  ],
  [
    "promote --run_id 1 --version 1",
    "Cannot promote: found both --run_id and --version, expected one of them. See: anomaly models " +
    "list",
  ],
  [
    "promote --version latest --force",
    "Cannot promote with --force: found no --reason, expected one for the history. Next: add " +
    "--reason <why>",
  ],
  [
    "build_dataset --holdout_hours 200",
    "Cannot split the history: max_history_hours is 168, expected at least 205 for a holdout of " +
    "200 h, an embargo of 0 h and 6 hourly snapshots to train on. Next: raise --max_history_hours",
  ],
  [
    "runs list --tag champion",
    "Cannot list runs by --tag alone: expected --flow as well. Next: anomaly runs list --flow train " +
    "--tag champion",
  ],
  // The grammar of names.
  ["promote --version 0", `Cannot read version "0": ${VERSION_FORMS}`],
  [
    "promote --run_id abc",
    'Cannot read run "abc": expected a number, run:<id> or <flow>/<id>. See: anomaly runs list',
  ],
  [
    "promote --version latest --expect garbage",
    'Cannot run anomaly promote: --expect is "garbage", expected a version (7, v7) or none. See: ' +
    "anomaly promote --help",
  ],
  ["promote --version latest --alias v7", `Cannot use alias "v7": ${ALIAS_RULE}`],
  ["promote --version latest --alias latest", `Cannot use alias "latest": ${ALIAS_RULE}`],
  ["champion --alias none", `Cannot use alias "none": ${ALIAS_RULE}`],
  ["models history --alias Champion", `Cannot use alias "Champion": ${ALIAS_RULE}`],
  ["models rollback --alias fresh --reason x", `Cannot use alias "fresh": ${ALIAS_RULE}`],
  [
    "champion --at yesterday",
    'Cannot read --at "yesterday": expected an ISO 8601 time such as 2022-05-09T17:00Z. Next: correct ' +
    "it",
  ],
  [
    "champion --at 2022-13-40",
    'Cannot read --at "2022-13-40": expected an ISO 8601 time such as 2022-05-09T17:00Z. Next: ' +
    "correct it",
  ],
  [
    "predictions --from then",
    'Cannot read --from "then": expected an ISO 8601 time such as 2022-05-09T17:00Z. Next: correct it',
  ],
  [
    "outcomes --from 2022-05-09 --to 2022-05-01",
    "Cannot list from 2022-05-09 to 2022-05-01: found an end before the beginning. Next: exchange them",
  ],
  [
    "runs tag 1 a=b",
    'Cannot use tag "a=b": expected letters, digits and . _ : / - (at most 100), beginning with a ' +
    "letter or digit. Next: choose another, such as baseline.",
  ],
  [
    "runs list --flow nothing",
    'Cannot find flow "nothing": expected ingest, score, build_dataset, train, evaluate, promote, validate_outcomes. See: ' +
    "anomaly --help",
  ],
  [
    "status --branch ../x",
    'Cannot use branch "../x" (from --branch): expected 1 to 100 letters, digits, ".", "_", "/" or ' +
    '"-", beginning with a letter or digit. Next: give --branch <name>.',
  ],
  // Config files.
  [
    "train --model_config <folder>/contamination.json",
    "Cannot read <folder>/contamination.json: contamination is 0.9, expected a number in (0, 0.5] or " +
    `"auto". ${CORRECT_IT}`,
  ],
  [
    "train --model_config <folder>/algorithm.json",
    'Cannot read <folder>/algorithm.json: algorithm is "one_class_svm", expected ' +
    `"isolation_forest" or "local_outlier_factor". ${CORRECT_IT}`,
  ],
  [
    "train --model_config <folder>/malformed.json",
    "Cannot read <folder>/malformed.json: it is no valid JSON: Unexpected token '}', " +
    `"{"algorithm":}" is not valid JSON. ${CORRECT_IT}`,
  ],
  [
    "config show --model_config <folder>/nowhere.json",
    "Cannot read <folder>/nowhere.json: no such file, expected a JSON file or a built-in one: " +
    "configs/evaluation.json, configs/model.json, configs/model_aggressive.json, " +
    "configs/model_conservative.json, configs/model_lof.json, configs/notifications.json, configs/project.json, " +
    "configs/training.json. See: anomaly config show",
  ],
  // Sources.
  [
    "ingest --source binance",
    'Cannot run anomaly ingest: --source is "binance", expected coingecko, simulated or ' +
    "replay:<folder>. See: anomaly ingest --help",
  ],
  [
    "ingest --source replay:<folder>/missing",
    "Cannot replay <folder>/missing: found no such folder, expected a folder of recordings such as " +
    `${RECORDINGS}. ${NAME_ONE}`,
  ],
  [
    "ingest --source replay:<folder>/empty",
    "Cannot replay <folder>/empty: found no .json or .json.gz files, expected recordings such as " +
    `${RECORDINGS}. ${NAME_ONE}`,
  ],
  [
    "train --source replay:<folder>/a_file",
    `Cannot replay <folder>/a_file: found a file, expected a folder of recordings. ${NAME_ONE}`,
  ],
  [
    "evaluate --source replay:<folder>/missing",
    "Cannot replay <folder>/missing: found no such folder, expected a folder of recordings such as " +
    `${RECORDINGS}. ${NAME_ONE}`,
  ],
  [
    "demo --source coingecko",
    'Cannot run anomaly demo: --source is "coingecko", expected simulated or replay:<folder>. See: ' +
    "anomaly demo --help",
  ],
  [
    "demo --source replay:<folder>/empty --kv <folder>/demo.kv --fresh",
    "Cannot replay <folder>/empty: found no .json or .json.gz files, expected recordings such as " +
    `${RECORDINGS}. ${NAME_ONE}`,
  ],
];

/** Lays the files that the tables name into the terminal's folder. */
async function layFiles({ folder }: Terminal): Promise<void> {
  const files = {
    "contamination.json": '{"algorithm":"isolation_forest","contamination":0.9}',
    "algorithm.json": '{"algorithm":"one_class_svm"}',
    "malformed.json": '{"algorithm":}',
    "a_file": "a file where a folder is expected",
    "text.kv": "a text and no database. ".repeat(500),
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  await Deno.mkdir(`${folder}/empty`);
}

/**
 * Runs the line twice, for a person and for a script, and expects the message, the code, and a folder
 * that is as it was to the byte.
 */
async function assertRefused(
  terminal: Terminal,
  [line, message]: Case,
  expected: { exitCode: number; code: string },
): Promise<void> {
  const { folder } = terminal;
  const words = line.replaceAll("<folder>", folder).split(" ");
  const before = await listing(folder);
  const forPerson = await terminal.run(...words);
  assertEquals(
    forPerson.stderr.replaceAll(folder, "<folder>"),
    `error: ${message}`,
    `anomaly ${line}`,
  );
  assertEquals([forPerson.code, forPerson.stdout], [expected.exitCode, ""], `anomaly ${line}`);
  assertMatch(message, /\b(See|Next): /, `anomaly ${line}: the message names a next step`);

  const forScript = await terminal.run("--json", ...words);
  const { error } = JSON.parse(forScript.stdout);
  assertEquals([forScript.code, forScript.stderr], [expected.exitCode, ""], `anomaly ${line}`);
  assertEquals(Object.keys(error), ["code", "message", "details"]);
  assertEquals(error.code, expected.code);
  assertEquals(error.message.replaceAll(folder, "<folder>"), message);
  assertEquals(await listing(folder), before, `anomaly ${line}: nothing is written`);
}

Deno.test("wrong usage is refused with exit 2 and one message, before a store is opened", async () => {
  await withTerminal(async (terminal) => {
    await layFiles(terminal);
    terminal.app.openStore = () => Promise.reject(new Error("a store was opened"));
    terminal.app.deleteStore = () => Promise.reject(new Error("a store was deleted"));
    for (const row of WRONG_USAGE) {
      await assertRefused(terminal, row, { exitCode: 2, code: "invalid" });
    }
  });
});

Deno.test("a wrong setting in the environment is refused like a wrong flag, by its name", async () => {
  const settings: [Record<string, string>, string, string][] = [
    [
      { ANOMALY_SOURCE: "binance" },
      "ingest",
      'Cannot open market source "binance": expected coingecko, simulated or replay:<folder>. Next: ' +
      "correct --source or ANOMALY_SOURCE",
    ],
    [
      { ANOMALY_SEED: "lucky" },
      "train",
      'Cannot use ANOMALY_SEED "lucky": expected an integer from 0 to 4294967295. Next: correct it, ' +
      "or unset it",
    ],
    [
      { ANOMALY_BRANCH: "-x" },
      "status",
      'Cannot use branch "-x" (from ANOMALY_BRANCH): expected 1 to 100 letters, digits, ".", "_", ' +
      '"/" or "-", beginning with a letter or digit. Next: give --branch <name>.',
    ],
    [
      { ANOMALY_CONFIGS: "/no/such/folder" },
      "status",
      "Cannot read the configs in /no/such/folder: no such folder. Next: correct ANOMALY_CONFIGS, " +
      "or unset it for configs.",
    ],
  ];
  for (const [env, line, message] of settings) {
    await withTerminal(async (terminal) => {
      terminal.app.openStore = () => Promise.reject(new Error("a store was opened"));
      Object.assign(terminal.env, env);
      await assertRefused(terminal, [line, message], { exitCode: 2, code: "invalid" });
    });
  }
});

Deno.test("everything that is wrong with a line is told at once", async () => {
  await withTerminal(async (terminal) => {
    const { code, stderr } = await terminal.run("train", "--num", "3", "--follow=2", "--tag=");
    assertEquals(code, 2);
    assertEquals(
      stderr,
      `error: Cannot run anomaly train: 3 problems.
  --num is not known
  --tag is empty, expected text that is not empty
  --follow is "2", expected true or false
See: anomaly train --help`,
    );
  });
});

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
