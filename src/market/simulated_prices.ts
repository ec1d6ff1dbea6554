// The simulated market's course: hourly log prices and volumes of all coins, made in order and kept,
// so that an hour is the same however one came to it. Between the universe and the quotes.

import { Mt19937 } from "../random.ts";
import { EventSchedule, logPriceShift } from "./simulated_events.ts";
import {
  COIN_COUNT,
  drawUniverse,
  SECTOR_COUNT,
  type SimulatedCoin,
} from "./simulated_universe.ts";

/** Hours made before hour 0: the 30 days that a change looks back, and one for stale quotes. */
export const PRE_HISTORY_HOURS = 31 * 24;

/** Hourly standard deviations of the factors' log returns. */
const MARKET_VOLATILITY = 0.003;
const SECTOR_VOLATILITY = 0.002;

/** GARCH(1,1) of variance 1 (Bollerslev 1986): shocks come in clusters, with a memory of about a day. */
const GARCH_SHOCK = 0.08;
const GARCH_MEMORY = 0.88;

/** A shock's lasting part moves the anchor, the rest a gap to it that closes in about ten days. */
const LASTING_SHARE = 0.3;
const GAP_DECAY = 1 / (10 * 24);
/** The anchor itself comes back in about a season, so that no price is ever lost to zero. */
const ANCHOR_DECAY = 1 / (90 * 24);
/** A peg is defended within hours. */
const PEG_DECAY = 1 / 12;

const ACTIVITY_DECAY = 1 / 12;
/** Mean of |z| for a standard normal z; the activity of a calm market. */
const USUAL_ACTIVITY = Math.sqrt(2 / Math.PI);
/** Half the width of the hourly noise, which is even: a sum of two days of it is close to normal. */
const VOLUME_NOISE = 0.07;
const VOLUME_NOISE_DECAY = 1 / 48;

/** A record price and the hour in which it was made. */
export interface RecordPrice {
  logPrice: number;
  hour: number;
}

/** Standard shocks whose variance remembers the previous ones. */
class ClusteredShocks {
  readonly #variances: Float64Array;
  readonly #random: Mt19937;

  constructor(count: number, random: Mt19937) {
    this.#variances = new Float64Array(count).fill(1);
    this.#random = random;
  }

  next(i: number): number {
    const variance = this.#variances[i]!;
    const shock = Math.sqrt(variance) * this.#random.normal();
    this.#variances[i] = 1 - GARCH_SHOCK - GARCH_MEMORY + GARCH_SHOCK * shock * shock +
      GARCH_MEMORY * variance;
    return shock;
  }
}

/** Prices, volumes and events of a seed, grown as far as they were asked for. */
export class SimulatedPrices {
  readonly universe: readonly SimulatedCoin[];
  readonly events: EventSchedule;
  readonly #random: Mt19937;
  /** Shocks of the market, then of the sectors, then of the coins. */
  readonly #shocks: ClusteredShocks;
  readonly #factors = new Float64Array(1 + SECTOR_COUNT);
  readonly #anchors = new Float64Array(COIN_COUNT);
  readonly #gaps = new Float64Array(COIN_COUNT);
  readonly #activities = new Float64Array(COIN_COUNT).fill(USUAL_ACTIVITY);
  readonly #volumeNoise = new Float64Array(COIN_COUNT);
  /** Standard deviation of each coin's hourly log return, events apart. */
  readonly #deviations: Float64Array;
  /** Hour after hour from -PRE_HISTORY_HOURS, COIN_COUNT values each; longer than they are filled. */
  #logPrices = new Float64Array(2 * PRE_HISTORY_HOURS * COIN_COUNT);
  #logVolumes = new Float64Array(2 * PRE_HISTORY_HOURS * COIN_COUNT);
  #nextHour = -PRE_HISTORY_HOURS;
  /** Per coin, ever higher, and ever lower; the last one up to an hour is its record then. */
  readonly #highs: RecordPrice[][];
  readonly #lows: RecordPrice[][];

  /** @param seed integer in [0, 2³²) */
  constructor(seed: number) {
    const root = new Mt19937(seed);
    this.universe = drawUniverse(root);
    // Generators of their own: a longer event cannot change a price that it does not touch.
    this.events = new EventSchedule(this.universe, new Mt19937(root.uint32()), -PRE_HISTORY_HOURS);
    this.#random = new Mt19937(root.uint32());
    this.#shocks = new ClusteredShocks(this.#factors.length + COIN_COUNT, this.#random);
    this.#deviations = Float64Array.from(this.universe, hourlyDeviation);
    this.#highs = this.universe.map((coin) => [{ logPrice: coin.athLogPrice, hour: coin.athHour }]);
    this.#lows = this.universe.map((coin) => [{ logPrice: coin.atlLogPrice, hour: coin.atlHour }]);
    for (const coin of this.universe) this.#anchors[coin.index] = this.#settledAnchor(coin);
  }

  /** Makes every hour up to and including this one. About 50 µs an hour. */
  growTo(hour: number): void {
    while (this.#nextHour <= hour) this.#makeHour(this.#nextHour++);
  }

  /** Natural logarithm of the price in USD. The hour must have been made, as for all below. */
  logPrice(coin: number, hour: number): number {
    return this.#logPrices[offsetOf(hour) + coin]!;
  }

  /** Natural logarithm of the volume of 24 h in USD. */
  logVolume(coin: number, hour: number): number {
    return this.#logVolumes[offsetOf(hour) + coin]!;
  }

  /** The highest price ever, as of this hour. */
  allTimeHigh(coin: number, hour: number): RecordPrice {
    return this.#highs[coin]!.findLast((record) => record.hour <= hour)!;
  }

  /** The lowest price ever, as of this hour. */
  allTimeLow(coin: number, hour: number): RecordPrice {
    return this.#lows[coin]!.findLast((record) => record.hour <= hour)!;
  }

  #makeHour(hour: number): void {
    this.events.advance(hour);
    for (let i = 0; i < this.#factors.length; i++) {
      const volatility = i === 0 ? MARKET_VOLATILITY : SECTOR_VOLATILITY;
      this.#factors[i] = volatility * this.#shocks.next(i);
    }
    const offset = offsetOf(hour);
    if (offset === this.#logPrices.length) this.#doubleRoom();
    for (const coin of this.universe) {
      const i = coin.index;
      const event = this.events.at(i, hour);
      const logPrice = this.#nextCalmLogPrice(coin) + (event ? logPriceShift(event, hour) : 0);
      const change = offset === 0 ? 0 : logPrice - this.#logPrices[offset - COIN_COUNT + i]!;
      const washed = event?.kind === "wash_volume" ? event.logSize : 0;
      this.#logPrices[offset + i] = logPrice;
      this.#logVolumes[offset + i] = this.#nextLogVolume(coin, logPrice, change) + washed;
      const highs = this.#highs[i]!;
      const lows = this.#lows[i]!;
      if (logPrice > highs.at(-1)!.logPrice) highs.push({ logPrice, hour });
      if (logPrice < lows.at(-1)!.logPrice) lows.push({ logPrice, hour });
    }
  }

  #doubleRoom(): void {
    const length = 2 * this.#logPrices.length;
    const [logPrices, logVolumes] = [new Float64Array(length), new Float64Array(length)];
    logPrices.set(this.#logPrices);
    logVolumes.set(this.#logVolumes);
    this.#logPrices = logPrices;
    this.#logVolumes = logVolumes;
  }

  /** The price that the coin would have without an event. */
  #nextCalmLogPrice(coin: SimulatedCoin): number {
    const i = coin.index;
    const own = coin.volatility * this.#shocks.next(this.#factors.length + i);
    if (coin.isStable) {
      this.#gaps[i] = this.#gaps[i]! * (1 - PEG_DECAY) + own;
      return coin.logPrice + this.#gaps[i]!;
    }
    const shock = coin.marketBeta * this.#factors[0]! +
      coin.sectorBeta * this.#factors[1 + coin.sector]! + own;
    this.#anchors[i] = this.#anchors[i]! * (1 - ANCHOR_DECAY) + LASTING_SHARE * shock;
    this.#gaps[i] = this.#gaps[i]! * (1 - GAP_DECAY) + (1 - LASTING_SHARE) * shock;
    return coin.logPrice + this.#anchors[i]! + this.#gaps[i]!;
  }

  /** Volume follows the size of recent returns, those of events included. */
  #nextLogVolume(coin: SimulatedCoin, logPrice: number, change: number): number {
    const i = coin.index;
    const activity = this.#activities[i]! +
      ACTIVITY_DECAY * (Math.abs(change) / this.#deviations[i]! - this.#activities[i]!);
    const noise = this.#volumeNoise[i]! * (1 - VOLUME_NOISE_DECAY) +
      VOLUME_NOISE * (2 * this.#random.random() - 1);
    this.#activities[i] = activity;
    this.#volumeNoise[i] = noise;
    const usual = Math.log(coin.circulatingSupply) + logPrice + coin.logTurnover;
    return usual + noise + 0.7 * Math.log(0.3 + 0.7 * activity / USUAL_ACTIVITY);
  }

  /** An anchor as after endless time; the pre-history would be too short for it to settle. */
  #settledAnchor(coin: SimulatedCoin): number {
    if (coin.isStable) return 0;
    const deviation = LASTING_SHARE * this.#deviations[coin.index]! / Math.sqrt(2 * ANCHOR_DECAY);
    return deviation * this.#random.normal();
  }
}

/** Where the values of an hour begin. */
function offsetOf(hour: number): number {
  return (hour + PRE_HISTORY_HOURS) * COIN_COUNT;
}

function hourlyDeviation({ marketBeta, sectorBeta, volatility }: SimulatedCoin): number {
  return Math.hypot(marketBeta * MARKET_VOLATILITY, sectorBeta * SECTOR_VOLATILITY, volatility);
}
