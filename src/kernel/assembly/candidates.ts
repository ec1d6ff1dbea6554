// The query at hand, and the nearest points that it has found so far, in its row of the output: squared distances,
// ascending, with the indices of the points. Equally near ones stand by index, so that what is found does
// not depend on the order in which points are looked at.

import { Search } from "./search";

/** f64[columnCount]. */
export let query: usize = 0;
/** Beyond this squared distance nothing gets into the list; at it, only a lower index does. */
export let limit: f64 = Infinity;

/** Index of the point that must not be found; −1 for none. */
let self: i32 = -1;
let distances: usize = 0;
let indices: usize = 0;
let size: usize = 0;

/** The lists of all queries, without any point. */
export function clearLists(search: Search): void {
  const count = usize(search.queryCount) * usize(search.k);
  for (let i: usize = 0; i < count; i++) {
    store<f64>(search.distances + (i << 3), Infinity);
    store<i32>(search.indices + (i << 2), i32.MAX_VALUE);
  }
}

/** From now on it is query i that finds points. */
export function useQuery(search: Search, i: u32): void {
  const list = usize(i) * usize(search.k);
  query = search.queries + usize(i) * (usize(search.columnCount) << 3);
  self = search.exceptSelf ? i32(i) : -1;
  distances = search.distances + (list << 3);
  indices = search.indices + (list << 2);
  size = search.k;
  limit = load<f64>(distances);
}

function distanceAt(place: usize): f64 {
  return load<f64>(distances + (place << 3));
}

function indexAt(place: usize): i32 {
  return load<i32>(indices + (place << 2));
}

function put(place: usize, squared: f64, index: i32): void {
  store<f64>(distances + (place << 3), squared);
  store<i32>(indices + (place << 2), index);
}

function isNearer(squared: f64, index: i32, place: usize): bool {
  const other = distanceAt(place);
  return squared < other || (squared == other && index < indexAt(place));
}

/** Replaces the farthest point of the first `count`, and lets the farthest of the others rise. */
function replaceFarthest(squared: f64, index: i32, count: usize): void {
  let place: usize = 0;
  for (let child: usize = 1; child < count; child = 2 * place + 1) {
    const next = child + 1;
    if (next < count && isNearer(distanceAt(child), indexAt(child), next)) child = next;
    if (!isNearer(squared, index, child)) break;
    put(place, distanceAt(child), indexAt(child));
    place = child;
  }
  put(place, squared, index);
}

/** Gives the query a point that it may have been looking for. */
export function offer(squared: f64, index: i32): void {
  if (index == self || !isNearer(squared, index, 0)) return;
  replaceFarthest(squared, index, size);
  limit = distanceAt(0);
}

/** Sorts the lists, and turns squared distances into distances. */
export function finishLists(search: Search): void {
  for (let i: u32 = 0; i < search.queryCount; i++) {
    useQuery(search, i);
    for (let last = size - 1; last > 0; last--) {
      const squared = distanceAt(last);
      const index = indexAt(last);
      put(last, distanceAt(0), indexAt(0));
      replaceFarthest(squared, index, last);
    }
    for (let place: usize = 0; place < size; place++) {
      store<f64>(distances + (place << 3), sqrt(distanceAt(place)));
    }
  }
}
