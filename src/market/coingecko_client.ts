// The official CoinGecko client, set up so that an answer can be kept as it came: one try a call,
// nothing logged, no redirect followed, and the whole body read within the timeout and a size limit.

import type { Coingecko } from "@coingecko/coingecko-typescript";
import { AppError } from "../domain/errors.ts";
import { describeBody } from "./response_body.ts";
import { retryAfterMs } from "./retries.ts";

/** A page of 250 coins with sparklines is some 700 kB. */
const MAX_BODY_BYTES = 32 * 2 ** 20;
/** Statuses that another try may turn to good; 429 is the free tier's usual answer. */
const RETRYABLE_STATUSES: readonly number[] = [408, 425, 429, 500, 502, 503, 504, 520, 522, 524];
/** Statuses whose responses are built without a body. */
const NULL_BODY_STATUSES: readonly number[] = [204, 205, 304];

export interface CoinGeckoSettings {
  /** Null: the service's own address, which depends on the kind of key. */
  baseUrl: string | null;
  /** At most one of the two; the pro key goes first. Neither is needed. */
  proKey: string | null;
  demoKey: string | null;
}

/** The parameters of `/coins/markets` that a page is asked with. */
export interface PageQuery extends Record<string, unknown> {
  vs_currency: "usd";
  order: "market_cap_desc";
  per_page: number;
  page: number;
  sparkline: true;
  price_change_percentage: string;
}

/** A coin's id and a span of time, ms. */
export interface PriceSpan {
  coinId: string;
  fromMs: number;
  toMs: number;
}

/** What one try brought: a body with status 200, or why there is none. */
export type PageAnswer = GivenPage | FailedPage;

export interface GivenPage {
  ok: true;
  body: Uint8Array<ArrayBuffer>;
  /** When the server says that it answered, ms, by its own clock; null where it does not say. */
  answeredAtMs: number | null;
}

export interface FailedPage {
  ok: false;
  /** For a person; completes "found …". */
  found: string;
  /** Null where no response came. */
  status: number | null;
  /** What came with the status, keys blotted out; empty where no response came. */
  body: string;
  isRetryable: boolean;
  retryAfterMs: number | null;
}

type Env = (name: string) => string | undefined;

/** Reads the environment. Throws AppError `invalid`, which quotes no key, for what cannot be used. */
export function readSettings(env: Env): CoinGeckoSettings {
  const proKey = readKey(env, "COINGECKO_PRO_API_KEY");
  const demoKey = proKey === null ? readKey(env, "COINGECKO_DEMO_API_KEY") : null;
  return { baseUrl: readBaseUrl(env), proKey, demoKey };
}

function readKey(env: Env, name: string): string | null {
  const key = env(name)?.trim() ?? "";
  if (key === "") return null;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new AppError(
    "invalid",
    `Cannot use ${name}: it has blanks or characters that no key has. Next: copy the key again.`,
  );
}

/** Credentials or a query in the address would end up in origins and messages, so it has neither. */
function readBaseUrl(env: Env): string | null {
  const text = env("COINGECKO_BASE_URL")?.trim() ?? "";
  if (text === "") return null;
  const url = URL.parse(text);
  const isPlain = url !== null && /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === "";
  if (isPlain) return url.href.replace(/\/+$/, "");
  throw new AppError(
    "invalid",
    "Cannot use COINGECKO_BASE_URL: expected an http or https address without user name, query " +
      "or fragment, such as https://api.coingecko.com/api/v3.",
  );
}

/** Asks for pages of `/coins/markets`. The client library is loaded when the first one is opened. */
export class CoinGeckoClient {
  private constructor(
    private readonly client: Coingecko,
    /** The error classes, which hang on the client's class. */
    private readonly errors: typeof Coingecko,
    private readonly settings: CoinGeckoSettings,
    private readonly nowMs: () => number,
  ) {}

  /** @param timeoutMs of one try, from the connection to the body's last byte */
  static async open(
    settings: CoinGeckoSettings,
    { nowMs, timeoutMs }: { nowMs: () => number; timeoutMs: number },
  ): Promise<CoinGeckoClient> {
    const { Coingecko } = await import("@coingecko/coingecko-typescript");
    const { baseUrl, proKey, demoKey } = settings;
    const client = new Coingecko({
      // What is not given here, null included, the client would read from the environment itself.
      baseURL: baseUrl,
      ...(baseUrl === null ? { environment: proKey === null ? "demo" : "pro" } : {}),
      proAPIKey: proKey,
      demoAPIKey: demoKey,
      // The client refuses to ask without a key unless told that the header is left out on purpose.
      ...(proKey ?? demoKey ? {} : { defaultHeaders: { "x-cg-demo-api-key": null } }),
      timeout: timeoutMs,
      maxRetries: 0,
      logLevel: "off",
      fetch: fetchWhole,
    });
    return new CoinGeckoClient(client, Coingecko, settings, nowMs);
  }

  /** Where a page is asked for, for a person. Keys are headers and so not part of it. */
  urlOf(query: PageQuery): string {
    return this.client.buildURL("/coins/markets", query);
  }

  /** Where a coin's prices are asked for, for a person. */
  urlOfPrices(coinId: string): string {
    return this.client.buildURL(`/coins/${encodeURIComponent(coinId)}/market_chart/range`, null);
  }

  /** One try at a page of coins. Throws only the signal's reason, where it is aborted. */
  getPage(query: PageQuery, signal?: AbortSignal): Promise<PageAnswer> {
    return this.#try((options) => this.client.coins.markets.get(query, options), signal);
  }

  /** One try at a coin's prices in a span of time. Throws as `getPage` does. */
  getPrices({ coinId, fromMs, toMs }: PriceSpan, signal?: AbortSignal): Promise<PageAnswer> {
    const query = {
      vs_currency: "usd",
      // Whole seconds around the span.
      from: String(Math.floor(fromMs / 1000)),
      to: String(Math.ceil(toMs / 1000)),
    };
    return this.#try(
      (options) => this.client.coins.marketChart.getRange(coinId, query, options),
      signal,
    );
  }

  async #try(
    ask: (options: { signal?: AbortSignal }) => { asResponse(): Promise<Response> },
    signal?: AbortSignal,
  ): Promise<PageAnswer> {
    signal?.throwIfAborted();
    try {
      const response = await ask(signal ? { signal } : {}).asResponse();
      const body = new Uint8Array(await response.arrayBuffer());
      const answeredAtMs = Date.parse(response.headers.get("date") ?? "");
      return { ok: true, body, answeredAtMs: Number.isNaN(answeredAtMs) ? null : answeredAtMs };
    } catch (error) {
      signal?.throwIfAborted();
      return this.#failure(error);
    }
  }

  #failure(error: unknown): FailedPage {
    const { APIError, APIConnectionTimeoutError } = this.errors;
    if (error instanceof APIError && error.status !== undefined) {
      return this.#refusal(error.status, error.message, error.headers ?? new Headers());
    }
    const cause = error instanceof Error ? error.cause ?? error : error;
    const isTimeout = error instanceof APIConnectionTimeoutError;
    const found = isTimeout ? `no answer within ${this.client.timeout / 1000} s` : messageOf(cause);
    const isRetryable = !(cause instanceof BodyTooLarge);
    return {
      ok: false,
      found: this.#redact(found),
      status: null,
      body: "",
      isRetryable,
      retryAfterMs: null,
    };
  }

  #refusal(status: number, message: string, headers: Headers): FailedPage {
    const location = headers.get("location");
    // The client puts the status in front of the body that came with it.
    const body = message.replace(new RegExp(`^${status} `), "");
    const what = status >= 300 && status < 400 && location !== null
      ? `a redirect to ${URL.parse(location, this.client.baseURL)?.host ?? "nowhere"}`
      : describeBody(body);
    return {
      ok: false,
      found: this.#redact(`status ${status}, ${what}`),
      status,
      body: this.#redact(body),
      isRetryable: RETRYABLE_STATUSES.includes(status),
      retryAfterMs: retryAfterMs(headers.get("retry-after"), this.nowMs()),
    };
  }

  /** A server may echo the key that it does not like. */
  #redact(text: string): string {
    const key = this.settings.proKey ?? this.settings.demoKey;
    return key === null ? text : text.replaceAll(key, "(key)");
  }
}

class BodyTooLarge extends Error {}

/**
 * `fetch` that is done when the body is: the client stops its timeout at the headers. A redirect is
 * given back as it is, because the key would travel along to wherever it points.
 */
async function fetchWhole(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, { ...init, redirect: "manual" });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let byteLength = 0;
  for await (const chunk of response.body ?? []) {
    byteLength += chunk.length;
    if (byteLength > MAX_BODY_BYTES) {
      throw new BodyTooLarge(`an answer of more than ${MAX_BODY_BYTES / 2 ** 20} MiB`);
    }
    chunks.push(chunk);
  }
  const { status, headers } = response;
  const body = NULL_BODY_STATUSES.includes(status) ? null : new Blob(chunks);
  return new Response(body, { status, headers });
}

/** With the causes, which say more than a mere "fetch failed". */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
