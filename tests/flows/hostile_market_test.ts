// ingest against a CoinGecko that does everything wrong: the run that failed says what it met, the branch
// is as it was, and the next good answer becomes the next snapshot.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { findFlow } from "../../src/engine/flow.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { getVersion, listSnapshots, readFile } from "../../src/registry/assets.ts";
import { listEvents } from "../../src/registry/events.ts";
import { listSteps, readLog, requireRun } from "../../src/registry/runs.ts";
import {
  type Answer,
  coin,
  coinPages,
  ok,
  serveCoinGecko,
  status,
} from "../support/coingecko_server.ts";
import { withFastTimers } from "../support/fast_timers.ts";
import { HOUR_MS, memoryRegistry, type TestRegistry, testRunner } from "../support/registry.ts";

const COINS = 12;
const GOOD = JSON.stringify(Array.from({ length: COINS }, (_, i) => coin(i + 1)));
const RATE_LIMITED = JSON.stringify({ status: { error_code: 429, error_message: "Slow down." } });

/** The connection breaks when half of the body is sent. */
const cut: Answer = () =>
  new Response(
    new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode(GOOD.slice(0, GOOD.length / 2)));
        await new Promise((resolve) => setTimeout(resolve, 100));
        controller.error(new Error("cut on purpose"));
      },
    }),
  );
const stall: Answer = async (_, closed) => {
  await closed;
  return new Response("");
};
const loop: Answer = (request) =>
  new Response(null, { status: 301, headers: { location: request.url } });

interface World {
  registry: TestRegistry;
  ingest(): Promise<RunRecord>;
  /** The next answers; the last one is repeated. */
  answer(...answers: Answer[]): void;
  /** Requests since the answers were set. */
  asked(): number;
}

async function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  let answers: Answer[] = [];
  let asked = 0;
  await using server = serveCoinGecko((request, closed) => {
    asked++;
    return answers[Math.min(asked, answers.length) - 1]!(request, closed);
  });
  await withFastTimers(async () => {
    using registry = await memoryRegistry();
    const env: Record<string, string> = {
      ANOMALY_SOURCE: "coingecko",
      COINGECKO_BASE_URL: server.baseUrl,
    };
    const runner = { ...testRunner(registry), env: (name: string) => env[name] };
    await work({
      registry,
      ingest: () => {
        registry.clockMs += HOUR_MS;
        return runFlow(runner, findFlow(flows, "ingest"), {
          params: { num_coins: COINS },
          tags: [],
          triggeredBy: null,
        });
      },
      answer: (...next) => {
        answers = next;
        asked = 0;
      },
      asked: () => asked,
    });
  });
}

async function snapshotsOf(registry: TestRegistry): Promise<number[]> {
  const range = { fromMs: 0, toMs: Infinity, limit: 100 };
  const listed = await listSnapshots(registry, registry.scopes.write, range);
  return listed.map(({ version }) => version);
}

/** What a market may answer for good, in how many requests it is given up, and what the run then says. */
const FAILURES: [what: string, answer: Answer, requests: number, said: string][] = [
  [
    "a 429 that asks for an hour",
    status(429, RATE_LIMITED, { "retry-after": "3600" }),
    1,
    'found status 429, error 429 "Slow down."',
  ],
  ["a 500 without end", status(500, "oops"), 5, 'found status 500, text "oops"'],
  ["a page in place of data", ok("<title>Just a moment...</title>"), 1, "found an HTML page"],
  ["garbage", ok("\u0000\u0001\ufffd{"), 1, "found text"],
  ["half a body that claims to be whole", ok(GOOD.slice(0, 900)), 1, "JSON that breaks off"],
  ["an empty market", ok("[]"), 1, "found an empty array"],
  ["a connection that breaks each time", cut, 5, "gave up after 5 tries"],
  ["a redirect loop", loop, 1, "found status 301, a redirect to"],
  ["a server that never answers", stall, 5, "found no answer within 20 s"],
];

Deno.test("each failure of the market is recorded as what it was, changes nothing, and the next good answer is ingested", () =>
  withWorld(async ({ registry, ingest, answer, asked }) => {
    const { write } = registry.scopes;
    let taken: number[] = [];
    for (const [what, failure, requests, said] of FAILURES) {
      answer(failure);
      const error = await assertRejects(ingest, AppError, undefined, what);
      assertEquals([error.code, error.exitCode], ["unavailable", 6], what);
      assertEquals(asked(), requests, what);
      const run = await requireRun(registry, write, Number(error.details.run_id));
      assertEquals([run.status, run.error?.step, run.error?.code], [
        "failed",
        "fetch",
        "unavailable",
      ]);
      assertStringIncludes(run.error!.message, said);
      assertEquals([run.produced, run.events], [[], []], what);
      assertEquals(await snapshotsOf(registry), taken, what);

      answer(coinPages());
      const good = await ingest();
      assertEquals(good.status, "completed", what);
      taken = [...taken, taken.length + 1];
      assertEquals(await snapshotsOf(registry), taken, what);
    }
    const events = await listEvents(registry, write, { limit: 100 });
    assertEquals(events.map(({ name }) => name), FAILURES.map(() => "snapshot_ready"));
  }));

Deno.test("what passes is waited for within the run, and the log says what it was", () =>
  withWorld(async ({ registry, ingest, answer, asked }) => {
    answer(
      status(429, RATE_LIMITED, { "retry-after": "17" }),
      cut,
      status(503, "busy"),
      coinPages(),
    );
    const run = await ingest();
    assertEquals([run.status, asked()], ["completed", 4]);
    const { write } = registry.scopes;
    const warnings = (await readLog(registry, write, run.id)).filter((one) => one.level === "warn");
    assertEquals(warnings.length, 3);
    assertEquals(
      warnings[0]!.message,
      'found status 429, error 429 "Slow down."; trying again in 17 s',
    );
    assertStringIncludes(warnings[2]!.message, 'found status 503, text "busy"; trying again in');
    const steps = await listSteps(registry, write, run.id);
    assertEquals(steps.map(({ status }) => status), ["completed", "completed", "completed"]);
  }));

Deno.test("one broken row among good ones is refused with its reason, and kept as it came", () =>
  withWorld(async ({ registry, ingest, answer }) => {
    const rows = JSON.parse(GOOD);
    rows[3] = { ...rows[3], current_price: "a lot" };
    const body = JSON.stringify(rows);
    answer(ok(body));
    const run = await ingest();
    assertEquals([run.summary.rows, run.summary.refused], [COINS - 1, 1]);
    const { write } = registry.scopes;
    const snapshot = await getVersion(registry, write, "data", "market_snapshot", 1);
    assert(snapshot !== null);
    const text = async (role: string) =>
      new TextDecoder().decode(await readFile(registry, snapshot, role));
    assertEquals(await text("raw"), body);
    const [refused] = JSON.parse(await text("refused"));
    assertStringIncludes(JSON.stringify(refused), "coin-4");
    assertEquals(Object.values(snapshot.annotations.refused_reasons!), [1]);
    answer(ok(GOOD));
    assertEquals((await ingest()).summary.refused, 0);
  }));
