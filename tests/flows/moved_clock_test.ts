// The clock of this computer, moved while a live market goes on: an hour back, a day ahead, and right again.
// Nothing is dated wrongly, nothing is there twice, and no prediction is decided before its time.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import type { JsonObject } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { DAY_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { findFlow } from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { Mt19937 } from "../../src/random.ts";
import { listSnapshots } from "../../src/registry/assets.ts";
import { listBatches, listOutcomes } from "../../src/registry/predictions.ts";
import { requireRun } from "../../src/registry/runs.ts";
import { verifyStore } from "../../src/registry/verify.ts";
import { serveCoinGecko } from "../support/coingecko_server.ts";
import { withFastTimers } from "../support/fast_timers.ts";
import {
  HOUR_MS,
  memoryRegistry,
  MODEL,
  START_MS,
  type TestRegistry,
  testRunner,
} from "../support/registry.ts";

const COINS = 20;

interface World {
  registry: TestRegistry;
  /** The market's time, which is the right one. */
  realMs: number;
  /** By how much this computer's clock is wrong. */
  skewMs: number;
  /** Coins that the market does not list any more. */
  unlisted: Set<string>;
  run(flow: string, params?: JsonObject): Promise<RunRecord>;
}

/** Quotes of now; and prices of the past, one every five minutes. */
function answerAt(world: World, random: Mt19937, request: Request): Response {
  const url = new URL(request.url);
  if (url.pathname.endsWith("/market_chart/range")) {
    const [fromMs, toMs] = ["from", "to"].map((name) => 1000 * Number(url.searchParams.get(name)));
    const prices: [number, number][] = [];
    for (let ms = fromMs!; ms <= Math.min(toMs!, world.realMs); ms += 5 * MINUTE_MS) {
      prices.push([ms, 50]);
    }
    return Response.json({ prices });
  }
  const rows = Array.from({ length: COINS }, (_, i) => ({
    id: `coin-${i}`,
    symbol: `c${i}`,
    name: `Coin ${i}`,
    current_price: 100,
    market_cap: 1e9 * Math.exp(random.normal()),
    market_cap_rank: i + 1,
    total_volume: 1e7 * Math.exp(random.normal()),
    price_change_percentage_1h_in_currency: random.normal(),
    price_change_percentage_24h: 2 * random.normal(),
    price_change_percentage_7d_in_currency: 5 * random.normal(),
    last_updated: new Date(world.realMs - MINUTE_MS).toISOString(),
  }));
  return Response.json(rows.filter(({ id }) => !world.unlisted.has(id)), {
    headers: { date: new Date(world.realMs).toUTCString() },
  });
}

async function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  const random = new Mt19937(5);
  await withFastTimers(async () => {
    using registry = await memoryRegistry();
    const world: World = {
      registry,
      realMs: START_MS,
      skewMs: 0,
      unlisted: new Set(),
      run: (flow, params = {}) =>
        runFlow(runner, findFlow(flows, flow), { params, tags: [], triggeredBy: null }),
    };
    registry.nowMs = () => world.realMs + world.skewMs;
    await using server = serveCoinGecko((request) => answerAt(world, random, request));
    const env: Record<string, string> = {
      ANOMALY_SOURCE: "coingecko",
      COINGECKO_BASE_URL: server.baseUrl,
    };
    const runner = { ...testRunner(registry), env: (name: string) => env[name] };
    await work(world);
  });
}

/** Hours since the beginning at which snapshots were taken, by their own account. */
async function hoursOf({ registry }: World): Promise<number[]> {
  const range = { fromMs: 0, toMs: Infinity, limit: 1000 };
  const listed = await listSnapshots(registry, registry.scopes.write, range);
  return listed.map(({ marketAtMs }) => (marketAtMs - START_MS) / HOUR_MS);
}

async function assertRefused(world: World, said: string): Promise<void> {
  const error = await assertRejects(() => world.run("ingest", { num_coins: COINS }), AppError);
  assertEquals(error.code, "unavailable");
  assertStringIncludes(error.message, said);
  const { registry } = world;
  const run = await requireRun(registry, registry.scopes.write, Number(error.details.run_id));
  assertEquals([run.status, run.produced, run.error?.message], ["failed", [], error.message]);
}

/** One hour later: a snapshot, scored where there is a champion. */
async function nextHour(world: World, isScored: boolean): Promise<void> {
  world.realMs += HOUR_MS;
  await world.run("ingest", { num_coins: COINS });
  if (isScored) await world.run("score");
}

async function newChampion(world: World): Promise<void> {
  world.realMs += MINUTE_MS;
  const { summary } = await world.run("train", { fresh_data: true });
  const version = String(summary.version);
  await world.run("promote", { version, force: true, reason: "for the test" });
  world.realMs -= MINUTE_MS;
}

Deno.test("a clock that is an hour back takes no snapshot, and goes on by itself once it is right", () =>
  withWorld(async (world) => {
    for (let hour = 1; hour <= 3; hour++) await nextHour(world, false);
    world.realMs += HOUR_MS;
    world.skewMs = -HOUR_MS;
    await assertRefused(world, "Next: set the clock right");
    assertEquals(await hoursOf(world), [1, 2, 3]);
    world.skewMs = 0;
    await world.run("ingest", { num_coins: COINS });
    await nextHour(world, false);
    assertEquals(await hoursOf(world), [1, 2, 3, 4, 5]);
  }));

Deno.test("on an empty branch, too, a wrong clock takes no snapshot", () =>
  withWorld(async (world) => {
    for (const skewMs of [-HOUR_MS, DAY_MS, -DAY_MS]) {
      world.skewMs = skewMs;
      await assertRefused(world, "its newest quote is of 2023-12-31T23:59:00.000Z");
    }
    assertEquals(await hoursOf(world), []);
  }));

Deno.test("a clock a day ahead dates nothing, decides nothing, and loses nothing but its own hours", () =>
  withWorld(async (world) => {
    const { registry } = world;
    const { write } = registry.scopes;
    for (let hour = 1; hour <= 4; hour++) await nextHour(world, false);
    await newChampion(world);
    for (let hour = 5; hour <= 7; hour++) await nextHour(world, true);

    world.realMs += HOUR_MS;
    world.skewMs = DAY_MS;
    await assertRefused(world, "Cannot date the market's answer: its newest quote is of");
    const early = await world.run("validate_outcomes");
    assertEquals([early.summary.batches, early.summary.waiting], [0, 3]);

    world.skewMs = 0;
    // One coin is not listed any more, so that its horizons need look-ups.
    world.unlisted.add("coin-3");
    for (let hour = 9; hour <= 32; hour++) await nextHour(world, true);
    const hours = [...Array(7).keys(), ...Array(24).keys().map((hour) => hour + 8)]
      .map((hour) => hour + 1);
    assertEquals(await hoursOf(world), hours);
    await world.run("validate_outcomes");
    const outcomes = await listOutcomes(registry, write, MODEL, 1, { limit: 100 });
    assertEquals(
      outcomes.map(({ marketAtMs }) => (marketAtMs - START_MS) / HOUR_MS).sort(),
      [5, 6, 7],
    );
    for (const { coinIds, returnsPct } of outcomes) {
      // Unchanged by the snapshots, and halved by the look-up: none is without a price.
      assertEquals(
        returnsPct,
        Float64Array.from(coinIds, (id) => id === "coin-3" ? -50 : 0),
      );
    }
    const batches = await listBatches(registry, write, { limit: 100 });
    assertEquals(new Set(batches.map(({ marketAtMs }) => marketAtMs)).size, batches.length);
    for (const { marketAtMs, dueAtMs } of batches) assertEquals(dueAtMs - marketAtMs, DAY_MS);
    const verified = await verifyStore(registry.store, { repair: false, progress: () => {} });
    assertEquals(verified.findings, []);
  }));
