// The CoinGecko source when the service does not answer as it should: what is tried again, after which
// waits, where it ends, and what it then says.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CoinGecko } from "../../src/market/coingecko.ts";
import { type Answer, ok, serveCoinGecko, status } from "../support/coingecko_server.ts";
import { fetchError, NOW_MS, ONE_COIN, openMarket, REQUEST } from "./coingecko_market.ts";

const RATE_LIMITED = JSON.stringify({
  status: { error_code: 429, error_message: "You've exceeded the Rate Limit." },
});

Deno.test("CoinGecko waits as long as a 429 asks for, and takes the answer that follows", async () => {
  await using server = serveCoinGecko(
    status(429, RATE_LIMITED, { "retry-after": "17" }),
    ok(ONE_COIN),
  );
  const { source, waits, nowMs } = openMarket(server.baseUrl);
  const said: string[] = [];
  const answer = await source.fetch({ ...REQUEST, onWait: (message) => said.push(message) });
  assertEquals(waits, [17_000]);
  const found = `found status 429, error 429 "You've exceeded the Rate Limit."`;
  assertEquals(said, [`${found}; trying again in 17 s`]);
  assertEquals(answer.marketAtMs, nowMs());
});

Deno.test("CoinGecko gives up at once when a 429 asks for more time than a fetch may take", async () => {
  await using server = serveCoinGecko(status(429, RATE_LIMITED, { "retry-after": "119" }));
  const { source, waits } = openMarket(server.baseUrl);
  const error = await fetchError(source);
  assertEquals(server.requests.length, 1);
  assertEquals(waits, []);
  assertStringIncludes(error.message, `Cannot fetch ${server.baseUrl}/coins/markets: found `);
  assertStringIncludes(error.message, `status 429, error 429 "You've exceeded the Rate Limit."`);
  assertStringIncludes(error.message, "asks to wait 119 s");
  assertStringIncludes(error.message, "Next: try again after 2026-01-02T12:01:59.000Z, ");
  assertEquals(error.details.retry_at, "2026-01-02T12:01:59.000Z");
});

Deno.test("CoinGecko gives up on a server that asks to wait for longer than a Date can tell", async () => {
  await using server = serveCoinGecko(status(429, "", { "retry-after": "9".repeat(30) }));
  const error = await fetchError(openMarket(server.baseUrl).source);
  assertStringIncludes(error.message, "Next: try again after +275760-09-13T00:00:00.000Z");
});

Deno.test("CoinGecko gives up on a server that asks again and again for a short wait", async () => {
  await using server = serveCoinGecko(status(429, RATE_LIMITED, { "retry-after": "3" }));
  const { source, waits } = openMarket(server.baseUrl);
  const error = await fetchError(source);
  assertEquals(waits, [3_000, 3_000, 6_000, 12_000]);
  assertStringIncludes(error.message, "gave up after 5 tries in 24 s. Next: try again after");
});

Deno.test("CoinGecko takes an HTTP date for the time to retry at", async () => {
  const date = new Date(NOW_MS + 30_000).toUTCString();
  await using server = serveCoinGecko(
    status(503, "busy", { "retry-after": date }),
    ok(ONE_COIN),
  );
  const { source, waits } = openMarket(server.baseUrl);
  await source.fetch(REQUEST);
  assertEquals(waits, [30_000]);
});

Deno.test("CoinGecko tries a failing server again, after ever longer waits", async () => {
  await using server = serveCoinGecko(status(500, ""), status(502, ""), ok(ONE_COIN));
  const { source, waits } = openMarket(server.baseUrl);
  await source.fetch(REQUEST);
  // The pace makes up for what the jittered wait of 1.5 s lacks to the distance of 2 s.
  assertEquals(waits, [1_500, 500, 3_000]);
});

Deno.test("CoinGecko gives up on a server that keeps failing after five tries", async () => {
  await using server = serveCoinGecko(status(500, "oops\u001b[2J"));
  const { source, waits } = openMarket(server.baseUrl);
  const error = await fetchError(source);
  assertEquals(server.requests.length, 5);
  assertEquals(waits, [1_500, 500, 3_000, 6_000, 12_000]);
  assertMatch(error.message, /found status 500, text "oops \[2J".*gave up after 5 tries in 23 s/);
});

Deno.test("CoinGecko tries again when a connection breaks in the middle of a body", async () => {
  const halfBody: Answer = () =>
    new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode(ONE_COIN.slice(0, 40)));
          await new Promise((resolve) => setTimeout(resolve, 5));
          controller.error(new Error("cut on purpose"));
        },
      }),
    );
  await using server = serveCoinGecko(halfBody, ok(ONE_COIN));
  const answer = await openMarket(server.baseUrl).source.fetch(REQUEST);
  assertEquals(server.requests.length, 2);
  assertEquals(new TextDecoder().decode(answer.body), ONE_COIN);
});

Deno.test("CoinGecko gives up on a port where nobody answers", async () => {
  const server = serveCoinGecko(ok(ONE_COIN));
  await server[Symbol.asyncDispose]();
  const { source, waits } = openMarket(server.baseUrl);
  const error = await fetchError(source);
  assertEquals(waits.length, 5);
  assertStringIncludes(error.message, "error sending request");
});

for (const where of ["headers", "body"] as const) {
  Deno.test(`CoinGecko gives up on a server that stalls before the end of the ${where}`, async () => {
    const stall: Answer = async (_, closed) => {
      if (where === "headers") await closed;
      const half = new TextEncoder().encode(ONE_COIN.slice(0, 40));
      return new Response(
        new ReadableStream({ start: (controller) => controller.enqueue(half) }),
      );
    };
    await using server = serveCoinGecko(stall);
    const { source } = openMarket(server.baseUrl, { timeoutMs: 40 });
    const error = await fetchError(source);
    assertEquals(server.requests.length, 5);
    assertStringIncludes(error.message, "found no answer within 0.04 s, expected");
    assertStringIncludes(error.message, "gave up after 5 tries");
  });
}

Deno.test("CoinGecko follows no redirect, because a key would go with it", async () => {
  await using elsewhere = serveCoinGecko(ok(ONE_COIN));
  await using server = serveCoinGecko(
    status(302, "", { location: `${elsewhere.baseUrl}/coins/markets` }),
  );
  const error = await fetchError(openMarket(server.baseUrl).source);
  assertEquals([server.requests.length, elsewhere.requests.length], [1, 0]);
  assertStringIncludes(
    error.message,
    `status 302, a redirect to ${new URL(elsewhere.baseUrl).host}`,
  );
  assertStringIncludes(error.message, "Next: check COINGECKO_BASE_URL.");
});

Deno.test("CoinGecko ends a redirect loop at its first turn", async () => {
  await using server = serveCoinGecko((request) =>
    new Response(null, { status: 301, headers: { location: request.url } })
  );
  await fetchError(openMarket(server.baseUrl).source);
  assertEquals(server.requests.length, 1);
});

const MISSING_KEY = JSON.stringify({
  status: { error_code: 10002, error_message: "API Key Missing." },
});
const FINAL_ANSWERS = [
  { code: 401, body: MISSING_KEY, says: `error 10002 "API Key Missing."` },
  { code: 403, body: `{"error":"no"}`, says: "check COINGECKO_DEMO_API_KEY or COINGECKO_PRO" },
  { code: 404, body: `{"error":"Incorrect path"}`, says: "Next: check COINGECKO_BASE_URL." },
  { code: 422, body: `{"error":"Missing parameter"}`, says: `error "Missing parameter"` },
];
for (const { code, body, says } of FINAL_ANSWERS) {
  Deno.test(`CoinGecko does not repeat a request that was answered with ${code}`, async () => {
    await using server = serveCoinGecko(status(code, body));
    const error = await fetchError(openMarket(server.baseUrl).source);
    assertEquals(server.requests.length, 1);
    assertEquals(error.details.status, code);
    assertStringIncludes(error.message, `found status ${code}, `);
    assertStringIncludes(error.message, says);
  });
}

const GARBAGE = [
  { body: "error code: 1015", says: `text "error code: 1015"` },
  { body: "<html><title>Just a moment...</title>", says: `an HTML page "Just a moment..."` },
  { body: ONE_COIN.slice(0, 100), says: "JSON that breaks off or is malformed" },
  { body: RATE_LIMITED, says: "error 429" },
  { body: "[]", says: "an empty array" },
  { body: "", says: "an empty body" },
];
for (const { body, says } of GARBAGE) {
  Deno.test(`CoinGecko names what came with status 200 in place of coins: ${says}`, async () => {
    await using server = serveCoinGecko(ok(body));
    const error = await fetchError(openMarket(server.baseUrl).source);
    assertEquals(server.requests.length, 1);
    assertStringIncludes(error.message, `found ${says}`);
  });
}

Deno.test("CoinGecko stops reading a body beyond 32 MiB, and does not ask for it again", async () => {
  const chunk = new Uint8Array(2 ** 20);
  let sent = 0;
  await using server = serveCoinGecko(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => {
          sent++;
          controller.enqueue(chunk);
        },
      }),
    )
  );
  const error = await fetchError(openMarket(server.baseUrl).source);
  assertEquals(server.requests.length, 1);
  assertStringIncludes(error.message, "an answer of more than 32 MiB");
  assert(sent < 100, `${sent} MiB were sent`);
});

/** Long waits, so that one that is not cut short by the abort is told from one that is. */
const LONG_WAIT_S = 30;

Deno.test("CoinGecko stops at an abort while it waits for a body", async () => {
  const abort = new AbortController();
  await using server = serveCoinGecko(() => {
    setTimeout(() => abort.abort(new Error("stopped by the test")), 5);
    return new Response(new ReadableStream({}));
  });
  const { source } = openMarket(server.baseUrl, { timeoutMs: 1000 * LONG_WAIT_S });
  await assertStopped(source, abort.signal);
  assertEquals(server.requests.length, 1);
});

Deno.test("CoinGecko stops at an abort while it waits to try again", async () => {
  const abort = new AbortController();
  await using server = serveCoinGecko(() => {
    setTimeout(() => abort.abort(new Error("stopped by the test")), 20);
    return new Response("", { status: 500, headers: { "retry-after": `${LONG_WAIT_S}` } });
  });
  const source = new CoinGecko({
    env: (name) => name === "COINGECKO_BASE_URL" ? server.baseUrl : undefined,
    nowMs: () => NOW_MS,
  });
  await assertStopped(source, abort.signal);
  assertEquals(server.requests.length, 1);
});

async function assertStopped(source: CoinGecko, signal: AbortSignal): Promise<void> {
  const startMs = performance.now();
  const error = await assertRejects(() => source.fetch({ ...REQUEST, signal }), Error);
  assertEquals(error.message, "stopped by the test");
  const seconds = (performance.now() - startMs) / 1000;
  assert(seconds < LONG_WAIT_S / 3, `stopped after ${seconds} s`);
}
