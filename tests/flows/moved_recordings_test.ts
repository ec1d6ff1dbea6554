// A branch goes on with its recordings when their folder was moved, and says what to do where it cannot
// find them.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Terminal, terminalIn } from "../cli/app.ts";
import { withFolder, writeRecordings } from "../support/market.ts";

/** A branch that has read the first of three recordings, in a folder that was then moved. */
function withMovedRecordings(
  work: (terminal: Terminal, places: { old: string; now: string }) => Promise<void>,
): Promise<void> {
  return withFolder(async (given) => {
    const folder = await Deno.realPath(given);
    const [old, now] = [`${folder}/old`, `${folder}/now`];
    await Deno.mkdir(old);
    await writeRecordings(old, { hours: 3 });
    const terminal = terminalIn(folder);
    delete terminal.env.ANOMALY_SOURCE;
    await terminal.text("ingest", "--source", `replay:${old}`);
    await Deno.rename(old, now);
    await work(terminal, { old, now });
  });
}

Deno.test("recordings that are not where they were are asked for by name, with exit 6", () =>
  withMovedRecordings(async ({ run }, { old }) => {
    for (const line of ["ingest", "train --fresh_data"]) {
      const { code, stderr } = await run(...line.split(" "));
      assertEquals(code, 6, stderr);
      assertStringIncludes(stderr, `found no folder at replay:${old}`);
      assertStringIncludes(stderr, "Next: if it has moved, add --source replay:<folder>");
    }
  }));

Deno.test("moved recordings are the same source, and are found again once they were named", () =>
  withMovedRecordings(async ({ text, json }, { now }) => {
    await text("ingest", "--source", `replay:${now}`);
    assertEquals((await json<{ source: string }>("status")).source, `replay:${now}`);
    await text("ingest");
    const [snapshots] = await json<{ snapshots: number }[]>("data", "inspect");
    assertEquals(snapshots?.snapshots, 3);
  }));

Deno.test("other recordings are a conflict, in a folder of another name as in that of the old one", () =>
  withMovedRecordings(async ({ folder, run }, { old }) => {
    const other = `${folder}/other`;
    await Deno.mkdir(other);
    await writeRecordings(other, { hours: 3, seed: 8 });
    const elsewhere = await run("ingest", "--source", `replay:${other}`);
    assertEquals(elsewhere.code, 5);
    assertStringIncludes(
      elsewhere.stderr,
      `Next: use --source replay:${old} (or where that folder is now), or another --branch.`,
    );
    await Deno.rename(other, old);
    const inPlace = await run("ingest");
    assertEquals(inPlace.code, 5);
    assertStringIncludes(
      inPlace.stderr,
      `Cannot read replay:${old} on branch user.tester: its first recording is not the one that the ` +
        "branch began with. Next: put that one back, or use another --branch.",
    );
  }));
