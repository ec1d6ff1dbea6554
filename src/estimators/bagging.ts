// Which rows and features each tree of a forest sees. The order of draws is scikit-learn's, so the
// same random_state gives the same bags, and with them the same forest.

import { Mt19937 } from "../random.ts";
import { DistinctSampler } from "./distinct_sampler.ts";

/** scikit-learn draws seeds below this (the largest 32-bit signed integer). */
const MAX_SEED = 0x7fffffff;

/** What one tree is grown on. */
export interface Bag {
  /** Distinct row indices, ascending. */
  rows: Int32Array;
  /** How often each of `rows` was drawn; 1 everywhere without bootstrap. */
  weights: Float64Array;
  /** Distinct feature indices, in the order in which the tree numbers them. */
  features: Int32Array;
  /** State of the tree's own generator. */
  splitterSeed: number;
}

/** How large bags are. */
export interface BagShape {
  rowCount: number;
  columnCount: number;
  maxSamples: number;
  maxFeatures: number;
  bootstrap: boolean;
}

/** The bags of a forest of `treeCount` trees, one after the other, each in the memory of the one before. */
export function* drawBags(treeCount: number, seed: number, shape: BagShape): Generator<Bag> {
  const random = new Mt19937(seed);
  const drawer = new BagDrawer(shape);
  for (let t = 0; t < treeCount; t++) yield drawer.draw(random.randint(MAX_SEED));
}

class BagDrawer {
  readonly #rowCount: number;
  readonly #random = new Mt19937(0);
  readonly #treeRandom = new Mt19937(0);
  readonly #featureSampler: DistinctSampler;
  /** null where rows are drawn with replacement. */
  readonly #rowSampler: DistinctSampler | null;
  readonly #drawn: Int32Array;
  readonly #rows: Int32Array;
  readonly #weights: Float64Array;

  constructor({ rowCount, columnCount, maxSamples, maxFeatures, bootstrap }: BagShape) {
    this.#rowCount = rowCount;
    this.#featureSampler = new DistinctSampler(columnCount, maxFeatures);
    this.#rowSampler = bootstrap ? null : new DistinctSampler(rowCount, maxSamples);
    this.#drawn = new Int32Array(maxSamples);
    this.#rows = new Int32Array(maxSamples);
    this.#weights = new Float64Array(maxSamples).fill(1);
  }

  draw(seed: number): Bag {
    const random = this.#random;
    random.seed(seed);
    // scikit-learn seeds a generator twice with the same number: once for the tree, once for the bag.
    this.#treeRandom.copy(random);
    this.#treeRandom.seed(this.#treeRandom.randint(MAX_SEED));
    const splitterSeed = this.#treeRandom.randint(MAX_SEED);
    const features = this.#featureSampler.draw(random);
    const rows = this.#rowSampler === null
      ? this.#drawWithReplacement()
      : { rows: this.#rowSampler.drawAscending(random), weights: this.#weights };
    return { ...rows, features, splitterSeed };
  }

  /** Row indices with repetition → ascending distinct indices and their counts. */
  #drawWithReplacement(): Pick<Bag, "rows" | "weights"> {
    const drawn = this.#drawn;
    const rows = this.#rows;
    const weights = this.#weights.fill(0);
    for (let i = 0; i < drawn.length; i++) drawn[i] = this.#random.randint(this.#rowCount);
    let count = 0;
    for (const row of drawn.sort()) {
      if (count === 0 || row !== rows[count - 1]) rows[count++] = row;
      weights[count - 1]! += 1;
    }
    return { rows: rows.subarray(0, count), weights: weights.subarray(0, count) };
  }
}
