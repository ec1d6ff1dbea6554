// Percentiles as numpy takes them. The clipper's limits and every detector's threshold are percentiles
// of training values, so a different interpolation rule here would move every label.

/**
 * `numpy.percentile(values, q)` with linear interpolation, to the last bit.
 *
 * @param values at least one finite number, in any order; not changed
 * @param q percentile in [0, 100]
 */
export function percentile(values: Float64Array, q: number): number {
  return sortedPercentile(values.slice().sort(), q);
}

/** As `percentile`, of values that are already in ascending order. */
export function sortedPercentile(sorted: Float64Array, q: number): number {
  const position = (sorted.length - 1) * (q / 100);
  const below = Math.floor(position);
  const share = position - below;
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  // numpy interpolates from the nearer end; the two forms differ in the last bit.
  return share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share;
}
