// The KD-tree over the points of a search. It has no pointers: leaves stand in order, all of them full but
// the last, and a node is halved by their number. Node i has its left child at i + 1, and its right one
// after all the nodes of the left.

import { BLOCK_POINTS, LEAF_BLOCKS } from "./layout";
import { indexAt, Search, setIndex } from "./search";

const LEAF_POINTS: u32 = LEAF_BLOCKS * BLOCK_POINTS;

let order: usize = 0;
let points: usize = 0;
let rowBytes: usize = 0;

export function leafCount(pointCount: u32): u32 {
  return (pointCount + LEAF_POINTS - 1) / LEAF_POINTS;
}

/** How many of a node's leaves are its left child's. */
export function leftLeafCount(leaves: u32): u32 {
  return (leaves + 1) >> 1;
}

/** @param column distance in bytes from the first */
function valueAt(place: u32, column: usize): f64 {
  return load<f64>(points + usize(indexAt(order, place)) * rowBytes + column);
}

/** The column in which the points at places first … end − 1 spread most. */
function widestColumn(first: u32, end: u32): usize {
  let widest: usize = 0;
  let largest: f64 = -1;
  for (let column: usize = 0; column < rowBytes; column += 8) {
    let low: f64 = Infinity;
    let high: f64 = -Infinity;
    for (let place = first; place < end; place++) {
      const value = valueAt(place, column);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high - low > largest) {
      largest = high - low;
      widest = column;
    }
  }
  return widest;
}

/** Reorders places first … end − 1 so that none before `middle` has a larger value than any from it on. */
function divide(first: i32, end: i32, middle: i32, column: usize): void {
  let last = end - 1;
  while (first < last) {
    const pivot = valueAt((first + last) >>> 1, column);
    let low = first;
    let high = last;
    while (low <= high) {
      while (valueAt(low, column) < pivot) low++;
      while (valueAt(high, column) > pivot) high--;
      if (low > high) break;
      const swapped = indexAt(order, low);
      setIndex(order, low, indexAt(order, high));
      setIndex(order, high, swapped);
      low++;
      high--;
    }
    if (middle <= high) last = high;
    else if (middle >= low) first = low;
    else return;
  }
}

function grow(search: Search, node: u32, first: u32, end: u32): void {
  const leaves = leafCount(end - first);
  if (leaves < 2) return;
  const left = leftLeafCount(leaves);
  const middle = first + left * LEAF_POINTS;
  const column = widestColumn(first, end);
  divide(first, end, middle, column);
  store<u32>(search.splitColumns + (usize(node) << 2), u32(column));
  store<f64>(search.splitValues + (usize(node) << 3), valueAt(middle, column));
  grow(search, node + 1, first, middle);
  grow(search, node + left, middle, end);
}

/** Orders the points by the tree and writes its splits. */
export function growTree(search: Search): void {
  order = search.order;
  points = search.points;
  rowBytes = search.columnCount << 3;
  grow(search, 0, 0, search.pointCount);
}
