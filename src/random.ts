// Seeded randomness: the generators of numpy and scikit-learn, number for number, so that a model or a
// simulated market made here can be compared with theirs. Used by the simulator and the estimators.

const STATE_LENGTH = 624;
const STATE_SHIFT = 397;
/** Words of a round that depend on the round before alone; the others depend on these. */
const FIRST_WORDS = STATE_LENGTH - STATE_SHIFT;
/** Words that are made at first: a tree of a forest is seeded for one or two. */
const FEW_WORDS = 8;
const UPPER_BIT = 0x80000000;
const LOWER_BITS = 0x7fffffff;
const TWIST = 0x9908b0df;
const TWO_POW_26 = 67108864;
const TWO_POW_53 = 9007199254740992;
const UINT32_COUNT = 4294967296;

/** The next state word from two neighbouring words and the one `STATE_SHIFT` further on. */
function twist(shifted: number, current: number, next: number): number {
  const mixed = (current & UPPER_BIT) | (next & LOWER_BITS);
  return shifted ^ (mixed >>> 1) ^ (-(mixed & 1) & TWIST);
}

/** The number handed out for a state word, as a 32-bit integer with sign. */
function temper(stateWord: number): number {
  let word = stateWord;
  word ^= word >>> 11;
  word ^= (word << 7) & 0x9d2c5680;
  word ^= (word << 15) & 0xefc60000;
  return word ^ (word >>> 18);
}

/**
 * The Mersenne Twister as `numpy.random.RandomState(seed)` runs it: the same seed and the same calls
 * give the same numbers. Source: Matsumoto & Nishimura (1998), numpy's legacy seeding and sampling.
 */
export class Mt19937 {
  readonly #state = new Uint32Array(STATE_LENGTH);
  /** The next word to hand out, and how many words of this round there are. */
  #position = 0;
  #readyCount = 0;
  /** numpy's polar method makes normals in pairs; this is the one not yet handed out. */
  #spareNormal: number | null = null;

  /** @param seed integer in [0, 2³²); others are a RangeError, as in numpy */
  constructor(seed: number) {
    this.seed(seed);
  }

  /** Begins anew, as a new generator of this seed, in the memory that it has (numpy's legacy seeding). */
  seed(seed: number): void {
    if (!Number.isInteger(seed) || seed < 0 || seed >= UINT32_COUNT) {
      throw new RangeError(`Cannot seed Mt19937 with ${seed}: expected an integer in [0, 2^32)`);
    }
    let word = seed | 0;
    for (let i = 0; i < STATE_LENGTH; i++) {
      this.#state[i] = word;
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i + 1) | 0;
    }
    this.#position = 0;
    this.#readyCount = 0;
    this.#spareNormal = null;
  }

  /** From here on draws what the other is going to draw. */
  copy(other: Mt19937): void {
    this.#state.set(other.#state);
    this.#position = other.#position;
    this.#readyCount = other.#readyCount;
    this.#spareNormal = other.#spareNormal;
  }

  /** A uniform integer in [0, 2³²). */
  uint32(): number {
    if (this.#position === this.#readyCount) this.#makeReady();
    return temper(this.#state[this.#position++]!) >>> 0;
  }

  /**
   * A uniform integer in [0, max], max < 2³². Draws are cut to the bits of `max` and rejected above
   * it, which is what numpy does; a remainder would be faster and would give other numbers.
   */
  interval(max: number): number {
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    let value: number;
    do value = (this.uint32() & mask) >>> 0; while (value > max);
    return value;
  }

  /** A uniform integer in [0, high), as `RandomState.randint(high)`; 1 ≤ high ≤ 2³². */
  randint(high: number): number {
    return this.interval(high - 1);
  }

  /** A uniform double in [0, 1) with 53 random bits, as `RandomState.random_sample()`. */
  random(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * TWO_POW_26 + low) / TWO_POW_53;
  }

  /**
   * A standard normal, as `RandomState.standard_normal()` (Marsaglia's polar method). The sequence of
   * draws is numpy's exactly; a value may differ in the last bit where the two `log` do.
   */
  normal(): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal;
      this.#spareNormal = null;
      return spare;
    }
    let x: number, y: number, squaredRadius: number;
    do {
      x = 2 * this.random() - 1;
      y = 2 * this.random() - 1;
      squaredRadius = x * x + y * y;
    } while (squaredRadius >= 1 || squaredRadius === 0);
    const factor = Math.sqrt(-2 * Math.log(squaredRadius) / squaredRadius);
    this.#spareNormal = factor * x;
    return factor * y;
  }

  /** The integers 0 … n − 1 in random order, as `RandomState.permutation(n)`. */
  permutation(n: number): Int32Array {
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    const places = new Int32Array(n);
    this.drawPlaces(places);
    for (let i = n - 1; i > 0; i--) {
      const j = places[i]!;
      const swapped = order[i]!;
      order[i] = order[j]!;
      order[j] = swapped;
    }
    return order;
  }

  /**
   * What a permutation of as many integers draws: `places[i]` is `interval(i)`, for i from the last to 1
   * in this order, with which i changes places. Half the words are refused or not as if by the toss of
   * a coin, which no processor foretells: so each is written, and the next overwrites it unless i went on.
   */
  drawPlaces(places: Int32Array): void {
    const state = this.#state;
    let i = places.length - 1;
    while (i > 0) {
      if (this.#position === this.#readyCount) this.#makeReady();
      const mask = 0xffffffff >>> Math.clz32(i);
      const lowest = (mask >>> 1) + 1;
      let position = this.#position;
      for (const end = this.#readyCount; position < end && i >= lowest; position++) {
        const value = temper(state[position]!) & mask;
        places[i] = value;
        // The sign bit of value − i − 1: 1 where value ≤ i.
        i -= (value - i - 1) >>> 31;
      }
      this.#position = position;
    }
  }

  /** Makes the next words of the round, or a few of a new one, for who draws few. */
  #makeReady(): void {
    const state = this.#state;
    const start = this.#readyCount % STATE_LENGTH;
    if (start === 0) this.#position = 0;
    if (start < FIRST_WORDS) {
      this.#readyCount = start === 0 ? FEW_WORDS : FIRST_WORDS;
      for (let i = start; i < this.#readyCount; i++) {
        state[i] = twist(state[i + STATE_SHIFT]!, state[i]!, state[i + 1]!);
      }
      return;
    }
    for (let i = FIRST_WORDS; i < STATE_LENGTH - 1; i++) {
      state[i] = twist(state[i - FIRST_WORDS]!, state[i]!, state[i + 1]!);
    }
    const last = STATE_LENGTH - 1;
    state[last] = twist(state[last - FIRST_WORDS]!, state[last]!, state[0]!);
    this.#readyCount = STATE_LENGTH;
  }
}

/**
 * Marsaglia's 32-bit xorshift with shifts 13, 17, 5: the generator that scikit-learn's tree splitter
 * draws features and thresholds from (`our_rand_r`).
 */
export class XorShift32 {
  /** Largest value of `next()`. */
  static readonly MAX = 0x7fffffff;
  #state = 1;

  /** @param seed integer in [0, 2³²); 0, the generator's fixed point, stands for 1. */
  constructor(seed: number) {
    this.seed(seed);
  }

  /** Begins anew, as a new generator of this seed. */
  seed(seed: number): void {
    this.#state = seed === 0 ? 1 : seed;
  }

  /** A uniform integer in [0, 2³¹). */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state & XorShift32.MAX;
  }
}
