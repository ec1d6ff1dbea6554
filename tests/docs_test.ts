// README and docs against the program: what they tell people to type works, and nothing that people
// can set is left out.

import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { flows } from "../flows/mod.ts";
import { parseCommandLine } from "../src/cli/command_line.ts";
import { allCommands } from "../src/cli/mod.ts";
import { flagsOf, flowParams, positionalUsage } from "../src/cli/parameters.ts";
import { wordsOf } from "./cli/words.ts";

const ROOT = new URL("../", import.meta.url);
const README = await Deno.readTextFile(new URL("README.md", ROOT));
const DOCS = await markdownBelow("docs/");
/** Everything that documents what people can set. */
const REFERENCE = [README, ...DOCS.values()].join("\n");

async function markdownBelow(folder: string): Promise<Map<string, string>> {
  return await textsBelow(folder, /\.md$/);
}

/** Path from the root → text, of the files below a folder whose names match. */
async function textsBelow(folder: string, name: RegExp): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) {
      for (const [inner, text] of await textsBelow(`${path}/`, name)) texts.set(inner, text);
    } else if (name.test(entry.name)) {
      texts.set(path, await Deno.readTextFile(new URL(path, ROOT)));
    }
  }
  return texts;
}

/** `./anomaly …` and `anomaly …` in code blocks and in `code` of running text. */
function commandLines(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```[^\n]*\n(.*?)^```/gms)].map(([, block]) => block!);
  const prose = markdown.replaceAll(/^```[^\n]*\n.*?^```/gms, "");
  const inProse = [...prose.matchAll(/`(\.\/anomaly [^`]+)`/g)].map(([, code]) => code!);
  const inBlocks = blocks.flatMap((block) => block.split("\n")).map((line) => line.trim())
    .filter((line) => /^(\.\/)?anomaly( |$)/.test(line));
  return [...inBlocks, ...inProse].filter((line) => !line.includes("<command>"));
}

Deno.test("every command line in README and docs is one that the program accepts", () => {
  const commands = allCommands(flows);
  const lines = [README, ...DOCS.values()].flatMap(commandLines);
  assert(lines.length >= 10, `${lines.length} command lines found`);
  for (const line of lines) {
    // A placeholder stands for what the reader has: <TRAIN_RUN_ID> is some number.
    const words = wordsOf(line.replaceAll(/<[A-Z_]+>/g, "1")).slice(1);
    const invocation = parseCommandLine(commands, words);
    assert(["command", "help", "version"].includes(invocation.kind), line);
  }
});

Deno.test("README is short enough to be read: at most 300 lines", () => {
  assert(README.split("\n").length <= 300, `${README.split("\n").length} lines`);
});

Deno.test("every flag of every flow is in README", () => {
  for (const flow of flows) {
    assert(README.includes(flow.originalName), flow.originalName);
    const own = flagsOf(flow.params).map(({ name }) => name);
    const shared = flagsOf(z.strictObject(flowParams)).map(({ name }) => name);
    for (const name of [...own, ...shared]) {
      assert(README.includes(`--${name}`), `${flow.name} --${name}`);
    }
  }
});

Deno.test("docs/commands.md has every command, with its words and the summary that help gives", () => {
  const rows = (DOCS.get("docs/commands.md") ?? "").split("\n")
    .map((line) => /^\| `([^`]+)` +\| (.*?) +\|$/.exec(line)?.slice(1).join(": "));
  for (const { name, summary, positionals = [] } of allCommands(flows)) {
    const words = [name, ...positionals.map(positionalUsage)].join(" ");
    assert(rows.includes(`${words}: ${summary}`), `${words}: ${summary}`);
  }
});

Deno.test("every key of every config file is documented", async () => {
  for (const [path, text] of await textsBelow("configs/", /\.json$/)) {
    for (const key of Object.keys(JSON.parse(text))) {
      assert(REFERENCE.includes(`\`${key}`) || REFERENCE.includes(`${key}\``), `${path}: ${key}`);
    }
  }
});

Deno.test("every environment variable that the program reads is documented", async () => {
  const source = [
    await Deno.readTextFile(new URL("main.ts", ROOT)),
    await Deno.readTextFile(new URL("serving.ts", ROOT)),
    await Deno.readTextFile(new URL("deploy.ts", ROOT)),
    await Deno.readTextFile(new URL("scripts/launcher.sh", ROOT)),
    ...(await textsBelow("src/", /\.tsx?$/)).values(),
    ...(await textsBelow("flows/", /\.tsx?$/)).values(),
    ...(await textsBelow("dashboard/", /\.tsx?$/)).values(),
  ].join("\n");
  const ours = source.match(/\b(ANOMALY|COINGECKO|DENO_KV|DENO_DEPLOY|DENO_TIMELINE)[A-Z_]*\b/g);
  const read = [...source.matchAll(/\benv(?:\.get)?\("([A-Z_]+)"\)/g)].map(([, name]) => name!);
  const names = [...new Set([...ours ?? [], ...read])].sort();
  assert(names.includes("ANOMALY_KV") && names.includes("ANOMALY_SOURCE"), names.join(" "));
  assertEquals(names.filter((name) => !REFERENCE.includes(name)), []);
});

Deno.test("every decision record is linked from docs/architecture.md, and says what was decided", () => {
  const architecture = DOCS.get("docs/architecture.md") ?? "";
  const records = [...DOCS.keys()].filter((path) => path.startsWith("docs/adr/"));
  for (const path of records) {
    assert(architecture.includes(`(${path.slice("docs/".length)})`), path);
    const number = Number(/adr\/(\d{4})-/.exec(path)?.[1]);
    assert(architecture.includes(`[ADR ${number}]`), path);
    assert(DOCS.get(path)!.startsWith("# "), path);
  }
});

Deno.test("every relative link in README and docs leads to a file", async () => {
  for (const [path, text] of [["README.md", README] as const, ...DOCS]) {
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      const info = await Deno.stat(new URL(target!, new URL(path, ROOT))).catch(() => null);
      assert(info !== null, `${path} links to ${target}`);
    }
  }
});
