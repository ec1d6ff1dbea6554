// The whole chain by itself: nobody asks for a run, and a day after the first promotion there are outcomes.

import { assert, assertEquals } from "@std/assert";
import { withFolder } from "../support/market.ts";
import { serveSimulatedDays } from "../support/simulated_days.ts";

Deno.test("serve, left to itself for four simulated days, comes from nothing to validated outcomes", async () => {
  await withFolder(async (folder) => {
    const all = await serveSimulatedDays(folder, { days: 4 });
    assertEquals(all.exitCode, 0);
    // The one that was going on when the process was told to stop may stand between two steps.
    const last = all.runs.at(-1)!;
    const stopped = all.runs.filter((run) => run.status === "interrupted" && run === last);
    const unfinished = all.runs.filter(({ status }) => status !== "completed");
    assertEquals(unfinished, stopped, all.stderr);
    assert(all.snapshots >= 96, `${all.snapshots} snapshots`);
    // A holdout of a day and six hours to learn from: the first of the daily slots has too little.
    assert(all.stderr.includes("build_dataset waits: dataset possible in "));
    assertEquals([all.datasets, all.models], [3, 3]);
    assert(all.promotions >= 1, `${all.promotions} promotions of ${all.passed} that passed`);
    const { champion } = all.report;
    assert(champion.resolved > 100 && champion.coverage === 1, JSON.stringify(champion));

    const at = all.runs.map(({ startedAt }) => startedAt);
    assertEquals(at, at.toSorted(), "no run began before an earlier one");
    const hourly = all.runs.filter(({ flow }) => flow === "ingest")
      .map(({ startedAt }) => Math.floor(Date.parse(startedAt) / 3_600_000));
    assertEquals(hourly, hourly.map((_, i) => hourly[0]! + i), "and no slot was left out");
  });
});
