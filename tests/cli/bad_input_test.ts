// What the program answers to wrong usage: one clear message, exit 2, nothing written, and no store opened.
// What is told by a store is in refused_by_store_test.ts.

import { assertEquals } from "@std/assert";
import { withTerminal } from "./app.ts";
import { assertRefused, type Case, layFiles } from "./refusals.ts";

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
