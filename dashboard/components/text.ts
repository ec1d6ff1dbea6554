// Numbers and names as the dashboard writes them, beyond what cards have in src/cards/format.ts.

import { count, decimal, duration, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { MINUTE_MS } from "../../src/domain/time.ts";

/** "812 B", "25 kB", "3.0 MB" */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return `${bytes}\u00a0B`;
  if (bytes < 1_000_000) return `${count(bytes / 1000)}\u00a0kB`;
  return `${decimal(bytes / 1_000_000, 1)}\u00a0MB`;
}

/** How long it took: "14 ms", "1.9 s", "2 min 5 s". */
export function took(ms: number | null): string {
  if (ms === null) return UNDEFINED;
  if (ms < 1000) return `${count(ms)}\u00a0ms`;
  return ms < MINUTE_MS
    ? `${decimal(ms / 1000, 1)}\u00a0s`
    : duration(ms).replace(/(\d) /g, "$1\u00a0");
}

/** "9c41…e07b"; the whole one stands in a title or is copied. */
export function shortHash(sha256: string): string {
  return `${sha256.slice(0, 4)}…${sha256.slice(-4)}`;
}

/** What a coin is called in a line: its symbol, "LUNA"; the market has coins without one. */
export function coinName({ symbol, coinId }: { symbol: string; coinId: string }): string {
  return plainText(symbol.toUpperCase() || coinId);
}

/** As the first word of a sentence. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
