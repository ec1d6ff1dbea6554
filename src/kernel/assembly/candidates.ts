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
let last: usize = 0;

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
  last = search.k - 1;
  limit = load<f64>(distances + (last << 3));
}

function isNearer(squared: f64, index: i32, place: usize): bool {
  const other = load<f64>(distances + (place << 3));
  return squared < other || (squared == other && index < load<i32>(indices + (place << 2)));
}

/** Gives the query a point that it may have been looking for. */
export function offer(squared: f64, index: i32): void {
  if (index == self || !isNearer(squared, index, last)) return;
  let place = last;
  for (; place > 0 && isNearer(squared, index, place - 1); place--) {
    store<f64>(distances + (place << 3), load<f64>(distances + (place << 3) - 8));
    store<i32>(indices + (place << 2), load<i32>(indices + (place << 2) - 4));
  }
  store<f64>(distances + (place << 3), squared);
  store<i32>(indices + (place << 2), index);
  limit = load<f64>(distances + (last << 3));
}

/** Turns squared distances into distances. */
export function finishLists(search: Search): void {
  const count = usize(search.queryCount) * usize(search.k);
  for (let at = search.distances, end = at + (count << 3); at < end; at += 8) {
    store<f64>(at, sqrt(load<f64>(at)));
  }
}
