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

/** The arrays of a tree in one piece of memory: a forest is hundreds of them, and each would have its own. */
function allocateTree(nodeCount: number): Tree {
  const buffer = new ArrayBuffer(24 * nodeCount);
  const words = (place: number) => new Int32Array(buffer, (8 + 4 * place) * nodeCount, nodeCount);
  return {
    feature: words(0),
    threshold: new Float64Array(buffer, 0, nodeCount),
    leftChild: words(1),
    rightChild: words(2),
    nodeSamples: words(3),
  };
}

/** The nodes [start, end) as a tree of its own. */
export function sliceTree(tree: Tree, start: number, end: number): Tree {
  const slice = allocateTree(end - start);
  slice.feature.set(tree.feature.subarray(start, end));
  slice.threshold.set(tree.threshold.subarray(start, end));
  slice.leftChild.set(tree.leftChild.subarray(start, end));
  slice.rightChild.set(tree.rightChild.subarray(start, end));
  slice.nodeSamples.set(tree.nodeSamples.subarray(start, end));
  return slice;
}

/** Collects the nodes of one tree after the other; a node is a leaf until it is given a split. */
export class TreeWriter {
  readonly #nodes: Tree;
  #count = 0;

  constructor(maxNodes: number) {
    this.#nodes = allocateTree(maxNodes);
  }

  add(sampleCount: number, parent: number, isLeft: boolean): number {
    const nodes = this.#nodes;
    const id = this.#count++;
    nodes.feature[id] = NO_FEATURE;
    nodes.threshold[id] = NO_THRESHOLD;
    nodes.leftChild[id] = NO_CHILD;
    nodes.rightChild[id] = NO_CHILD;
    nodes.nodeSamples[id] = sampleCount;
    if (parent !== NO_CHILD) (isLeft ? nodes.leftChild : nodes.rightChild)[parent] = id;
    return id;
  }

  setSplit(id: number, feature: number, threshold: number): void {
    this.#nodes.feature[id] = feature;
    this.#nodes.threshold[id] = threshold;
  }

  /** The tree of what was added since the last one. */
  finish(): Tree {
    const tree = sliceTree(this.#nodes, 0, this.#count);
    this.#count = 0;
    return tree;
  }
}
