// One tree of an isolation forest: a random feature and a random threshold at every node, drawn in the
// order in which scikit-learn's RandomSplitter and DepthFirstTreeBuilder draw them.

import { XorShift32 } from "../random.ts";
import type { Bag } from "./bagging.ts";
import { TargetImpurity } from "./target_impurity.ts";

/** Marks "no feature" and "no child" in a leaf, as in `sklearn.tree`. */
export const NO_FEATURE = -2;
export const NO_THRESHOLD = -2;
export const NO_CHILD = -1;

/** A feature whose values in a node span no more than this (in float32) is constant there. */
const FEATURE_THRESHOLD = Math.fround(1e-7);

/**
 * A binary tree in arrays of equal length, one element a node, as `sklearn.tree._tree.Tree`. Node 0 is
 * the root and children come after their parent. A row goes left where
 * float32(x[feature]) ≤ threshold.
 */
export interface Tree {
  feature: Int32Array;
  threshold: Float64Array;
  leftChild: Int32Array;
  rightChild: Int32Array;
  /** Distinct training rows that reached the node. */
  nodeSamples: Int32Array;
}

/** Trees that score together. */
export interface Forest {
  trees: readonly Tree[];
  columnCount: number;
  /** `max_samples_`: rows drawn for each tree, which sets the expected path length. */
  maxSamples: number;
}

/** The rows that a forest is fitted on. */
export interface TrainingRows {
  /** Row-major float32, shape (rowCount, columnCount). */
  values: Float32Array;
  columnCount: number;
  /** Random regression targets, shape (rowCount,); see target_impurity.ts. */
  targets: Float64Array;
}

/** A node that waits to be grown: the samples order[start … end − 1]. */
interface PendingNode {
  start: number;
  end: number;
  depth: number;
  impurity: number;
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

/** Grows the tree of a bag, no deeper than `maxDepth` (the root has depth 0). */
export function growTree(rows: TrainingRows, bag: Bag, maxDepth: number): Tree {
  return new TreeGrower(rows, bag).grow(maxDepth);
}

class TreeGrower {
  readonly #sampleCount: number;
  readonly #bagFeatures: Int32Array;
  /** The bag's values, column by column: feature f of sample s at f × sampleCount + s. */
  readonly #columns: Float32Array;
  /** Samples, permuted so that every node holds a contiguous range. */
  readonly #order: Int32Array;
  /** Values of the feature under examination, in the order of `#order`. */
  readonly #values: Float32Array;
  /** Features, permuted: constant ones first. The permutation is inherited from node to node. */
  readonly #features: Int32Array;
  /** The constant features of the nodes above, in the order in which they were found. */
  readonly #constantFeatures: Int32Array;
  readonly #impurity: TargetImpurity;
  readonly #random: XorShift32;

  constructor(rows: TrainingRows, bag: Bag) {
    const sampleCount = bag.rows.length;
    const featureCount = bag.features.length;
    this.#sampleCount = sampleCount;
    this.#bagFeatures = bag.features;
    this.#columns = new Float32Array(featureCount * sampleCount);
    for (let s = 0; s < sampleCount; s++) {
      const rowStart = bag.rows[s]! * rows.columnCount;
      for (let f = 0; f < featureCount; f++) {
        this.#columns[f * sampleCount + s] = rows.values[rowStart + bag.features[f]!]!;
      }
    }
    this.#order = Int32Array.from({ length: sampleCount }, (_, i) => i);
    this.#values = new Float32Array(sampleCount);
    this.#features = Int32Array.from({ length: featureCount }, (_, i) => i);
    this.#constantFeatures = new Int32Array(featureCount);
    const targets = Float64Array.from(bag.rows, (row) => rows.targets[row]!);
    this.#impurity = new TargetImpurity(targets, bag.weights, this.#order);
    this.#random = new XorShift32(bag.splitterSeed);
  }

  grow(maxDepth: number): Tree {
    const tree = new TreeWriter();
    const pending: PendingNode[] = [{
      start: 0,
      end: this.#sampleCount,
      depth: 0,
      impurity: this.#impurity.ofNode(0, this.#sampleCount),
      constantCount: 0,
      parent: NO_CHILD,
      isLeft: false,
    }];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      const id = tree.add(node.end - node.start, node.parent, node.isLeft);
      if (node.depth >= maxDepth || node.end - node.start < 2) continue;
      if (this.#impurity.isPure(node.impurity)) continue;
      const totals = this.#impurity.totals(node.start, node.end);
      const split = this.#drawSplit(node);
      if (split === null) continue;
      tree.setSplit(id, this.#bagFeatures[split.feature]!, split.threshold);
      const { position, constantCount } = split;
      const impurity = this.#impurity.ofSides(node.start, position, node.end, totals);
      const below = { depth: node.depth + 1, constantCount, parent: id };
      // The left child is pushed last, so that it is grown, and numbered, first.
      pending.push({
        ...below,
        start: position,
        end: node.end,
        impurity: impurity.right,
        isLeft: false,
      });
      pending.push({
        ...below,
        start: node.start,
        end: position,
        impurity: impurity.left,
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
    let split: Omit<Split, "constantCount"> | null = null;
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
      const [low, high] = this.#readValues(feature, node);
      if (high <= Math.fround(low + FEATURE_THRESHOLD)) {
        swap(features, at, knownCount + foundCount++);
        continue;
      }
      swap(features, at, --undrawnEnd);
      const threshold = this.#drawThreshold(low, high);
      const position = this.#partition(node, threshold);
      // Rounding may lift a threshold to where nothing goes right; scikit-learn then draws on.
      if (position < node.end) split = { feature, threshold, position };
    }
    this.#inheritConstants(knownCount, foundCount);
    return split && { ...split, constantCount: knownCount + foundCount };
  }

  /** Loads a feature's values of the node and returns their range. */
  #readValues(feature: number, { start, end }: PendingNode): [low: number, high: number] {
    const values = this.#values;
    const column = feature * this.#sampleCount;
    let low = Infinity;
    let high = -Infinity;
    for (let i = start; i < end; i++) {
      const value = this.#columns[column + this.#order[i]!]!;
      values[i] = value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }

  /** A uniform threshold in [low, high): at `high` itself nothing would go right. */
  #drawThreshold(low: number, high: number): number {
    const threshold = (high - low) * this.#random.next() / XorShift32.MAX + low;
    return threshold === high ? low : threshold;
  }

  /** Reorders the node's samples, those at or below the threshold first; returns the border. */
  #partition({ start, end }: PendingNode, threshold: number): number {
    const values = this.#values;
    let left = start;
    let right = end;
    while (left < right) {
      const value = values[left]!;
      if (value <= threshold) {
        left++;
      } else {
        right--;
        values[left] = values[right]!;
        values[right] = value;
        swap(this.#order, left, right);
      }
    }
    return left;
  }

  /**
   * Restores the order of the known constants, which drawing has shuffled, and remembers the new ones:
   * the sibling that is grown later must find the front of `features` as this node's parent left it.
   */
  #inheritConstants(knownCount: number, foundCount: number): void {
    const totalCount = knownCount + foundCount;
    this.#features.set(this.#constantFeatures.subarray(0, knownCount));
    this.#constantFeatures.set(this.#features.subarray(knownCount, totalCount), knownCount);
  }
}

function swap(array: Int32Array, i: number, j: number): void {
  const swapped = array[i]!;
  array[i] = array[j]!;
  array[j] = swapped;
}

/** Collects nodes; a node is a leaf until it is given a split. */
class TreeWriter {
  readonly #feature: number[] = [];
  readonly #threshold: number[] = [];
  readonly #leftChild: number[] = [];
  readonly #rightChild: number[] = [];
  readonly #nodeSamples: number[] = [];

  add(sampleCount: number, parent: number, isLeft: boolean): number {
    const id = this.#feature.push(NO_FEATURE) - 1;
    this.#threshold.push(NO_THRESHOLD);
    this.#leftChild.push(NO_CHILD);
    this.#rightChild.push(NO_CHILD);
    this.#nodeSamples.push(sampleCount);
    if (parent !== NO_CHILD) (isLeft ? this.#leftChild : this.#rightChild)[parent] = id;
    return id;
  }

  setSplit(id: number, feature: number, threshold: number): void {
    this.#feature[id] = feature;
    this.#threshold[id] = threshold;
  }

  finish(): Tree {
    return {
      feature: Int32Array.from(this.#feature),
      threshold: Float64Array.from(this.#threshold),
      leftChild: Int32Array.from(this.#leftChild),
      rightChild: Int32Array.from(this.#rightChild),
      nodeSamples: Int32Array.from(this.#nodeSamples),
    };
  }
}
