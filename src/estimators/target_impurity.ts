// Why a tree of an isolation forest sometimes stops early. scikit-learn grows it as a regression tree
// on random targets, and a node whose targets agree to rounding error stays a leaf. That is rare, one
// pair of rows in millions; without this rule such a forest would differ from scikit-learn's.

/** scikit-learn's EPSILON: impurities up to it count as none. */
const EPSILON = Number.EPSILON;

/** The samples of a tree, which others keep and change: the arrays are read as they are at each call. */
export interface TargetSamples {
  /** By sample, in [0, 1). */
  targets: Float64Array;
  /** By sample, how often it was drawn. */
  weights: Float64Array;
  /** Draws, of all samples together. */
  drawnCount: number;
  /** The tree's permutation of samples. */
  order: Int32Array;
  /** As `order`, but as the node that was split last had found it. */
  orderBefore: Int32Array;
}

/** Weighted sums over a node's targets. */
interface TargetTotals {
  weight: number;
  sum: number;
  squares: number;
}

/** Whether the two sides of a split are pure. */
export interface SidePurity {
  left: boolean;
  right: boolean;
}

/**
 * The mean squared error of the targets, with `sklearn.tree._criterion.MSE`'s sums in its own order:
 * near EPSILON the verdict hangs on how each sum was rounded. Where two targets of a node are far
 * enough apart no rounding can make it pure, and nothing is summed.
 */
export class TargetImpurity {
  readonly #targets: Float64Array;
  readonly #weights: Float64Array;
  readonly #order: Int32Array;
  readonly #orderBefore: Int32Array;
  /** Square of a distance between two targets of a node with which it cannot be pure. */
  readonly #certainSquare: number;

  constructor({ targets, weights, drawnCount, order, orderBefore }: TargetSamples) {
    this.#targets = targets;
    this.#weights = weights;
    this.#order = order;
    this.#orderBefore = orderBefore;
    // Two targets at distance δ make a mean squared error of δ² / 2M or more, with M rows in the node.
    // A sum of M numbers below 1 is off by M² units of rounding at most, what is left of a difference
    // of two sums by thrice that, and their squares and quotients by twelve times, EPSILON included.
    this.#certainSquare = 24 * drawnCount ** 3 * (EPSILON / 2);
  }

  /** Whether the root, order[start … end − 1], is pure. */
  isPure(start: number, end: number): boolean {
    if (this.#isSurelyImpure(start, end)) return false;
    return meanSquaredError(this.#totals(this.#order, start, end)) <= EPSILON;
  }

  /** Whether order[start … position − 1] and order[position … end − 1], just split, are pure. */
  arePure(start: number, position: number, end: number): SidePurity {
    if (this.#isSurelyImpure(start, position) && this.#isSurelyImpure(position, end)) {
      return { left: false, right: false };
    }
    const totals = this.#totals(this.#orderBefore, start, end);
    const left = this.#leftTotals(start, position, end, totals);
    const right = {
      weight: totals.weight - left.weight,
      sum: totals.sum - left.sum,
      squares: totals.squares - left.squares,
    };
    return {
      left: meanSquaredError(left) <= EPSILON,
      right: meanSquaredError(right) <= EPSILON,
    };
  }

  /** Also of a single sample, which is not split in any case. */
  #isSurelyImpure(start: number, end: number): boolean {
    if (end - start < 2) return true;
    const targets = this.#targets;
    const distance = targets[this.#order[start]!]! - targets[this.#order[end - 1]!]!;
    return distance * distance > this.#certainSquare;
  }

  #totals(order: Int32Array, start: number, end: number): TargetTotals {
    const targets = this.#targets;
    const weights = this.#weights;
    let weight = 0;
    let sum = 0;
    let squares = 0;
    for (let i = start; i < end; i++) {
      const sample = order[i]!;
      const target = targets[sample]!;
      const weighted = weights[sample]! * target;
      sum += weighted;
      squares += weighted * target;
      weight += weights[sample]!;
    }
    return { weight, sum, squares };
  }

  /** Sums of the left side: added up, or taken from the total where the right side is shorter. */
  #leftTotals(start: number, position: number, end: number, totals: TargetTotals): TargetTotals {
    const added = this.#totals(this.#order, start, position);
    if (position - start <= end - position) return added;
    const targets = this.#targets;
    const weights = this.#weights;
    let { weight, sum } = totals;
    for (let i = end - 1; i >= position; i--) {
      const sample = this.#order[i]!;
      sum -= weights[sample]! * targets[sample]!;
      weight -= weights[sample]!;
    }
    return { weight, sum, squares: added.squares };
  }
}

function meanSquaredError({ weight, sum, squares }: TargetTotals): number {
  return squares / weight - (sum / weight) ** 2;
}
