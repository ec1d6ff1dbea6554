// parseMarkets on everything that the real service has been seen to send, in small, and on what a
// hostile one could.

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import type { ParsedResponse } from "../../src/domain/market.ts";
import { parseMarkets } from "../../src/market/parse.ts";
import { coin } from "../support/coingecko_server.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function parse(...rows: unknown[]): ParsedResponse {
  return parseMarkets(bytes(JSON.stringify(rows)));
}

Deno.test("parseMarkets() takes a row as it is", () => {
  const sparkline = Array.from({ length: 168 }, (_, i) => 900 + i);
  const { rows, refused, notes } = parse({
    ...coin(1),
    last_updated: "2026-01-01T00:00:00.000Z",
    sparkline_in_7d: { price: sparkline },
  });
  assertEquals(rows, [{
    coinId: "coin-1",
    symbol: "c1",
    name: "Coin 1",
    currentPrice: 1000,
    marketCap: 1e12,
    marketCapRank: 1,
    totalVolume: 1e10,
    high24h: 1001,
    low24h: 999,
    priceChangePct1h: 0.01,
    priceChangePct24h: 0.05,
    priceChangePct7d: 0.1,
    priceChangePct30d: -2,
    athChangePct: -40,
    lastUpdatedMs: Date.UTC(2026, 0, 1),
    sparkline,
  }]);
  assertEquals([refused, notes], [[], {}]);
});

Deno.test("parseMarkets() refuses rows one by one, with a reason for each", () => {
  const { rows, refused } = parse(
    coin(1),
    null,
    [],
    "coin",
    { ...coin(2), id: undefined },
    { ...coin(2), id: " " },
    { ...coin(2), id: 2 },
    coin(1),
    { ...coin(3), current_price: null },
    { ...coin(4), current_price: 0 },
    { ...coin(5), current_price: -1 },
    { ...coin(6), current_price: "n/a" },
    { ...coin(7), current_price: "" },
    { ...coin(8), current_price: true },
    coin(9),
  );
  assertEquals(rows.map(({ coinId }) => coinId), ["coin-1", "coin-9"]);
  assertEquals(refused.map(({ index, coinId, reason }) => [index, coinId, reason]), [
    [1, null, "not an object"],
    [2, null, "not an object"],
    [3, null, "not an object"],
    [4, null, "no id"],
    [5, null, "no id"],
    [6, null, "no id"],
    [7, "coin-1", "duplicate id"],
    ...[3, 4, 5, 6, 7, 8].map((n, i) => [8 + i, `coin-${n}`, "no usable price"]),
  ]);
});

Deno.test("parseMarkets() refuses a price beyond what a number holds", () => {
  const { refused } = parseMarkets(
    bytes(`[{"id":"a","current_price":1},{"id":"b","current_price":1e999}]`),
  );
  assertEquals(refused, [{ index: 1, coinId: "b", reason: "no usable price" }]);
});

Deno.test("parseMarkets() takes the first usable row of an id", () => {
  const { rows, refused } = parse(
    { ...coin(1), current_price: null },
    { ...coin(1), current_price: 5 },
    { ...coin(1), current_price: 6 },
  );
  assertEquals(rows.map(({ currentPrice }) => currentPrice), [5]);
  assertEquals(refused.map(({ reason }) => reason), ["no usable price", "duplicate id"]);
});

Deno.test("parseMarkets() takes coins that share a symbol", () => {
  assertEquals(parse(coin(1), { ...coin(2), symbol: "c1" }).rows.length, 2);
});

Deno.test("parseMarkets() keeps null for what is null or absent, and never makes it 0", () => {
  const { rows, notes } = parse({ id: "a", current_price: 2e-9 }, {
    ...coin(2),
    market_cap: null,
    market_cap_rank: null,
    high_24h: null,
    low_24h: null,
    price_change_percentage_24h: null,
    price_change_percentage_24h_in_currency: null,
    price_change_percentage_1h_in_currency: null,
    price_change_percentage_7d_in_currency: null,
    ath_change_percentage: null,
    last_updated: null,
  });
  assertEquals(rows[0], {
    coinId: "a",
    symbol: "",
    name: "a",
    currentPrice: 2e-9,
    marketCap: null,
    marketCapRank: null,
    totalVolume: null,
    high24h: null,
    low24h: null,
    priceChangePct1h: null,
    priceChangePct24h: null,
    priceChangePct7d: null,
    priceChangePct30d: null,
    athChangePct: null,
    lastUpdatedMs: null,
    sparkline: null,
  });
  const { coinId: _, symbol, name, currentPrice, totalVolume, priceChangePct30d, ...unknown } =
    rows[1]!;
  assertEquals([symbol, name, currentPrice, totalVolume], ["c2", "Coin 2", 500, 5e9]);
  assertEquals(priceChangePct30d, -2);
  assertEquals(new Set(Object.values(unknown)), new Set([null]));
  assertEquals(notes, { "no symbol": 1, "no name": 1, "no volume": 1 });
});

/** A field that is odd, what becomes of it, and the note that says so. */
const ODDITIES: [string, unknown, string, unknown, string][] = [
  ["market_cap", 0, "marketCap", null, "zero market cap read as null"],
  ["market_cap", -5, "marketCap", null, "negative market cap read as null"],
  ["market_cap", "1.5e9", "marketCap", 1.5e9, "number given as text"],
  ["market_cap", {}, "marketCap", null, "market_cap that is no number"],
  ["market_cap", "", "marketCap", null, "market_cap that is no number"],
  ["market_cap", "0x10", "marketCap", null, "market_cap that is no number"],
  ["total_volume", 0, "totalVolume", 0, "zero volume"],
  ["total_volume", null, "totalVolume", null, "no volume"],
  ["total_volume", -1, "totalVolume", null, "negative volume read as null"],
  ["current_price", " 1000.25 ", "currentPrice", 1000.25, "number given as text"],
  ["price_change_percentage_24h", "-90.8", "priceChangePct24h", -90.8, "number given as text"],
  ["high_24h", 999.5, "high24h", 999.5, "price outside its 24 h range"],
  ["low_24h", 1000.5, "low24h", 1000.5, "price outside its 24 h range"],
  ["ath_change_percentage", 0.01, "athChangePct", 0.01, "price above its all-time high"],
  ["last_updated", "yesterday", "lastUpdatedMs", null, "last_updated that is no time"],
  ["last_updated", 1767225600, "lastUpdatedMs", null, "last_updated that is no time"],
  ["last_updated", "2026-02-31T99:00:00Z", "lastUpdatedMs", null, "last_updated that is no time"],
  ["sparkline_in_7d", { price: [] }, "sparkline", null, "sparkline without prices"],
  ["sparkline_in_7d", { price: null }, "sparkline", null, "sparkline without prices"],
  ["name", 7, "name", "coin-1", "no name"],
];
for (const [field, found, property, expected, note] of ODDITIES) {
  Deno.test(`parseMarkets() counts "${note}" for ${field} ${JSON.stringify(found)}`, () => {
    const { rows, refused, notes } = parse({ ...coin(1), [field]: found });
    assertEquals(Reflect.get(rows[0]!, property), expected);
    assertEquals(refused, []);
    assertEquals(notes, { [note]: 1 });
  });
}

Deno.test("parseMarkets() takes the change over 24 h from either of its two fields", () => {
  const change = (fields: Record<string, unknown>) =>
    parse({ id: "a", current_price: 1, ...fields }).rows[0]!.priceChangePct24h;
  const [plain, inCurrency] = [
    "price_change_percentage_24h",
    "price_change_percentage_24h_in_currency",
  ];
  assertEquals(change({ [plain]: 1191.5, [inCurrency]: 2 }), 1191.5);
  assertEquals(change({ [plain]: null, [inCurrency]: 2 }), 2);
  assertEquals(change({ [inCurrency]: 2 }), 2);
  assertEquals(change({ [plain]: 0, [inCurrency]: 2 }), 0);
});

Deno.test("parseMarkets() keeps a sparkline of another length, less what is no price, and says so", () => {
  const price = Array.from({ length: 167 }, (_, i) => i < 3 ? [null, 0, "1"][i] : i);
  const { rows, notes } = parse({ ...coin(1), sparkline_in_7d: { price } });
  assertEquals(rows[0]!.sparkline, Array.from({ length: 164 }, (_, i) => i + 3));
  assertEquals(notes, { "sparkline with unusable points": 1, "sparkline not of 168 points": 1 });
});

Deno.test("parseMarkets() reads a time without a zone as UTC", () => {
  const { rows } = parse(
    { ...coin(1), last_updated: "2026-01-01T00:00:00" },
    { ...coin(2), last_updated: "2026-01-01T02:00:00+02:00" },
  );
  assertEquals(rows.map(({ lastUpdatedMs }) => lastUpdatedMs), Array(2).fill(Date.UTC(2026, 0, 1)));
});

Deno.test("parseMarkets() keeps quotes over 2 h older than the newest, and counts them as stale", () => {
  const { rows, notes } = parse(
    { ...coin(1), last_updated: "2026-01-09T12:00:00Z" },
    { ...coin(2), last_updated: "2026-01-09T10:00:00Z" },
    { ...coin(3), last_updated: "2026-01-09T09:59:59Z" },
    { ...coin(4), last_updated: "2026-01-01T00:00:00Z" },
    { ...coin(5), last_updated: null },
  );
  assertEquals(rows.length, 5);
  assertEquals(notes, { "stale quote (over 2 h older than the newest)": 2 });
});

Deno.test("parseMarkets() keeps names verbatim, and keys that are no coin's are harmless", () => {
  const name = "\u200b\u202eEvil\u001b[31m";
  const { rows } = parseMarkets(
    bytes(`[{"id":"__proto__","name":${JSON.stringify(name)},"current_price":1,"__proto__":{}}]`),
  );
  assertEquals([rows[0]!.coinId, rows[0]!.name], ["__proto__", name]);
});

const NO_COINS: [string, string][] = [
  [
    `{"status":{"error_code":429,"error_message":"You've exceeded\\n the Rate Limit."}}`,
    `error 429 "You've exceeded the Rate Limit."`,
  ],
  [`{"error":"Missing parameter vs_currencies"}`, `error "Missing parameter vs_currencies"`],
  [`{"coins":[],"page":1}`, `a JSON object with "coins, page"`],
  ["<!DOCTYPE html><title>504: Gateway time-out</title>", `an HTML page "504: Gateway time-out"`],
  ["<html>", "an HTML page"],
  ["error code: 1015", `text "error code: 1015"`],
  ["\u001b[2J\u0007hello", `text "[2J hello"`],
  [`[{"id":"a","current_price":1},{"id`, "JSON that breaks off or is malformed (34 characters)"],
  ["", "an empty body"],
  [" \n", "an empty body"],
  ["[]", "an empty array"],
  ["null", "a JSON null"],
  ["3", "a JSON number"],
  [`[{"id":"a"},5]`, "2 rows of which none can be used (no usable price, not an object)"],
];
for (const [body, found] of NO_COINS) {
  Deno.test(`parseMarkets() says of a body without coins: ${found}`, () => {
    const error = assertThrows(() => parseMarkets(bytes(body)), AppError);
    assertEquals(error.code, "unavailable");
    assertStringIncludes(error.message, `found ${found}, expected a JSON array of coins. Next: `);
  });
}

Deno.test("parseMarkets() quotes only the beginning of a long text", () => {
  const error = assertThrows(() => parseMarkets(bytes("x".repeat(1e6))), AppError);
  assert(error.message.length < 400, `${error.message.length} characters`);
});

/** Rows that are often nearly right: a random value in a random field of a coin. */
const rowArbitrary = fc.oneof(
  { weight: 1, arbitrary: fc.jsonValue() },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(5), fc.constantFrom(...Object.keys(coin(1))), fc.jsonValue())
      .map(([rank, field, value]) => ({ ...coin(rank + 1), [field]: value })),
  },
);

Deno.test("parseMarkets() takes or refuses every row of any array, in order, and no id twice", () => {
  fc.assert(fc.property(fc.array(rowArbitrary, { maxLength: 12 }), (rows) => {
    const result = parse(coin(99), ...rows);
    assertEquals(result.rows.length + result.refused.length, rows.length + 1);
    assertEquals(new Set(result.rows.map(({ coinId }) => coinId)).size, result.rows.length);
    for (const row of result.rows) {
      assert(Number.isFinite(row.currentPrice) && row.currentPrice > 0);
      assert(row.marketCap === null || row.marketCap > 0);
      assert(row.totalVolume === null || row.totalVolume >= 0);
      assert(row.sparkline === null || row.sparkline.every((price) => price > 0));
    }
    const indices = result.refused.map(({ index }) => index);
    assertEquals(indices, [...new Set(indices)].sort((a, b) => a - b));
    assert(Object.values(result.notes).every((count) => count >= 1));
  }));
});

Deno.test("parseMarkets() throws nothing but AppError, whatever the body is", () => {
  const anyBody = fc.oneof(fc.json().map(bytes), fc.string().map(bytes), fc.uint8Array());
  fc.assert(fc.property(anyBody, (body) => {
    try {
      parseMarkets(body);
    } catch (error) {
      assert(error instanceof AppError, String(error));
      assertEquals(error.code, "unavailable");
    }
  }));
});
