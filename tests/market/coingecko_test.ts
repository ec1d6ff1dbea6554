// What the CoinGecko source asks for, what it keeps, and what it never shows. Its failures have a file
// of their own.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { parseMarkets } from "../../src/market/parse.ts";
import { coin, coinPages, ok, serveCoinGecko, status } from "../support/coingecko_server.ts";
import { fetchError, NOW_MS, ONE_COIN, openMarket, REQUEST } from "./coingecko_market.ts";

Deno.test("CoinGecko asks for the largest coins in USD with sparklines and four changes", async () => {
  await using server = serveCoinGecko(coinPages());
  const { source } = openMarket(server.baseUrl);
  await source.fetch({ numCoins: 100, afterMs: null });
  const { url } = server.requests[0]!;
  assertEquals(url.pathname, "/api/v3/coins/markets");
  assertEquals(Object.fromEntries(url.searchParams), {
    vs_currency: "usd",
    order: "market_cap_desc",
    per_page: "100",
    page: "1",
    sparkline: "true",
    price_change_percentage: "1h,24h,7d,30d",
  });
});

Deno.test("CoinGecko keeps the body of one page to the byte", async () => {
  const body = ` [ {"id":"b\\u00eft", "current_price":1.0,\n "x":1e-9, "name":"\u200bÅ"} ]\n`;
  await using server = serveCoinGecko(ok(body));
  const answer = await openMarket(server.baseUrl).source.fetch(REQUEST);
  assertEquals(new TextDecoder().decode(answer.body), body);
  assertEquals(answer.marketAtMs, NOW_MS);
  assertEquals(answer.labels, []);
});

Deno.test("CoinGecko joins pages of equal size, keeps their elements verbatim, and a distance", async () => {
  await using server = serveCoinGecko(
    ok(`[${Array.from({ length: 150 }, (_, i) => `{"id":"a${i}", "current_price":1.50}`)}]`),
    ok(` [${Array.from({ length: 150 }, (_, i) => `{"id":"b${i}","current_price":2e-9}`)}]\n`),
  );
  const { source, waits } = openMarket(server.baseUrl);
  const answer = await source.fetch({ numCoins: 300, afterMs: null });
  assertEquals(server.requests.map(({ url }) => url.searchParams.get("page")), ["1", "2"]);
  assertEquals(server.requests.map(({ url }) => url.searchParams.get("per_page")), ["150", "150"]);
  assertStringIncludes(new TextDecoder().decode(answer.body), `"current_price":1.50},{"id":"b0",`);
  assertEquals(parseMarkets(answer.body).rows.length, 300);
  assertStringIncludes(answer.origin, "(the first of 2 pages)");
  assertEquals(waits, [2_000]);
});

Deno.test("CoinGecko keeps no distance between requests with a pro key", async () => {
  await using server = serveCoinGecko(coinPages());
  const { source, waits } = openMarket(server.baseUrl, { env: { COINGECKO_PRO_API_KEY: "pro" } });
  await source.fetch({ numCoins: 1000, afterMs: null });
  assertEquals([server.requests.length, waits.length], [4, 0]);
});

Deno.test("CoinGecko asks for no further page when one is not full, or empty", async () => {
  for (const [total, pages] of [[120, 1], [250, 2]] as const) {
    await using server = serveCoinGecko(coinPages(total));
    const answer = await openMarket(server.baseUrl).source.fetch({ numCoins: 1000, afterMs: null });
    assertEquals(server.requests.length, pages);
    assertEquals(parseMarkets(answer.body).rows.length, total);
  }
});

const KEYS = [
  { name: "COINGECKO_DEMO_API_KEY", header: "x-cg-demo-api-key", other: "x-cg-pro-api-key" },
  { name: "COINGECKO_PRO_API_KEY", header: "x-cg-pro-api-key", other: "x-cg-demo-api-key" },
];
for (const { name, header, other } of KEYS) {
  Deno.test(`CoinGecko sends ${name} as a header and shows it nowhere`, async () => {
    const key = "CG-secret-123";
    await using server = serveCoinGecko(ok(ONE_COIN), status(401, `{"error":"bad key ${key}"}`));
    const { source } = openMarket(server.baseUrl, { env: { [name]: ` ${key}\n` } });
    const answer = await source.fetch(REQUEST);
    const { headers } = server.requests[0]!;
    assertEquals([headers.get(header), headers.get(other)], [key, null]);
    const error = await fetchError(source);
    assertStringIncludes(error.message, `error "bad key (key)"`);
    const shown = answer.origin + error.message + JSON.stringify(error) + error.stack +
      Deno.inspect(error.cause);
    assert(!shown.includes("secret"), "the key is in a message");
  });
}

Deno.test("CoinGecko sends the pro key alone where both are given, and no key where none is", async () => {
  await using server = serveCoinGecko(ok(ONE_COIN));
  const env = { COINGECKO_PRO_API_KEY: "pro", COINGECKO_DEMO_API_KEY: "demo" };
  await openMarket(server.baseUrl, { env }).source.fetch(REQUEST);
  await openMarket(server.baseUrl).source.fetch(REQUEST);
  const sent = server.requests.map(({ headers }) =>
    KEYS.map(({ header }) => headers.get(header)).join()
  );
  assertEquals(sent, [",pro", ","]);
});

Deno.test("CoinGecko refuses settings that cannot work before it asks anyone", () => {
  const wrong = [
    { COINGECKO_BASE_URL: "ftp://127.0.0.1" },
    { COINGECKO_BASE_URL: "coingecko" },
    { COINGECKO_BASE_URL: "http://user:secret@127.0.0.1" },
    { COINGECKO_BASE_URL: "http://127.0.0.1/?x_cg_demo_api_key=secret" },
    { COINGECKO_DEMO_API_KEY: "secret secret" },
    { COINGECKO_PRO_API_KEY: "secret\u00e9" },
  ];
  for (const env of wrong) {
    let thrown: unknown;
    try {
      openMarket("http://127.0.0.1", { env: env as Record<string, string> });
    } catch (error) {
      thrown = error;
    }
    assert(thrown instanceof AppError, JSON.stringify(env));
    assertEquals(thrown.code, "invalid");
    assertStringIncludes(thrown.message, Object.keys(env)[0]!);
    assert(!thrown.message.includes("secret"), "the key is in the message");
  }
});

Deno.test("CoinGecko says when the clock is behind the branch's newest data", async () => {
  await using server = serveCoinGecko(ok(ONE_COIN));
  const error = await assertRejects(
    () => openMarket(server.baseUrl).source.fetch({ numCoins: 1, afterMs: NOW_MS }),
    AppError,
  );
  assertStringIncludes(error.message, "set the clock right");
});

Deno.test("recordings that a stand-in serves as they are say nothing of the clock", async () => {
  const quoted = { ...coin(1), last_updated: "2023-04-24T00:49:16.447Z" };
  await using server = serveCoinGecko(ok(JSON.stringify([quoted])));
  const answer = await openMarket(server.baseUrl).source.fetch(REQUEST);
  assertEquals(answer.marketAtMs, NOW_MS);
});
