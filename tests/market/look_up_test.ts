// Looking up what one coin cost in a span of the past: never a price from outside of it, whatever the
// market answers.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { CoinGecko } from "../../src/market/coingecko.ts";
import { parseMarkets } from "../../src/market/mod.ts";
import { Replay } from "../../src/market/replay.ts";
import { Simulator } from "../../src/market/simulator.ts";
import { type Answer, coin, ok, serveCoinGecko, status } from "../support/coingecko_server.ts";
import { withFolder } from "../support/market.ts";

const FROM_MS = Date.UTC(2026, 0, 2);
const SPAN = { fromMs: FROM_MS, toMs: FROM_MS + 45 * MINUTE_MS };

function chart(...points: [minutes: number, price: unknown][]): Answer {
  const prices = points.map(([minutes, price]) => [FROM_MS + minutes * MINUTE_MS, price]);
  return ok(JSON.stringify({ prices, market_caps: [], total_volumes: [] }));
}

async function lookUp(coinId: string, ...answers: Answer[]) {
  await using server = serveCoinGecko(...answers);
  const waits: string[] = [];
  const source = new CoinGecko({
    env: (name) => name === "COINGECKO_BASE_URL" ? server.baseUrl : undefined,
    nowMs: () => FROM_MS + 48 * HOUR_MS,
    sleep: () => Promise.resolve(),
    random: () => 0,
  });
  const answer = await source.lookUp({ coinId, ...SPAN, onWait: (wait) => waits.push(wait) });
  return { ...answer, waits, requests: server.requests.map(({ url }) => url) };
}

Deno.test("coingecko: the first price within the span counts, with its own instant", async () => {
  const answer = chart([-5, 90], [50, 70], [20, 95], [3, 100], [44, 80]);
  const { found, body, requests } = await lookUp("bitcoin", answer);
  assertEquals(found, { price: 100, atMs: FROM_MS + 3 * MINUTE_MS });
  assertStringIncludes(new TextDecoder().decode(body), `"market_caps":[]`);
  assertEquals(requests[0]!.pathname, "/api/v3/coins/bitcoin/market_chart/range");
  assertEquals(requests[0]!.searchParams.get("from"), String(FROM_MS / 1000));
});

Deno.test("coingecko: prices outside the span, and what is no price, decide nothing", async () => {
  const { found } = await lookUp(
    "bitcoin",
    chart([-1, 90], [46, 70], [10, null], [12, 0], [13, "x"]),
  );
  assertEquals(found, null);
  assertEquals((await lookUp("bitcoin", chart())).found, null);
});

Deno.test("coingecko: a coin that the service does not know has no price, and the answer is kept", async () => {
  const { found, body } = await lookUp("gone", status(404, `{"error":"coin not found"}`));
  assertEquals(found, null);
  assertStringIncludes(new TextDecoder().decode(body), "coin not found");
});

Deno.test("coingecko: a refusal is tried again, and what is no chart is unavailable", async () => {
  const busy = status(429, "slow down", { "retry-after": "1" });
  const { found, waits } = await lookUp("bitcoin", busy, chart([5, 42]));
  assertEquals([found?.price, waits.length], [42, 1]);
  for (const answer of [ok("<html>"), ok("[]"), ok(`{"prices":3}`), ok(`{"error":"Throttled"}`)]) {
    const error = await assertRejects(() => lookUp("bitcoin", answer), AppError);
    assertEquals(error.code, "unavailable");
  }
});

Deno.test("coingecko: a coin's id stays within its part of the address", async () => {
  const { requests } = await lookUp("../x?<y>#z", chart([1, 5]));
  assertEquals(requests[0]!.pathname, "/api/v3/coins/..%2Fx%3F%3Cy%3E%23z/market_chart/range");
});

Deno.test("replay: the first recording of the span that quotes the coin counts, but for an old quote", () =>
  withFolder(async (folder) => {
    const write = (time: string, row: Record<string, unknown>) =>
      Deno.writeTextFile(`${folder}/20260102T${time}00Z.json`, JSON.stringify([coin(1), row]));
    const updated = (ms: number) => ({ last_updated: new Date(ms).toISOString() });
    await write("0000", { ...coin(2), current_price: 1, ...updated(FROM_MS - MINUTE_MS) });
    await write("0020", { ...coin(2), current_price: 2, ...updated(FROM_MS + MINUTE_MS) });
    await write("0040", { ...coin(2), current_price: 3, ...updated(FROM_MS + 40 * MINUTE_MS) });
    await write("0050", { ...coin(3), current_price: 4, ...updated(FROM_MS + 50 * MINUTE_MS) });
    const source = await Replay.open(folder);
    const { found, body, origin } = await source.lookUp({ coinId: "coin-2", ...SPAN });
    assertEquals(found, { price: 2, atMs: FROM_MS + 20 * MINUTE_MS });
    assertEquals(JSON.parse(new TextDecoder().decode(body))[0].current_price, 2);
    assertEquals(origin, "20260102T002000Z.json");
    const later = await source.lookUp({ coinId: "coin-3", ...SPAN });
    assertEquals([later.found, new TextDecoder().decode(later.body)], [null, "[]"]);
  }));

Deno.test("simulated: the price of the first full hour, the same as its quotes say, at any time", async () => {
  const simulator = new Simulator({ seed: 5 });
  const fromMs = Date.UTC(2024, 0, 3);
  const span = { fromMs, toMs: fromMs + HOUR_MS };
  const { body } = await simulator.fetch({ numCoins: 250, afterMs: fromMs - 1 });
  const { rows } = parseMarkets(body);
  const fresh = rows.filter((row) => row.lastUpdatedMs === fromMs);
  assert(fresh.length > 200);
  const [first] = fresh;
  const anew = await new Simulator({ seed: 5 }).lookUp({ coinId: first!.coinId, ...span });
  assertEquals(anew.found, { price: first!.currentPrice, atMs: fromMs });
  for (const { coinId, currentPrice } of fresh) {
    const { found } = await simulator.lookUp({ coinId, ...span });
    assertEquals(found, { price: currentPrice, atMs: fromMs });
  }
  const between = { fromMs: fromMs + 1, toMs: fromMs + HOUR_MS - 1 };
  assertEquals((await simulator.lookUp({ coinId: rows[0]!.coinId, ...between })).found, null);
  assertEquals((await simulator.lookUp({ coinId: "nobody", ...span })).found, null);
});

Deno.test("coingecko: a wrong address is no answer, and a chart beside an empty error is one", async () => {
  const wrong = status(404, `{"error":"Incorrect path"}`);
  const error = await assertRejects(() => lookUp("bitcoin", wrong), AppError);
  assertEquals(error.code, "unavailable");
  const prices = JSON.stringify({ error: null, prices: [[FROM_MS, 7]] });
  assertEquals((await lookUp("bitcoin", ok(prices))).found?.price, 7);
});

Deno.test("coingecko: an id that would change the address is not asked for", async () => {
  for (const id of ["", ".", "..", "lone\ud800"]) {
    const { found, requests } = await lookUp(id, chart([1, 5]));
    assertEquals([found, requests.length], [null, 0]);
  }
});

Deno.test("replay: a quote from after the span decides nothing", () =>
  withFolder(async (folder) => {
    const last_updated = new Date(FROM_MS + 9 * HOUR_MS).toISOString();
    const row = { ...coin(2), last_updated };
    await Deno.writeTextFile(`${folder}/20260102T002000Z.json`, JSON.stringify([coin(1), row]));
    const { found } = await (await Replay.open(folder)).lookUp({ coinId: "coin-2", ...SPAN });
    assertEquals(found, null);
  }));
