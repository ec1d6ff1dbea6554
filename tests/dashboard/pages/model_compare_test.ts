// Two versions side by side and the lineage of one, over what the flows leave behind.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DEFAULT_CRASH_PCT } from "../../../src/domain/outcomes.ts";
import {
  gate,
  judgeModel,
  memoryRegistry,
  newChampion,
  promote,
  setMarketTime,
  trainModel,
} from "../../support/registry.ts";
import { withWorld } from "../api/world.ts";
import { dashboardOn, htmlOf } from "../dashboard.ts";
import { decideHour, hourMs, scoreHour } from "../reading/scored_market.ts";
import { textOf } from "./text.ts";

interface CompareTwin {
  a: { version: number };
  b: { version: number };
  pair: { footing: string; space: number | null };
  differences: { different: { name: string }[]; equal: { name: string }[] };
  agreement: { rows: number; both: number; only_a: number; only_b: number; neither: number } | null;
  outcomes: { n: number; crashes: Record<string, number> } | null;
}

Deno.test("a comparison is of the latest with the champion, on the rows that one evaluation scored", async () => {
  await withWorld(async (dashboard) => {
    const twin = await dashboard.json<CompareTwin>("/models/compare.json");
    assertEquals([twin.a.version, twin.b.version], [2, 1]);
    assertEquals(twin.pair, { ...twin.pair, footing: "one_evaluation", space: 2 });
    const { rows, both, only_a, only_b, neither } = twin.agreement!;
    assertEquals(both + only_a + only_b + neither, rows);
    // Trained on the same rows by the same settings: the same model twice.
    assertEquals([only_a, only_b], [0, 0]);
    const names = twin.differences.different.map(({ name }) => name);
    assert(!names.includes("Dataset") && names.includes("Status"));

    const html = await htmlOf(dashboard, "/models/compare");
    assertStringIncludes(html, "Score distribution of v2");
    assertStringIncludes(html, "training scores as an outline");
    assertStringIncludes(html, "Agreement of v2 and v1");
    assertStringIncludes(
      html,
      `<a href="/models/compare?all=1">${twin.differences.equal.length} equal settings</a>`,
    );
    assert(!html.includes('<th scope="row" class="full">Dataset</th>'));
    const all = await htmlOf(dashboard, "/models/compare?all=1");
    assertStringIncludes(all, '<th scope="row" class="full">Dataset</th>');
  });
});

Deno.test("a lineage goes down to the raw responses, and up to what was made of it", async () => {
  await withWorld(async (dashboard, { registry }) => {
    const twin = await dashboard.json<
      {
        datasets: { ref: { name: string }; sha256: string; agrees: boolean }[];
        snapshots: { first_version: number; agrees: boolean }[];
        users: { role: string; judged: { version: number; agrees: boolean } }[];
        aliases: { alias: string }[];
        responses: { raw: { sha256: string } }[];
        response_count: number;
        older_before: number;
      }
    >("/models/1/lineage.json");
    assertEquals(twin.datasets.map(({ ref, agrees }) => [ref.name, agrees]), [[
      "training_dataset",
      true,
    ]]);
    assertEquals(twin.snapshots.map(({ agrees }) => agrees), [true]);
    assertEquals(
      twin.users.map(({ role, judged }) => [role, judged.version, judged.agrees]),
      [["model", 1, true], ["champion", 2, true]],
    );
    assertEquals(twin.aliases.map(({ alias }) => alias), ["champion"]);
    assertEquals([twin.responses.length, twin.older_before], [24, twin.response_count - 23]);

    const html = await htmlOf(dashboard, "/models/1/lineage");
    assertStringIncludes(
      html,
      `<h1>v1 goes back to ${twin.response_count} raw responses; 2 evaluations used it</h1>`,
    );
    assertStringIncludes(html, twin.responses[0]!.raw.sha256);
    const older = await htmlOf(dashboard, `/models/1/lineage?before=${twin.older_before}`);
    assertStringIncludes(older, ">Newest</a>");
    assertEquals(registry.scopes.write.branch, "main");
  });
});

Deno.test("versions without a judgement are compared by their settings, and the page says so", async () => {
  using registry = await memoryRegistry();
  await trainModel(registry);
  await trainModel(registry);
  const dashboard = await dashboardOn(registry);
  const html = textOf(await htmlOf(dashboard, "/models/compare?a=2&b=1"));
  assertStringIncludes(html, "v2 and v1 differ in 1 way");
  assertStringIncludes(html, "v2 was not judged yet: only settings can be compared.");
  assertStringIncludes(html, "Neither was judged yet.");
  assertEquals((await dashboard.page("/models/compare?a=2&b=champion")).status, 404);
});

Deno.test("numbers of different rows are not taken for the same", async () => {
  using registry = await memoryRegistry();
  await newChampion(registry);
  const version = await trainModel(registry);
  await judgeModel(registry, version, { comparedTo: null, gates: [gate({ status: "failed" })] });
  const dashboard = await dashboardOn(registry);
  const same = await dashboard.json<CompareTwin>("/models/compare.json");
  assertEquals(same.pair.footing, "same_rows");
  assertStringIncludes(
    textOf(await htmlOf(dashboard, "/models/compare")),
    "each silhouette in its own space",
  );
});

Deno.test("outcomes are compared on the snapshots that both have scored", async () => {
  using registry = await memoryRegistry();
  await newChampion(registry);
  await judgeModel(registry, await trainModel(registry));
  await promote(registry, 2, { alias: "challenger-a" });
  await setMarketTime(registry, hourMs(40));
  const crash = DEFAULT_CRASH_PCT - 5;
  for (const hour of [1, 2, 3]) {
    const rows = (version: number) =>
      [["one", version === 2, crash], ["two", false, 1]] as [string, boolean, number][];
    await scoreHour(registry, hour, rows(1), { version: 1 });
    await decideHour(registry, hour, rows(1), { version: 1 });
    if (hour === 3) continue;
    await scoreHour(registry, hour, rows(2), { version: 2, role: "challenger" });
    await decideHour(registry, hour, rows(2), { version: 2, role: "challenger" });
  }
  const dashboard = await dashboardOn(registry);
  const { outcomes } = await dashboard.json<CompareTwin>("/models/compare.json?a=2&b=1");
  assertEquals(outcomes!.n, 4);
  assertEquals(outcomes!.crashes, { both: 0, only_champion: 0, only_challenger: 2, neither: 0 });
  const html = await htmlOf(dashboard, "/models/compare?a=2&b=1");
  assertStringIncludes(textOf(html), "2 snapshots, n = 4 decided rows");
});
