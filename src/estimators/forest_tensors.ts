// An isolation forest as tensors and back. All trees lie end to end in the same arrays; node numbers
// stay those of their own tree. Everything is checked on the way in: see `checkTree`.

import type { Tensor, TensorFile } from "../domain/tensors.ts";
import { type Forest, NO_CHILD, NO_FEATURE, NO_THRESHOLD, sliceTree, type Tree } from "./tree.ts";
import { expectModel, type TensorReader } from "./tensor_reader.ts";

function concatInt32(parts: Int32Array[]): Tensor {
  const data = new Int32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { dtype: "I32", shape: [data.length], data };
}

function concatFloat64(parts: Float64Array[]): Tensor {
  const data = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { dtype: "F64", shape: [data.length], data };
}

/** The trees, and the number of rows that each was grown on. */
export function forestToTensors(forest: Forest): TensorFile {
  const { trees } = forest;
  return {
    tensors: {
      "forest.node_count": concatInt32([Int32Array.from(trees, (tree) => tree.feature.length)]),
      "forest.feature": concatInt32(trees.map((tree) => tree.feature)),
      "forest.threshold": concatFloat64(trees.map((tree) => tree.threshold)),
      "forest.children_left": concatInt32(trees.map((tree) => tree.leftChild)),
      "forest.children_right": concatInt32(trees.map((tree) => tree.rightChild)),
      "forest.n_node_samples": concatInt32(trees.map((tree) => tree.nodeSamples)),
    },
    metadata: { "max_samples_": String(forest.maxSamples) },
  };
}

/** The forest of a model file. Throws AppError `invalid` where the file does not hold one. */
export function forestFromTensors(
  reader: TensorReader,
  treeCount: number,
  columnCount: number,
): Forest {
  const nodeCounts = reader.array("forest.node_count", "I32", [treeCount]);
  const nodeCount = nodeCounts.reduce((sum, count) => sum + Math.max(count, 0), 0);
  const all: Tree = {
    feature: reader.array("forest.feature", "I32", [nodeCount]),
    threshold: reader.array("forest.threshold", "F64", [nodeCount]),
    leftChild: reader.array("forest.children_left", "I32", [nodeCount]),
    rightChild: reader.array("forest.children_right", "I32", [nodeCount]),
    nodeSamples: reader.array("forest.n_node_samples", "I32", [nodeCount]),
  };
  let start = 0;
  const trees = Array.from(nodeCounts, (count, t) => {
    expectModel(count >= 1, `tree ${t} has ${count} nodes`, "at least a root");
    const tree = sliceTree(all, start, start + count);
    checkTree(tree, columnCount, `tree ${t}`);
    start += count;
    return tree;
  });
  return { trees, columnCount, maxSamples: reader.integer("max_samples_", 1) };
}

/**
 * Throws unless the arrays are a binary tree: children lie after their parent and within the tree,
 * every node but the root is the child of exactly one. A walk from the root then always ends in a leaf.
 */
function checkTree(tree: Tree, columnCount: number, name: string): void {
  const nodeCount = tree.feature.length;
  const hasParent = new Uint8Array(nodeCount);
  for (let node = 0; node < nodeCount; node++) {
    const where = `node ${node} of ${name}`;
    const samples = tree.nodeSamples[node]!;
    expectModel(samples >= 1, `${where} has n_node_samples ${samples}`, "at least 1");
    if (tree.leftChild[node] === NO_CHILD) {
      const isLeaf = tree.rightChild[node] === NO_CHILD && tree.feature[node] === NO_FEATURE &&
        tree.threshold[node] === NO_THRESHOLD;
      expectModel(isLeaf, `${where} has a right child or a split but no left child`, "a leaf");
      continue;
    }
    const feature = tree.feature[node]!;
    const splits = feature >= 0 && feature < columnCount && Number.isFinite(tree.threshold[node]!);
    expectModel(
      splits,
      `${where} splits feature ${feature} at ${tree.threshold[node]}`,
      `a feature below ${columnCount} and a finite threshold`,
    );
    for (const child of [tree.leftChild[node]!, tree.rightChild[node]!]) {
      expectModel(
        child > node && child < nodeCount && hasParent[child] === 0,
        `${where} has child ${child}`,
        `a later node below ${nodeCount}, of no other parent`,
      );
      hasParent[child] = 1;
    }
  }
  const orphan = hasParent.indexOf(0, 1);
  expectModel(orphan < 0, `node ${orphan} of ${name} is no child`, "a parent for every node");
}
