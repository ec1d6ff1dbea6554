// How sure a rate is when its cases hang together: hourly predictions of one coin overlap, and a bad day
// hits every coin. Behind precision and recall of outcomes.

import type { Rate } from "../domain/outcomes.ts";

interface Tally {
  n: number;
  successes: number;
}

/** A rate over cases that are added one by one; counted by coin, by day and by both, so that one pass over the cases is enough. */
export class ClusteredRate {
  readonly #total: Tally = { n: 0, successes: 0 };
  readonly #coins = new Map<string, Tally>();
  readonly #days = new Map<number, Tally>();
  readonly #both = new Map<string, Tally>();

  add(coin: string, day: number, isSuccess: boolean): void {
    const tallies = [
      this.#total,
      tallyOf(this.#coins, coin),
      tallyOf(this.#days, day),
      tallyOf(this.#both, `${day} ${coin}`),
    ];
    for (const tally of tallies) {
      tally.n++;
      if (isSuccess) tally.successes++;
    }
  }

  /** Adds the cases of another one, as if they had been added here one by one. */
  merge(other: ClusteredRate): void {
    join(this.#total, other.#total);
    joinAll(this.#coins, other.#coins);
    joinAll(this.#days, other.#days);
    joinAll(this.#both, other.#both);
  }

  /**
   * The share with a Wilson interval over the effective number of cases (Korn & Graubard 1998; Dean &
   * Pagano 2015): p(1 − p) over the variance that two-way clustering by coin and day gives. Where all
   * or no cases are successes that variance says nothing, and each coin's day counts as one case.
   *
   * @param days "sampled": they stand for other days. "given": it is of these very days that something
   *   is said, and only the coins are a sample; one day is enough then
   */
  rate(days: "sampled" | "given" = "sampled"): Rate {
    const { n, successes } = this.#total;
    if (n === 0) return { value: null, n, interval: null };
    const p = successes / n;
    const clusters = days === "given"
      ? this.#coins.size
      : Math.min(this.#coins.size, this.#days.size);
    if (clusters < 2) return { value: p, n, interval: null };
    const effective = p === 0 || p === 1
      ? this.#both.size
      : Math.min(n, p * (1 - p) / this.#variance(p, days));
    return { value: p, n, interval: wilson(p, effective, studentQuantile(clusters - 1)) };
  }

  #variance(p: number, days: "sampled" | "given"): number {
    const residuals = (tallies: ReadonlyMap<unknown, Tally>) =>
      [...tallies.values()].map(({ n, successes }) => successes - p * n);
    const variance = days === "given"
      ? oneWayVariance(residuals(this.#coins))
      : twoWayVariance([this.#coins, this.#days, this.#both].map(residuals));
    return variance / this.#total.n ** 2;
  }
}

function tallyOf<K>(tallies: Map<K, Tally>, key: K): Tally {
  let tally = tallies.get(key);
  if (tally === undefined) tallies.set(key, tally = { n: 0, successes: 0 });
  return tally;
}

function join(tally: Tally, { n, successes }: Tally): void {
  tally.n += n;
  tally.successes += successes;
}

function joinAll<K>(tallies: Map<K, Tally>, others: ReadonlyMap<K, Tally>): void {
  for (const [key, tally] of others) join(tallyOf(tallies, key), tally);
}

/**
 * Variance of a sum whose residuals are clustered two ways: V(coin) + V(day) − V(coin and day), each
 * with G / (G − 1); Cameron, Gelbach & Miller (2011). In small samples that may fall below what one way
 * alone gives, or below 0: then the largest of the single ones stands.
 *
 * @param clusterings sums of residuals by coin, by day, by both
 */
export function twoWayVariance(clusterings: readonly number[][]): number {
  const [byCoin, byDay, byBoth] = clusterings.map(oneWayVariance);
  return Math.max(byCoin! + byDay! - byBoth!, byCoin!, byDay!, byBoth!);
}

function oneWayVariance(residuals: readonly number[]): number {
  const count = residuals.length;
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  return count < 2 ? squares : squares * count / (count - 1);
}

/** Wilson's score interval (1927) for a share p of n cases, n need not be whole. */
function wilson(p: number, n: number, z: number): { low: number; high: number } {
  const weight = z ** 2 / n;
  const center = (p + weight / 2) / (1 + weight);
  const half = z / (1 + weight) * Math.sqrt(p * (1 - p) / n + weight / (4 * n));
  return { low: Math.max(0, center - half), high: Math.min(1, center + half) };
}

/** The 97.5 % quantile of Student's t: by bisection of its distribution function. */
export function studentQuantile(degrees: number): number {
  let low = 0;
  let high = 13;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentUpperTail(middle, degrees) > 0.025) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T > t) for whole degrees of freedom: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4. */
function studentUpperTail(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cos = Math.cos(angle);
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cos : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= cos ** 2 * (k - 1) / k;
    sum += term;
  }
  const central = isOdd ? 2 / Math.PI * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return (1 - central) / 2;
}
