import { assertEquals, assertStringIncludes } from "@std/assert";
import { Store } from "../../src/store/kv.ts";
import { type Terminal, terminalIn } from "../cli/app.ts";
import { withFolder, writeRecordings } from "../support/market.ts";
import { dumpBranch } from "../support/registry.ts";

const HOURS = 12;

/** A terminal in a folder with recordings, which are its source. */
async function withRecordings(work: (terminal: Terminal) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const recordings = `${folder}/recordings`;
    await Deno.mkdir(recordings);
    await writeRecordings(recordings, { hours: HOURS + 2 });
    const terminal = terminalIn(folder);
    terminal.env.ANOMALY_SOURCE = `replay:${recordings}`;
    await work(terminal);
  });
}

async function runAll(terminal: Terminal, lines: string[], flags: string[]): Promise<void> {
  for (const line of lines) await terminal.text(...line.split(" "), ...flags);
}

async function dump({ kv }: Terminal, branch: string): Promise<string[]> {
  using store = await Store.open(kv);
  return await dumpBranch(store, branch);
}

Deno.test("a dev branch that reads main's data writes nothing under main, whatever it does", () =>
  withRecordings(async (terminal) => {
    const main = ["--branch", "main"];
    await runAll(terminal, Array.from({ length: HOURS }, () => "ingest"), main);
    const learn = ["build_dataset --holdout_hours 4", "train", "evaluate"];
    await runAll(terminal, [...learn, "promote --version 1"], main);
    const before = await dump(terminal, "main");
    assertEquals(before.length > 100, true);

    const dev = ["--branch", "user.ada", "--read_branch", "main"];
    const lines = [
      "ingest",
      "build_dataset --holdout_hours 4 --tag mine",
      "train --fresh_data",
      "train",
      "evaluate",
      "promote --run_id TrainDetectorFlow/4",
      "train --follow",
      "promote --version 3 --alias staging",
      "promote --version 3 --dry_run --force --reason tested",
      "promote --version 3 --force --reason tested",
      "models rollback --reason tested",
      "models revoke 1 --reason tested",
      "runs tag 4 baseline",
      "runs untag 4 baseline",
    ];
    for (const line of lines) {
      const { code, stderr } = await terminal.run(...line.split(" "), ...dev);
      assertEquals([code, stderr], [0, ""], line);
      assertEquals(await dump(terminal, "main"), before, line);
    }
    // What it read there is in its lineage, and that it read there was said.
    const model = await terminal.json<{ lineage: { inputs: { ref: { branch: string } }[] }[] }>(
      ...["models", "show", "2", ...dev],
    );
    assertEquals(model.lineage[0]!.inputs[0]!.ref.branch, "main");
    const log = await terminal.text("runs", "logs", "2", ...dev);
    assertStringIncludes(log, "of branch main");
    assertStringIncludes(
      await terminal.text("status", ...dev),
      "compared with  v1, champion of main",
    );
    const own = await dump(terminal, "user.ada");
    assertEquals(
      own.some((line) => line.startsWith('["alias","anomaly_detector","champion"]')),
      true,
    );
  }));

Deno.test("what a run's own event starts is bound to that event's branch, not to another's version of the same number", () =>
  withRecordings(async (terminal) => {
    const main = ["--branch", "main"];
    await runAll(terminal, Array.from({ length: HOURS }, () => "ingest"), main);
    await runAll(terminal, ["build_dataset --holdout_hours 4"], main);
    const dev = ["--branch", "user.ada", "--read_branch", "main"];
    const { followed } = await terminal.json<{ followed: { flow: string }[] }>(
      ...["build_dataset", "--holdout_hours", "6", "--follow", ...dev],
    );
    assertEquals(followed.map((run) => run.flow), ["train", "evaluate"]);
    const { inputs } = await terminal.json<{ inputs: { ref: unknown }[] }>(
      ...["models", "show", "1", ...dev],
    );
    const ref = { branch: "user.ada", kind: "data", name: "training_dataset", version: 1 };
    assertEquals(inputs.map((input) => input.ref), [ref]);
  }));

Deno.test("fresh data takes its history from its own branch, and says so in its lineage", () =>
  withRecordings(async (terminal) => {
    await runAll(terminal, ["ingest", "ingest"], ["--branch", "main"]);
    const dev = ["--branch", "user.ada", "--read_branch", "main"];
    type Shown = { inputs: { role: string; ref: { branch: string } }[] };
    await terminal.text("train", "--fresh_data", ...dev);
    assertEquals((await terminal.json<Shown>("models", "show", "1", ...dev)).inputs, []);
    await terminal.text("ingest", ...dev);
    await terminal.text("train", "--fresh_data", ...dev);
    const { inputs } = await terminal.json<Shown>("models", "show", "2", ...dev);
    assertEquals(inputs.map(({ role, ref }) => [role, ref.branch]), [["history", "user.ada"]]);
  }));

Deno.test("a branch holds the data of one source: another one is a conflict, and changes nothing", () =>
  withRecordings(async (terminal) => {
    await terminal.text("ingest", "--branch", "main");
    const before = await dump(terminal, "main");
    const snapshots = (lines: string[]) =>
      lines.filter((line) => /^\["(version|snapshot_at|branch)/.test(line));
    for (const line of ["ingest", "train --fresh_data"]) {
      const words = [...line.split(" "), "--source", "simulated", "--branch", "main"];
      const { code, stderr } = await terminal.run(...words);
      assertEquals(code, 5, stderr);
      assertStringIncludes(stderr, "one branch holds one source");
      assertEquals(snapshots(await dump(terminal, "main")), snapshots(before));
    }
    await terminal.text("ingest", "--source", "simulated", "--branch", "another");
    terminal.env.ANOMALY_SEED = "43";
    const { code, stderr } = await terminal.run(
      ...["ingest", "--source", "simulated", "--branch", "another"],
    );
    assertEquals(code, 5);
    assertStringIncludes(stderr, "simulated (seed 42)");
  }));
