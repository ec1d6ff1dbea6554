import { assertEquals } from "@std/assert";
import { freshnessOf, readFreshness } from "../../src/engine/freshness.ts";
import type { SourceKind } from "../../src/domain/market.ts";
import { memoryRegistry, setMarketTime } from "../support/registry.ts";

const HOURLY = "0 * * * *";
const at = (time: string) => `2024-03-05T${time}.000Z`;

interface Case {
  source?: SourceKind;
  /** Market time, and when it was recorded where that is another one. */
  newest?: [marketAt: string, recordedAt?: string];
  now: string;
  schedule?: string | null;
  every?: number;
  runsHere?: boolean;
  expected: [state: string, missing: number, dueAt: string | null, sentence: string];
}

const AT_TEN: [string] = [at("10:00:03")];
const REPLAYED: [string, string] = ["2022-05-16T23:00:00.000Z", at("10:00:03")];
const STANDS = "It stands where its data ends, 2022-05-16 23:00 UTC.";

const CASES: Record<string, Case> = {
  "a live market is fresh until the next slot": {
    newest: AT_TEN,
    now: at("10:48:03"),
    expected: [
      "fresh",
      0,
      at("11:00:00"),
      "The newest snapshot is 48 min old; the next is due in 11 min 57 s.",
    ],
  },
  "what is due may take a few minutes to come": {
    newest: AT_TEN,
    now: at("11:04:59"),
    expected: [
      "fresh",
      0,
      at("11:00:00"),
      "The newest snapshot is 1 h 4 min old; the next is due now.",
    ],
  },
  "then it is late": {
    newest: AT_TEN,
    now: at("11:07:00"),
    expected: [
      "late",
      1,
      at("11:00:00"),
      "A snapshot was due 7 min ago; the newest is 1 h 6 min old.",
    ],
  },
  "after one and a half intervals it is still late": {
    newest: AT_TEN,
    now: at("11:30:03"),
    expected: [
      "late",
      1,
      at("11:00:00"),
      "A snapshot was due 30 min 3 s ago; the newest is 1 h 30 min old.",
    ],
  },
  "and stale a moment later": {
    newest: AT_TEN,
    now: at("11:30:04"),
    expected: [
      "stale",
      1,
      at("11:00:00"),
      "No new snapshot for 1 h 30 min; one is due every hour.",
    ],
  },
  "every slot that passed is missing": {
    newest: AT_TEN,
    now: at("13:12:03"),
    expected: [
      "stale",
      3,
      at("11:00:00"),
      "No new snapshot for 3 h 12 min; one is due every hour.",
    ],
  },
  "a snapshot fetched by hand just before a slot is as good as that slot's for half an interval": {
    newest: [at("10:59:00")],
    now: at("11:50:00"),
    expected: [
      "late",
      1,
      at("11:00:00"),
      "A snapshot was due 50 min ago; the newest is 51 min old.",
    ],
  },
  "a live market without a schedule is expected hourly": {
    newest: AT_TEN,
    schedule: null,
    now: at("12:00:03"),
    expected: ["stale", 2, at("11:00:03"), "No new snapshot for 2 h; one is due every hour."],
  },
  "a schedule of a quarter hour goes stale sooner": {
    newest: AT_TEN,
    schedule: "*/15 * * * *",
    now: at("10:23:00"),
    expected: [
      "stale",
      1,
      at("10:15:00"),
      "No new snapshot for 22 min 57 s; one is due every 15 min.",
    ],
  },
  "a recorded market stands where its data ends": {
    source: "replay",
    newest: REPLAYED,
    now: "2026-01-01T00:00:00.000Z",
    expected: ["fresh", 0, null, `This market is recorded. ${STANDS}`],
  },
  "a simulated one too": {
    source: "simulated",
    newest: REPLAYED,
    now: "2026-01-01T00:00:00.000Z",
    expected: ["fresh", 0, null, `This market is simulated. ${STANDS}`],
  },
  "a simulated market that is carried on here is fresh by the wall clock": {
    source: "simulated",
    newest: REPLAYED,
    runsHere: true,
    now: at("10:48:03"),
    expected: [
      "fresh",
      0,
      at("11:00:00"),
      "This market is simulated. The newest snapshot is 48 min old; the next is due in 11 min 57 s. " +
      "The market stands at 2022-05-16 23:00 UTC.",
    ],
  },
  "and stale by it": {
    source: "replay",
    newest: REPLAYED,
    runsHere: true,
    now: at("13:12:03"),
    expected: [
      "stale",
      3,
      at("11:00:00"),
      "This market is recorded. No new snapshot for 3 h 12 min; one is due every hour. " +
      "The market stands at 2022-05-16 23:00 UTC.",
    ],
  },
  "one that is carried on without a schedule of ingest is expected nothing of": {
    source: "simulated",
    newest: REPLAYED,
    runsHere: true,
    schedule: null,
    now: at("13:12:03"),
    expected: ["fresh", 0, null, `This market is simulated. ${STANDS}`],
  },
  "a process on a clock of its own says how often": {
    source: "simulated",
    newest: REPLAYED,
    runsHere: true,
    every: 2000,
    now: at("10:00:07"),
    expected: [
      "stale",
      2,
      at("10:00:05"),
      "This market is simulated. No new snapshot for 4 s; one is due every 2 s. " +
      "The market stands at 2022-05-16 23:00 UTC.",
    ],
  },
  "a snapshot from after the wall clock is not old": {
    newest: [at("10:30:00")],
    now: at("10:00:00"),
    expected: [
      "fresh",
      0,
      at("11:00:00"),
      "The newest snapshot is 0 s old; the next is due in 1 h.",
    ],
  },
  "without a snapshot there is nothing to be stale": {
    now: at("10:00:00"),
    expected: ["empty", 0, null, "There is no snapshot on branch main yet."],
  },
};

for (const [name, given] of Object.entries(CASES)) {
  Deno.test(`freshness: ${name}`, () => {
    const { source = "coingecko", newest, now, schedule = HOURLY, every, runsHere = false } = given;
    const found = freshnessOf({
      branch: "main",
      source: newest ? source : null,
      newest: newest ? { marketAt: newest[0], recordedAt: newest[1] ?? newest[0] } : null,
      schedule,
      ...(every === undefined ? {} : { expectedEveryMs: every }),
      runsHere,
      nowMs: Date.parse(now),
    });
    assertEquals([found.state, found.missing, found.dueAt, found.sentence], given.expected);
  });
}

Deno.test("readFreshness() knows a branch that was bound and has no snapshot", async () => {
  using registry = await memoryRegistry();
  await setMarketTime(registry, registry.clockMs);
  const found = await readFreshness(registry, registry.scopes.read, {
    schedule: HOURLY,
    runsHere: true,
  });
  assertEquals([found.state, found.source, found.isWatched], ["empty", "simulated", true]);
});
