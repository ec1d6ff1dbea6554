// Small numbers for the different leaf values of a tree. The kernel gathers, for each bit of the code, the
// leaves that have it set; so values that many leaves share get codes with few bits set.

import { MAX_CODE_BITS } from "../kernel/assembly/layout.ts";

/** Codes of a tree's leaves. */
export interface LeafCodes {
  /** Bits of a code, 0 where all leaves have the same value. */
  bits: number;
  /** The code of each leaf. */
  codes: Uint8Array;
  /** The value of each code, length 2^bits; 0 for a code that is not used. */
  values: Float64Array;
}

function countSetBits(code: number): number {
  let count = 0;
  for (let rest = code; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}

/** For each number of bits, all codes, those with fewer bits set first. */
const CODES_BY_BITS: readonly (readonly number[])[] = Array.from(
  { length: MAX_CODE_BITS + 1 },
  (_, bits) =>
    Array.from({ length: 1 << bits }, (_, code) => code)
      .sort((a, b) => countSetBits(a) - countSetBits(b)),
);

/** null where there are more different values than codes. */
export function codeLeaves(leafValues: readonly number[]): LeafCodes | null {
  const counts = new Map<number, number>();
  for (const value of leafValues) counts.set(value, (counts.get(value) ?? 0) + 1);
  const bits = Math.ceil(Math.log2(counts.size));
  if (bits > MAX_CODE_BITS) return null;
  const values = new Float64Array(1 << bits);
  const codeOf = new Map<number, number>();
  [...counts].sort((a, b) => b[1] - a[1]).forEach(([value], i) => {
    const code = CODES_BY_BITS[bits]![i]!;
    values[code] = value;
    codeOf.set(value, code);
  });
  return { bits, codes: Uint8Array.from(leafValues, (value) => codeOf.get(value)!), values };
}
