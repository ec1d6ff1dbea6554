// How long a path to a leaf is taken to be. Every way of scoring a forest adds up these numbers, so that
// all of them give the same bits.

import { NO_CHILD, type Tree } from "./tree.ts";

const EULER_GAMMA = 0.5772156649015329;

/**
 * c(n): the mean path length of an unsuccessful search in a binary search tree of n rows, which is how
 * deep a leaf of n rows would still go. Liu, Ting & Zhou (2008), equation 1.
 */
export function averagePathLength(sampleCount: number): number {
  if (sampleCount <= 1) return 0;
  if (sampleCount === 2) return 1;
  const others = sampleCount - 1;
  return 2 * (Math.log(others) + EULER_GAMMA) - 2 * others / sampleCount;
}

/** What a row adds to its path length by ending in a node, for every node of a tree: depth + c(n). */
export function pathLengths(tree: Tree): Float64Array {
  const lengths = new Float64Array(tree.feature.length);
  for (let node = 0; node < lengths.length; node++) {
    // A parent has left its children's depth here.
    const depth = lengths[node]!;
    lengths[node] = depth + averagePathLength(tree.nodeSamples[node]!);
    const left = tree.leftChild[node]!;
    if (left === NO_CHILD) continue;
    lengths[left] = depth + 1;
    lengths[tree.rightChild[node]!] = depth + 1;
  }
  return lengths;
}
