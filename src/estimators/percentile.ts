// Percentiles as numpy takes them. The clipper's limits and every detector's threshold are percentiles
// of training values, so a different interpolation rule here would move every label.

/** Fewer values are sorted as fast as they are counted. */
const MIN_COUNTED = 2048;
const BUCKETS = 4096;

/**
 * `numpy.percentile(values, q)` with linear interpolation, to the last bit.
 *
 * @param values at least one finite number, in any order; not changed
 * @param q percentile in [0, 100]
 */
export function percentile(values: Float64Array, q: number): number {
  const { below, above, share } = neighbours(values.length, q);
  const { sorted, before } = around(values, below, above);
  return interpolate(sorted[below - before]!, sorted[above - before]!, share);
}

/** `numpy.median(values)`, to the last bit; values as for `percentile`. */
export function median(values: Float64Array): number {
  const middle = values.length >> 1;
  const below = values.length % 2 === 1 ? middle : middle - 1;
  const { sorted, before } = around(values, below, middle);
  if (below === middle) return sorted[middle - before]!;
  return (sorted[below - before]! + sorted[middle - before]!) / 2;
}

/** As `percentile`, of values that are already in ascending order. */
export function sortedPercentile(sorted: Float64Array, q: number): number {
  const { below, above, share } = neighbours(sorted.length, q);
  return interpolate(sorted[below]!, sorted[above]!, share);
}

/** The places, in ascending order, between which a percentile lies. */
function neighbours(count: number, q: number): { below: number; above: number; share: number } {
  const position = (count - 1) * (q / 100);
  const below = Math.floor(position);
  return { below, above: Math.min(below + 1, count - 1), share: position - below };
}

function interpolate(low: number, high: number, share: number): number {
  // numpy interpolates from the nearer end; the two forms differ in the last bit.
  return share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share;
}

/**
 * The values in ascending order, as far as the places `first` and `last` need it: those from place
 * `before` on. Counts values in buckets of equal width and sorts only the buckets of the two places.
 */
function around(
  values: Float64Array,
  first: number,
  last: number,
): { sorted: Float64Array; before: number } {
  if (values.length < MIN_COUNTED) return { sorted: values.slice().sort(), before: 0 };
  const [low, high] = range(values);
  const scale = (BUCKETS - 1) / (high - low);
  // Equal values, or a range beyond all numbers: nothing to tell buckets by.
  if (!(scale > 0 && scale < Infinity)) return { sorted: values.slice().sort(), before: 0 };
  const counts = new Uint32Array(BUCKETS);
  for (let i = 0; i < values.length; i++) counts[(values[i]! - low) * scale | 0]!++;
  const start = bucketOf(counts, first);
  const end = bucketOf(counts, last);
  let before = 0;
  for (let bucket = 0; bucket < start; bucket++) before += counts[bucket]!;
  let insideCount = 0;
  for (let bucket = start; bucket <= end; bucket++) insideCount += counts[bucket]!;
  const inside = new Float64Array(insideCount);
  for (let i = 0, at = 0; at < insideCount; i++) {
    const bucket = (values[i]! - low) * scale | 0;
    if (bucket >= start && bucket <= end) inside[at++] = values[i]!;
  }
  return { sorted: inside.sort(), before };
}

function range(values: Float64Array): [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The bucket of the value at a place of the ascending order. */
function bucketOf(counts: Uint32Array, place: number): number {
  let bucket = 0;
  for (let left = place; left >= counts[bucket]!; bucket++) left -= counts[bucket]!;
  return bucket;
}
