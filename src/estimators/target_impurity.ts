// Why a tree of an isolation forest sometimes stops early. scikit-learn grows it as a regression tree
// on random targets, and a node whose targets agree to rounding error stays a leaf. That is rare, one
// pair of rows in millions; without this rule such a forest would differ from scikit-learn's.

/** scikit-learn's EPSILON: impurities up to it count as none. */
const EPSILON = Number.EPSILON;

/** Weighted sums over a node's targets. */
export interface TargetTotals {
  weight: number;
  sum: number;
  squares: number;
}

/** Impurities of the two sides of a split. */
export interface SplitImpurity {
  left: number;
  right: number;
}

/**
 * The mean squared error of the targets, with `sklearn.tree._criterion.MSE`'s sums in its own order:
 * near EPSILON the verdict hangs on how each sum was rounded.
 */
export class TargetImpurity {
  readonly #targets: Float64Array;
  readonly #weights: Float64Array;
  readonly #order: Int32Array;

  /** @param order the tree's permutation of samples, read as it is at each call */
  constructor(targets: Float64Array, weights: Float64Array, order: Int32Array) {
    this.#targets = targets;
    this.#weights = weights;
    this.#order = order;
  }

  isPure(impurity: number): boolean {
    return impurity <= EPSILON;
  }

  totals(start: number, end: number): TargetTotals {
    let weight = 0;
    let sum = 0;
    let squares = 0;
    for (let i = start; i < end; i++) {
      const sample = this.#order[i]!;
      const target = this.#targets[sample]!;
      const weighted = this.#weights[sample]! * target;
      sum += weighted;
      squares += weighted * target;
      weight += this.#weights[sample]!;
    }
    return { weight, sum, squares };
  }

  ofNode(start: number, end: number): number {
    return meanSquaredError(this.totals(start, end));
  }

  /**
   * Impurities of the samples order[start … position − 1] and order[position … end − 1].
   *
   * @param totals of both sides, taken before the samples were reordered
   */
  ofSides(start: number, position: number, end: number, totals: TargetTotals): SplitImpurity {
    const left = this.#leftTotals(start, position, end, totals);
    const right = {
      weight: totals.weight - left.weight,
      sum: totals.sum - left.sum,
      squares: totals.squares - left.squares,
    };
    return { left: meanSquaredError(left), right: meanSquaredError(right) };
  }

  /** Sums of the left side: added up, or taken from the total where the right side is shorter. */
  #leftTotals(start: number, position: number, end: number, totals: TargetTotals): TargetTotals {
    const added = this.totals(start, position);
    if (position - start <= end - position) return added;
    let { weight, sum } = totals;
    for (let i = end - 1; i >= position; i--) {
      const sample = this.#order[i]!;
      sum -= this.#weights[sample]! * this.#targets[sample]!;
      weight -= this.#weights[sample]!;
    }
    return { weight, sum, squares: added.squares };
  }
}

function meanSquaredError({ weight, sum, squares }: TargetTotals): number {
  return squares / weight - (sum / weight) ** 2;
}
