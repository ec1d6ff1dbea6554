// Going on with runs on the command line: what is adopted, what is said, what is refused; and how a run
// whose process is gone is told from one that is slow.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openStore } from "../../main.ts";
import type { LeaseRecord } from "../../src/domain/durability.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { writeScope } from "../../src/domain/scope.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { keysOf } from "../../src/store/keys.ts";
import { type Answer, type Terminal, withTerminal } from "./app.ts";

/** Runs a command that is told to stop as soon as a line of its progress matches. */
async function stoppedAt(terminal: Terminal, line: RegExp, ...words: string[]): Promise<Answer> {
  const stop = new AbortController();
  const lines: string[] = [];
  terminal.app = {
    signal: stop.signal,
    say: (text) => {
      lines.push(text);
      if (line.test(text)) stop.abort();
    },
  };
  const answer = await terminal.run(...words);
  terminal.app = {};
  return { ...answer, stdout: lines.join("\n") };
}

/** A training that was told to stop while it loaded its data. */
const interrupted = (terminal: Terminal) =>
  stoppedAt(terminal, /^ {2}load: /, "train", "--tag", "mine");

/** Makes run 1 look as if it were under way, with such a lease, or none. */
async function underWay(
  { kv }: Terminal,
  lease: Partial<LeaseRecord> | null,
): Promise<void> {
  using store = await openStore(kv, { create: false });
  const scope = writeScope("crypto_anomaly", "user.tester");
  const keys = keysOf(scope);
  await store.commit(scope, async (tx) => {
    const run = (await tx.get(keys.run(1)))!;
    tx.set(keys.run(1), { ...run, status: "running", finishedAt: null, error: null });
    if (lease === null) return;
    const fresh = { holder: "another", beatAtMs: Date.now(), forMs: HOUR_MS, goesOn: false };
    tx.set(keys.lease(1), { ...fresh, ...lease });
  });
}

Deno.test("a command that is told to stop finishes its step, and says how to go on", async () => {
  await withTerminal(async (terminal) => {
    const { code, stdout, stderr } = await interrupted(terminal);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "Stopping after this step; Ctrl-C again stops now.");
    assertMatch(stderr, /^error: Cannot finish run 1, .* Next: anomaly runs resume 1$/m);
    assertStringIncludes(stderr, "What run 1 finished stands.");
    const [run] = await terminal.json<RunRecord[]>("runs", "list", "--status", "interrupted");
    assertEquals([run!.id, run!.status], [1, "interrupted"]);
    assertMatch(await terminal.text("runs", "show", "1"), /Next: anomaly runs resume 1$/);
  });
});

Deno.test("runs resume takes over what was finished and does the rest, as the flow's own command", async () => {
  await withTerminal(async (terminal) => {
    await interrupted(terminal);
    const answer = await terminal.run("runs", "resume", "TrainDetectorFlow/1");
    assertEquals([answer.code, answer.stderr], [0, ""]);
    assertMatch(
      answer.stdout,
      /^train, going on with run 1, on branch user\.tester$.*^train: run 2 completed in .*, anomaly_detector v1$.*^Next: anomaly evaluate --candidate_version 1$/ms,
    );
    const shown = await terminal.text("runs", "show", "2");
    assertMatch(shown, /^attempt +2, resumes 1$/m);
    assertMatch(shown, /^load +completed, by run 1 /m);
    assertMatch(shown, /^register +completed +\d/m);
    assertMatch(shown, /^tags +.*\bmine\b/m);
    const before = await terminal.text("runs", "show", "1");
    assertMatch(before, /^attempt +1, resumed by 2$/m);
    assertMatch(before, /Next: anomaly runs show 2$/);
    assertMatch(
      await terminal.text("runs", "list"),
      /^ +2 +train +completed, resumes 1 .*\n +1 +train +interrupted, resumed by 2 /m,
    );
  });
});

Deno.test("runs resume --follow runs what its events trigger, and its JSON is that of a run", async () => {
  await withTerminal(async (terminal) => {
    await interrupted(terminal);
    const run = await terminal.json<
      { run_id: number; status: string; followed: { flow: string }[] }
    >(
      "runs",
      "resume",
      "1",
      "--follow",
    );
    assertEquals([run.run_id, run.status, run.followed.map(({ flow }) => flow)], [
      2,
      "completed",
      ["evaluate"],
    ]);
  });
});

Deno.test("runs resume may be stopped as well, and says how to go on from there", async () => {
  await withTerminal(async (terminal) => {
    await interrupted(terminal);
    const again = await stoppedAt(terminal, /going on with run 1/, "runs", "resume", "1");
    assertEquals(again.code, 1);
    assertMatch(again.stderr, /Next: anomaly runs resume 2$/m);
    assertStringIncludes(again.stderr, "What run 2 finished stands.");
    assertStringIncludes(await terminal.text("runs", "resume", "2"), "run 3 completed");
    assertMatch(await terminal.text("runs", "show", "3"), /^load +completed, by run 1 /m);
  });
});

Deno.test("runs resume refuses what has completed, was resumed, is going on, or is not there", async () => {
  await withTerminal(async (terminal) => {
    await interrupted(terminal);
    await terminal.text("runs", "resume", "1");
    const refused = async (...words: string[]) => {
      const { code, stderr } = await terminal.run("runs", "resume", ...words);
      assert(!stderr.includes("failed. See"), "nothing was begun");
      return [code, stderr];
    };
    assertEquals(await refused("2"), [
      5,
      "error: Cannot resume run 2: it has completed. Next: anomaly train",
    ]);
    assertEquals(await refused("1"), [
      5,
      "error: Cannot resume run 1: run 2 has gone on with it. See: anomaly runs show 2",
    ]);
    assertEquals((await refused("9"))[0], 4);
    assertEquals((await refused("PromoteModelFlow/1"))[0], 4);
  });
  await withTerminal(async (terminal) => {
    await terminal.text("train");
    await underWay(terminal, {});
    const { code, stderr } = await terminal.run("runs", "resume", "1");
    assertEquals(code, 5);
    assertMatch(
      stderr,
      /^error: Cannot resume run 1: it is still going on, and gave its last sign of life/,
    );
  });
});

Deno.test("a run that is resumed and fails is recorded, and the message says where", async () => {
  await withTerminal(async (terminal) => {
    const first = await terminal.run("build_dataset");
    assertEquals(first.code, 1);
    const { code, stderr } = await terminal.run("runs", "resume", "1");
    assertEquals(code, 1);
    assertStringIncludes(stderr, "Run 2 failed. See: anomaly runs show 2");
    assertMatch(
      await terminal.text("runs", "show", "2"),
      /Next: anomaly runs logs 2, and once the cause is gone anomaly runs resume 2$/,
    );
  });
});

/** Lease of a run that is under way → how it stands, and what its page says of its process. */
const PROCESSES: [lease: Partial<LeaseRecord> | null, standing: string, words: RegExp][] = [
  [{}, "running", /^process +alive, last sign of life \d+ s ago$/m],
  [{ forMs: 1000, beatAtMs: 0 }, "crashed", /^process +gone, last sign of life .* d .* ago$/m],
  [
    { forMs: 1000, beatAtMs: 0, goesOn: true },
    "crashed",
    /^process +gone, last sign of life .* ago; whoever serves goes on with it$/m,
  ],
  [{ holder: null, goesOn: true }, "crashed", /; whoever serves goes on with it$/m],
  [null, "crashed", /^process +gone, it left no sign of life$/m],
];

Deno.test("a run whose process is gone is told from one that is slow, by its lease", async () => {
  for (const [lease, standing, words] of PROCESSES) {
    await withTerminal(async (terminal) => {
      await terminal.text("train");
      await underWay(terminal, lease);
      const what = JSON.stringify(lease);
      const found = await terminal.json<RunRecord[]>("runs", "list", "--status", standing);
      assertEquals(found.map(({ id, status }) => [id, status]), [[1, "running"]], what);
      const other = standing === "crashed" ? "running" : "crashed";
      assertEquals(await terminal.json<RunRecord[]>("runs", "list", "--status", other), [], what);
      const shown = await terminal.text("runs", "show", "1");
      assertMatch(shown, words);
      const next = standing === "crashed" ? "anomaly runs resume 1" : "anomaly runs logs 1";
      assert(shown.endsWith(`Next: ${next}`), shown);
    });
  }
});
