// models|data export --archive and import as a user meets them: from one store to another by a file that
// the tools of every system can open.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Terminal, withTerminal } from "./app.ts";

interface Answer {
  versions: { kind: string; name: string; version: number }[];
  is_known: boolean;
  branches: string[];
  holds: { versions: number; files: number };
}

const HOURS = 12;

/** A model on a dataset of a few hours, judged. */
async function withModel(test: (terminal: Terminal) => Promise<void>): Promise<void> {
  await withTerminal(async (terminal) => {
    const { text } = terminal;
    for (let hour = 0; hour < HOURS; hour++) await text("ingest", "--num_coins", "10", "--quiet");
    await text("build_dataset", "--holdout_hours", "4", "--quiet");
    await text("train", "--quiet");
    await test(terminal);
  });
}

async function tool(folder: string, command: string, ...args: string[]): Promise<string> {
  const output = await new Deno.Command(command, { args, cwd: folder }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(output.code, 0, `${command}: ${decode(output.stderr)}`);
  return decode(output.stdout);
}

Deno.test("a model goes to another store by one file, and is judged there", () =>
  withModel(async ({ folder, text, json, run }) => {
    const archive = `${folder}/model.tar`;
    const wrote = await text("models", "export", "latest", "--archive", archive);
    assertStringIncludes(
      wrote,
      `15 versions (${HOURS} market_snapshot, 1 training_dataset, 1 eval_holdout, 1 anomaly_detector)`,
    );
    const there = ["--kv", `${folder}/other.kv`, "--branch", "main"];
    const first = await text("models", "import", archive, ...there);
    assertStringIncludes(first, "Imported anomaly_detector v1.");
    assertStringIncludes(first, "Next: anomaly evaluate --candidate_version 1");
    const again = await text("models", "import", archive, ...there);
    assertStringIncludes(again, "Nothing new: anomaly_detector v1 is what the archive holds.");
    const { code } = await run("evaluate", "--candidate_version", "1", ...there);
    assert(code === 0 || code === 3, String(code));
    const shown = await text("models", "show", "1", ...there);
    assertStringIncludes(shown, "raw response");
    await text("models", "export", "1", "--archive", `${folder}/again.tar`, ...there);
    const third = ["--kv", `${folder}/third.kv`, "--branch", "main"];
    const answer = await json<Answer>("models", "import", `${folder}/again.tar`, ...third);
    assertEquals(answer.versions, [{ kind: "model", name: "anomaly_detector", version: 1 }]);
    assertEquals([answer.is_known, answer.branches.length, answer.holds.versions], [false, 1, 15]);
    const [branch] = answer.branches;
    const listed = await text(
      "data",
      "list",
      "market_snapshot",
      "--read_branch",
      branch!,
      ...third,
    );
    assertStringIncludes(listed, `v${HOURS}`);
  }));

Deno.test("tar lists an archive and sha256sum proves it, and what tar has packed again is imported", () =>
  withModel(async ({ folder, text }) => {
    await text("data", "export", "training_dataset", "--archive", `${folder}/data.tar`);
    const listed = (await tool(folder, "tar", "-tf", "data.tar")).trim().split("\n");
    assertEquals([listed[0], listed.at(-1)], ["manifest.json", "SHA256SUMS"]);
    await Deno.mkdir(`${folder}/out`);
    await tool(folder, "tar", "-xf", "data.tar", "-C", "out");
    await tool(`${folder}/out`, "sha256sum", "--check", "--strict", "SHA256SUMS");
    await tool(`${folder}/out`, "tar", "--format=ustar", "-cf", "../packed.tar", ...listed);
    const there = ["--kv", `${folder}/other.kv`];
    const said = await text("data", "import", `${folder}/packed.tar`, ...there);
    assertStringIncludes(said, "Imported training_dataset v1 and eval_holdout v1.");
  }));

Deno.test("a file that is no archive, and one of the other kind, is refused before a store is made", () =>
  withModel(async ({ folder, kv, text, run }) => {
    const archive = `${folder}/model.tar`;
    await text("models", "export", "latest", "--archive", archive);
    const other = `${folder}/other.kv`;
    const cases: [words: string[], said: string][] = [
      [["models", "import", `${folder}/no.tar`], "there is no such file"],
      [["models", "import", folder], "it is no file"],
      [["models", "import", kv], "begins no file of a tar"],
      [["data", "import", archive], `Next: anomaly models import <archive> --kv ${other}, with`],
      [["models", "import"], "<archive> is missing"],
    ];
    for (const [words, said] of cases) {
      const { code, stdout, stderr } = await run(...words, "--kv", other);
      assertEquals([code, stdout], [2, ""], words.join(" "));
      assertStringIncludes(stderr, said);
    }
    const taken = await run("models", "export", "latest", "--archive", archive);
    assertEquals(taken.code, 2);
    assertStringIncludes(taken.stderr, "the file exists");
    const both = await run("models", "export", "latest", "--archive", "a", "--out", "b");
    assertEquals(both.code, 2);
    assertStringIncludes(both.stderr, "found both of --out and --archive");
    await assertMissing(other);
  }));

Deno.test("an archive that cannot be finished is not left behind", () =>
  withModel(async (terminal) => {
    const { folder, run } = terminal;
    const archive = `${folder}/model.tar`;
    terminal.app.progress = () => {
      throw new Error("no room");
    };
    const { code } = await run("models", "export", "latest", "--archive", archive);
    assertEquals(code, 1);
    await assertMissing(archive);
  }));

async function assertMissing(path: string): Promise<void> {
  const found = await Deno.stat(path).then(() => true, () => false);
  assertEquals(found, false, path);
}
