// Golden texts of help for a few sample commands.

import { assert, assertEquals } from "@std/assert";
import { commandHelp, help, overviewHelp } from "../../src/cli/help.ts";
import {
  modelsList,
  promote,
  restore,
  sampleSpecs,
  shellCompletions,
  train,
} from "./sample_specs.ts";

Deno.test("overviewHelp() shows first steps, then flows, then look, then operate", () => {
  assertEquals(
    overviewHelp(sampleSpecs),
    `anomaly watches the cryptocurrency market, learns what normal looks like, and
flags the coins that do not fit.

Usage: anomaly <command> [flags]

First steps:
  anomaly demo                      the whole story at once, told hour by hour
  anomaly train                     fetch the market and learn what is normal
  anomaly evaluate                  judge the model by the gates
  anomaly promote --version latest  make it the champion
  anomaly serve                     watch it: dashboard, API and schedules
  anomaly status                    where am I, and what next

Flows:
  train              Learn what is normal from a dataset, or from fresh data
  validate_outcomes  Compare due predictions with what the market did
  promote            Make an evaluated model the champion

Look:
  models list        List the versions of the detector
  models show        Show one version

Operate:
  serve              Run the schedules and the dashboard
  runs tag           Add tags to a run
  completions        Print a completion script
  restore            Restore a backup

Flags of every command:
  --kv <path>  registry: a path, :memory: or an http(s) URL (env ANOMALY_KV,
               default anomaly_data/registry.kv)
  --json       print one JSON value on stdout and nothing else
  --quiet      leave out progress and hints
  --help       show help, also as -h
  --version    show the program's version

Without a network, add --source simulated (or set ANOMALY_SOURCE=simulated).
What a command takes, with examples: anomaly <command> --help
`,
  );
});

Deno.test("commandHelp() shows usage, description, flags with defaults, and examples", () => {
  assertEquals(
    commandHelp(train),
    `Usage: anomaly train [flags]

Learn what is normal from a dataset, or from fresh data

The model is registered as a candidate. With no dataset ever built on the branch
that is read, it trains on fresh data and says so.

Nothing is promoted.

Its other name is accepted too: anomaly TrainDetectorFlow

Flags:
  --source <source>       market to fetch from: coingecko, simulated or
                          replay:<folder> (env ANOMALY_SOURCE, default
                          coingecko)
  --branch <branch>       branch to write to (env ANOMALY_BRANCH, default
                          user.<login>)
  --read_branch <branch>  branch to read data and the champion from (default:
                          dev-assets.branch of the project outside of
                          production, else the branch that is written)
  --tag <tag>             tag of the run (repeatable)
  --follow                also run, here and now, what the run's events trigger,
                          to the end of the chain
  --fresh_data            fetch now instead of reading a dataset
  --model_config <file>   model config to use in place of the environment's
  --num_coins <integer>   coins to ask the market for (default 100)

Flags of every command:
  --kv <path>  registry: a path, :memory: or an http(s) URL (env ANOMALY_KV,
               default anomaly_data/registry.kv)
  --json       print one JSON value on stdout and nothing else
  --quiet      leave out progress and hints
  --help       show help, also as -h
  --version    show the program's version

Examples:
  anomaly train --source simulated
`,
  );
});

/** The lines of the command's own section, without the flags of every command. */
function section(text: string, title: string): string {
  return text.split("\n\n").find((block) => block.startsWith(`${title}:`)) ?? "";
}

Deno.test("commandHelp() lists the values of an enumeration, below a name that is too long", () => {
  assertEquals(
    section(commandHelp(modelsList), "Flags"),
    `Flags:
  --status <candidate|evaluated|champion|revoked>
                         only these
  --limit <all|integer>  how many (default 20)`,
  );
});

Deno.test("commandHelp() marks what is required and lists the arguments", () => {
  assertEquals(
    section(commandHelp(restore), "Flags"),
    "Flags:\n  --at <text>  moment to restore (required)",
  );
  const text = commandHelp(shellCompletions);
  assertEquals(text.split("\n")[0], "Usage: anomaly completions <shell> [flags]");
  assertEquals(section(text, "Arguments"), "Arguments:\n  <shell>  shell: bash, zsh, fish");
});

Deno.test("commandHelp() does not show a global flag that the command hides", () => {
  assertEquals(commandHelp(promote).includes("show the program's version"), false);
});

Deno.test("help() shows the commands that share a first word", () => {
  assertEquals(
    help(sampleSpecs, "models"),
    `Usage: anomaly models <command> [flags]

Look:
  models list  List the versions of the detector
  models show  Show one version
`,
  );
  assertEquals(help(sampleSpecs, ""), overviewHelp(sampleSpecs));
  assertEquals(help(sampleSpecs, "models list"), commandHelp(modelsList));
});

Deno.test("help() fits in 80 columns and leaves no space at the end of a line", () => {
  for (const topic of ["", ...sampleSpecs.map(({ name }) => name)]) {
    for (const line of help(sampleSpecs, topic).split("\n")) {
      assert(line.length <= 80, `${topic}: ${line}`);
      assertEquals(line, line.trimEnd());
    }
  }
});
