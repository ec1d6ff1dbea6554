// Which rows and features each tree of a forest sees. The order of draws is scikit-learn's, so the
// same random_state gives the same bags, and with them the same forest.

import { Mt19937 } from "../random.ts";

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

/**
 * `k` distinct integers of [0, n), as `sklearn.utils.random.sample_without_replacement`. It chooses
 * among three methods by the ratio k / n; each consumes the generator differently.
 */
export function sampleWithoutReplacement(n: number, k: number, random: Mt19937): Int32Array {
  const ratio = k / n;
  if (ratio > 0.01 && ratio < 0.99) return random.permutation(n).slice(0, k);
  return ratio < 0.2 ? sampleByTracking(n, k, random) : sampleByReservoir(n, k, random);
}

/** For few of many: draw again whatever was drawn before. */
function sampleByTracking(n: number, k: number, random: Mt19937): Int32Array {
  const drawn = new Set<number>();
  while (drawn.size < k) drawn.add(random.randint(n));
  return Int32Array.from(drawn);
}

/** For almost all: start with the first k, let later ones replace them. */
function sampleByReservoir(n: number, k: number, random: Mt19937): Int32Array {
  const reservoir = Int32Array.from({ length: k }, (_, i) => i);
  for (let i = k; i < n; i++) {
    const j = random.randint(i + 1);
    if (j < k) reservoir[j] = i;
  }
  return reservoir;
}

/** Row indices with repetition → ascending distinct indices and their counts. */
function countRows(drawn: Int32Array): Pick<Bag, "rows" | "weights"> {
  const sorted = drawn.slice().sort();
  const rows = sorted.filter((row, i) => i === 0 || row !== sorted[i - 1]);
  const weights = new Float64Array(rows.length);
  let at = 0;
  for (const row of sorted) {
    if (row !== rows[at]) at++;
    weights[at]! += 1;
  }
  return { rows, weights };
}

function drawBag(seed: number, shape: BagShape): Bag {
  const { rowCount, columnCount, maxSamples, maxFeatures, bootstrap } = shape;
  // scikit-learn seeds a generator twice with the same number: once for the tree, once for the bag.
  const treeSeed = new Mt19937(seed).randint(MAX_SEED);
  const random = new Mt19937(seed);
  const features = sampleWithoutReplacement(columnCount, maxFeatures, random);
  const drawn = bootstrap
    ? Int32Array.from({ length: maxSamples }, () => random.randint(rowCount))
    : sampleWithoutReplacement(rowCount, maxSamples, random);
  return { ...countRows(drawn), features, splitterSeed: new Mt19937(treeSeed).randint(MAX_SEED) };
}

/** The bags of a forest of `treeCount` trees, one after the other. */
export function* drawBags(treeCount: number, seed: number, shape: BagShape): Generator<Bag> {
  const random = new Mt19937(seed);
  const seeds = Array.from({ length: treeCount }, () => random.randint(MAX_SEED));
  for (const bagSeed of seeds) yield drawBag(bagSeed, shape);
}
