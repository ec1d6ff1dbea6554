// The real market: CoinGecko's `/coins/markets`, page by page, kept as it came. Asks politely (paced,
// with waits that the server may prolong) and ends in good time, with an answer or a reason.
// Why the client's own retries are not used: docs/adr/0004-coingecko-client.md.

import { AppError } from "../domain/errors.ts";
import type {
  MarketRequest,
  MarketSource,
  PriceAnswer,
  PriceRequest,
  RawResponse,
  SourceIdentity,
} from "../domain/market.ts";
import { assertClockAgrees } from "./clock_check.ts";
import { firstPrice } from "./price_chart.ts";
import {
  CoinGeckoClient,
  type CoinGeckoSettings,
  type FailedPage,
  type GivenPage,
  type PageAnswer,
  type PageQuery,
  readSettings,
} from "./coingecko_client.ts";
import { readCoins } from "./response_body.ts";
import { type FailedTries, nextWaitMs, type RetryLimits } from "./retries.ts";

/** The most that the service gives in one page. */
const MAX_PER_PAGE = 250;
/** The free tier allows 30 requests a minute. */
const PACE_MS = 60_000 / 30;
const TIMEOUT_MS = 20_000;
/** The budget is of a whole fetch, so that an hourly schedule never waits into its next hour. */
const RETRY_LIMITS: RetryLimits = {
  maxTries: 5,
  firstWaitMs: 2_000,
  maxWaitMs: 16_000,
  budgetMs: 60_000,
};
const LATER = "try again later, or use --source simulated";

export interface CoinGeckoOptions {
  /** COINGECKO_BASE_URL, COINGECKO_PRO_API_KEY and COINGECKO_DEMO_API_KEY; all may be absent. */
  env: (name: string) => string | undefined;
  nowMs: () => number;
  /** Rejects with the signal's reason where it is aborted. Tests put their own here. */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Uniform in [0, 1), for the jitter of the waits. */
  random?: () => number;
  /** Of one try. */
  timeoutMs?: number;
}

/** What all pages of one fetch share. */
interface FetchJob {
  client: CoinGeckoClient;
  startMs: number;
  signal: AbortSignal | undefined;
  onWait: (message: string) => void;
}

/**
 * The market now. An answer holds the `numCoins` largest coins, rounded up to whole pages of equal
 * size; of several pages, the arrays are joined into one without touching their elements.
 */
export class CoinGecko implements MarketSource {
  /** One market, whatever the address: a stand-in and the service speak of the same coins. */
  readonly identity: SourceIdentity = { kind: "coingecko", key: "usd" };
  readonly name = "coingecko";
  readonly #settings: CoinGeckoSettings;
  readonly #nowMs: () => number;
  readonly #sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly #random: () => number;
  readonly #timeoutMs: number;
  /** When the latest request went out. */
  #askedMs = -Infinity;

  /** Asks nothing yet. Throws AppError `invalid` for settings that cannot be used. */
  constructor(options: CoinGeckoOptions) {
    this.#settings = readSettings(options.env);
    this.#nowMs = options.nowMs;
    this.#sleep = options.sleep ?? sleep;
    this.#random = options.random ?? Math.random;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /** Null: the market goes on. */
  extent(): Promise<null> {
    return Promise.resolve(null);
  }

  /**
   * Throws AppError `unavailable` when the service refuses, does not answer within the retries, or
   * answers with what is no array of coins; and the signal's reason where it is aborted.
   */
  async fetch(
    { numCoins, afterMs, signal, onWait = () => {} }: MarketRequest,
  ): Promise<RawResponse> {
    const job = await this.#startJob(signal, onWait);
    const { client } = job;
    const pageCount = Math.ceil(numCoins / MAX_PER_PAGE);
    const perPage = Math.ceil(numCoins / pageCount);
    const origin = client.urlOf(pageQuery(1, perPage));
    const context = { subject: `the answer of ${withoutQuery(origin)}`, advice: LATER };
    const pages: Uint8Array<ArrayBuffer>[] = [];
    const coins: unknown[] = [];
    let answeredMs: number | null = null;
    for (let page = 1; page <= pageCount; page++) {
      const { body, answeredAtMs } = await this.#getPage(job, pageQuery(page, perPage));
      if (page > 1 && isEmptyArray(body)) break;
      pages.push(body);
      answeredMs = answeredAtMs;
      const read = readCoins(body, context);
      coins.push(...read);
      // A page that is not full is the last one, whatever was asked for.
      if (read.length < perPage) break;
    }
    const marketAtMs = this.#nowMs();
    if (afterMs !== null && marketAtMs <= afterMs) throw clockBehind(marketAtMs, afterMs);
    assertClockAgrees(coins, { answeredMs, nowMs: marketAtMs });
    return {
      marketAtMs,
      body: joinArrays(pages),
      origin: pages.length === 1 ? origin : `${origin} (the first of ${pages.length} pages)`,
      labels: [],
    };
  }

  /**
   * The first price in the span, of `/coins/{id}/market_chart/range`: every five minutes on the day
   * after, hourly later. A coin that the service does not know has none. Throws as `fetch` does.
   */
  async lookUp(
    { coinId, fromMs, toMs, signal, onWait = () => {} }: PriceRequest,
  ): Promise<PriceAnswer> {
    const job = await this.#startJob(signal, onWait);
    if (/^\.{0,2}$/.test(coinId) || !coinId.isWellFormed()) {
      const origin = "not asked: no coin can have this id";
      return { body: new TextEncoder().encode("[]"), origin, found: null };
    }
    const origin = job.client.urlOfPrices(coinId);
    const { body } = await this.#askUntil(job, origin, async () => {
      const answer = await job.client.getPrices({ coinId, fromMs, toMs }, job.signal);
      // "coin not found" is an answer like any other, and kept like any other.
      const isUnknown = !answer.ok && answer.status === 404;
      if (!isUnknown) return answer;
      return { ok: true, body: new TextEncoder().encode(answer.body), answeredAtMs: null };
    });
    return { body, origin, found: firstPrice(body, { fromMs, toMs }, origin) };
  }

  async #startJob(
    signal: AbortSignal | undefined,
    onWait: (message: string) => void,
  ): Promise<FetchJob> {
    signal?.throwIfAborted();
    const client = await CoinGeckoClient.open(this.#settings, {
      nowMs: this.#nowMs,
      timeoutMs: this.#timeoutMs,
    });
    return { client, startMs: this.#nowMs(), signal, onWait };
  }

  #getPage(job: FetchJob, query: PageQuery): Promise<GivenPage> {
    const url = withoutQuery(job.client.urlOf(query));
    return this.#askUntil(job, url, () => job.client.getPage(query, job.signal));
  }

  /** Tries until there is an answer; throws `unavailable` when the tries are used up. */
  async #askUntil(
    job: FetchJob,
    url: string,
    ask: () => Promise<PageAnswer>,
  ): Promise<GivenPage> {
    for (let tries = 1;; tries++) {
      await this.#pace(job.signal);
      const answer = await ask();
      if (answer.ok) return answer;
      const failed: FailedTries = {
        tries,
        elapsedMs: this.#nowMs() - job.startMs,
        retryAfterMs: answer.retryAfterMs,
      };
      const waitMs = answer.isRetryable ? nextWaitMs(failed, RETRY_LIMITS, this.#random()) : null;
      if (waitMs === null) throw givenUp(answer, failed, { url, nowMs: this.#nowMs() });
      job.onWait(`found ${answer.found}; trying again in ${Math.ceil(waitMs / 1000)} s`);
      await this.#sleep(waitMs, job.signal);
    }
  }

  /** Keeps a distance between any two requests, but for a pro key, whose limit is out of reach. */
  async #pace(signal: AbortSignal | undefined): Promise<void> {
    if (this.#settings.proKey !== null) return;
    // At most one distance, or a clock that was set back would make it wait for hours.
    const waitMs = Math.min(this.#askedMs + PACE_MS - this.#nowMs(), PACE_MS);
    if (waitMs > 0) await this.#sleep(waitMs, signal);
    this.#askedMs = this.#nowMs();
  }
}

function givenUp(
  { found, status, isRetryable }: FailedPage,
  { tries, elapsedMs, retryAfterMs }: FailedTries,
  { url, nowMs }: { url: string; nowMs: number },
): AppError {
  const retryAt = retryAfterMs === null ? null : iso(nowMs + retryAfterMs);
  let end = "";
  if (isRetryable) {
    end = `; gave up after ${tries} ${tries === 1 ? "try" : "tries"} in ${seconds(elapsedMs)}`;
    if (retryAfterMs !== null && tries < RETRY_LIMITS.maxTries) {
      end += `, because it asks to wait ${seconds(retryAfterMs)} and a fetch may take ` +
        seconds(RETRY_LIMITS.budgetMs);
    }
  }
  return new AppError(
    "unavailable",
    `Cannot fetch ${url}: found ${found}, expected status 200 with a JSON array of coins${end}. ` +
      `Next: ${adviceFor(status, retryAt)}.`,
    { details: { status, tries, retry_at: retryAt } },
  );
}

function adviceFor(status: number | null, retryAt: string | null): string {
  if (retryAt !== null) return `try again after ${retryAt}, or use --source simulated`;
  if (status === 401 || status === 403) {
    return "check COINGECKO_DEMO_API_KEY or COINGECKO_PRO_API_KEY, of which neither is needed";
  }
  if (status === 429) return "try again later, or set COINGECKO_DEMO_API_KEY (keys are free)";
  // What the program asks for is fixed, so a request that is not understood went to the wrong place.
  if (status !== null && status < 500 && status !== 408) return "check COINGECKO_BASE_URL";
  return LATER;
}

function pageQuery(page: number, perPage: number): PageQuery {
  return {
    vs_currency: "usd",
    order: "market_cap_desc",
    per_page: perPage,
    page,
    sparkline: true,
    price_change_percentage: "1h,24h,7d,30d",
  };
}

/** For messages: what is asked for is always the same, and long. */
function withoutQuery(url: string): string {
  return url.split("?", 1)[0]!;
}

function isEmptyArray(body: Uint8Array): boolean {
  return body.length < 100 && /^\s*\[\s*\]\s*$/.test(new TextDecoder().decode(body));
}

/** JSON arrays as one, their elements verbatim. A single one stays as it is, to the byte. */
function joinArrays(arrays: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (arrays.length === 1) return arrays[0]!;
  const elements = arrays.map((array) => new TextDecoder().decode(array).trim().slice(1, -1));
  return new TextEncoder().encode(`[${elements.join(",")}]`);
}

function clockBehind(nowMs: number, afterMs: number): AppError {
  return new AppError(
    "unavailable",
    `Cannot date the market's answer: this computer's clock says ${iso(nowMs)}, expected a time ` +
      `after ${iso(afterMs)}, when the branch's newest data was taken. Next: set the clock right.`,
  );
}

/** A server may ask for any wait, also one that ends later than a Date can tell. */
function iso(ms: number): string {
  return new Date(Math.min(ms, 8.64e15)).toISOString();
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

/** Waits in real time; an aborted wait leaves neither a timer nor a listener behind. */
async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => reject(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}
