// parseMarkets on real responses that were recorded over six years, where a folder of them lies beside
// the repository. Their counts are written down, so that a change of the parser shows what it changes.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import type { ParsedResponse } from "../../src/domain/market.ts";
import { parseMarkets } from "../../src/market/mod.ts";
import { Replay } from "../../src/market/replay.ts";

const RECORDED = new URL("../../../shared/data/", import.meta.url);

/** What was taken, refused and noted in all responses of a folder together. */
class Tally {
  responses = 0;
  rows = 0;
  readonly refused: Record<string, number> = {};
  readonly notes: Record<string, number> = {};

  add({ rows, refused, notes }: ParsedResponse): void {
    this.responses++;
    this.rows += rows.length;
    for (const { reason } of refused) this.refused[reason] = (this.refused[reason] ?? 0) + 1;
    for (const [note, count] of Object.entries(notes)) {
      this.notes[note] = (this.notes[note] ?? 0) + count;
    }
  }
}

async function tally(folder: string): Promise<Tally> {
  const { pathname } = new URL(folder, RECORDED);
  const source = await Replay.open(decodeURIComponent(pathname));
  const { count } = await source.extent();
  const result = new Tally();
  let afterMs: number | null = null;
  for (let i = 0; i < count; i++) {
    const { body, marketAtMs } = await source.fetch({ numCoins: 100, afterMs });
    result.add(parseMarkets(body));
    afterMs = marketAtMs;
  }
  return result;
}

function isThere(url: URL): boolean {
  try {
    return Deno.statSync(url).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const STALE = "stale quote (over 2 h older than the newest)";

const FOLDERS: { folder: string; responses: number; rows: number; notes: Tally["notes"] }[] = [
  {
    folder: "coingecko/daily",
    responses: 34,
    rows: 3_400,
    notes: { "price outside its 24 h range": 120 },
  },
  { folder: "replay-2022-05", responses: 360, rows: 35_697, notes: {} },
];

const FILES: { file: string; rows: number; notes: Tally["notes"] }[] = [
  {
    file: "CoinGecko.Net-2023-01-08T180044_c7ad8bf9_001.json",
    rows: 100,
    notes: { "price outside its 24 h range": 1 },
  },
  {
    file: "Cryptonite-2025-07-06T035604_af3f1fe2_002.json",
    rows: 10,
    notes: { "sparkline not of 168 points": 1 },
  },
  { file: "Cryptonite-2026-04-25T125126_fdaa46a2_001.json", rows: 10, notes: {} },
  {
    file: "TraderBob-2025-02-09T120854_315feb3e_001.json",
    rows: 250,
    notes: { "price outside its 24 h range": 7, "zero volume": 2, [STALE]: 2 },
  },
  {
    file: "coingecko_py-2022-01-08T180749_053e4e2a_012.json",
    rows: 1,
    notes: { "number given as text": 1 },
  },
  { file: "coingecko_py-2022-01-11T165457_11fc19be_001.json", rows: 5, notes: {} },
  { file: "coingecko_py-2022-01-11T165457_11fc19be_002.json", rows: 5, notes: {} },
  { file: "coingecko_py-2022-01-11T165457_11fc19be_003.json", rows: 5, notes: {} },
  {
    file: "watchmarket-2020-05-07T223424_10e4d0c3_033.json",
    rows: 8,
    notes: {
      "price outside its 24 h range": 1,
      "zero market cap read as null": 3,
      [STALE]: 1,
    },
  },
];

const ERRORS: [string, string][] = [
  ["cloudflare_429_1015_plain.txt", `text "error code: 1015"`],
  [
    "cloudflare_504_gateway_timeout_TRUNCATED.html",
    `an HTML page "api.coingecko.com | 504: Gateway time-out"`,
  ],
  ["coingecko_401_10002_missing_key.json", `error 10002 "API Key Missing.`],
  ["coingecko_422_missing_param.json", `error "Missing parameter vs_currencies"`],
  ["coingecko_429_rate_limit.json", `error 429 "You've exceeded the Rate Limit.`],
  ["madjin_2023-03-30_32089e48.txt", `error 403 "This endpoint is temporarily unavailable`],
];

if (isThere(RECORDED)) {
  for (const expected of FOLDERS) {
    Deno.test(`parseMarkets() takes every row of the recordings in ${expected.folder}`, async () => {
      const { refused, ...found } = await tally(expected.folder);
      assertEquals(refused, {});
      assertEquals({ folder: expected.folder, ...found }, expected);
    });
  }

  for (const { file, rows, notes } of FILES) {
    Deno.test(`parseMarkets() takes every row of ${file}`, async () => {
      const body = await Deno.readFile(new URL(`coingecko/one-off/${file}`, RECORDED));
      const found = parseMarkets(body);
      assertEquals([found.rows.length, found.refused, found.notes], [rows, [], notes]);
    });
  }

  for (const [file, says] of ERRORS) {
    Deno.test(`parseMarkets() says what ${file} is`, async () => {
      const body = await Deno.readFile(new URL(`coingecko/errors/${file}`, RECORDED));
      const error = assertThrows(() => parseMarkets(body), AppError);
      assertEquals(error.code, "unavailable");
      assertStringIncludes(error.message, `found ${says}`);
    });
  }
}
