// The simulated market: a MarketSource without a network, the same for a seed wherever it runs, whose
// anomalies are known because it injected them. It answers in the JSON of `/coins/markets`.

import { AppError } from "../domain/errors.ts";
import type {
  MarketLabel,
  MarketRequest,
  MarketSource,
  PriceAnswer,
  PriceRequest,
  RawResponse,
} from "../domain/market.ts";
import type { SimulatedEvent } from "./simulated_events.ts";
import { SimulatedPrices } from "./simulated_prices.ts";
import { hourAfter, hourToMs, QuoteWriter, roundPrice } from "./simulated_quotes.ts";

/** Five years: every hour is kept in memory, some 4 kB of it. */
const MAX_HOUR = 5 * 365 * 24;

export interface SimulatorOptions {
  /** Integer in [0, 2³²); another is a RangeError. */
  seed: number;
}

/** A coin among the requested ones, and what befalls it in this hour. */
interface RankedCoin {
  coin: number;
  /** When its quote was made; before now where it is stale. */
  quoteHour: number;
  marketCap: number;
  event: SimulatedEvent | null;
}

/**
 * An hourly market that begins at 2024-01-01T00:00:00Z, with 30 days of history behind it. An hour
 * depends on the seed alone, not on the hours that were fetched before it.
 *
 * An answer holds the `numCoins` largest coins of its hour (at most 250), by descending market cap,
 * less those whose quote is missing. Its labels speak of these `numCoins`, the missing among them;
 * `startMs` and `endMs` are the first and the last hour that the event touches.
 */
export class Simulator implements MarketSource {
  readonly identity: { kind: "simulated"; key: string };
  readonly name = "simulated";
  readonly #seed: number;
  readonly #prices: SimulatedPrices;
  readonly #quotes: QuoteWriter;

  constructor({ seed }: SimulatorOptions) {
    this.identity = { kind: "simulated", key: String(seed) };
    this.#seed = seed;
    this.#prices = new SimulatedPrices(seed);
    this.#quotes = new QuoteWriter(this.#prices);
  }

  /** Null: its end, MAX_HOUR, is a limit of memory and not of a story. */
  extent(): Promise<null> {
    return Promise.resolve(null);
  }

  /**
   * The first full hour after `afterMs`. Throws AppError `not_found` after MAX_HOUR hours, and the
   * signal's reason where it is aborted.
   */
  fetch({ numCoins, afterMs, signal }: MarketRequest): Promise<RawResponse> {
    return Promise.try(() => {
      signal?.throwIfAborted();
      return this.#answer(hourAfter(afterMs), numCoins);
    });
  }

  /** The price in the first full hour of the span, also where the quotes of that hour lack the coin. */
  lookUp({ coinId, fromMs, toMs, signal }: PriceRequest): Promise<PriceAnswer> {
    return Promise.try(() => {
      signal?.throwIfAborted();
      const hour = hourAfter(fromMs - 1);
      const origin = `simulated hour ${hour} (seed ${this.#seed})`;
      const coin = this.#prices.universe.find(({ id }) => id === coinId);
      const atMs = hourToMs(hour);
      if (coin === undefined || atMs > toMs || hour > MAX_HOUR) {
        return { body: new TextEncoder().encode("[]"), origin, found: null };
      }
      this.#prices.growTo(hour);
      const price = roundPrice(Math.exp(this.#prices.logPrice(coin.index, hour)));
      const text = JSON.stringify({ id: coinId, prices: [[atMs, price]] });
      return { body: new TextEncoder().encode(text), origin, found: { price, atMs } };
    });
  }

  #answer(hour: number, numCoins: number): RawResponse {
    if (hour > MAX_HOUR) throw beyondEnd(hour);
    this.#prices.growTo(hour);
    const coins = this.#ranked(hour).slice(0, numCoins);
    const quotes: string[] = [];
    coins.forEach(({ coin, quoteHour, event }, i) => {
      const isMissing = event?.kind === "missing_quote";
      if (isMissing && event.isAbsent) return;
      const quote = { coin, hour: quoteHour, rank: i + 1, hasChanges: !isMissing };
      quotes.push(this.#quotes.write(quote));
    });
    return {
      marketAtMs: hourToMs(hour),
      body: new TextEncoder().encode(`[${quotes.join(",")}]`),
      origin: `simulated hour ${hour} (seed ${this.#seed})`,
      labels: coins.flatMap(({ event }) => event === null ? [] : [this.#label(event)]),
    };
  }

  /** All coins by descending market cap, as quoted in this hour. */
  #ranked(hour: number): RankedCoin[] {
    const coins = this.#prices.universe.map(({ index }) => {
      const event = this.#prices.events.at(index, hour);
      const quoteHour = event?.kind === "stale_quote" ? event.startHour - 1 : hour;
      const marketCap = this.#quotes.marketCap(index, quoteHour);
      return { coin: index, quoteHour, marketCap, event };
    });
    return coins.sort((a, b) => b.marketCap - a.marketCap);
  }

  #label({ coin, kind, startHour, endHour }: SimulatedEvent): MarketLabel {
    return {
      coinId: this.#prices.universe[coin]!.id,
      kind,
      startMs: hourToMs(startHour),
      endMs: hourToMs(endHour),
    };
  }
}

function beyondEnd(hour: number): AppError {
  return new AppError(
    "not_found",
    `Cannot fetch simulated hour ${hour}: expected at most hour ${MAX_HOUR}, ` +
      `${new Date(hourToMs(MAX_HOUR)).toISOString()}, where the simulated market ends. ` +
      `Next: start a new branch.`,
  );
}
