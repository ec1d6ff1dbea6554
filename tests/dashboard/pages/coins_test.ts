import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Driver } from "../../../src/domain/prediction.ts";
import { memoryRegistry, setMarketTime, type TestRegistry } from "../../support/registry.ts";
import type { Row } from "../../evaluation/outcome_records.ts";
import { dashboardOn } from "../dashboard.ts";
import { decideHour, hourMs, scoreHour } from "../reading/scored_market.ts";
import { headOf, textOf } from "./text.ts";

const HOSTILE = `\u202e<img src=x onerror="alert(1)">`;

function driver(feature: string, value: number): Driver {
  return { feature, value, contribution: -0.1, marketMedian: 1, usual: 1 };
}

interface LiveTwin {
  live: {
    found: number;
    coins: { coin_id: string; change_pct24h: number | null; reasons: unknown[] }[];
  };
}

async function scored(registry: TestRegistry, rows: Row[], hours: number[]) {
  await setMarketTime(registry, hourMs(Math.max(...hours)));
  for (const hour of hours) await scoreHour(registry, hour, rows);
  return await dashboardOn(registry);
}

Deno.test("a snapshot's page counts its flags, shows all of its coins, and leads to its neighbours", async () => {
  using registry = await memoryRegistry();
  const rows: Row[] = [["calm", false, 0], ["wild", true, 0, -0.7], ["odd", true, 0, -0.6]];
  const dashboard = await scored(registry, rows, [1, 2, 3]);
  const html = await (await dashboard.page("/predictions/live?at=2024-01-01T02:30")).text();
  assertStringIncludes(headOf(html), "2 of 3 coins look abnormal at 02:00");
  assertStringIncludes(headOf(html), "v1 flags 66.7 % of the market");
  assertStringIncludes(headOf(html), "can be known at 01-02 02:00");
  assertStringIncludes(html, 'href="/predictions/live?at=2024-01-01T01%3A00Z">older');
  assertStringIncludes(html, 'href="/predictions/live?at=2024-01-01T03%3A00Z">newer');
  const { live } = await dashboard.json<LiveTwin>("/predictions/live.json");
  assertEquals(live.coins.map(({ coin_id }) => coin_id), ["wild", "odd", "calm"]);
  const exact = await (await dashboard.page("/predictions/live?at=2024-01-01T01:00Z")).text();
  assertStringIncludes(headOf(exact), "2 of 3 coins look abnormal at 01:00");
  assert(!exact.includes(">older<"), "it is the first one");
});

Deno.test("a snapshot that is judged says what its flags were worth beside all coins", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(30));
  const rows: Row[] = [["a", true, -20], ["b", true, 1], ["c", false, -16], ["d", false, 2]];
  await scoreHour(registry, 1, rows);
  await decideHour(registry, 1, rows);
  const html = await (await (await dashboardOn(registry)).page("/predictions/live")).text();
  assertStringIncludes(
    headOf(html),
    "1 of 2 flags came before a crash; so did 2 of all 4 coins.",
  );
  for (const words of ["hit −20.0 %", "false alarm +1.0 %", "missed −16.0 %", "quiet, right"]) {
    assertStringIncludes(textOf(html), words);
  }
});

Deno.test("the change of a day is from the price a day before, and unknown without one", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(25));
  await scoreHour(registry, 1, [["old", true, 0]]);
  await scoreHour(registry, 25, [["old", true, 0], ["new", true, 0]]);
  const { live } = await (await dashboardOn(registry)).json<LiveTwin>("/predictions/live.json");
  const changes = Object.fromEntries(live.coins.map((c) => [c.coin_id, c.change_pct24h]));
  // The price of an hour is 100 and the hour.
  assertEquals(changes, { old: 100 * (125 / 101 - 1), new: null });
});

Deno.test("a flag has two reasons at most, the strongest first", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(1));
  const drivers = [
    driver("price_change_pct_24h", -41),
    driver("price_change_pct_7d_lag_6h", -33),
    driver("price_change_pct_1h", 2),
  ];
  await scoreHour(registry, 1, [["a", true, 0], ["b", false, 0]], { drivers });
  const html = await (await (await dashboardOn(registry)).page("/predictions/live")).text();
  assertStringIncludes(
    textOf(html),
    "fell 41.0 % in 24 h (market +1.0 %) fell 33.0 % in 7 d, 6 h ago (market +1.0 %)",
  );
  assert(!textOf(html).includes("rose 2.0 % in 1 h"));
});

Deno.test("names that are hostile are text on every page that has coins", async () => {
  using registry = await memoryRegistry();
  const dashboard = await scored(registry, [[HOSTILE, true, 0, -0.9], ["b", true, 0]], [1, 2]);
  const own = `/coins/${encodeURIComponent(HOSTILE)}`;
  for (
    const path of [
      "/predictions",
      "/predictions/live",
      "/coins",
      "/coins?q=%3Cimg",
      own,
    ]
  ) {
    const response = await dashboard.page(path);
    const html = await response.text();
    assertEquals(response.status, 200, path);
    assertStringIncludes(html, "&lt;img src=x", path);
    assert(!html.includes("<img"), path);
    assert(!html.includes("\u202e"), path);
    if (path !== own) assertStringIncludes(html, `href="${own}"`, path);
  }
});

Deno.test("coins are found by id, symbol or name, and sorted as asked", async () => {
  using registry = await memoryRegistry();
  const dashboard = await scored(
    registry,
    [["bitcoin", true, 0, -0.6], ["abitco", false, 0, -0.3], ["zcash", false, 0, -0.4]],
    [1],
  );
  const idsOf = async (query: string) =>
    (await dashboard.json<LiveTwin>(`/coins.json${query}`)).live.coins.map((c) => c.coin_id);
  assertEquals(await idsOf(""), ["bitcoin", "zcash", "abitco"]);
  assertEquals(await idsOf("?sort=name"), ["abitco", "bitcoin", "zcash"]);
  assertEquals(await idsOf("?q=BITCO"), ["bitcoin", "abitco"]);
  const html = await (await dashboard.page("/coins?q=%3Cb%3E")).text();
  assertStringIncludes(textOf(html), "No coin of this snapshot has <b> in its id");
  assertStringIncludes(headOf(html), "BIT is the most abnormal of 3 coins");
});

Deno.test("the page of a coin says whether it looks abnormal, and what it did", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(27));
  const drivers = [driver("price_change_pct_24h", -41)];
  for (const hour of [1, 2, 26, 27]) {
    await scoreHour(registry, hour, [["coin", hour !== 26, -20], ["usual", false, 0]], { drivers });
  }
  await decideHour(registry, 1, [["coin", true, -20], ["usual", false, 0]]);
  const dashboard = await dashboardOn(registry);
  const html = await (await dashboard.page("/coins/coin")).text();
  assertStringIncludes(headOf(html), "COI looks abnormal: −0.600, below −0.500");
  assertStringIncludes(headOf(html), "3 of 4 scores in 7 days are flags, in 2 episodes.");
  assertStringIncludes(textOf(html), "fell 41.0 % in 24 h (market +1.0 %)");
  assertStringIncludes(textOf(html), "−20.0 % hit");
  assertStringIncludes(html, 'href="/predictions/live?at=2024-01-02T03%3A00Z"');
  assertStringIncludes(
    headOf(await (await dashboard.page("/coins/usual")).text()),
    "USU looks usual: −0.400, not below −0.500",
  );
});

Deno.test("a coin that has left the market keeps its page, which says since when", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, hourMs(300));
  await scoreHour(registry, 1, [["gone", true, 0]]);
  await scoreHour(registry, 300, [["here", true, 0]]);
  const html = await (await (await dashboardOn(registry)).page("/coins/gone")).text();
  assertStringIncludes(headOf(html), "GON was last scored at 01:00");
});

Deno.test("a coin that nobody scored is not found, and those that are near are named", async () => {
  using registry = await memoryRegistry();
  const dashboard = await scored(registry, [["terra-luna", true, 0], ["bitcoin", false, 0]], [1]);
  const near = await dashboard.page("/coins/LUNA");
  assertEquals(near.status, 404);
  assertStringIncludes(textOf(await near.text()), "expected an id such as terra-luna");
  const far = await dashboard.page("/coins/nothing");
  assertStringIncludes(textOf(await far.text()), "expected an id such as terra-luna");
});

Deno.test("the dictionary counts what drove the newest flags, and does without a champion", async () => {
  using registry = await memoryRegistry();
  const empty = await (await (await dashboardOn(registry)).page("/features")).text();
  assertStringIncludes(headOf(empty), "9 features can tell why a coin is flagged");
  assertStringIncludes(headOf(empty), "Nobody is champion");
  await setMarketTime(registry, hourMs(2));
  const drivers = [
    driver("sparkline_volatility_rolling_std_6h", 2),
    driver("price_change_pct_24h", -41),
  ];
  await scoreHour(registry, 1, [["a", true, 0], ["b", false, 0]], { drivers });
  await scoreHour(registry, 2, [["a", true, 0], ["b", true, 0]], { drivers: [drivers[1]!] });
  const dashboard = await dashboardOn(registry);
  const html = await (await dashboard.page("/features")).text();
  assertStringIncludes(headOf(html), "24 h change drives 66.7 % of flags");
  const { families } = await dashboard.json<
    { families: { family: string; strongest: number; named: number }[] }
  >("/features.json");
  assertEquals(families.map(({ family, strongest, named }) => [family, strongest, named]), [
    ["price_change_pct_24h", 2, 3],
    ["sparkline_volatility", 1, 1],
  ]);
});
