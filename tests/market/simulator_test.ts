// The simulated market: the same for a seed on every way to an hour, quotes that agree with one
// another, and anomalies that are there where the labels say so.

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import type { EventKind, MarketLabel, RawResponse } from "../../src/domain/market.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { parseMarkets } from "../../src/market/parse.ts";
import { Simulator } from "../../src/market/simulator.ts";

const START_MS = Date.UTC(2024, 0, 1);
const KINDS: readonly EventKind[] = [
  ...["pump", "crash", "depeg", "wash_volume", "stale_quote", "missing_quote"] as const,
];

/** The fields of a quote that the tests look at. */
interface Quote {
  id: string;
  symbol: string;
  current_price: number;
  market_cap: number;
  market_cap_rank: number;
  total_volume: number;
  high_24h: number;
  low_24h: number;
  price_change_percentage_24h: number | null;
  ath: number;
  ath_change_percentage: number;
  atl: number;
  last_updated: string;
  price_change_percentage_1h_in_currency: number | null;
  price_change_percentage_24h_in_currency: number | null;
  price_change_percentage_7d_in_currency: number | null;
  price_change_percentage_30d_in_currency: number;
  sparkline_in_7d: { price: number[] };
}

interface Hour extends RawResponse {
  quotes: Map<string, Quote>;
}

function quotesOf(response: RawResponse): Quote[] {
  return JSON.parse(new TextDecoder().decode(response.body));
}

function fetchHour(simulator: Simulator, hour: number, numCoins = 100): Promise<RawResponse> {
  return simulator.fetch({ numCoins, afterMs: START_MS + (hour - 1) * HOUR_MS });
}

/** The hours 0 … count − 1 of a seed as a branch would ingest them. */
async function walk(seed: number, count: number): Promise<Hour[]> {
  const simulator = new Simulator({ seed });
  const hours: Hour[] = [];
  let afterMs: number | null = null;
  while (hours.length < count) {
    const response: RawResponse = await simulator.fetch({ numCoins: 100, afterMs });
    afterMs = response.marketAtMs;
    const quotes = new Map(quotesOf(response).map((quote) => [quote.id, quote]));
    hours.push({ ...response, quotes });
  }
  return hours;
}

/** Ten days of seed 42, which many tests look at; what they read of it they do not change. */
const tenDays = walk(42, 240);

function labelOf(hour: Hour, coinId: string): MarketLabel | undefined {
  return hour.labels.find((label) => label.coinId === coinId);
}

function hourOf(ms: number): number {
  return (ms - START_MS) / HOUR_MS;
}

/** Labels of a kind whose event lies within the hours with its coin in every answer's request. */
function wholeEvents(hours: Hour[], kind: EventKind): MarketLabel[] {
  const events = new Map<string, { label: MarketLabel; seen: number }>();
  for (const label of hours.flatMap(({ labels }) => labels)) {
    if (label.kind !== kind) continue;
    const key = `${label.coinId} ${label.startMs}`;
    events.set(key, { label, seen: 1 + (events.get(key)?.seen ?? 0) });
  }
  const whole = [...events.values()].filter(({ label, seen }) =>
    hourOf(label.startMs) > 0 && seen === (label.endMs - label.startMs) / HOUR_MS + 1
  );
  assert(whole.length >= 3, `found ${whole.length} whole events of kind ${kind}`);
  return whole.map(({ label }) => label);
}

/** The coin's quotes from the hour before an event to its last hour. */
function courseOf(hours: Hour[], { coinId, startMs, endMs }: MarketLabel): (Quote | undefined)[] {
  return hours.slice(hourOf(startMs) - 1, hourOf(endMs) + 1).map(({ quotes }) =>
    quotes.get(coinId)
  );
}

Deno.test("Simulator introduces itself by its seed", async () => {
  const simulator = new Simulator({ seed: 7 });
  assertEquals(simulator.identity, { kind: "simulated", key: "7" });
  assertEquals(simulator.name, "simulated");
  assertEquals(await simulator.extent(), null);
  assertThrows(() => new Simulator({ seed: -1 }), RangeError);
});

Deno.test("fetch() answers with the first full hour after the given instant", async () => {
  const simulator = new Simulator({ seed: 42 });
  const marketAt = async (afterMs: number | null) =>
    (await simulator.fetch({ numCoins: 1, afterMs })).marketAtMs;
  assertEquals(await marketAt(null), START_MS);
  assertEquals(await marketAt(START_MS - 100 * HOUR_MS), START_MS);
  assertEquals(await marketAt(START_MS - 1), START_MS);
  assertEquals(await marketAt(START_MS), START_MS + HOUR_MS);
  assertEquals(await marketAt(START_MS + 1), START_MS + HOUR_MS);
  assertEquals(await marketAt(START_MS + HOUR_MS - 1), START_MS + HOUR_MS);
  assertEquals((await fetchHour(simulator, 17)).origin, "simulated hour 17 (seed 42)");
});

Deno.test("fetch() gives an hour the same bytes and labels on every way to it", async () => {
  const hours = await tenDays;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 239 }), { minLength: 1, maxLength: 4 }),
      async (visits) => {
        const simulator = new Simulator({ seed: 42 });
        for (const hour of visits) {
          const { body, labels, marketAtMs } = await fetchHour(simulator, hour);
          assertEquals(marketAtMs, hours[hour]!.marketAtMs);
          assertEquals(labels, hours[hour]!.labels);
          assert(body.every((byte, i) => byte === hours[hour]!.body[i]));
          assertEquals(body.length, hours[hour]!.body.length);
        }
      },
    ),
    { numRuns: 8, seed: 1 },
  );
});

Deno.test("an hour that is fetched late knows nothing of the records made after it", async () => {
  const simulator = new Simulator({ seed: 42 });
  await fetchHour(simulator, 3000);
  const past = await fetchHour(simulator, 0);
  assertEquals(quotesOf(past), [...(await tenDays)[0]!.quotes.values()]);
});

Deno.test("fetch() gives another market for another seed", async () => {
  const [one, other] = await Promise.all(
    [1, 2].map((seed) => fetchHour(new Simulator({ seed }), 0)),
  );
  assert(quotesOf(one!)[0]!.current_price !== quotesOf(other!)[0]!.current_price);
});

Deno.test("fetch() for fewer coins gives the beginning of the same ranking", async () => {
  const all = await fetchHour(new Simulator({ seed: 5 }), 30, 250);
  const everyQuote = quotesOf(all);
  assertEquals(new Set(everyQuote.map(({ id }) => id)).size, everyQuote.length);
  assertEquals(new Set(everyQuote.map(({ symbol }) => symbol)).size, everyQuote.length);
  for (const numCoins of [1, 10, 100, 1000]) {
    const some = await fetchHour(new Simulator({ seed: 5 }), 30, numCoins);
    const expected = everyQuote.filter((quote) => quote.market_cap_rank <= numCoins);
    assertEquals(quotesOf(some), expected);
    const ids = new Set(expected.map(({ id }) => id));
    const present = ({ coinId, kind }: MarketLabel) => kind !== "missing_quote" && ids.has(coinId);
    assertEquals(some.labels.filter(present), all.labels.filter(present));
  }
});

Deno.test("fetch() answers in a form that the parser takes without refusing a row", async () => {
  for (const hour of (await tenDays).filter((_, i) => i % 24 === 0)) {
    const { rows, refused, notes } = parseMarkets(hour.body);
    assertEquals(refused, []);
    assertEquals(rows.length, hour.quotes.size);
    const oddities = Object.keys(notes).filter((note) => !note.startsWith("stale quote"));
    assertEquals(oddities, []);
  }
});

Deno.test("quotes are ranked by market cap and lie within their own records", async () => {
  const quotes = [...(await tenDays)[100]!.quotes.values()];
  quotes.forEach((quote, i) => {
    assert(i === 0 || quote.market_cap <= quotes[i - 1]!.market_cap);
    assert(i === 0 || quote.market_cap_rank > quotes[i - 1]!.market_cap_rank);
    assert(quote.low_24h <= quote.current_price && quote.current_price <= quote.high_24h);
    assert(quote.atl <= quote.low_24h && quote.high_24h <= quote.ath);
    assertAlmostEquals(
      quote.ath_change_percentage,
      (quote.current_price / quote.ath - 1) * 100,
      1e-2,
    );
  });
});

Deno.test("changes, range and sparkline of a quote agree with the quotes before it", async () => {
  const hours = await tenDays;
  const isQuoted = (hour: Hour, id: string) =>
    hour.quotes.has(id) &&
    !["stale_quote", "missing_quote"].includes(labelOf(hour, id)?.kind ?? "");
  let compared = 0;
  for (const quote of hours[200]!.quotes.values()) {
    if (!isQuoted(hours[200]!, quote.id)) continue;
    const prices = quote.sparkline_in_7d.price;
    assertEquals(prices.length, 168);
    assertEquals(prices.at(-1), quote.current_price);
    const changes = [
      [1, quote.price_change_percentage_1h_in_currency],
      [24, quote.price_change_percentage_24h],
      [24, quote.price_change_percentage_24h_in_currency],
      [168, quote.price_change_percentage_7d_in_currency],
    ] as const;
    for (const [lag, change] of changes) {
      const before = hours[200 - lag]!;
      if (!isQuoted(before, quote.id)) continue;
      const past = before.quotes.get(quote.id)!.current_price;
      assertAlmostEquals(change!, (quote.current_price / past - 1) * 100, 5e-3);
      if (lag < 168) assertEquals(prices.at(-1 - lag), past);
      compared++;
    }
    const day = prices.slice(-25);
    assertEquals([quote.low_24h, quote.high_24h], [Math.min(...day), Math.max(...day)]);
  }
  assert(compared > 300, `compared ${compared} changes`);
});

Deno.test("hour 0 has the whole history behind it", async () => {
  for (const quote of (await tenDays)[0]!.quotes.values()) {
    assertEquals(quote.sparkline_in_7d.price.length, 168);
    assert(Number.isFinite(quote.price_change_percentage_30d_in_currency));
  }
});

Deno.test("every kind of event occurs in the first 192 hours and in the 48 after them", async () => {
  const hours = await tenDays;
  for (const part of [hours.slice(0, 192), hours.slice(192)]) {
    for (const kind of KINDS) {
      const labels = part.flatMap((hour) => hour.labels).filter((label) => label.kind === kind);
      const events = new Set(labels.map(({ coinId, startMs }) => `${coinId} ${startMs}`));
      assert(events.size >= 2, `${kind}: ${events.size} events in ${part.length} hours`);
    }
  }
  const abnormal = hours.flatMap(({ labels }) => labels).length / (240 * 100);
  assert(abnormal > 0.03 && abnormal < 0.06, `${abnormal} of all coin-hours are labelled`);
});

Deno.test("a label covers its hour, and a coin's events lie more than a day apart", async () => {
  const latest = new Map<string, MarketLabel>();
  for (const { labels, marketAtMs } of await tenDays) {
    assertEquals(new Set(labels.map(({ coinId }) => coinId)).size, labels.length);
    for (const label of labels) {
      assert(label.startMs <= marketAtMs && marketAtMs <= label.endMs);
      const previous = latest.get(label.coinId);
      latest.set(label.coinId, label);
      if (previous === undefined || previous.startMs === label.startMs) continue;
      assert(label.startMs - previous.endMs > 24 * HOUR_MS, label.coinId);
    }
  }
});

/** The price that lies furthest from the one before the event, over that one. */
function worstRatio(course: (Quote | undefined)[]): number {
  const ratios = course.map((quote) => quote!.current_price / course[0]!.current_price);
  return ratios.reduce((a, b) => Math.abs(Math.log(b)) > Math.abs(Math.log(a)) ? b : a);
}

Deno.test("a pump raises the price within hours and a crash lowers it", async () => {
  const hours = await tenDays;
  for (const label of wholeEvents(hours, "pump")) {
    const ratio = worstRatio(courseOf(hours, label));
    assert(ratio > 1.15 && ratio < 2.1, `${label.coinId}: ${ratio}`);
  }
  for (const label of wholeEvents(hours, "crash")) {
    const ratio = worstRatio(courseOf(hours, label));
    assert(ratio > 0.33 && ratio < 0.88, `${label.coinId}: ${ratio}`);
  }
});

Deno.test("a depeg takes a stablecoin away from 1, where it is otherwise", async () => {
  const hours = await tenDays;
  const events = wholeEvents(hours, "depeg");
  for (const label of events) {
    const lowest = Math.min(...courseOf(hours, label).map((quote) => quote!.current_price));
    assert(lowest > 0.84 && lowest < 0.98, `${label.coinId}: ${lowest}`);
  }
  const stableIds = new Set(events.map(({ coinId }) => coinId));
  for (const hour of hours) {
    for (const quote of hour.quotes.values()) {
      if (!stableIds.has(quote.id) || labelOf(hour, quote.id)) continue;
      assertAlmostEquals(quote.current_price, 1, 0.01);
    }
  }
});

Deno.test("a wash-volume burst multiplies the volume and leaves the price alone", async () => {
  const hours = await tenDays;
  for (const label of wholeEvents(hours, "wash_volume")) {
    const [before, ...during] = courseOf(hours, label);
    for (const quote of during) {
      const factor = quote!.total_volume / before!.total_volume;
      assert(factor > 5 && factor < 60, `${label.coinId}: volume × ${factor}`);
      assertAlmostEquals(quote!.current_price / before!.current_price, 1, 0.12);
    }
  }
});

Deno.test("a stale quote repeats the last one, with its old time", async () => {
  const hours = await tenDays;
  for (const label of wholeEvents(hours, "stale_quote")) {
    const [before, ...during] = courseOf(hours, label);
    assertEquals(before!.last_updated, new Date(label.startMs - HOUR_MS).toISOString());
    for (const quote of during) {
      assertEquals({ ...quote!, market_cap_rank: 0 }, { ...before!, market_cap_rank: 0 });
    }
  }
});

Deno.test("a missing quote is absent, or its changes are null", async () => {
  const hours = await tenDays;
  const absences = wholeEvents(hours, "missing_quote").map((label) => {
    const during = courseOf(hours, label).slice(1);
    for (const quote of during) {
      assertEquals(quote === undefined, during[0] === undefined);
      if (quote === undefined) continue;
      assertEquals(quote.price_change_percentage_1h_in_currency, null);
      assertEquals(quote.price_change_percentage_24h, null);
      assertEquals(quote.price_change_percentage_24h_in_currency, null);
      assertEquals(quote.price_change_percentage_7d_in_currency, null);
      assert(quote.current_price > 0);
    }
    return during[0] === undefined;
  });
  assert(absences.includes(true) && absences.includes(false), "both forms occur");
});

Deno.test("no coin is absent, frozen or without changes unless a label says so", async () => {
  for (const hour of await tenDays) {
    const missing = hour.labels.filter(({ kind }) => kind === "missing_quote");
    const absent = missing.filter(({ coinId }) => !hour.quotes.has(coinId));
    assertEquals(hour.quotes.size, 100 - absent.length);
    for (const quote of hour.quotes.values()) {
      const kind = labelOf(hour, quote.id)?.kind;
      const isFresh = Date.parse(quote.last_updated) === hour.marketAtMs;
      assertEquals(isFresh, kind !== "stale_quote");
      assertEquals(quote.price_change_percentage_24h === null, kind === "missing_quote");
    }
  }
});

Deno.test("an absent coin leaves its place in the ranking empty", async () => {
  const hours = (await tenDays).filter(({ quotes }) => quotes.size < 100);
  assert(hours.length > 0);
  for (const { quotes } of hours) {
    const ranks = [...quotes.values()].map((quote) => quote.market_cap_rank);
    assert(ranks.every((rank, i) => rank > i && rank <= 100));
  }
  assert(hours.some(({ quotes }) => [...quotes.values()].at(-1)!.market_cap_rank === 100));
});

Deno.test("over a year prices neither blow up nor collapse, and events keep their rate", async () => {
  const simulator = new Simulator({ seed: 3 });
  const start = new Map(quotesOf(await fetchHour(simulator, 0, 250)).map((q) => [q.id, q]));
  for (let month = 1; month <= 12; month++) {
    const quotes = quotesOf(await fetchHour(simulator, month * 730, 250));
    const logRatios = quotes.filter(({ id }) => start.has(id)).map(({ id, current_price }) =>
      Math.log(current_price / start.get(id)!.current_price)
    ).sort((a, b) => a - b);
    assert(logRatios[0]! > -2 && logRatios.at(-1)! < 2, `month ${month}: ${logRatios[0]}`);
    const median = logRatios[logRatios.length >> 1]!;
    assert(Math.abs(median) < 0.5, `month ${month}: median log ratio ${median}`);
  }
  let labelled = 0;
  for (let hour = 8600; hour < 8800; hour++) {
    labelled += (await fetchHour(simulator, hour)).labels.length;
  }
  const abnormal = labelled / (200 * 100);
  assert(abnormal > 0.03 && abnormal < 0.075, `${abnormal} of late coin-hours are labelled`);
});

Deno.test("calm coins move together, and large moves come in clusters", async () => {
  const hours = await tenDays;
  const calm = [...hours.at(-1)!.quotes.values()].filter(({ id, current_price }) =>
    Math.abs(current_price - 1) > 0.2 && hours.every((hour) => !labelOf(hour, id))
  );
  assert(calm.length > 10, `${calm.length} coins without an event`);
  const returns = calm.map(({ sparkline_in_7d: { price } }) =>
    price.slice(1).map((now, i) => Math.log(now / price[i]!))
  );
  let total = 0;
  for (let i = 1; i < returns.length; i++) total += correlation(returns[0]!, returns[i]!);
  assert(total / (returns.length - 1) > 0.1, `mean correlation ${total / (returns.length - 1)}`);
  const sizes = returns.map((values) => values.map(Math.abs));
  const persistence = sizes.reduce((sum, x) => sum + correlation(x.slice(1), x.slice(0, -1)), 0) /
    sizes.length;
  assert(persistence > 0.03, `mean autocorrelation of sizes ${persistence}`);
});

function correlation(x: number[], y: number[]): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const product = (a: number[], meanA: number, b: number[], meanB: number) =>
    a.reduce((sum, value, i) => sum + (value - meanA) * (b[i]! - meanB), 0);
  return product(x, meanX, y, meanY) /
    Math.sqrt(product(x, meanX, x, meanX) * product(y, meanY, y, meanY));
}

Deno.test("fetch() refuses an hour after the market's end and an aborted request", async () => {
  const simulator = new Simulator({ seed: 1 });
  const error = await assertRejects(
    () => simulator.fetch({ numCoins: 1, afterMs: START_MS + 43_800 * HOUR_MS }),
    AppError,
    "expected at most hour 43800",
  );
  assertEquals(error.code, "not_found");
  const signal = AbortSignal.abort(new Error("stopped"));
  await assertRejects(
    () => simulator.fetch({ numCoins: 1, afterMs: null, signal }),
    Error,
    "stopped",
  );
});
