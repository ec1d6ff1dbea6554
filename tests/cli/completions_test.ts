// Completion scripts, asked as a shell asks them. Every shell that is installed takes part; what the
// scripts hold is checked without any.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { completions, type Shell, SHELLS } from "../../src/cli/completions.ts";
import { sampleSpecs } from "./sample_specs.ts";

async function run(shell: Shell, args: string[]): Promise<string | null> {
  try {
    const command = new Deno.Command(shell, { args, stdin: "null" });
    const { code, stdout, stderr } = await command.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""], `${shell} ${args.join(" ")}`);
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Prints the answers for the words, of which the last is the one being typed, one a line. */
function question(shell: Shell, script: string, words: readonly string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  switch (shell) {
    case "bash": {
      // As bash has it: --flag=value comes as three words.
      const cut = words.flatMap((word) =>
        word.startsWith("--") ? word.split(/(?==)|(?<==)/) : [word]
      );
      const array = cut.map((word) => `'${word}'`).join(" ");
      return [
        "--norc",
        "-c",
        `${script}\nCOMP_WORDS=(${array}); COMP_CWORD=${cut.length - 1}\n` +
        `_anomaly 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ];
    }
    case "zsh":
      return [
        "-f",
        "-c",
        `compdef() { : }; compset() { : }\n${script}\n` +
        'compadd() { shift; for it in "$@"; do [[ $it == ${words[CURRENT]#--*=}* ]] && print -r -- "$it"; done }\n' +
        "_files() { print -l -- ${words[CURRENT]#--*=}*(N) }\n" +
        `words=(${quoted}); CURRENT=$#words; _anomaly; true`,
      ];
    case "fish":
      return ["--no-config", "-c", `${script}\ncomplete -C '${words.join(" ")}'`];
  }
}

const QUESTIONS: readonly { typed: string[]; answers: string[] }[] = [
  {
    typed: ["anomaly", "tr"],
    answers: ["train"],
  },
  {
    typed: ["anomaly", ""],
    answers: [
      "completions",
      "help",
      "models",
      "promote",
      "restore",
      "runs",
      "serve",
      "train",
      "validate_outcomes",
    ],
  },
  { typed: ["anomaly", "models", ""], answers: ["list", "show"] },
  { typed: ["anomaly", "--kv", "train", "models", "s"], answers: ["show"] },
  { typed: ["anomaly", "models", "list", "--st"], answers: ["--status"] },
  { typed: ["anomaly", "models", "list", "--status", "c"], answers: ["candidate", "champion"] },
  { typed: ["anomaly", "models", "list", "--limit", "l"], answers: [] },
  { typed: ["anomaly", "TrainDetectorFlow", "--num"], answers: ["--num_coins"] },
  { typed: ["anomaly", "promote", "--ver"], answers: ["--version"] },
  { typed: ["anomaly", "completions", "z"], answers: ["zsh"] },
  { typed: ["anomaly", "completions", "zsh", "--js"], answers: ["--json"] },
];

for (const shell of SHELLS) {
  Deno.test(`completions() answers ${shell} with commands, flags and values`, async () => {
    const script = completions(sampleSpecs, shell);
    for (const { typed, answers } of QUESTIONS) {
      const output = await run(shell, question(shell, script, typed));
      if (output === null) return; // the shell is not installed here
      const found = output.split("\n").filter((line) => line !== "").sort();
      assertEquals(found, answers, `${shell}: ${typed.join(" ")}`);
    }
  });
}

Deno.test("completions() completes a value after = in bash", async () => {
  const script = completions(sampleSpecs, "bash");
  for (const typed of ["--status=ev", "--status=e"]) {
    const words = ["anomaly", "models", "list", typed];
    const output = await run("bash", question("bash", script, words));
    if (output !== null) assertEquals(output, "evaluated\n");
  }
});

Deno.test("completions() completes paths where a file is expected", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/one file.json`, "{}");
    const script = completions(sampleSpecs, "bash");
    for (const before of [["train", "--model_config"], ["restore"], ["--kv"]]) {
      const words = ["anomaly", ...before, `${folder}/one`];
      const output = await run("bash", question("bash", script, words));
      if (output !== null) assertEquals(output, `${folder}/one file.json\n`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("completions() writes every command and flag into every script", () => {
  for (const shell of SHELLS) {
    const script = completions(sampleSpecs, shell);
    for (const { name, originalName = name } of sampleSpecs) {
      assertStringIncludes(script, `'${name}'`);
      assertStringIncludes(script, `'${originalName}'`);
    }
    for (const flag of ["--crash_threshold_pct", "--no_schedules", "--kv"]) {
      assertStringIncludes(script, flag);
    }
  }
});

Deno.test("completions() says in its first lines how the script is loaded", () => {
  for (const shell of SHELLS) {
    const intro = completions(sampleSpecs, shell).split("\n").slice(0, 2).join("\n");
    assert(intro.includes(`anomaly completions ${shell}`), intro);
  }
  assert(completions(sampleSpecs, "zsh").startsWith("#compdef anomaly\n"));
});
