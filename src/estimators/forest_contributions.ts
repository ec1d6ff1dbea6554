// How much each feature of a row lengthens or shortens its paths through a forest, against a row that is
// typical in every feature. Behind the explanation of a flag.

import { NO_CHILD, type Tree } from "./tree.ts";

/** Whose value a feature has on the path that is walked. */
const OPEN = 0;
const OF_ROW = 1;
const OF_BASELINE = 2;

/**
 * Weight of a leaf that needs `a` features of the row besides the one that is credited, and `b` of the
 * baseline: a! b! / (a + b + 1)!, the share of orders in which the credited one decides.
 */
function shapleyWeight(a: number, b: number): number {
  let weight = 1 / (a + b + 1);
  for (let i = 1; i <= b; i++) weight *= i / (a + i);
  return weight;
}

/** Weights by (a, b), kept as they are needed. */
class Weights {
  readonly #known: number[][] = [];

  at(a: number, b: number): number {
    const row = this.#known[a] ??= [];
    return row[b] ??= shapleyWeight(a, b);
  }
}

/** Walks trees for one row after another; not for two at once. */
export class PathContributions {
  readonly #weights = new Weights();
  readonly #sides: Uint8Array;
  /** Features that the walk has given a side to, in order. */
  readonly #decided: number[] = [];
  #row: Float32Array = new Float32Array();
  #out: Float64Array = new Float64Array();

  /** @param baseline the typical row, shape (d,), as float32 like all that a tree compares */
  constructor(private readonly baseline: Float32Array) {
    this.#sides = new Uint8Array(baseline.length);
  }

  /**
   * Adds the exact Shapley values of a tree's path length, of the game in which a coalition's features
   * have the row's values and all others the baseline's. They sum to the row's path length less the
   * baseline's; a feature whose value is the baseline's gets 0.
   *
   * Baseline Shapley: Sundararajan & Najmi, "The many Shapley values for model explanation" (2020).
   * Walked as by Lundberg et al., "From local explanations to global understanding with explainable AI
   * for trees" (2020), interventional TreeSHAP: only nodes where row and baseline part are branched at.
   *
   * @param lengths path length of every node, shape (nodes,)
   * @param row shape (d,)
   * @param out shape (d,), added to
   */
  add(tree: Tree, lengths: Float64Array, row: Float32Array, out: Float64Array): void {
    this.#row = row;
    this.#out = out;
    this.#walk(tree, lengths, 0, 0, 0);
  }

  #walk(tree: Tree, lengths: Float64Array, from: number, rowCount: number, baseCount: number) {
    let node = from;
    for (;;) {
      const left = tree.leftChild[node]!;
      if (left === NO_CHILD) return this.#credit(lengths[node]!, rowCount, baseCount);
      const right = tree.rightChild[node]!;
      const feature = tree.feature[node]!;
      const threshold = tree.threshold[node]!;
      const ofRow = this.#row[feature]! <= threshold ? left : right;
      const ofBaseline = this.baseline[feature]! <= threshold ? left : right;
      const side = this.#sides[feature];
      if (ofRow !== ofBaseline && side === OPEN) {
        this.#decided.push(feature);
        this.#sides[feature] = OF_ROW;
        this.#walk(tree, lengths, ofRow, rowCount + 1, baseCount);
        this.#sides[feature] = OF_BASELINE;
        this.#walk(tree, lengths, ofBaseline, rowCount, baseCount + 1);
        this.#sides[feature] = OPEN;
        this.#decided.pop();
        return;
      }
      node = side === OF_BASELINE ? ofBaseline : ofRow;
    }
  }

  #credit(length: number, rowCount: number, baseCount: number): void {
    const gain = rowCount === 0 ? 0 : length * this.#weights.at(rowCount - 1, baseCount);
    const loss = baseCount === 0 ? 0 : length * this.#weights.at(baseCount - 1, rowCount);
    for (const feature of this.#decided) {
      if (this.#sides[feature] === OF_ROW) this.#out[feature]! += gain;
      else this.#out[feature]! -= loss;
    }
  }
}
