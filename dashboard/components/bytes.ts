// Sizes of files.

import { decimal } from "../../src/cards/format.ts";

/** "812 B", "25 kB", "3.0 MB" */
export function bytesText(byteLength: number): string {
  if (byteLength < 1000) return `${byteLength}\u00a0B`;
  if (byteLength < 1_000_000) return `${decimal(byteLength / 1000, 0)}\u00a0kB`;
  return `${decimal(byteLength / 1_000_000, 1)}\u00a0MB`;
}
