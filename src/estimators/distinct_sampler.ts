// Some distinct integers of many, as `sklearn.utils.random.sample_without_replacement` draws them. It
// chooses among three methods by the share that is drawn; each consumes the generator differently.

import type { Mt19937 } from "../random.ts";

/** Draws `k` distinct integers of [0, n), again and again in the same memory. */
export class DistinctSampler {
  readonly #n: number;
  readonly #drawn: Int32Array;
  readonly #method: "tracking" | "permutation" | "reservoir";
  /** Tracking: an open hash table of what was drawn, by the low bits; −1 where there is nothing. */
  readonly #seen: Int32Array;
  /** Permutation: see `Mt19937.drawPlaces`. */
  readonly #places: Int32Array;
  /** Permutation: which places end among the first k; elsewhere 0. */
  readonly #marks: Uint8Array;

  /** @param k in [1, n] */
  constructor(n: number, k: number) {
    const share = k / n;
    this.#n = n;
    this.#drawn = new Int32Array(k);
    if (share > 0.01 && share < 0.99) this.#method = "permutation";
    else this.#method = share < 0.2 ? "tracking" : "reservoir";
    this.#seen = new Int32Array(this.#method === "tracking" ? 2 ** Math.ceil(Math.log2(4 * k)) : 0);
    this.#places = new Int32Array(this.#method === "permutation" ? n : 0);
    this.#marks = new Uint8Array(this.#places.length);
  }

  /** In the order of scikit-learn; good until the next draw. */
  draw(random: Mt19937): Int32Array {
    if (this.#method === "permutation") {
      return random.permutation(this.#n).slice(0, this.#drawn.length);
    }
    return this.#method === "tracking" ? this.#track(random) : this.#replace(random);
  }

  /** The same numbers, ascending; good until the next draw. */
  drawAscending(random: Mt19937): Int32Array {
    return this.#method === "permutation" ? this.#trace(random) : this.draw(random).sort();
  }

  /** For few of many: draw again whatever was drawn before. */
  #track(random: Mt19937): Int32Array {
    const drawn = this.#drawn;
    const seen = this.#seen.fill(-1);
    const lowBits = seen.length - 1;
    for (let count = 0; count < drawn.length;) {
      const value = random.randint(this.#n);
      let place = value & lowBits;
      while (seen[place] !== -1 && seen[place] !== value) place = (place + 1) & lowBits;
      if (seen[place] === value) continue;
      seen[place] = value;
      drawn[count++] = value;
    }
    return drawn;
  }

  /** For almost all: start with the first k, let later ones replace them. */
  #replace(random: Mt19937): Int32Array {
    const drawn = this.#drawn;
    const k = drawn.length;
    for (let i = 0; i < k; i++) drawn[i] = i;
    for (let i = k; i < this.#n; i++) {
      const j = random.randint(i + 1);
      if (j < k) drawn[j] = i;
    }
    return drawn;
  }

  /**
   * Which integers a permutation brings to the first k places: instead of all integers moving on, these
   * places are followed back, last exchange first, to where they were filled.
   */
  #trace(random: Mt19937): Int32Array {
    const drawn = this.#drawn;
    const places = this.#places;
    const marks = this.#marks;
    random.drawPlaces(places);
    // Among themselves the first k may be exchanged as they like: all of them are followed.
    marks.fill(1, 0, drawn.length);
    for (let i = drawn.length; i < places.length; i++) {
      const j = places[i]!;
      const mark = marks[j]!;
      marks[j] = 0;
      marks[i] = mark;
    }
    let count = 0;
    for (let i = 0; i < marks.length; i++) {
      if (marks[i] === 1) drawn[count++] = i;
    }
    marks.fill(0);
    return drawn;
  }
}
