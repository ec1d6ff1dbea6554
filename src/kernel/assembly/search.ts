// What a search for nearest neighbours works on, written by src/estimators/neighbors_kernel.ts: a struct as
// in records.ts. Points are stored a second time in blocks of eight, by column, for vector loads.

import { BLOCK_POINTS, SEARCH_BYTES } from "./layout";

@unmanaged
export class Search {
  columnCount: u32;
  pointCount: u32;
  /** f64[pointCount][columnCount]. */
  points: usize;
  /** Room for the indices of the points as they stand in the blocks: i32[blockCount][8], −1 beyond. */
  order: usize;
  /** Room for the blocks: f64[blockCount][columnCount][8], or sketches of them. */
  blocks: usize;
  /** Room for the splits of the tree: u32[leafCount − 1], a column's distance in bytes from the first. */
  splitColumns: usize;
  /** Room for f64[leafCount − 1]. */
  splitValues: usize;
  /** Room for f64[columnCount]: the tree's distances to a box by column, or the middle of sketches. */
  offsets: usize;
  /** Room for the sketches of a pass: f32[QUERIES_A_PASS][columnCount]. */
  querySketches: usize;
  queryCount: u32;
  /** f64[queryCount][columnCount]; the points themselves where each is to find the others. */
  queries: usize;
  /** 1 where query i is point i and must not find itself. */
  exceptSelf: u32;
  /** Neighbours of a query, at most as many as there are points to find. */
  k: u32;
  /** f64[queryCount][k], written: distances, ascending. */
  distances: usize;
  /** i32[queryCount][k], written: indices of points; of equally near ones the lowest. */
  indices: usize;
}

if (offsetof<Search>() != SEARCH_BYTES) ERROR("SEARCH_BYTES is not the size of a Search");

export function blockCount(search: Search): u32 {
  return (search.pointCount + BLOCK_POINTS - 1) / BLOCK_POINTS;
}

export function indexAt(order: usize, place: u32): i32 {
  return load<i32>(order + (usize(place) << 2));
}

export function setIndex(order: usize, place: u32, index: i32): void {
  store<i32>(order + (usize(place) << 2), index);
}

/** The points in the order of their indices, and nothing beyond the last. */
export function orderByIndex(search: Search): void {
  const places = blockCount(search) * BLOCK_POINTS;
  for (let place: u32 = 0; place < places; place++) {
    setIndex(search.order, place, place < search.pointCount ? place : -1);
  }
}

/** Fills the blocks, in the order that `order` has. Beyond the last point all is infinitely far. */
export function fillBlocks(search: Search): void {
  const rowBytes = search.columnCount << 3;
  let order = search.order;
  let block = search.blocks;
  for (let left = blockCount(search); left > 0; left--) {
    for (let lane = block, end = block + 8 * BLOCK_POINTS; lane < end; lane += 8, order += 4) {
      const index = load<i32>(order);
      const point = search.points + usize(index) * rowBytes;
      for (let at: usize = 0; at < rowBytes; at += 8) {
        store<f64>(lane + at * BLOCK_POINTS, index < 0 ? Infinity : load<f64>(point + at));
      }
    }
    block += rowBytes * BLOCK_POINTS;
  }
}
