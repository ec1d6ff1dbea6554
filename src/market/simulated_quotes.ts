// What the simulated market says of a coin in an hour: one object of `/coins/markets`, as JSON text.
// Everything in it is read off the same price history, so that its numbers agree with one another.

import { HOUR_MS } from "../domain/time.ts";
import type { SimulatedPrices } from "./simulated_prices.ts";
import { COIN_COUNT } from "./simulated_universe.ts";

const START_MS = Date.UTC(2024, 0, 1);
const DAY_HOURS = 24;
const WEEK_HOURS = 7 * DAY_HOURS;
const MONTH_HOURS = 30 * DAY_HOURS;
/** CoinGecko's sparkline: hourly, seven days. */
const SPARKLINE_POINTS = WEEK_HOURS;

/** The instant of an hour of the simulation, in ms since the epoch. */
export function hourToMs(hour: number): number {
  return START_MS + hour * HOUR_MS;
}

/** The first hour of the simulation after an instant; hour 0 before there was any. */
export function hourAfter(afterMs: number | null): number {
  if (afterMs === null || afterMs < START_MS) return 0;
  return Math.floor((afterMs - START_MS) / HOUR_MS) + 1;
}

export interface QuoteRequest {
  coin: number;
  /** When the quote was made; earlier than now where it is stale. */
  hour: number;
  /** By market cap, from 1. */
  rank: number;
  /** False where the changes over 1 h, 24 h and 7 d are not known. */
  hasChanges: boolean;
}

/** Writes quotes of hours that have been made. */
export class QuoteWriter {
  readonly #prices: SimulatedPrices;
  readonly #sparklines: Sparkline[];

  constructor(prices: SimulatedPrices) {
    this.#prices = prices;
    this.#sparklines = Array.from({ length: COIN_COUNT }, (_, coin) => new Sparkline(prices, coin));
  }

  /** The market cap in USD that a quote of this hour states. */
  marketCap(coin: number, hour: number): number {
    const { circulatingSupply } = this.#prices.universe[coin]!;
    return circulatingSupply * Math.exp(this.#prices.logPrice(coin, hour));
  }

  /** One object of `/coins/markets`, in its order of keys. */
  write({ coin, hour, rank, hasChanges }: QuoteRequest): string {
    const prices = this.#prices;
    const { id, symbol, name, circulatingSupply, maxSupply } = prices.universe[coin]!;
    const logPrice = prices.logPrice(coin, hour);
    const price = Math.exp(logPrice);
    const dayAgo = Math.exp(prices.logPrice(coin, hour - DAY_HOURS));
    const range = this.#dayRange(coin, hour);
    const high = prices.allTimeHigh(coin, hour);
    const low = prices.allTimeLow(coin, hour);
    const change = (hours: number) => changePct(logPrice, prices.logPrice(coin, hour - hours));
    const known = (pct: number) => hasChanges ? pct : null;
    const head = JSON.stringify({
      id,
      symbol,
      name,
      image: null,
      current_price: roundPrice(price),
      market_cap: Math.round(price * circulatingSupply),
      market_cap_rank: rank,
      fully_diluted_valuation: maxSupply === null ? null : Math.round(price * maxSupply),
      total_volume: Math.round(Math.exp(prices.logVolume(coin, hour))),
      high_24h: roundPrice(Math.exp(range.high)),
      low_24h: roundPrice(Math.exp(range.low)),
      price_change_24h: known(roundPrice(price - dayAgo)),
      price_change_percentage_24h: known(change(DAY_HOURS)),
      market_cap_change_24h: known(Math.round((price - dayAgo) * circulatingSupply)),
      market_cap_change_percentage_24h: known(change(DAY_HOURS)),
      circulating_supply: circulatingSupply,
      total_supply: maxSupply ?? circulatingSupply,
      max_supply: maxSupply,
      ath: roundPrice(Math.exp(high.logPrice)),
      ath_change_percentage: changePct(logPrice, high.logPrice),
      ath_date: hourToText(high.hour),
      atl: roundPrice(Math.exp(low.logPrice)),
      atl_change_percentage: changePct(logPrice, low.logPrice),
      atl_date: hourToText(low.hour),
      roi: null,
      last_updated: hourToText(hour),
      price_change_percentage_1h_in_currency: known(change(1)),
      price_change_percentage_24h_in_currency: known(change(DAY_HOURS)),
      price_change_percentage_7d_in_currency: known(change(WEEK_HOURS)),
      price_change_percentage_30d_in_currency: change(MONTH_HOURS),
    });
    return `${head.slice(0, -1)},"sparkline_in_7d":{"price":[${
      this.#sparklines[coin]!.textAt(hour)
    }]}}`;
  }

  #dayRange(coin: number, hour: number): { high: number; low: number } {
    let high = -Infinity;
    let low = Infinity;
    for (let h = hour - DAY_HOURS; h <= hour; h++) {
      const logPrice = this.#prices.logPrice(coin, h);
      high = Math.max(high, logPrice);
      low = Math.min(low, logPrice);
    }
    return { high, low };
  }
}

/**
 * One coin's hourly prices of the last week as JSON text. The texts of single prices are kept, and an
 * hour later only the newest is formatted: the sparklines are nine tenths of a response.
 */
class Sparkline {
  readonly #prices: SimulatedPrices;
  readonly #coin: number;
  readonly #texts: string[] = [];
  /** Hour of the last text; far in the past where there is none. */
  #hour = -Infinity;

  constructor(prices: SimulatedPrices, coin: number) {
    this.#prices = prices;
    this.#coin = coin;
  }

  /** The SPARKLINE_POINTS prices up to and including this hour's, oldest first. */
  textAt(hour: number): string {
    const oldest = hour - SPARKLINE_POINTS + 1;
    // Looking back is rare: it starts afresh.
    if (hour < this.#hour || oldest > this.#hour) this.#texts.length = 0;
    const from = this.#texts.length === 0 ? oldest : this.#hour + 1;
    for (let h = from; h <= hour; h++) {
      this.#texts.push(String(roundPrice(Math.exp(this.#prices.logPrice(this.#coin, h)))));
    }
    this.#texts.splice(0, this.#texts.length - SPARKLINE_POINTS);
    this.#hour = hour;
    return this.#texts.join(",");
  }
}

function hourToText(hour: number): string {
  return new Date(hourToMs(hour)).toISOString();
}

/** Six significant digits, about what the real market gives. */
export function roundPrice(price: number): number {
  return Number(price.toPrecision(6));
}

/** The change from one log price to another, in percent with five decimals. */
function changePct(logPrice: number, logPriceBefore: number): number {
  return Math.round(Math.expm1(logPrice - logPriceBefore) * 100 * 1e5) / 1e5;
}
