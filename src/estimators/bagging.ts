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
  const drawn = new Int32Array(k);
  // An open hash table, by the low bits: what is drawn at random needs no other hash.
  const places = 2 ** Math.ceil(Math.log2(4 * k));
  const seen = new Int32Array(places).fill(-1);
  let count = 0;
  while (count < k) {
    const value = random.randint(n);
    let place = value & (places - 1);
    while (seen[place] !== -1 && seen[place] !== value) place = (place + 1) & (places - 1);
    if (seen[place] === value) continue;
    seen[place] = value;
    drawn[count++] = value;
  }
  return drawn;
}

/** For almost all: start with the first k, let later ones replace them. */
function sampleByReservoir(n: number, k: number, random: Mt19937): Int32Array {
  const reservoir = new Int32Array(k);
  for (let i = 0; i < k; i++) reservoir[i] = i;
  for (let i = k; i < n; i++) {
    const j = random.randint(i + 1);
    if (j < k) reservoir[j] = i;
  }
  return reservoir;
}

function sampleWithReplacement(n: number, k: number, random: Mt19937): Int32Array {
  const drawn = new Int32Array(k);
  for (let i = 0; i < k; i++) drawn[i] = random.randint(n);
  return drawn;
}

/** Row indices with repetition → ascending distinct indices and their counts. */
function countRows(drawn: Int32Array): Pick<Bag, "rows" | "weights"> {
  drawn.sort();
  const rows = new Int32Array(drawn.length);
  const weights = new Float64Array(drawn.length);
  let count = 0;
  for (const row of drawn) {
    if (count === 0 || row !== rows[count - 1]) rows[count++] = row;
    weights[count - 1]! += 1;
  }
  return { rows: rows.subarray(0, count), weights: weights.subarray(0, count) };
}

function drawBag(seed: number, shape: BagShape): Bag {
  const { rowCount, columnCount, maxSamples, maxFeatures, bootstrap } = shape;
  // scikit-learn seeds a generator twice with the same number: once for the tree, once for the bag.
  const random = new Mt19937(seed);
  const treeSeed = new Mt19937(random).randint(MAX_SEED);
  const features = sampleWithoutReplacement(columnCount, maxFeatures, random);
  const drawn = bootstrap
    ? sampleWithReplacement(rowCount, maxSamples, random)
    : sampleWithoutReplacement(rowCount, maxSamples, random);
  return { ...countRows(drawn), features, splitterSeed: new Mt19937(treeSeed).randint(MAX_SEED) };
}

/** The bags of a forest of `treeCount` trees, one after the other. */
export function* drawBags(treeCount: number, seed: number, shape: BagShape): Generator<Bag> {
  const random = new Mt19937(seed);
  const seeds = Array.from({ length: treeCount }, () => random.randint(MAX_SEED));
  for (const bagSeed of seeds) yield drawBag(bagSeed, shape);
}
