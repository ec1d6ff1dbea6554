// What a tree of an isolation forest is: arrays with an element for every node, as scikit-learn keeps it, and
// how they are filled while it grows.

/** Marks "no feature" and "no child" in a leaf, as in `sklearn.tree`. */
export const NO_FEATURE = -2;
export const NO_THRESHOLD = -2;
export const NO_CHILD = -1;

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

/** Collects nodes; a node is a leaf until it is given a split. */
export class TreeWriter {
  readonly #feature: Int32Array;
  readonly #threshold: Float64Array;
  readonly #leftChild: Int32Array;
  readonly #rightChild: Int32Array;
  readonly #nodeSamples: Int32Array;
  #count = 0;

  constructor(maxNodes: number) {
    this.#feature = new Int32Array(maxNodes).fill(NO_FEATURE);
    this.#threshold = new Float64Array(maxNodes).fill(NO_THRESHOLD);
    this.#leftChild = new Int32Array(maxNodes).fill(NO_CHILD);
    this.#rightChild = new Int32Array(maxNodes).fill(NO_CHILD);
    this.#nodeSamples = new Int32Array(maxNodes);
  }

  add(sampleCount: number, parent: number, isLeft: boolean): number {
    const id = this.#count++;
    this.#nodeSamples[id] = sampleCount;
    if (parent !== NO_CHILD) (isLeft ? this.#leftChild : this.#rightChild)[parent] = id;
    return id;
  }

  setSplit(id: number, feature: number, threshold: number): void {
    this.#feature[id] = feature;
    this.#threshold[id] = threshold;
  }

  finish(): Tree {
    return {
      feature: this.#feature.slice(0, this.#count),
      threshold: this.#threshold.slice(0, this.#count),
      leftChild: this.#leftChild.slice(0, this.#count),
      rightChild: this.#rightChild.slice(0, this.#count),
      nodeSamples: this.#nodeSamples.slice(0, this.#count),
    };
  }
}
