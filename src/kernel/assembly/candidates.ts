// The nearest points that one query has found so far, in its row of the output: squared distances,
// ascending, with the indices of the points. Equally near ones stand by index, so that what is found does
// not depend on the order in which points are looked at.

let distances: usize = 0;
let indices: usize = 0;
let last: usize = 0;

/** Beyond this squared distance nothing gets into the list; at it, only a lower index does. */
export let limit: f64 = Infinity;

/** The lists of `count` queries, without any point. */
export function clearLists(distances: usize, indices: usize, count: usize): void {
  for (let i: usize = 0; i < count; i++) {
    store<f64>(distances + (i << 3), Infinity);
    store<i32>(indices + (i << 2), i32.MAX_VALUE);
  }
}

/** The list that `offer` changes from now on. */
export function useList(distancesOfQuery: usize, indicesOfQuery: usize, k: u32): void {
  distances = distancesOfQuery;
  indices = indicesOfQuery;
  last = k - 1;
  limit = load<f64>(distances + (last << 3));
}

function isNearer(squared: f64, index: i32, place: usize): bool {
  const other = load<f64>(distances + (place << 3));
  return squared < other || (squared == other && index < load<i32>(indices + (place << 2)));
}

export function offer(squared: f64, index: i32): void {
  if (!isNearer(squared, index, last)) return;
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
export function finishLists(distances: usize, count: usize): void {
  for (let at = distances, end = distances + (count << 3); at < end; at += 8) {
    store<f64>(at, sqrt(load<f64>(at)));
  }
}
