// What the module exports. Compiled to ../kernel_bytes.ts by `deno task kernel`.

export { sumLeafValues } from "./forest";
export { searchByScan } from "./scan_search";
export { sumDistances } from "./silhouette";
export { searchByTree } from "./tree_search";

/** First address that is not the module's own; from here on memory is the caller's. */
export function heapBase(): usize {
  return __heap_base;
}
