// What holds for every market source, whatever stands behind it: one suite, run over all three.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import type { MarketSource, RawResponse } from "../../src/domain/market.ts";
import { openSource, parseMarkets, parseSourceName } from "../../src/market/mod.ts";
import { coin, coinPages, serveCoinGecko } from "../support/coingecko_server.ts";

const NUM_COINS = 20;
const FETCHES = 3;

interface Subject extends AsyncDisposable {
  /** What a person types. */
  name: string;
  kind: string;
  /** Whether the same request brings the same answer at any time. */
  isRepeatable: boolean;
  /** A new instance, as a new process would open it. */
  open(): Promise<MarketSource>;
}

const START_MS = Date.UTC(2026, 0, 1);

function coingecko(): Promise<Subject> {
  const server = serveCoinGecko(coinPages());
  let nowMs = START_MS;
  const env = (name: string) => name === "COINGECKO_BASE_URL" ? server.baseUrl : undefined;
  const options = { env, nowMs: () => nowMs += 10_000, seed: 0 };
  return Promise.resolve({
    name: "coingecko",
    kind: "coingecko",
    isRepeatable: false,
    open: () => openSource("coingecko", options),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}

function simulated(): Promise<Subject> {
  const options = { env: () => undefined, nowMs: () => START_MS, seed: 7 };
  return Promise.resolve({
    name: "simulated",
    kind: "simulated",
    isRepeatable: true,
    open: () => openSource("simulated", options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

async function replay(): Promise<Subject> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  for (let hour = 0; hour < FETCHES; hour++) {
    const coins = Array.from({ length: NUM_COINS }, (_, i) => coin(i + 1));
    await Deno.writeTextFile(`${folder}/20260101T0${hour}00Z.json`, JSON.stringify(coins));
  }
  const options = { env: () => undefined, nowMs: () => START_MS, seed: 0 };
  return {
    name: `replay:${folder}`,
    kind: "replay",
    isRepeatable: true,
    open: () => openSource(`replay:${folder}`, options),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** The first answers of a source, each asked for with the time of the one before. */
async function walk(source: MarketSource): Promise<RawResponse[]> {
  const answers: RawResponse[] = [];
  for (let i = 0; i < FETCHES; i++) {
    const afterMs = answers.at(-1)?.marketAtMs ?? null;
    answers.push(await source.fetch({ numCoins: NUM_COINS, afterMs }));
  }
  return answers;
}

for (const subjectOf of [coingecko, simulated, replay]) {
  const test = (behaviour: string, check: (subject: Subject) => Promise<void>) =>
    Deno.test(`${subjectOf.name}: ${behaviour}`, async () => {
      await using subject = await subjectOf();
      await check(subject);
    });

  test("market time strictly increases", async ({ open }) => {
    const times = (await walk(await open())).map(({ marketAtMs }) => marketAtMs);
    assert(times.every((ms, i) => Number.isInteger(ms) && (i === 0 || ms > times[i - 1]!)));
  });

  test("every answer parses, to about as many coins as were asked for", async ({ open }) => {
    for (const { body } of await walk(await open())) {
      const { rows, refused } = parseMarkets(body);
      assert(rows.length >= NUM_COINS - 2 && rows.length <= NUM_COINS, `${rows.length} rows`);
      assertEquals(refused, []);
    }
  });

  test("every answer says where it came from, and only a simulation labels", async ({ open, kind }) => {
    for (const { origin, labels } of await walk(await open())) {
      assert(origin.length > 0);
      assert(kind === "simulated" || labels.length === 0);
    }
  });

  test("name and identity are what was asked for, and those of every instance", async (subject) => {
    const [one, other] = [await subject.open(), await subject.open()];
    const before = structuredClone(one.identity);
    await walk(one);
    assertEquals(one.identity, before);
    assertEquals(other.identity, before);
    assertEquals([one.name, one.identity.kind], [subject.name, subject.kind]);
    assertEquals(parseSourceName(one.name).kind, subject.kind);
  });

  test("a new instance goes on where another one stopped", async ({ open, isRepeatable }) => {
    const answers = await walk(await open());
    const afterMs = answers[0]!.marketAtMs;
    const next = await (await open()).fetch({ numCoins: NUM_COINS, afterMs });
    assert(next.marketAtMs > afterMs);
    if (isRepeatable) assertEquals(next, answers[1]);
  });

  test("its extent, if it has one, is what fetching finds", async ({ open }) => {
    const source = await open();
    const extent = await source.extent();
    const times = (await walk(source)).map(({ marketAtMs }) => marketAtMs);
    if (extent === null) return;
    assertEquals(extent, { firstMs: times[0]!, lastMs: times.at(-1)!, count: times.length });
    const beyond = { numCoins: NUM_COINS, afterMs: extent.lastMs };
    const error = await assertRejects(() => source.fetch(beyond), AppError);
    assertEquals(error.code, "not_found");
  });

  test("an aborted request ends with the reason of its signal", async ({ open }) => {
    const source = await open();
    const signal = AbortSignal.abort(new Error("stopped by the test"));
    const error = await assertRejects(
      () => source.fetch({ numCoins: NUM_COINS, afterMs: null, signal }),
      Error,
    );
    assertEquals(error.message, "stopped by the test");
  });
}

for (const name of ["", "binance", "simulator", "replay", "replay:", "CoinGecko"]) {
  Deno.test(`openSource() refuses "${name}" and lists the three sources`, async () => {
    const options = { env: () => undefined, nowMs: () => START_MS, seed: 0 };
    const error = await assertRejects(() => openSource(name, options), AppError);
    assertEquals(error.code, "invalid");
    assertStringIncludes(error.message, `"${name}": expected coingecko, simulated or replay:<fo`);
  });
}

Deno.test("openSource() gives another simulated market for another seed", async () => {
  const keys: string[] = [];
  const bodies = new Set<string>();
  for (const seed of [1, 2, 1]) {
    const options = { env: () => undefined, nowMs: () => START_MS, seed };
    const source = await openSource("simulated", options);
    const { body } = await source.fetch({ numCoins: 1, afterMs: null });
    keys.push(source.identity.key);
    bodies.add(new TextDecoder().decode(body));
  }
  assertEquals([keys, bodies.size], [["1", "2", "1"], 2]);
});

Deno.test("parseSourceName() takes everything after the colon for the folder", () => {
  assertEquals(parseSourceName("replay:/a:b c"), { kind: "replay", folder: "/a:b c" });
  assertEquals(parseSourceName("simulated"), { kind: "simulated", folder: null });
});
