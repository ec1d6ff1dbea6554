// What goes wrong in the simulated market, and when: a schedule drawn from the seed alone. Prices and
// quotes are bent by these events, and labels are made of them, so neither can miss the other.

import type { EventKind } from "../domain/market.ts";
import type { Mt19937 } from "../random.ts";
import { COIN_COUNT, type SimulatedCoin, TIER_SIZE } from "./simulated_universe.ts";

/** One injected anomaly. Hours are counted from the simulation's hour 0, both ends inclusive. */
export interface SimulatedEvent {
  coin: number;
  kind: EventKind;
  startHour: number;
  endHour: number;
  /** Hours until it is at its worst; 0 where it has no course. */
  rampHours: number;
  /** Its logarithmic size at its worst: of the price, or of the volume where the kind is wash. */
  logSize: number;
  /** Of a missing quote: whether the coin is left out, or only its changes are null. */
  isAbsent: boolean;
}

/** How a kind comes about. Ranges are drawn from evenly, both ends included. */
interface EventPattern {
  kind: EventKind;
  /** Mean time between two events of the kind in a tier. */
  hoursBetween: number;
  hours: readonly [number, number];
  rampHours: readonly [number, number];
  /** The factor on price or volume at its worst; drawn evenly on the logarithmic scale. */
  factor: readonly [number, number];
  strikes: (coin: SimulatedCoin) => boolean;
}

const isFloating = (coin: SimulatedCoin) => !coin.isStable;
const isStable = (coin: SimulatedCoin) => coin.isStable;
const isAny = () => true;

/**
 * With these, some 5 % of coin-hours are abnormal among the largest 100 coins, and every kind strikes
 * them about three times in two days. A crash takes hours to unfold, so that its beginning can warn.
 */
const PATTERNS: readonly EventPattern[] = [
  {
    kind: "pump",
    hoursBetween: 36,
    hours: [14, 26],
    rampHours: [2, 5],
    factor: [1.25, 1.8],
    strikes: isFloating,
  },
  {
    kind: "crash",
    hoursBetween: 40,
    hours: [36, 60],
    rampHours: [4, 12],
    factor: [0.4, 0.8],
    strikes: isFloating,
  },
  {
    kind: "depeg",
    hoursBetween: 32,
    hours: [8, 16],
    rampHours: [1, 3],
    factor: [0.85, 0.97],
    strikes: isStable,
  },
  {
    kind: "wash_volume",
    hoursBetween: 32,
    hours: [4, 12],
    rampHours: [0, 0],
    factor: [8, 40],
    strikes: isFloating,
  },
  {
    kind: "stale_quote",
    hoursBetween: 32,
    hours: [4, 12],
    rampHours: [0, 0],
    factor: [1, 1],
    strikes: isAny,
  },
  {
    kind: "missing_quote",
    hoursBetween: 32,
    hours: [2, 6],
    rampHours: [0, 0],
    factor: [1, 1],
    strikes: isAny,
  },
];

/** After an event a coin is spared for a day, so that no two events share a coin's hour. */
const REST_HOURS = 24;

/** When a pattern next strikes a tier. */
interface Arrival {
  pattern: EventPattern;
  candidates: readonly SimulatedCoin[];
  nextHour: number;
}

/**
 * The events of a seed, drawn hour by hour. Each kind comes to each tier by a renewal process of its
 * own, the time between two events being even on half to one and a half of the mean: as good as
 * memoryless for a detector, yet no kind stays away for long and the market's rate of events is steady.
 */
export class EventSchedule {
  readonly #random: Mt19937;
  readonly #arrivals: Arrival[] = [];
  /** Per coin, by time. */
  readonly #events: SimulatedEvent[][] = Array.from({ length: COIN_COUNT }, () => []);

  /** @param firstHour the hour that `advance` will be called with first */
  constructor(universe: readonly SimulatedCoin[], random: Mt19937, firstHour: number) {
    this.#random = random;
    for (let from = 0; from < COIN_COUNT; from += TIER_SIZE) {
      const tier = universe.slice(from, from + TIER_SIZE);
      for (const pattern of PATTERNS) {
        const candidates = tier.filter(pattern.strikes);
        if (candidates.length === 0) continue;
        const nextHour = firstHour + Math.floor(pattern.hoursBetween * random.random());
        this.#arrivals.push({ pattern, candidates, nextHour });
      }
    }
  }

  /** Draws the events that start in this hour. To be called once for every hour, in order. */
  advance(hour: number): void {
    for (const arrival of this.#arrivals) {
      if (arrival.nextHour > hour) continue;
      const free = arrival.candidates.filter(({ index }) => this.#isRested(index, hour));
      // With every candidate taken the event waits for the next hour.
      if (free.length === 0) continue;
      const coin = free[this.#random.randint(free.length)]!.index;
      this.#events[coin]!.push(this.#draw(arrival.pattern, coin, hour));
      const wait = arrival.pattern.hoursBetween * (0.5 + this.#random.random());
      arrival.nextHour = hour + Math.max(1, Math.round(wait));
    }
  }

  /** The event that touches the coin in this hour, which must have been drawn; at most one does. */
  at(coin: number, hour: number): SimulatedEvent | null {
    const events = this.#events[coin]!;
    for (let k = events.length - 1; k >= 0; k--) {
      const event = events[k]!;
      if (event.endHour < hour) return null;
      if (event.startHour <= hour) return event;
    }
    return null;
  }

  #isRested(coin: number, hour: number): boolean {
    const last = this.#events[coin]!.at(-1);
    return last === undefined || last.endHour + REST_HOURS < hour;
  }

  #draw(pattern: EventPattern, coin: number, hour: number): SimulatedEvent {
    const whole = ([low, high]: readonly [number, number]) =>
      low + this.#random.randint(high - low + 1);
    const [low, high] = pattern.factor;
    return {
      coin,
      kind: pattern.kind,
      startHour: hour,
      endHour: hour + whole(pattern.hours) - 1,
      rampHours: whole(pattern.rampHours),
      logSize: Math.log(low) + (Math.log(high) - Math.log(low)) * this.#random.random(),
      isAbsent: this.#random.random() < 0.5,
    };
  }
}

/**
 * What an event adds to the logarithm of the price in an hour: straight to its size over the ramp,
 * then back along a parabola that ends flat, so that the hour after the event shows no step.
 */
export function logPriceShift(event: SimulatedEvent, hour: number): number {
  if (event.rampHours === 0) return 0;
  const elapsed = hour - event.startHour + 1;
  if (elapsed <= event.rampHours) return event.logSize * elapsed / event.rampHours;
  const recoveryHours = event.endHour - event.startHour + 2 - event.rampHours;
  return event.logSize * (1 - (elapsed - event.rampHours) / recoveryHours) ** 2;
}
