// Medians, percentiles, and a table of them.

export interface Times {
  median: number;
  p99: number;
}

export function timesOf(ms: readonly number[]): Times {
  return { median: percentile(ms, 0.5), p99: percentile(ms, 0.99) };
}

/** The smallest value that at least the share of values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  return all.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
  ).join("\n");
}

/** A limit that the dashboard is held to, and what was found. */
export interface Verdict {
  limit: string;
  found: string;
  holds: boolean;
}
