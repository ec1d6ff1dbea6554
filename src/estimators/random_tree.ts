// One tree of an isolation forest: a random feature and a random threshold at every node, drawn in the
// order in which scikit-learn's RandomSplitter and DepthFirstTreeBuilder draw them.

import type { Matrix } from "../domain/table.ts";
import { XorShift32 } from "../random.ts";
import type { Bag, BagShape } from "./bagging.ts";
import { TargetImpurity } from "./target_impurity.ts";
import { NO_CHILD, type Tree, TreeWriter } from "./tree.ts";

/** A feature whose values in a node span no more than this (in float32) is constant there. */
const FEATURE_THRESHOLD = Math.fround(1e-7);

/** The rows that a forest is fitted on. */
export interface TrainingRows {
  /** Shape (n, d); compared as float32. */
  X: Matrix;
  /** Random regression targets, shape (n,); see target_impurity.ts. */
  targets: Float64Array;
}

/** A node that waits to be grown: the samples order[start … end − 1]. */
interface PendingNode {
  start: number;
  end: number;
  depth: number;
  isPure: boolean;
  /** How many features, at the front of `features`, are known to be constant here. */
  constantCount: number;
  parent: number;
  isLeft: boolean;
}

interface Split {
  feature: number;
  threshold: number;
  /** Samples from here on go right. */
  position: number;
  constantCount: number;
}

/** Grows one tree after the other, in memory that it keeps: a forest is a hundred small trees. */
export class TreeGrower {
  readonly #rows: TrainingRows;
  readonly #maxDepth: number;
  /** Where the values of each sample of the bag begin. */
  readonly #rowStarts: Int32Array;
  /** The samples' targets, and how often each was drawn. */
  readonly #targets: Float64Array;
  readonly #weights: Float64Array;
  /** Samples, permuted so that every node holds a contiguous range. */
  readonly #order: Int32Array;
  /** The order in which the node at hand found its samples. */
  readonly #orderBefore: Int32Array;
  /** Values of the feature under examination, in the order of `#order`, and their range. */
  readonly #examined: Float64Array;
  #low = 0;
  #high = 0;
  /** Features, as the bag numbers them, permuted: constant ones first. Inherited from node to node. */
  readonly #features: Int32Array;
  /** The constant features of the nodes above, in the order in which they were found. */
  readonly #constantFeatures: Int32Array;
  /** For each feature of the bag its column. */
  readonly #columns: Int32Array;
  readonly #impurity: TargetImpurity;
  readonly #random = new XorShift32(0);
  readonly #tree: TreeWriter;

  /** Trees are grown no deeper than `maxDepth`; the root has depth 0. */
  constructor(rows: TrainingRows, { maxSamples, maxFeatures }: BagShape, maxDepth: number) {
    this.#rows = rows;
    this.#maxDepth = maxDepth;
    this.#rowStarts = new Int32Array(maxSamples);
    this.#targets = new Float64Array(maxSamples);
    this.#weights = new Float64Array(maxSamples);
    this.#order = new Int32Array(maxSamples);
    this.#orderBefore = new Int32Array(maxSamples);
    this.#examined = new Float64Array(maxSamples);
    this.#features = new Int32Array(maxFeatures);
    this.#constantFeatures = new Int32Array(maxFeatures);
    this.#columns = new Int32Array(maxFeatures);
    this.#impurity = new TargetImpurity({
      targets: this.#targets,
      weights: this.#weights,
      drawnCount: maxSamples,
      order: this.#order,
      orderBefore: this.#orderBefore,
    });
    this.#tree = new TreeWriter(2 * maxSamples - 1);
  }

  #begin(bag: Bag): void {
    const { X, targets } = this.#rows;
    for (let s = 0; s < bag.rows.length; s++) {
      const row = bag.rows[s]!;
      this.#rowStarts[s] = row * X.columnCount;
      this.#targets[s] = targets[row]!;
      this.#order[s] = s;
    }
    this.#weights.set(bag.weights);
    for (let f = 0; f < this.#features.length; f++) this.#features[f] = f;
    this.#columns.set(bag.features);
    this.#random.seed(bag.splitterSeed);
  }

  grow(bag: Bag): Tree {
    this.#begin(bag);
    const tree = this.#tree;
    const sampleCount = bag.rows.length;
    const pending: PendingNode[] = [{
      start: 0,
      end: sampleCount,
      depth: 0,
      isPure: this.#impurity.isPure(0, sampleCount),
      constantCount: 0,
      parent: NO_CHILD,
      isLeft: false,
    }];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      const { start, end } = node;
      const id = tree.add(end - start, node.parent, node.isLeft);
      if (node.depth >= this.#maxDepth || end - start < 2 || node.isPure) continue;
      const split = this.#drawSplit(node);
      if (split === null) continue;
      tree.setSplit(id, this.#columns[split.feature]!, split.threshold);
      const { position, constantCount } = split;
      const isPure = this.#impurity.arePure(start, position, end);
      const depth = node.depth + 1;
      // The left child is pushed last, so that it is grown, and numbered, first.
      pending.push({
        start: position,
        end,
        depth,
        isPure: isPure.right,
        constantCount,
        parent: id,
        isLeft: false,
      }, {
        start,
        end: position,
        depth,
        isPure: isPure.left,
        constantCount,
        parent: id,
        isLeft: true,
      });
    }
    return tree.finish();
  }

  /**
   * Draws features without replacement until one is not constant in the node, and splits there.
   * null where all features are constant. `features` is kept as
   * [drawn constants | other known constants | constants found now | not drawn yet | drawn].
   */
  #drawSplit(node: PendingNode): Split | null {
    const features = this.#features;
    const knownCount = node.constantCount;
    let drawnCount = 0;
    let foundCount = 0;
    let visitedCount = 0;
    let undrawnEnd = features.length;
    let split: Split | null = null;
    while (
      undrawnEnd > knownCount + foundCount &&
      (visitedCount < 1 || visitedCount <= foundCount + drawnCount)
    ) {
      visitedCount++;
      let at = drawnCount + this.#random.next() % (undrawnEnd - foundCount - drawnCount);
      if (at < knownCount) {
        swap(features, at, drawnCount++);
        continue;
      }
      at += foundCount;
      const feature = features[at]!;
      this.#examine(this.#columns[feature]!, node);
      if (this.#high <= Math.fround(this.#low + FEATURE_THRESHOLD)) {
        swap(features, at, knownCount + foundCount++);
        continue;
      }
      swap(features, at, --undrawnEnd);
      const threshold = this.#drawThreshold();
      const position = this.#partition(node, threshold);
      // Rounding may lift a threshold to where nothing goes right; scikit-learn then draws on.
      if (position < node.end) split = { feature, threshold, position, constantCount: 0 };
    }
    this.#inheritConstants(knownCount, foundCount);
    if (split !== null) split.constantCount = knownCount + foundCount;
    return split;
  }

  /** Loads a column's values of the node, as float32, and finds their range. */
  #examine(column: number, { start, end }: PendingNode): void {
    const { values } = this.#rows.X;
    const rowStarts = this.#rowStarts;
    const order = this.#order;
    const orderBefore = this.#orderBefore;
    const examined = this.#examined;
    let low = Infinity;
    let high = -Infinity;
    for (let i = start; i < end; i++) {
      const sample = order[i]!;
      const value = Math.fround(values[rowStarts[sample]! + column]!);
      orderBefore[i] = sample;
      examined[i] = value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    this.#low = low;
    this.#high = high;
  }

  /** A uniform threshold in [low, high): at `high` itself nothing would go right. */
  #drawThreshold(): number {
    const low = this.#low;
    const high = this.#high;
    const threshold = (high - low) * this.#random.next() / XorShift32.MAX + low;
    return threshold === high ? low : threshold;
  }

  /** Reorders the node's samples, those at or below the threshold first; returns the border. */
  #partition({ start, end }: PendingNode, threshold: number): number {
    const examined = this.#examined;
    const order = this.#order;
    let left = start;
    let right = end;
    while (left < right) {
      const value = examined[left]!;
      if (value <= threshold) {
        left++;
      } else {
        right--;
        examined[left] = examined[right]!;
        examined[right] = value;
        swap(order, left, right);
      }
    }
    return left;
  }

  /**
   * Restores the order of the known constants, which drawing has shuffled, and remembers the new ones:
   * the sibling that is grown later must find the front of `features` as this node's parent left it.
   */
  #inheritConstants(knownCount: number, foundCount: number): void {
    const features = this.#features;
    const constants = this.#constantFeatures;
    const totalCount = knownCount + foundCount;
    for (let i = 0; i < knownCount; i++) features[i] = constants[i]!;
    for (let i = knownCount; i < totalCount; i++) constants[i] = features[i]!;
  }
}

function swap(array: Int32Array, i: number, j: number): void {
  const swapped = array[i]!;
  array[i] = array[j]!;
  array[j] = swapped;
}
